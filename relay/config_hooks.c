/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key "hooks_libraries". Parameters are the library's business: any JSON object, kept as a text
 * that outlives this config and by which two lists are compared.
 */
#include "relay/config_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIBRARIES_MAX = 32 };

static const struct choice on_errors[] = { { "pass", false }, { "drop", true }, { NULL, 0 } };

static void write_value(struct writer *w, const char *key, const struct node *n)
{
	switch (n->kind) {
	case JSON_BOOL:
		writer_bool(w, key, n->truth);
		return;
	case JSON_STRING:
		writer_string(w, key, n->text, n->len);
		return;
	case JSON_OBJECT:
	case JSON_ARRAY:
		writer_open_inline(w, key, n->kind == JSON_OBJECT ? '{' : '[');
		for (const struct node *i = n->first; i != NULL; i = i->next)
			write_value(w, i->key, i);
		writer_close(w, n->kind == JSON_OBJECT ? '{' : '[');
		return;
	case JSON_NUMBER:
	default:
		writer_plain(w, key, n->kind == JSON_NUMBER ? n->text : "null");
	}
}

static void to_file(void *ctx, const char *text, size_t len)
{
	fwrite(text, 1, len, ctx);
}

/* The value as text in the arena; NULL without memory. */
static const char *text_of(struct arena *a, const struct node *n)
{
	char *text = NULL, *copy = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct writer w = writer_begin(to_file, f);

	if (f == NULL)
		return NULL;
	write_value(&w, NULL, n);
	if (fclose(f) == 0)
		copy = arena_copy(a, text, len > 0 && text[len - 1] == '\n' ? len - 1 : len);
	free(text);
	return copy;
}

static enum rule_err parse_member(
	struct config_reader *r, const struct node *n, struct config_library *ret)
{
	static const char *const known[] = { "library", "parameters", "on_error" };
	unsigned choice;
	enum rule_err e;

	if (strcmp(n->key, "library") == 0) {
		e = node_string(n, 1, 4095, "the path of a library", r->err);
		if (e == RULE_OK && n->text[0] != '/')
			return node_expected(n, r->err, RULE_E_VALUE,
				"the whole path of a library, from \"/\" on");
		ret->path = n->text;
		return e;
	}
	if (strcmp(n->key, "on_error") == 0) {
		e = node_choice(n, on_errors, &choice, r->err);
		ret->drop_on_error = e == RULE_OK && choice;
		return e;
	}
	if (strcmp(n->key, "parameters") != 0)
		return node_unknown(n, r->err, known, 3, sizeof(known[0]));
	ret->values = n;
	return node_object(n, r->err);
}

static enum rule_err parse_library(
	struct config_reader *r, const struct node *n, struct config_library *ret)
{
	enum rule_err e = node_object(n, r->err);

	*ret = (struct config_library){ .parameters = "null" };
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = parse_member(r, i, ret);
	if (e != RULE_OK)
		return e;
	if (ret->path == NULL)
		return node_fail(n, r->err, RULE_E_MISSING, "expected library, the path of one");
	if (ret->values != NULL)
		ret->parameters = text_of(policy_arena(r->builder), ret->values);
	return ret->parameters != NULL ? RULE_OK : (r->err->code = RULE_E_MEMORY);
}

static enum rule_err parse_libraries(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	struct config_library *all;
	enum rule_err e = RULE_OK;
	size_t count = 0;

	(void)k;
	if (n->kind != JSON_ARRAY)
		return node_expected(n, r->err, RULE_E_TYPE, "a list of libraries");
	if (node_count(n) > LIBRARIES_MAX)
		return node_fail(n, r->err, RULE_E_LIMIT, "expected no more than %d libraries",
			LIBRARIES_MAX);
	all = arena_alloc(policy_arena(r->builder), (node_count(n) + 1) * sizeof(*all));
	if (all == NULL)
		return r->err->code = RULE_E_MEMORY;
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = parse_library(r, i, &all[count++]);
	r->config->libraries.all = all;
	r->config->libraries.count = count;
	return e;
}

static void print_libraries(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	(void)k;
	writer_open(w, key, '[');
	for (size_t i = 0; i < c->libraries.count; i++) {
		const struct config_library *l = &c->libraries.all[i];

		writer_open_inline(w, NULL, '{');
		writer_text(w, "library", l->path);
		if (l->values != NULL)
			write_value(w, "parameters", l->values);
		writer_text(w, "on_error", choice_name(on_errors, l->drop_on_error));
		writer_close(w, '{');
	}
	writer_close(w, '[');
}

const struct config_type type_libraries = { "list of libraries", parse_libraries, print_libraries };
