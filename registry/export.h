/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registry as text for other programs: every user once, in the order of the file.
 */
#ifndef USHER_REGISTRY_EXPORT_H
#define USHER_REGISTRY_EXPORT_H

#include "registry/registry.h"

/* A line without its end, borrowed for the call. False: stop. */
typedef bool export_fn(void *ctx, const char *line, size_t len);

/*
 * Writes all users in a format by name: "jsonl", a registry file without comments, or "csv", a
 * table that "import" reads: a column for the type, the id and each attribute name. fn is called
 * for each line. REG_E_FORMAT: no such format; REG_E_STOPPED: fn stopped; REG_E_NOMEM.
 */
enum reg_err registry_export(const struct registry *reg, const char *format, export_fn *fn,
	void *ctx);

/* The names of the formats, "" after the last index. */
const char *registry_export_format(size_t index);

#endif
