/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of a database kept in memory, one behind the other, to be read when the database has no more
 * say.
 */
#ifndef USHER_REGISTRY_MYSQL_ROWS_H
#define USHER_REGISTRY_MYSQL_ROWS_H

#include "registry/mysql_link.h"
#include "registry/record.h"

enum { MYSQL_COLUMNS = REG_PAIRS_MAX + 4 }; /* of a row */

struct mysql_rows {
	const struct reg_memory *memory; /* borrowed; NULL: never refused */
	size_t max;                      /* bytes that may be kept */
	char *data;
	size_t len, cap;
	size_t count;                    /* rows */
	const char *text[MYSQL_COLUMNS]; /* of the row read last */
	unsigned long lens[MYSQL_COLUMNS];
};

/* Forgets all rows, keeps the memory. */
void mysql_rows_clear(struct mysql_rows *r);

/* Keeps a copy of a row. REG_E_SIZE: more than max, or than MYSQL_COLUMNS; REG_E_NOMEM. */
enum reg_err mysql_rows_add(struct mysql_rows *r, const struct mysql_values *row);

/*
 * Reads the row at *at, which begins as 0; borrowed until the next call. False: there are no more.
 */
bool mysql_rows_next(struct mysql_rows *r, size_t *at, struct mysql_values *ret);

void mysql_rows_done(struct mysql_rows *r);

#endif
