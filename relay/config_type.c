/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the values of the config are read and written, by their kind. A value goes to the field that
 * its key's row names, whatever its size; kinds that only one key has are in config_special.c.
 */
#include "relay/config_key.h"

#include "rules/writer.h"

#include <stdio.h>
#include <string.h>

static uint8_t *field(struct config_reader *r, const struct config_key *k)
{
	uint8_t *base = k->treat ? (uint8_t *)policy_treatment(r->builder) : (uint8_t *)r->config;

	return base + k->offset;
}

static const uint8_t *field_of(const struct config *c, const struct config_key *k)
{
	const uint8_t *base = k->treat ? (const uint8_t *)&c->policy->treat : (const uint8_t *)c;

	return base + k->offset;
}

/* A number in a field of 1, 2 or 4 bytes, in the order of the host. */
static void store(uint8_t *to, size_t size, uint32_t v)
{
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;

	if (size == sizeof(v8))
		memcpy(to, &v8, sizeof(v8));
	else if (size == sizeof(v16))
		memcpy(to, &v16, sizeof(v16));
	else
		memcpy(to, &v, sizeof(v));
}

static uint32_t load(const uint8_t *from, size_t size)
{
	uint16_t v16;
	uint32_t v;

	if (size == 1)
		return *from;
	if (size == sizeof(v16)) {
		memcpy(&v16, from, sizeof(v16));
		return v16;
	}
	memcpy(&v, from, sizeof(v));
	return v;
}

static enum rule_err parse_bool(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	bool v;
	enum rule_err e = node_bool(n, &v, r->err);

	if (e == RULE_OK)
		memcpy(field(r, k), &v, sizeof(v));
	return e;
}

static void print_bool(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	writer_bool(w, key, *field_of(c, k) != 0);
}

const struct config_type type_bool = { "true or false", parse_bool, print_bool };

static enum rule_err parse_choice(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	unsigned int v;
	enum rule_err e = node_choice(n, k->choices, &v, r->err);

	if (e == RULE_OK)
		store(field(r, k), k->size, v);
	return e;
}

static void print_choice(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	writer_text(w, key, choice_name(k->choices, load(field_of(c, k), k->size)));
}

const struct config_type type_choice = { "one of", parse_choice, print_choice };

static enum rule_err parse_uint(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	uint32_t v;
	enum rule_err e = node_uint(n, k->min, k->max, &v, r->err);

	if (e == RULE_OK)
		store(field(r, k), k->size, v);
	return e;
}

static void print_uint(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	writer_uint(w, key, load(field_of(c, k), k->size));
}

const struct config_type type_uint = { "number", parse_uint, print_uint };

/*
 * Permissions as chmod(1) takes them: octal digits in a string, because JSON has no octal numbers.
 */
static enum rule_err parse_octal(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	const char *text = n->kind == JSON_STRING ? n->text : "";
	size_t len = strlen(text);
	uint32_t v = 0;

	for (size_t i = 0; i < len && v <= k->max; i++)
		v = text[i] >= '0' && text[i] <= '7' ? v * 8 + (uint32_t)(text[i] - '0') : UINT32_MAX;
	if (len == 0 || len > 5 || v > k->max)
		return node_expected(n, r->err, RULE_E_VALUE, "permissions such as \"0660\"");
	store(field(r, k), k->size, v);
	return RULE_OK;
}

static void print_octal(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	char text[16];

	snprintf(text, sizeof(text), "%04o", load(field_of(c, k), k->size));
	writer_text(w, key, text);
}

const struct config_type type_octal = { "permissions", parse_octal, print_octal };

static enum rule_err parse_text(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	enum rule_err e = node_string(n, k->min, k->max, "a path", r->err);

	if (e == RULE_OK)
		memcpy(field(r, k), &n->text, sizeof(n->text));
	return e;
}

static void print_text(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	const char *text;

	memcpy(&text, field_of(c, k), sizeof(text));
	writer_text(w, key, text);
}

const struct config_type type_text = { "path", parse_text, print_text };

static enum rule_err parse_name(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	enum rule_err e = node_string(n, k->min, k->max, "a name", r->err);

	if (e == RULE_OK)
		memcpy(field(r, k), &n->text, sizeof(n->text));
	return e;
}

const struct config_type type_name = { "name", parse_name, print_text };

static enum rule_err parse_names(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	struct names list = { .count = 0 };

	list.all = arena_alloc(policy_arena(r->builder), (node_count(n) + 1) * sizeof(*list.all));
	if (list.all == NULL)
		return r->err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); i != NULL; i = node_next(n, i)) {
		enum rule_err e = node_string(i, k->min, k->max, "an interface name", r->err);

		if (e != RULE_OK)
			return e;
		list.all[list.count++] = i->text;
	}
	memcpy(field(r, k), &list, sizeof(list));
	return RULE_OK;
}

static void print_names(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	struct names list;

	memcpy(&list, field_of(c, k), sizeof(list));
	writer_open_inline(w, key, '[');
	for (size_t i = 0; i < list.count; i++)
		writer_text(w, NULL, list.all[i]);
	writer_close(w, '[');
}

const struct config_type type_names = { "list of names", parse_names, print_names };
