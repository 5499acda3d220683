/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every source that is a database consists of: the connection, the two tables, and when they
 * are asked again. A source begins with these and adds what it reads.
 */
#ifndef USHER_REGISTRY_MYSQL_PARTS_H
#define USHER_REGISTRY_MYSQL_PARTS_H

#include "registry/mysql_changes.h"
#include "registry/source_mysql.h"

struct mysql_parts {
	const char *name;            /* for errors: "database.table" */
	struct source_mysql_options options;
	struct mysql_link *link;
	struct mysql_table users;
	struct mysql_changes changes;
	int timer;                   /* timerfd: when to look again */
	int64_t begun_ms, due_ms;    /* the last question for changes, and the next */
	bool failing;                /* the database could not be asked */
	unsigned int failures;       /* so often in a row */
};

/*
 * Room for "database.table" and its NUL behind a struct of that size, the whole zeroed; *ret_name
 * is where the name is. NULL without memory, which err says.
 */
void *mysql_parts_alloc(const struct source_mysql_options *options, size_t size, char **ret_name,
	struct reg_error *err);

/*
 * name is borrowed, as all that options point at. Errors as source_mysql_new(); done in any case.
 */
enum reg_err mysql_parts_init(struct mysql_parts *p, const char *name,
	const struct source_mysql_options *options, struct reg_error *err);
void mysql_parts_done(struct mysql_parts *p);

/* Whether the timer has expired since this was last asked. */
bool mysql_parts_stirred(struct mysql_parts *p);

/* The next question comes poll_ms after the last began, or after a rest of so many ms. */
void mysql_parts_schedule(struct mysql_parts *p, int64_t rest_ms);

/* From any thread: the timer expires now. */
void mysql_parts_hurry(struct mysql_parts *p);

/* The database has answered, or it has not, and the connection is given up. */
void mysql_parts_works(struct mysql_parts *p);
void mysql_parts_fails(struct mysql_parts *p);

#endif
