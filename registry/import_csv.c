/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables with separators (RFC 4180): the first row names the columns. An id is in the columns
 * "type" and "id", or in one that is called as a kind of id is ("mac", "duid"); all others are
 * attributes. The separator is the comma, the semicolon or the tab that the first row has most of.
 * An empty field is no attribute; export.c writes such tables.
 */
#include "registry/import_parts.h"

#include <string.h>
#include <strings.h>

enum { COLUMNS_MAX = 256, TYPE = REG_ID_TYPES, ID, ATTRIBUTE };

static const struct {
	const char *name;
	int kind;
} columns[] = {
	{ "type", TYPE },           { "id", ID },
	{ "mac", REG_HW_ADDR },     { "mac-address", REG_HW_ADDR }, { "hw-address", REG_HW_ADDR },
	{ "hw_addr", REG_HW_ADDR }, { "hwaddr", REG_HW_ADDR },      { "duid", REG_DUID },
	{ "client-id", REG_CLIENT_ID }, { "circuit-id", REG_CIRCUIT_ID },
	{ "remote-id", REG_REMOTE_ID }, { "subscriber-id", REG_SUBSCRIBER_ID },
};

struct field {
	const char *text;
	size_t len;
};

struct csv {
	char *at;
	char separator;
	size_t line;
	struct field fields[COLUMNS_MAX];
	size_t count;
};

static int kind_of(const struct field *f)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (strlen(columns[i].name) == f->len &&
			strncasecmp(columns[i].name, f->text, f->len) == 0)
			return columns[i].kind;
	}
	return ATTRIBUTE;
}

/* A field in quotes, written over itself without them; two of them are one. */
static struct field read_quoted(struct csv *c)
{
	char *to = ++c->at;
	struct field f = { .text = to };

	while (*c->at != '\0' && (*c->at != '"' || c->at[1] == '"')) {
		c->at += *c->at == '"';
		c->line += *c->at == '\n';
		*to++ = *c->at++;
	}
	c->at += *c->at == '"';
	f.len = (size_t)(to - f.text);
	return f;
}

static struct field read_plain(struct csv *c)
{
	struct field f = { .text = c->at };

	while (*c->at != '\0' && *c->at != '\n' && *c->at != c->separator)
		c->at++;
	f.len = (size_t)(c->at - f.text);
	while (f.len > 0 && (f.text[f.len - 1] == '\r' || f.text[f.len - 1] == ' '))
		f.len--;
	while (f.len > 0 && f.text[0] == ' ') {
		f.text++;
		f.len--;
	}
	return f;
}

/* One row into fields; false: too many, or something behind a closing quote. */
static bool read_row(struct csv *c)
{
	for (c->count = 0;; c->at++) {
		if (c->count == COLUMNS_MAX)
			return false;
		c->fields[c->count++] = *c->at == '"' ? read_quoted(c) : read_plain(c);
		if (*c->at == '\r')
			c->at++;
		if (*c->at != c->separator)
			break;
	}
	if (*c->at == '\n')
		c->at++;
	else if (*c->at != '\0')
		return false;
	return true;
}

static char guess_separator(const char *text)
{
	size_t count[3] = { 0 }, best = 0;

	for (; *text != '\0' && *text != '\n'; text++) {
		for (size_t i = 0; i < 3; i++)
			count[i] += *text == ",;\t"[i];
	}
	for (size_t i = 1; i < 3; i++)
		best = count[i] > count[best] ? i : best;
	return ",;\t"[best];
}

static void take_row(struct import *im, const struct csv *c, const struct csv *head,
	const int *kinds)
{
	enum reg_id_type type = REG_HW_ADDR;

	for (size_t i = 0; i < c->count; i++) {
		if (kinds[i] == TYPE && c->fields[i].len > 0)
			type = reg_id_type_find(c->fields[i].text, c->fields[i].len);
	}
	if (type == REG_ID_TYPES) {
		import_refuse(im, "unknown type, expected HW_ADDR or DUID");
		return;
	}
	for (size_t i = 0; i < c->count; i++) {
		const struct field *f = &c->fields[i], *name = &head->fields[i];

		if (f->len == 0 || kinds[i] == TYPE)
			continue;
		if (kinds[i] == ID)
			import_id(im, type, f->text, f->len);
		else if (kinds[i] == ATTRIBUTE)
			import_attr(im, name->text, name->len, f->text, f->len);
		else
			import_id(im, (enum reg_id_type)kinds[i], f->text, f->len);
	}
}

enum reg_err import_csv(struct import *im, char *text, size_t len)
{
	size_t skip = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, ids = 0;
	struct csv head = { .at = text + skip, .line = 1 }, c;
	int kinds[COLUMNS_MAX];
	enum reg_err e = REG_OK;

	head.separator = guess_separator(head.at);
	if (!read_row(&head))
		return import_wrong(im, 1, "first row: not the names of up to 256 columns");
	for (size_t i = 0; i < head.count; i++) {
		kinds[i] = kind_of(&head.fields[i]);
		ids += kinds[i] != ATTRIBUTE && kinds[i] != TYPE;
	}
	if (ids == 0)
		return import_wrong(im, 1, "first row: no column \"id\", \"mac\" or \"duid\"");
	c = head;
	for (c.line++; *c.at != '\0' && e == REG_OK; c.line++) {
		import_begin(im, c.line);
		if (!read_row(&c) || c.count > head.count)
			return import_wrong(im, c.line,
				"more fields than columns, or a quote too many");
		if (c.count == 1 && c.fields[0].len == 0)
			continue;
		take_row(im, &c, &head, kinds);
		e = import_end(im);
	}
	return e;
}
