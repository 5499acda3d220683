/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how rows are packed: the number of values, then for each its length, SQL_NULL for none, and
 * its bytes with a NUL behind them.
 */
#include "registry/mysql_rows.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 4096, HEAD = sizeof(uint32_t) };

static const uint32_t SQL_NULL = UINT32_MAX;

void mysql_rows_clear(struct mysql_rows *r)
{
	r->len = r->count = 0;
}

static size_t packed_size(const struct mysql_values *row)
{
	size_t n = HEAD;

	for (size_t i = 0; i < row->count; i++)
		n += HEAD + (row->text[i] != NULL ? row->len[i] + 1 : 0);
	return n;
}

static enum reg_err reserve(struct mysql_rows *r, size_t n)
{
	size_t cap = r->cap != 0 ? r->cap : FIRST_CAP;
	char *data;

	if (n > r->max - r->len)
		return REG_E_SIZE;
	while (cap - r->len < n)
		cap *= 2;
	if (cap == r->cap)
		return REG_OK;
	data = reg_realloc(r->memory, r->data, cap);
	if (data == NULL)
		return REG_E_NOMEM;
	r->data = data;
	r->cap = cap;
	return REG_OK;
}

static void put(struct mysql_rows *r, const void *bytes, size_t n)
{
	memcpy(r->data + r->len, bytes, n);
	r->len += n;
}

enum reg_err mysql_rows_add(struct mysql_rows *r, const struct mysql_values *row)
{
	uint32_t count = (uint32_t)row->count;
	enum reg_err e = row->count <= MYSQL_COLUMNS ? reserve(r, packed_size(row)) : REG_E_SIZE;

	if (e != REG_OK)
		return e;
	put(r, &count, HEAD);
	for (size_t i = 0; i < row->count; i++) {
		uint32_t len = row->text[i] != NULL ? (uint32_t)row->len[i] : SQL_NULL;

		put(r, &len, HEAD);
		if (len != SQL_NULL) {
			put(r, row->text[i], len);
			put(r, "", 1);
		}
	}
	r->count++;
	return REG_OK;
}

static uint32_t take(const struct mysql_rows *r, size_t *at)
{
	uint32_t v;

	memcpy(&v, r->data + *at, HEAD);
	*at += HEAD;
	return v;
}

bool mysql_rows_next(struct mysql_rows *r, size_t *at, struct mysql_values *ret)
{
	if (*at == r->len)
		return false;
	*ret = (struct mysql_values){ take(r, at), r->text, r->lens };
	for (size_t i = 0; i < ret->count; i++) {
		uint32_t len = take(r, at);

		r->text[i] = len != SQL_NULL ? r->data + *at : NULL;
		r->lens[i] = len != SQL_NULL ? len : 0;
		*at += len != SQL_NULL ? len + 1 : 0;
	}
	return true;
}

void mysql_rows_done(struct mysql_rows *r)
{
	free(r->data);
	r->data = NULL;
	r->len = r->cap = r->count = 0;
}
