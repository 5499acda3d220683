/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A refresh of a database: what is in force of it, and what was said. */
#ifndef USHER_TESTS_REGISTRY_MYSQL_READER_H
#define USHER_TESTS_REGISTRY_MYSQL_READER_H

#include "registry/refresh.h"
#include "tests/registry/mysql_server.h"

#include <pthread.h>

enum { POLL = 20 };

struct mysql_reader {
	struct refresh *refresh;
	pthread_mutex_t lock;
	struct registry *reg;
	struct load_stats stats;
	unsigned int published, full;      /* full: of them by reading all */
	char said[4096];
};

/* Starts to read; a database need not be there. */
void reader_begin_with(struct mysql_reader *w, const struct source_mysql_options *o, bool skip_bad);

/* The same with a new server, and the users 01, 02, 03 whose boot files are one, two, three. */
void reader_begin(struct mysql_reader *w, struct mysql_server *db);

/* db may be NULL. */
void reader_end(struct mysql_reader *w, struct mysql_server *db);

/*
 * Waits until the user has that boot file, "" none, "-" is no user; how long that took, in
 * microseconds.
 */
int64_t becomes(struct mysql_reader *w, const char *id, const char *expect);

/* Has it now. */
void stays(struct mysql_reader *w, const char *id, const char *expect);

/* "F" failed, "R" recovered, "W" warned, a blank, the text, "|". */
bool has_said(struct mysql_reader *w, const char *text);
void will_say(struct mysql_reader *w, const char *text);

/* CLOCK_MONOTONIC. */
int64_t reader_us(void);

#endif
