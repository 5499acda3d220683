/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions that compare bytes with patterns: what a client or a relay says of itself, the
 * beginning of an id, the attributes of a user. Where a message holds several values one of them is
 * enough.
 *
 * A user who has an attribute with the empty value has it; a client that is no user has none.
 */
#include "rules/match_row.h"

#include <stdio.h>
#include <string.h>

static enum rule_err read_patterns(struct match_reader *r, const struct node *n,
	const struct pattern **ret, uint32_t *ret_count)
{
	struct pattern *all = arena_alloc(r->arena, node_count(n) * sizeof(*all));
	enum rule_err e = match_not_empty(r, n, "at least one text");
	uint32_t count = 0;

	if (all == NULL)
		return r->err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); e == RULE_OK && i != NULL; i = node_next(n, i))
		e = pattern_read(r->arena, i, &all[count++], r->err);
	*ret = all;
	*ret_count = count;
	return e;
}

MATCH_PARSE(parse_patterns)
{
	struct test *t = match_new(r, m);

	return t == NULL ? RULE_E_MEMORY : read_patterns(r, n, &t->patterns, &t->count);
}

static void write_patterns(const struct test *t, const char *key, struct writer *w)
{
	if (t->count > 1)
		writer_open(w, key, '[');
	for (uint32_t i = 0; i < t->count; i++)
		pattern_print(&t->patterns[i], t->count > 1 ? NULL : key, w);
	if (t->count > 1)
		writer_close(w, '[');
}

MATCH_PRINT(print_patterns)
{
	write_patterns(&ts->all[i], ts->all[i].matcher->key, w);
}

static bool any_pattern(const struct test *t, struct value *v)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (pattern_may_match(&t->patterns[i], v) &&
			pattern_matches(&t->patterns[i], v->bytes))
			return true;
	return false;
}

static inline bool any_value(const struct test *t, struct evidence *e, enum evidence_kind kind)
{
	struct values *v = evidence_values(e, kind);

	for (size_t i = 0; i < v->count; i++)
		if (any_pattern(t, &v->item[i]))
			return true;
	return false;
}

MATCH_EVAL(eval_vendor_class)
{
	return any_value(t, e, EVIDENCE_VENDOR_CLASS);
}

MATCH_EVAL(eval_user_class)
{
	return any_value(t, e, EVIDENCE_USER_CLASS);
}

MATCH_EVAL(eval_circuit_id)
{
	return any_value(t, e, EVIDENCE_CIRCUIT_ID);
}

MATCH_EVAL(eval_remote_id)
{
	return any_value(t, e, EVIDENCE_REMOTE_ID);
}

MATCH_EVAL(eval_subscriber_id)
{
	return any_value(t, e, EVIDENCE_SUBSCRIBER_ID);
}

MATCH_EVAL(eval_interface)
{
	return any_value(t, e, EVIDENCE_INTERFACE);
}

MATCH_EVAL(eval_id_prefix)
{
	return any_value(t, e, EVIDENCE_ID);
}

MATCH_PARSE(parse_id_prefix)
{
	struct test *t = match_new(r, m);
	enum rule_err e = match_not_empty(r, n, "at least one id prefix");
	struct pattern *all = arena_alloc(r->arena, node_count(n) * sizeof(*all));
	uint32_t count = 0;

	if (t == NULL || all == NULL)
		return r->err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); e == RULE_OK && i != NULL; i = node_next(n, i)) {
		struct pattern p = { .open_end = true, .text = i->text };
		uint8_t bytes[REG_ID_MAX];

		if (i->kind != JSON_STRING ||
			!pattern_hex_read(i->text, i->len, bytes, sizeof(bytes), &p.bytes.len) ||
			p.bytes.len == 0)
			return node_expected(i, r->err, RULE_E_VALUE,
				"the first bytes of an id in hex, such as \"00:11:22\"");
		p.bytes.at = arena_copy(r->arena, bytes, p.bytes.len);
		if (p.bytes.at == NULL)
			return r->err->code = RULE_E_MEMORY;
		pattern_prepare(&p);
		all[count++] = p;
	}
	t->patterns = all;
	t->count = count;
	return e;
}

MATCH_PRINT(print_id_prefix)
{
	const struct test *t = &ts->all[i];
	char text[3 * REG_ID_MAX + 1];

	if (t->count > 1)
		writer_open(w, "id_prefix", '[');
	for (uint32_t k = 0; k < t->count; k++) {
		const struct bytes *b = &t->patterns[k].bytes;

		for (size_t at = 0; at < b->len; at++)
			snprintf(text + 3 * at, 4, "%02x:", b->at[at]);
		writer_string(w, t->count > 1 ? NULL : "id_prefix", text, 3 * b->len - 1);
	}
	if (t->count > 1)
		writer_close(w, '[');
}

static MATCH_EVAL(eval_attribute)
{
	struct value *v = evidence_attribute(e, t->slot);

	return v->bytes.at != NULL && any_pattern(t, v);
}

static MATCH_EVAL(eval_present)
{
	return (evidence_attribute(e, t->slot)->bytes.at != NULL) == t->truth;
}

static void write_attribute(const struct test *t, struct writer *w)
{
	if (t->matcher->kind == TEST_PRESENT)
		writer_bool(w, t->attribute, t->truth);
	else
		write_patterns(t, t->attribute, w);
}

/* One attribute by itself, for whoever asks about a single test. */
static MATCH_PRINT(print_attribute)
{
	writer_open(w, "user", '{');
	write_attribute(&ts->all[i], w);
	writer_close(w, '{');
}

/* The two shapes of one member of "user". */
static const struct matcher equals = {
	.key = "user", .kind = TEST_PATTERNS, .traits = MATCH_SINGLE, .eval = eval_attribute,
	.print = print_attribute,
};
static const struct matcher present = {
	.key = "user", .kind = TEST_PRESENT, .traits = MATCH_SINGLE, .eval = eval_present,
	.print = print_attribute,
};

static enum rule_err slot_of(struct match_reader *r, const struct node *n, uint8_t *ret)
{
	struct tests *ts = r->tests;
	const char **grown;

	for (size_t i = 0; i < ts->attribute_count; i++) {
		if (strcmp(ts->attributes[i], n->key) == 0) {
			*ret = (uint8_t)i;
			return RULE_OK;
		}
	}
	if (ts->attribute_count == ATTRIBUTES_MAX)
		return node_fail(n, r->err, RULE_E_LIMIT,
			"expected no more than %d different user attributes in all rules, got \"%s\" "
			"besides", ATTRIBUTES_MAX, n->key);
	grown = arena_grow(r->arena, ts->attributes, ts->attribute_count, sizeof(*grown));
	if (grown == NULL)
		return r->err->code = RULE_E_MEMORY;
	ts->attributes = grown;
	*ret = (uint8_t)ts->attribute_count;
	ts->attributes[ts->attribute_count++] = n->key;
	return RULE_OK;
}

static enum rule_err parse_attribute(struct match_reader *r, const struct node *n)
{
	struct test *t = match_new(r, n->kind == JSON_BOOL ? &present : &equals);
	enum rule_err e;

	if (t == NULL)
		return RULE_E_MEMORY;
	t->attribute = n->key;
	e = slot_of(r, n, &t->slot);
	if (e != RULE_OK)
		return e;
	if (n->kind == JSON_BOOL) {
		t->truth = n->truth;
		return RULE_OK;
	}
	if (n->kind != JSON_STRING && n->kind != JSON_ARRAY)
		return node_expected(
			n, r->err, RULE_E_TYPE, "a text, a list of texts, true or false");
	return read_patterns(r, n, &t->patterns, &t->count);
}

MATCH_PARSE(parse_user)
{
	size_t at = r->tests->count;
	enum rule_err e = RULE_OK;

	if (n->kind != JSON_OBJECT || n->first == NULL)
		return node_expected(
			n, r->err, RULE_E_TYPE, "an object with at least one attribute");
	if (match_new(r, m) == NULL)
		return RULE_E_MEMORY;
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = parse_attribute(r, i);
	r->tests->all[at].end = (uint32_t)r->tests->count;
	return e;
}

MATCH_PRINT(print_user)
{
	writer_open(w, "user", '{');
	for (size_t k = i + 1; k < ts->all[i].end; k++)
		write_attribute(&ts->all[k], w);
	writer_close(w, '{');
}
