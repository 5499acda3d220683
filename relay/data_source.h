/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The source of users that a config names. The only place that knows which kinds there are. */
#ifndef USHER_RELAY_DATA_SOURCE_H
#define USHER_RELAY_DATA_SOURCE_H

#include "registry/load.h"
#include "relay/config.h"

enum {
	DATA_SOURCE_SETTLE_MS = 200, /* how long what may be half written must be still */
	DATA_SOURCE_HELD_MS = 5000,  /* and while its writer has it open */
};

/*
 * Makes the source, which borrows from the config while it lives. watch: it will be kept fresh;
 * else it is read once. Before there are threads. Errors: source_file_new() and source_mysql_new().
 */
enum reg_err data_source_new(const struct config *c, bool watch, struct source **ret,
	struct reg_error *err);

/* Sees to it that no core file holds the password of a database, if there is one. */
void data_source_guard(const struct config *c);

/* Reads all users once: check, explain, replay. As registry_load_once(). */
enum reg_err data_source_read(const struct config *c, bool skip_bad, struct reg_report *report,
	struct load_result *ret, struct reg_error *err);

/*
 * What errors about its users begin with: the path, or database and table. Written to buf or the
 * config's own.
 */
const char *data_source_name(const struct config *c, char *buf, size_t cap);

#endif
