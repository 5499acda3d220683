/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how JSON events become an entry. One line is one parse, so an error cannot reach into the
 * next line. As in user_chk every value must be a string, keys are case-sensitive, and of a key
 * given twice only the last value counts, and only that one is looked at. Bytes that are not UTF-8
 * are taken as they are; usher does not interpret them and a log shows them escaped. A line's
 * strings are user_chk's (spelling.h), a database's are those of RFC 8259.
 */
#include "registry/entry.h"

#include "registry/flat.h"
#include "registry/json.h"
#include "registry/spelling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A decoded text, in store or, if it needed no decoding, on the line; NOT_TEXT: no string. */
struct text {
	const char *at;
	uint16_t len;
};

enum { NOT_TEXT = UINT16_MAX };

struct entry_reader {
	size_t count;
	size_t stored;
	bool opened;                      /* the object */
	struct text keys[REG_PAIRS_MAX], values[REG_PAIRS_MAX];
	struct reg_pair pairs[REG_PAIRS_MAX];
	size_t current;                   /* of keys: whose value comes next */
	char store[REG_LINE_MAX + 1];     /* escapes only ever shrink */
	char spelt[SPELLING_GROWTH * REG_LINE_MAX];
	uint8_t scratch[JSON_SCRATCH];
};

static const struct json_rules line_rules = { .max_depth = 2, .any_bytes = true };

struct entry_reader *entry_reader_new(const struct reg_memory *memory)
{
	return reg_realloc(memory, NULL, sizeof(struct entry_reader));
}

struct entry_reader *entry_reader_free(struct entry_reader *r)
{
	free(r);
	return NULL;
}

bool entry_is_blank(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r' ||
		line[i] == '\f' || line[i] == '\v'))
		i++;
	return i == len || line[i] == '#';
}

static struct text keep(struct entry_reader *r, const char *text, size_t len)
{
	struct text t = { r->store + r->stored, (uint16_t)len };

	memcpy(r->store + r->stored, text, len);
	r->stored += len;
	return t;
}

static bool is(struct text t, const char *text, size_t len)
{
	return t.len == len && memcmp(t.at, text, len) == 0;
}

/* The index of a key, or count. */
static size_t find(const struct entry_reader *r, const char *name, size_t len)
{
	size_t i = 0;

	while (i < r->count && !is(r->keys[i], name, len))
		i++;
	return i;
}

/* The place of a key: where it was before, or a new one. */
static bool on_key(struct entry_reader *r, struct text key)
{
	r->current = find(r, key.at, key.len);
	if (r->current == REG_PAIRS_MAX)
		return false;
	if (r->current == r->count)
		r->keys[r->count++] = key;
	return true;
}

static bool on_value(struct entry_reader *r, const struct json_event *ev)
{
	if (ev->kind == JSON_STRING)
		r->values[r->current] = keep(r, ev->text, ev->len);
	else
		r->values[r->current].len = NOT_TEXT;
	return true;
}

static bool on_event(void *ctx, const struct json_event *ev)
{
	struct entry_reader *r = ctx;

	if (ev->depth == 0) {
		r->opened = ev->kind == JSON_OBJECT;
		return r->opened || ev->kind == JSON_OBJECT_END;
	}
	if (ev->depth > 1 || ev->kind == JSON_OBJECT_END || ev->kind == JSON_ARRAY_END)
		return true;
	return ev->kind == JSON_KEY ? on_key(r, keep(r, ev->text, ev->len)) : on_value(r, ev);
}

static bool on_flat(void *ctx, bool is_key, const char *text, size_t len)
{
	struct text t = { text, (uint16_t)len };
	struct entry_reader *r = ctx;

	if (is_key)
		return on_key(r, t);
	r->values[r->current] = t;
	return true;
}

static void begin(struct entry_reader *r)
{
	r->count = r->stored = 0;
	r->opened = false;
}

static enum reg_err parse_json(struct entry_reader *r, const char *line, size_t len,
	const char *example, char why[static REG_WHY])
{
	struct json_error err;
	enum reg_err e;

	begin(r);
	e = json_parse_in(r->scratch, sizeof(r->scratch), line, len, &line_rules, on_event, r,
		&err);
	if (e == REG_E_STOPPED) {
		snprintf(why, REG_WHY, "expected an object: %s", example);
		return REG_E_ENTRY;
	}
	if (e != REG_OK)
		snprintf(why, REG_WHY, "%s", err.text);
	return e;
}

static bool parse_flat(struct entry_reader *r, const char *text, size_t len)
{
	begin(r);
	return flat_parse(text, len, on_flat, r);
}

static enum reg_err parse_line(struct entry_reader *r, const char *line, size_t len,
	char why[static REG_WHY])
{
	if (parse_flat(r, line, len))
		return REG_OK;
	if (!spelling_of_line(line, len, r->spelt, &len)) {
		snprintf(why, REG_WHY, "an escape \\u that is not \\u00 and two hex digits, "
			"which are one byte: write the character itself");
		return REG_E_SYNTAX;
	}
	return parse_json(r, r->spelt, len, "{\"type\": \"HW_ADDR\", \"id\": \"...\"}", why);
}

static enum reg_err all_strings(const struct entry_reader *r, char why[static REG_WHY])
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->values[i].len == NOT_TEXT) {
			snprintf(why, REG_WHY, "\"%.*s\": expected a string in quotes",
				r->keys[i].len < 80 ? r->keys[i].len : 80,
				r->keys[i].at);
			return REG_E_ENTRY;
		}
	}
	return REG_OK;
}

static enum reg_err read_id(const struct entry_reader *r, size_t type, size_t id,
	struct reg_id *ret, char why[static REG_WHY])
{
	enum reg_id_type t;

	if (type == r->count) {
		snprintf(why, REG_WHY, "no \"type\", expected \"HW_ADDR\" or \"DUID\"");
		return REG_E_TYPE;
	}
	t = reg_id_type_find(r->values[type].at, r->values[type].len);
	if (t == REG_ID_TYPES) {
		snprintf(why, REG_WHY, "unknown type \"%.*s\", expected \"HW_ADDR\" or \"DUID\"",
			r->values[type].len < 40 ? r->values[type].len : 40,
			r->values[type].at);
		return REG_E_TYPE;
	}
	if (id == r->count) {
		snprintf(why, REG_WHY, "no \"id\", expected hex digits such as 0c:0e:0a:01:ff:04");
		return REG_E_ID;
	}
	return reg_id_parse(t, r->values[id].at, r->values[id].len, ret, why);
}

/* All keys but those two. */
static size_t make_pairs(struct entry_reader *r, size_t type, size_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++) {
		if (i == type || i == id)
			continue;
		r->pairs[n++] = (struct reg_pair){ r->keys[i].at, r->values[i].at, r->keys[i].len,
			r->values[i].len };
	}
	return n;
}

enum reg_err entry_read(struct entry_reader *r, const char *line, size_t len,
	struct reg_entry *ret, char why[static REG_WHY])
{
	size_t type, id;
	enum reg_err e;

	if (len > REG_LINE_MAX) {
		snprintf(why, REG_WHY, "line of more than %d bytes", REG_LINE_MAX);
		return REG_E_LINE;
	}
	e = parse_line(r, line, len, why);
	if (e == REG_OK)
		e = all_strings(r, why);
	if (e != REG_OK)
		return e;
	type = find(r, "type", 4);
	id = find(r, "id", 2);
	e = read_id(r, type, id, &ret->id, why);
	if (e != REG_OK)
		return e;
	ret->count = make_pairs(r, type, id);
	ret->pairs = r->pairs;
	ret->removed = false;
	return REG_OK;
}

enum reg_err entry_read_attrs(struct entry_reader *r, const char *text, size_t len,
	const struct reg_pair **ret, size_t *ret_count, char why[static REG_WHY])
{
	static const char *const columns[] = { "type", "id" };
	enum reg_err e = REG_OK;

	if (len > REG_LINE_MAX) {
		snprintf(why, REG_WHY, "more than %d bytes", REG_LINE_MAX);
		return REG_E_LINE;
	}
	if (!parse_flat(r, text, len))
		e = parse_json(r, text, len, "{\"bootfile\": \"...\"}", why);
	if (e == REG_OK)
		e = all_strings(r, why);
	for (size_t i = 0; e == REG_OK && i < 2; i++) {
		if (find(r, columns[i], strlen(columns[i])) == r->count)
			continue;
		snprintf(why, REG_WHY, "\"%s\": is a column, not an attribute", columns[i]);
		e = REG_E_ENTRY;
	}
	if (e != REG_OK)
		return e;
	*ret_count = make_pairs(r, r->count, r->count);
	*ret = r->pairs;
	return REG_OK;
}
