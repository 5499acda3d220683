/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A refresh of a database: what is in force of it, and what was said. */
#ifndef USHER_TESTS_REGISTRY_MYSQL_WORLD_H
#define USHER_TESTS_REGISTRY_MYSQL_WORLD_H

#include "registry/refresh.h"
#include "tests/registry/mysql_server.h"

#include <pthread.h>

enum { POLL = 20 };

struct world {
	struct refresh *refresh;
	pthread_mutex_t lock;
	struct registry *reg;
	struct load_stats stats;
	unsigned int published, full;      /* full: of them by reading all */
	char said[4096];
};

/* Starts to read; a database need not be there. */
void world_begin_with(struct world *w, const struct source_mysql_options *o, bool skip_bad);

/* The same with a new server, and the users 01, 02, 03 whose boot files are one, two, three. */
void world_begin(struct world *w, struct mysql_server *db);

/* db may be NULL. */
void world_end(struct world *w, struct mysql_server *db);

/*
 * Waits until the user has that boot file, "" none, "-" is no user; how long that took, in
 * microseconds.
 */
int64_t becomes(struct world *w, const char *id, const char *expect);

/* Has it now. */
void stays(struct world *w, const char *id, const char *expect);

/* "F" failed, "R" recovered, "W" warned, a blank, the text, "|". */
bool has_said(struct world *w, const char *text);
void will_say(struct world *w, const char *text);

/* CLOCK_MONOTONIC. */
int64_t mysql_world_us(void);

#endif
