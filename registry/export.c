/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the two formats behind one table. A line is made in a buffer that fits the largest user.
 */
#include "registry/export.h"

#include "registry/entry_text.h"

#include <stdlib.h>
#include <string.h>

struct out {
	char *buf;
	size_t cap, len;
	bool full;
};

struct format {
	const char *name;
	size_t (*cap)(const struct registry *reg);                 /* of any line */
	bool (*head)(const struct registry *reg, struct out *o);   /* false: there is none */
	void (*user)(const struct registry *reg, const struct reg_user *user, struct out *o);
};

/* Escaped, a byte takes six; names take no more than values may. */
enum { LINE_CAP = 8 * RECORD_ROOM };

static size_t jsonl_cap(const struct registry *reg)
{
	(void)reg;
	return LINE_CAP;
}

static bool jsonl_head(const struct registry *reg, struct out *o)
{
	(void)reg;
	(void)o;
	return false;
}

static void jsonl_user(const struct registry *reg, const struct reg_user *user, struct out *o)
{
	(void)reg;
	o->len = user_text(user, o->buf, o->cap);
	o->full = o->len >= o->cap;
}

static void put(struct out *o, char c)
{
	if (o->len < o->cap)
		o->buf[o->len++] = c;
	else
		o->full = true;
}

/* RFC 4180: in quotes if it has a separator, a quote, a line end; also blanks at its ends. */
static void put_field(struct out *o, const char *text, size_t len)
{
	bool quote = len > 0 && (text[0] == ' ' || text[len - 1] == ' ');

	for (size_t i = 0; i < len && !quote; i++)
		quote = strchr(",;\t\"\r\n", text[i]) != NULL;
	if (quote)
		put(o, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			put(o, '"');
		put(o, text[i]);
	}
	if (quote)
		put(o, '"');
}

/* Every attribute name may be a column of its own, of a separator at least. */
static size_t csv_cap(const struct registry *reg)
{
	size_t cap = LINE_CAP, len;
	const char *name;

	for (size_t i = 0; registry_attr_names(reg, i, &name, &len) >= 0; i++)
		cap += 2 * len + 3;
	return cap;
}

static bool csv_head(const struct registry *reg, struct out *o)
{
	const char *name;
	size_t len;

	put_field(o, "type", 4);
	put(o, ',');
	put_field(o, "id", 2);
	for (size_t i = 0; registry_attr_names(reg, i, &name, &len) >= 0; i++) {
		put(o, ',');
		put_field(o, name, len);
	}
	return true;
}

static void csv_user(const struct registry *reg, const struct reg_user *user, struct out *o)
{
	struct reg_id id = user_id(user);
	const char *name, *value, *type = reg_id_type_name(id.type);
	char hex[3 * REG_ID_MAX];
	size_t len;

	put_field(o, type, strlen(type));
	put(o, ',');
	colon_hex(id.bytes, id.len, hex);
	put_field(o, hex, strlen(hex));
	for (size_t i = 0; registry_attr_names(reg, i, &name, &len) >= 0; i++) {
		put(o, ',');
		if (registry_attr(user, name, len, &value, &len))
			put_field(o, value, len);
	}
}

static const struct format formats[] = {
	{ "jsonl", jsonl_cap, jsonl_head, jsonl_user },
	{ "csv", csv_cap, csv_head, csv_user },
};

const char *registry_export_format(size_t index)
{
	return index < sizeof(formats) / sizeof(formats[0]) ? formats[index].name : "";
}

static enum reg_err emit(const struct out *o, export_fn *fn, void *ctx)
{
	if (o->full)
		return REG_E_LIMIT;
	return fn(ctx, o->buf, o->len) ? REG_OK : REG_E_STOPPED;
}

static enum reg_err write_all(const struct registry *reg, const struct format *f, struct out *o,
	export_fn *fn, void *ctx)
{
	const struct reg_user *user = NULL;
	enum reg_err e = REG_OK;

	if (f->head(reg, o))
		e = emit(o, fn, ctx);
	while (e == REG_OK && (user = registry_next(reg, user)) != NULL) {
		o->len = 0;
		f->user(reg, user, o);
		e = emit(o, fn, ctx);
	}
	return e;
}

enum reg_err registry_export(const struct registry *reg, const char *format, export_fn *fn,
	void *ctx)
{
	size_t f = 0, count = sizeof(formats) / sizeof(formats[0]);
	struct out o = { .len = 0 };
	enum reg_err e;

	while (f < count && strcmp(formats[f].name, format) != 0)
		f++;
	if (f == count)
		return REG_E_FORMAT;
	o.cap = formats[f].cap(reg);
	o.buf = malloc(o.cap);
	if (o.buf == NULL)
		return REG_E_NOMEM;
	e = write_all(reg, &formats[f], &o, fn, ctx);
	free(o.buf);
	return e;
}
