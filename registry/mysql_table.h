/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table of users looks like and how its rows become entries: registry/schema.sql. A column
 * is an attribute of its own name, but for user_no, type, id, attributes (a JSON object of more
 * attributes) and those that begin with an underscore, which are not read.
 */
#ifndef USHER_REGISTRY_MYSQL_TABLE_H
#define USHER_REGISTRY_MYSQL_TABLE_H

#include "registry/entry.h"
#include "registry/mysql_rows.h"
#include "registry/sql.h"

enum column_kind {
	COLUMN_ATTR,
	COLUMN_USER_NO,
	COLUMN_TYPE,
	COLUMN_ID,
	COLUMN_ATTRIBUTES,
	COLUMN_KINDS
};

struct mysql_table {
	const char *name;                /* for errors; borrowed */
	const char *table;               /* in the database; borrowed */
	struct entry_reader *reader;
	struct sql select;               /* "SELECT ... FROM users" */
	char *names;                     /* of the columns selected, each with its NUL */
	size_t count;                    /* of the columns selected */
	uint16_t name_at[MYSQL_COLUMNS];
	uint8_t kinds[MYSQL_COLUMNS];
	uint64_t fingerprint;            /* of all the columns' names */
	struct reg_pair pairs[REG_PAIRS_MAX];
};

/* REG_E_NOMEM; then nothing is to be undone. */
enum reg_err mysql_table_init(struct mysql_table *t, const char *name, const char *table,
	const struct reg_memory *memory);

/*
 * Asks the database for the columns, and makes the statement that reads them. REG_E_FORMAT: a
 * column is missing, or there are too many; else as mysql_link_run().
 */
enum reg_err mysql_table_describe(struct mysql_table *t, struct mysql_link *link,
	struct reg_error *err);

/*
 * A row of that statement as an entry, borrowed until the next call; line is the user_no, also if
 * the rest is wrong. err names table, row and column. REG_E_ENTRY, REG_E_TYPE, REG_E_ID,
 * REG_E_LINE, REG_E_NUL, REG_E_SYNTAX, REG_E_DEPTH.
 */
enum reg_err mysql_table_entry(struct mysql_table *t, const struct mysql_values *row,
	struct reg_entry *ret, struct reg_error *err);

/* user_no as a row has it: a whole number from 1 that fits. */
bool mysql_user_no(const char *text, uint32_t *ret);

void mysql_table_done(struct mysql_table *t);

#endif
