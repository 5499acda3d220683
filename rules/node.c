/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how the events of registry/json become a tree, and how an error finds its path. Nesting is
 * bounded by the parser's rules for configs, so walking up or down is bounded too.
 *
 * Knows nothing of what the keys mean.
 */
#include "rules/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GOT_MAX = 80, KEY_MAX = 64, DEPTH_MAX = 64 };

struct builder {
	struct arena *arena;
	struct rule_error *err;
	struct node *root;
	struct open {
		struct node *node, *last;   /* a container and its youngest child */
	} open[DEPTH_MAX];
	unsigned int depth;
	const char *key;                /* waits for its value */
};

static bool stop(struct builder *b, enum rule_err code)
{
	b->err->code = code;
	return false;
}

static bool append(struct builder *b, struct node *n)
{
	struct open *o;

	if (b->depth == 0) {
		b->root = n;
		return true;
	}
	o = &b->open[b->depth - 1];
	n->up = o->node;
	n->key = b->key;
	b->key = NULL;
	if (n->key != NULL && node_get(o->node, n->key) != NULL) {
		node_fail(n, b->err, RULE_E_REPEAT, "given twice");
		return false;
	}
	if (o->last == NULL) {
		o->node->first = n;
	} else {
		n->index = o->last->index + 1;
		o->last->next = n;
	}
	o->last = n;
	return true;
}

static bool open_container(struct builder *b, struct node *n)
{
	if (b->depth == DEPTH_MAX)
		return stop(b, RULE_E_LIMIT);
	b->open[b->depth++] = (struct open){ .node = n };
	return true;
}

static bool on_event(void *ctx, const struct json_event *ev)
{
	struct builder *b = ctx;
	struct node *n;

	if (ev->kind == JSON_OBJECT_END || ev->kind == JSON_ARRAY_END) {
		b->depth--;
		return true;
	}
	if (ev->kind == JSON_KEY) {
		b->key = arena_copy(b->arena, ev->text, ev->len);
		return b->key != NULL || stop(b, RULE_E_MEMORY);
	}
	n = arena_alloc(b->arena, sizeof(*n));
	if (n == NULL)
		return stop(b, RULE_E_MEMORY);
	n->kind = ev->kind;
	n->line = (unsigned int)ev->line;
	n->truth = ev->truth;
	if (ev->kind == JSON_STRING || ev->kind == JSON_NUMBER) {
		n->text = arena_copy(b->arena, ev->text, ev->len);
		n->len = ev->len;
		if (n->text == NULL)
			return stop(b, RULE_E_MEMORY);
	}
	if (!append(b, n))
		return false;
	return (n->kind != JSON_OBJECT && n->kind != JSON_ARRAY) || open_container(b, n);
}

const struct node *node_parse(
	struct arena *a, const char *text, size_t len, struct rule_error *err)
{
	struct builder b = { .arena = a, .err = err };
	struct json_error json = { .line = 0 };
	enum reg_err e = json_parse(text, len, &json_config_rules, on_event, &b, &json);

	if (e == REG_OK)
		return b.root;
	if (e != REG_E_STOPPED) {
		err->code = e == REG_E_NOMEM ? RULE_E_MEMORY : RULE_E_JSON;
		err->line = (unsigned int)json.line;
		err->path[0] = '\0';
		snprintf(err->text, sizeof(err->text), "not valid JSON: %s", json.text);
	}
	return NULL;
}

const struct node *node_get(const struct node *object, const char *key)
{
	if (object == NULL || object->kind != JSON_OBJECT)
		return NULL;
	for (const struct node *n = object->first; n != NULL; n = n->next)
		if (strcmp(n->key, key) == 0)
			return n;
	return NULL;
}

const struct node *node_items(const struct node *n)
{
	return n->kind == JSON_ARRAY ? n->first : n;
}

const struct node *node_next(const struct node *n, const struct node *item)
{
	return item == n ? NULL : item->next;
}

size_t node_count(const struct node *n)
{
	size_t count = 0;

	for (const struct node *i = node_items(n); i != NULL; i = node_next(n, i))
		count++;
	return count;
}

const char *node_path(const struct node *n, char buf[static RULE_PATH_MAX])
{
	const struct node *way[DEPTH_MAX + 1];
	size_t depth = 0, len = 0;

	for (; n->up != NULL && depth < DEPTH_MAX; n = n->up)
		way[depth++] = n;
	buf[0] = '\0';
	while (depth-- > 0 && len < RULE_PATH_MAX) {
		const char *key = way[depth]->key;

		if (key != NULL)
			len += (size_t)snprintf(buf + len, RULE_PATH_MAX - len, "%s%.*s",
				len > 0 ? "." : "", KEY_MAX, key);
		else
			len += (size_t)snprintf(
				buf + len, RULE_PATH_MAX - len, "[%zu]", way[depth]->index);
	}
	return buf;
}

/* The value as found, short enough for a line. */
static void describe(const struct node *n, char buf[static GOT_MAX])
{
	switch (n->kind) {
	case JSON_STRING:
		snprintf(buf, GOT_MAX, "\"%.60s\"%s", n->text, n->len > 60 ? "..." : "");
		break;
	case JSON_NUMBER:
		snprintf(buf, GOT_MAX, "%.60s", n->text);
		break;
	case JSON_BOOL:
		snprintf(buf, GOT_MAX, "%s", n->truth ? "true" : "false");
		break;
	case JSON_OBJECT:
		snprintf(buf, GOT_MAX, "an object");
		break;
	case JSON_ARRAY:
		snprintf(buf, GOT_MAX, n->first == NULL ? "an empty list" : "a list");
		break;
	default:
		snprintf(buf, GOT_MAX, "null");
		break;
	}
}

static void place(const struct node *n, struct rule_error *err, enum rule_err code)
{
	err->code = code;
	err->line = n->line;
	node_path(n, err->path);
}

enum rule_err node_fail(
	const struct node *n, struct rule_error *err, enum rule_err code, const char *fmt, ...)
{
	va_list ap;

	place(n, err, code);
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

enum rule_err node_expected(
	const struct node *n, struct rule_error *err, enum rule_err code, const char *fmt, ...)
{
	char expected[RULE_TEXT_MAX - GOT_MAX - 20], got[GOT_MAX];
	va_list ap;

	place(n, err, code);
	va_start(ap, fmt);
	vsnprintf(expected, sizeof(expected), fmt, ap);
	va_end(ap);
	describe(n, got);
	snprintf(err->text, sizeof(err->text), "expected %s, got %s", expected, got);
	return code;
}

/* Levenshtein's distance, for the few words of a config. */
static size_t distance(const char *a, const char *b)
{
	size_t row[KEY_MAX + 1], la = strnlen(a, KEY_MAX), lb = strnlen(b, KEY_MAX);

	for (size_t j = 0; j <= lb; j++)
		row[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]), best = row[j] + 1;

			corner = row[j];
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = change < best ? change : best;
		}
	}
	return row[lb];
}

enum rule_err node_unknown(const struct node *n, struct rule_error *err, const char *const *keys,
	size_t count, size_t stride)
{
	const char *nearest = NULL;
	size_t least = 0;

	for (size_t i = 0; i < count; i++) {
		const char *key;
		size_t d;

		memcpy(&key, (const char *)keys + i * stride, sizeof(key));
		d = distance(n->key, key);
		if (nearest == NULL || d < least) {
			nearest = key;
			least = d;
		}
	}
	return node_fail(n, err, RULE_E_KEY,
		"expected a known key, of which the nearest is \"%s\", got \"%.*s\"",
		nearest == NULL ? "" : nearest, KEY_MAX, n->key);
}

enum rule_err node_object(const struct node *n, struct rule_error *err)
{
	if (n->kind != JSON_OBJECT)
		return node_expected(n, err, RULE_E_TYPE, "an object");
	return RULE_OK;
}

enum rule_err node_bool(const struct node *n, bool *ret, struct rule_error *err)
{
	if (n->kind != JSON_BOOL)
		return node_expected(n, err, RULE_E_TYPE, "true or false");
	*ret = n->truth;
	return RULE_OK;
}

enum rule_err node_uint(
	const struct node *n, uint32_t min, uint32_t max, uint32_t *ret, struct rule_error *err)
{
	unsigned long long v;
	char *end;

	if (n->kind != JSON_NUMBER)
		return node_expected(n, err, RULE_E_TYPE, "a number from %u to %u", min, max);
	v = strtoull(n->text, &end, 10);
	if (*end != '\0' || n->text[0] == '-' || n->len > 10 || v < min || v > max)
		return node_expected(n, err, RULE_E_VALUE, "a number from %u to %u", min, max);
	*ret = (uint32_t)v;
	return RULE_OK;
}

enum rule_err node_choice(const struct node *n, const struct choice *choices, unsigned int *ret,
	struct rule_error *err)
{
	char names[RULE_TEXT_MAX - GOT_MAX - 20];
	size_t len = 0;

	for (const struct choice *c = choices; c->name != NULL; c++) {
		if (n->kind == JSON_STRING && strcmp(n->text, c->name) == 0) {
			*ret = c->value;
			return RULE_OK;
		}
		/* A name may stand for several values, one after the other. */
		if (len < sizeof(names) && (c == choices || strcmp(c->name, c[-1].name) != 0))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s\"%s\"",
				c == choices ? "" : c[1].name == NULL ? " or " : ", ", c->name);
	}
	return node_expected(
		n, err, n->kind == JSON_STRING ? RULE_E_VALUE : RULE_E_TYPE, "%s", names);
}

enum rule_err node_string(
	const struct node *n, size_t min, size_t max, const char *what, struct rule_error *err)
{
	if (n->kind != JSON_STRING)
		return node_expected(n, err, RULE_E_TYPE, "%s", what);
	if (n->len < min || n->len > max)
		return node_expected(
			n, err, RULE_E_VALUE, "%s of %zu to %zu bytes", what, min, max);
	return RULE_OK;
}

const char *choice_name(const struct choice *choices, unsigned int value)
{
	for (const struct choice *c = choices; c->name != NULL; c++)
		if (c->value == value)
			return c->name;
	return "?";
}
