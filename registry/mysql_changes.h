/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of changes: which of them are new, and what the rows that they touched are now. A
 * change says which row was touched and which id that had; what the row is, is read from the row.
 * So it does no harm to read of a change twice, or late.
 */
#ifndef USHER_REGISTRY_MYSQL_CHANGES_H
#define USHER_REGISTRY_MYSQL_CHANGES_H

#include "registry/change_log.h"
#include "registry/mysql_table.h"

enum { MYSQL_CHANGES_MAX = 100000 }; /* with more at once it is better to read all */

/* Where a reading of the users begins in the log of changes, or has come to. */
struct mysql_place {
	struct change_log log;
	uint64_t mark;               /* of the highest change's row: whether it is the same log */
	uint64_t columns;            /* of the users, which have been altered if it differs */
};

struct mysql_changes {
	const char *name;            /* for errors; borrowed, as all of these */
	const char *table;           /* of the users */
	struct mysql_link *link;
	struct mysql_table *users;
	const struct reg_memory *memory;
	struct sql sql;
	struct mysql_place place;    /* what was read up to now */
	struct mysql_place next;     /* what mysql_changes_mark() found */
	int64_t thorough_ms;
	/* gathered */
	struct mysql_rows changes, rows;
	uint64_t gathered;           /* which changes these are, as a number */
	size_t at;
	unsigned int pass;
};

void mysql_changes_init(struct mysql_changes *c);

/*
 * Within the transaction that reads all users: notes how far the log is in it, numbers that are
 * missing because their transactions are not committed included. Counts when mysql_changes_follow()
 * is called.
 */
enum reg_err mysql_changes_mark(struct mysql_changes *c, struct reg_error *err);

/* From now on the changes since mysql_changes_mark() are new. */
void mysql_changes_follow(struct mysql_changes *c);

/*
 * Asks which changes are new: changes.count of them. REG_E_CHANGED: the last one read is not there
 * any more, or is another: this is another database than the one read, or one restored from a
 * backup, or too much of the log was thrown away. REG_E_SIZE: more than MYSQL_CHANGES_MAX. Else as
 * mysql_link_run().
 */
enum reg_err mysql_changes_peek(struct mysql_changes *c, struct reg_error *err);

/*
 * The same, and gathers the rows that the changes touched, all as one state of the database.
 * REG_E_CHANGED also if the users have other columns now, REG_E_SIZE also if it is too much to
 * keep.
 */
enum reg_err mysql_changes_gather(struct mysql_changes *c, struct reg_error *err);

/* Begins to hand out what was gathered. */
void mysql_changes_rewind(struct mysql_changes *c);

/* The next of it, users removed and users added; REG_E_END, or an error about one row. */
enum reg_err mysql_changes_next(struct mysql_changes *c, struct reg_entry *ret,
	struct reg_error *err);

/* What was gathered is not new any more. */
void mysql_changes_take(struct mysql_changes *c);

void mysql_changes_done(struct mysql_changes *c);

#endif
