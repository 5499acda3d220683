/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users out of what others keep them in: the host reservations of Kea, ISC dhcpd and dnsmasq, and
 * tables with separators. What the other program does with an address is not imported as an action:
 * usher assigns none. It is kept as an attribute, "ip-address", that rules can match.
 */
#ifndef USHER_REGISTRY_IMPORT_H
#define USHER_REGISTRY_IMPORT_H

#include "registry/record.h"

/* An entry, borrowed for the call; its line is the one in the file imported. False: stop. */
typedef bool import_fn(void *ctx, const struct reg_entry *entry);

/*
 * Reads a file of a format by name: "kea", "isc", "dnsmasq", "csv". fn is called for every user
 * whose entry would be accepted in a registry; every other is added to report (may be NULL) as
 * "path:line: reason". REG_E_FORMAT: no such format, or the file is not of it, err says where;
 * REG_E_OPEN, REG_E_KIND, REG_E_READ, REG_E_SIZE (more than 64 MiB), REG_E_NOMEM; REG_E_STOPPED: fn
 * stopped.
 */
enum reg_err registry_import(const char *format, const char *path, import_fn *fn, void *ctx,
	struct reg_report *report, struct reg_error *err);

/* The names of the formats, "" after the last index. */
const char *registry_import_format(size_t index);

#endif
