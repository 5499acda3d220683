/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a condition becomes jumps. The tests of a "when" stand in the order of the config, each
 * group before what is in it. match_link() then gives every test that is no group the place to go
 * to when it is true and when it is false, over the end of its group and of its rule, so that a
 * decision is one loop without a stack, whatever the nesting. The jumps follow the order of
 * rules/order.c: all conditions of a rule must hold, so any of them may be asked first.
 */
#include "rules/match_row.h"
#include "rules/order.h"

#include <string.h>

static MATCH_PARSE(parse_not);
static MATCH_PARSE(parse_list);
static MATCH_PRINT(print_not);
static MATCH_PRINT(print_list);

/* clang-format off */
static const struct matcher matchers[] = {
	/*
	 * key             kind           traits                       domain; parse, eval, print;
	 * help
	 */
	{ "registered",    TEST_SET,      MATCH_SINGLE,                3,
	  parse_registered, eval_registered, print_registered,
	  "true: the registry has the user; false: it has not" },
	{ "user",          TEST_ALL,      0,                           0,
	  parse_user, NULL, print_user,
	  "attributes of the user: a text or a list of texts it equals, true (has it), false (has it not)" },
	{ "id_type",       TEST_SET,      MATCH_SINGLE,                0,
	  parse_id_type, eval_id_type, print_id_type,
	  "what the client is recognised by: HW_ADDR, DUID, ..." },
	{ "id_prefix",     TEST_PATTERNS, MATCH_SINGLE,                0,
	  parse_id_prefix, eval_id_prefix, print_id_prefix,
	  "how the id begins, in hex: \"00:11:22\" is a manufacturer's prefix" },
	{ "family",        TEST_SET,      MATCH_SINGLE,                3,
	  parse_family, eval_family, print_family,
	  "4 or 6" },
	{ "message",       TEST_SET,      MATCH_SINGLE | MATCH_QUERY,  0,
	  parse_message, eval_message, print_message,
	  "message type of the query, named as in the RFC: DISCOVER, SOLICIT, ..." },
	{ "vendor_class",  TEST_PATTERNS, MATCH_QUERY,                 0,
	  parse_patterns, eval_vendor_class, print_patterns,
	  "option 60; DHCPv6: any text of option 16" },
	{ "user_class",    TEST_PATTERNS, MATCH_QUERY,                 0,
	  parse_patterns, eval_user_class, print_patterns,
	  "any text of option 77; DHCPv6: of option 15" },
	{ "client_arch",   TEST_NUMBERS,  MATCH_QUERY,                 0,
	  parse_client_arch, eval_client_arch, print_client_arch,
	  "any number of option 93; DHCPv6: of option 61" },
	{ "relay",         TEST_NETS,     MATCH_SINGLE | MATCH_QUERY,  0,
	  parse_relay, eval_relay, print_relay,
	  "prefixes that hold giaddr; DHCPv6: the innermost usable link-address" },
	{ "circuit_id",    TEST_PATTERNS, MATCH_SINGLE | MATCH_QUERY,  0,
	  parse_patterns, eval_circuit_id, print_patterns,
	  "sub-option 1 of option 82; DHCPv6: Interface-ID (18) of the innermost relay that sent one" },
	{ "remote_id",     TEST_PATTERNS, MATCH_SINGLE | MATCH_QUERY,  0,
	  parse_patterns, eval_remote_id, print_patterns,
	  "sub-option 2 of option 82; DHCPv6: option 37 without its enterprise number" },
	{ "subscriber_id", TEST_PATTERNS, MATCH_SINGLE | MATCH_QUERY,  0,
	  parse_patterns, eval_subscriber_id, print_patterns,
	  "sub-option 6 of option 82; DHCPv6: option 38" },
	{ "interface",     TEST_PATTERNS, MATCH_SINGLE | MATCH_QUERY,  0,
	  parse_patterns, eval_interface, print_patterns,
	  "name of the interface that the client's query came in by" },
	{ "time",          TEST_SPANS,    0,                           0,
	  parse_time, eval_time, print_time,
	  "local time of day: \"08:00-18:00\", the end excluded; \"22:00-06:00\" spans midnight" },
	{ "weekday",       TEST_SET,      MATCH_SINGLE,                0x7f,
	  parse_weekday, eval_weekday, print_weekday,
	  "local day: mon, tue, wed, thu, fri, sat, sun" },
	{ "not",           TEST_NOT,      0,                           0,
	  parse_not, NULL, print_not,
	  "holds when the conditions in its object do not all hold" },
	{ "all",           TEST_ALL,      0,                           0,
	  parse_list, NULL, print_list,
	  "a list of objects: holds when all hold" },
	{ "any",           TEST_ANY,      0,                           0,
	  parse_list, NULL, print_list,
	  "a list of objects: holds when at least one holds" },
};
/* clang-format on */

/* An object within "all" or "any". */
static const struct matcher element = { .key = "", .kind = TEST_ALL };

const struct matcher *match_table(size_t *ret_count)
{
	*ret_count = sizeof(matchers) / sizeof(matchers[0]);
	return matchers;
}

struct test *match_new(struct match_reader *r, const struct matcher *m)
{
	struct tests *ts = r->tests;
	struct test *t;

	t = arena_grow(r->arena, ts->all, ts->count, sizeof(*t));
	if (t == NULL) {
		r->err->code = RULE_E_MEMORY;
		return NULL;
	}
	ts->all = t;
	t = &ts->all[ts->count++];
	*t = (struct test){ .eval = m->eval, .matcher = m, .end = (uint32_t)ts->count };
	return t;
}

enum rule_err match_not_empty(struct match_reader *r, const struct node *n, const char *what)
{
	if (n->kind == JSON_ARRAY && n->first == NULL)
		return node_expected(n, r->err, RULE_E_VALUE, "%s", what);
	return RULE_OK;
}

static enum rule_err parse_member(struct match_reader *r, const struct node *n)
{
	size_t count = sizeof(matchers) / sizeof(matchers[0]);

	for (size_t i = 0; i < count; i++)
		if (strcmp(matchers[i].key, n->key) == 0)
			return matchers[i].parse(r, &matchers[i], n);
	return node_unknown(n, r->err, &matchers[0].key, count, sizeof(matchers[0]));
}

enum rule_err match_parse(struct match_reader *r, const struct node *when)
{
	enum rule_err e = node_object(when, r->err);

	for (const struct node *n = when->first; e == RULE_OK && n != NULL; n = n->next)
		e = parse_member(r, n);
	return e;
}

/* An object that stands inside a group and must say something. */
static enum rule_err parse_inner(struct match_reader *r, const struct node *n)
{
	if (n->kind != JSON_OBJECT || n->first == NULL)
		return node_expected(
			n, r->err, RULE_E_TYPE, "an object with at least one condition");
	return match_parse(r, n);
}

static MATCH_PARSE(parse_not)
{
	size_t at = r->tests->count;
	enum rule_err e;

	if (match_new(r, m) == NULL)
		return RULE_E_MEMORY;
	e = parse_inner(r, n);
	r->tests->all[at].end = (uint32_t)r->tests->count;
	return e;
}

static MATCH_PARSE(parse_list)
{
	size_t at = r->tests->count;
	enum rule_err e = RULE_OK;

	if (n->kind != JSON_ARRAY || n->first == NULL)
		return node_expected(
			n, r->err, RULE_E_TYPE, "a list of at least one object with conditions");
	if (match_new(r, m) == NULL)
		return RULE_E_MEMORY;
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next) {
		size_t inner = r->tests->count;

		if (match_new(r, &element) == NULL)
			return RULE_E_MEMORY;
		e = parse_inner(r, i);
		r->tests->all[inner].end = (uint32_t)r->tests->count;
	}
	r->tests->all[at].end = (uint32_t)r->tests->count;
	return e;
}

/*
 * The first test that test i asks: itself or, if it is a group, one in it; groups are never empty.
 */
static uint32_t entry(const struct order *o, uint32_t i)
{
	while (o->tests->all[i].eval == NULL)
		i = o->head[i];
	return i;
}

static void link_row(struct tests *ts, const struct order *o, uint32_t head, bool any, uint32_t yes,
	uint32_t no);

static void link_one(
	struct tests *ts, const struct order *o, uint32_t i, uint32_t yes, uint32_t no)
{
	struct test *t = &ts->all[i];

	switch (t->matcher->kind) {
	case TEST_ALL:
		link_row(ts, o, o->head[i], false, yes, no);
		break;
	case TEST_ANY:
		link_row(ts, o, o->head[i], true, yes, no);
		break;
	case TEST_NOT:
		link_row(ts, o, o->head[i], false, no, yes);
		break;
	default:
		t->next[0] = no;
		t->next[1] = yes;
	}
}

static void link_row(
	struct tests *ts, const struct order *o, uint32_t head, bool any, uint32_t yes, uint32_t no)
{
	for (uint32_t i = head; i != ORDER_NONE; i = o->behind[i]) {
		uint32_t on = any ? no : yes;

		if (o->behind[i] != ORDER_NONE)
			on = entry(o, o->behind[i]);
		link_one(ts, o, i, any ? yes : on, any ? on : no);
	}
}

/* A condition that does not hold settles the rules behind this one that have it too. */
static void skip_rules(struct tests *ts, struct order *o, uint32_t head, uint32_t rule)
{
	for (uint32_t i = head; i != ORDER_NONE; i = o->behind[i]) {
		struct test *t = &ts->all[i];
		uint32_t same = o->same[i];

		if (t->eval == NULL)
			continue;
		if (o->rule[same] == rule + 1)
			t->next[0] = o->failed[same];
		o->rule[same] = rule;
		o->failed[same] = t->next[0];
	}
}

uint32_t match_link(struct tests *ts, struct order *o, size_t first, size_t end, uint32_t rule,
	uint32_t no)
{
	uint32_t yes = TEST_DECIDED + rule, head = order_row(o, first, end, false);

	if (head == ORDER_NONE)
		return yes;
	link_row(ts, o, head, false, yes, no);
	skip_rules(ts, o, head, rule);
	return entry(o, head);
}

void match_print(const struct tests *ts, size_t first, size_t end, struct writer *w)
{
	for (size_t i = first; i < end; i = ts->all[i].end)
		ts->all[i].matcher->print(ts, i, w);
}

static MATCH_PRINT(print_not)
{
	writer_open(w, "not", '{');
	match_print(ts, i + 1, ts->all[i].end, w);
	writer_close(w, '{');
}

static MATCH_PRINT(print_list)
{
	writer_open(w, ts->all[i].matcher->key, '[');
	for (size_t k = i + 1; k < ts->all[i].end; k = ts->all[k].end) {
		writer_open(w, NULL, '{');
		match_print(ts, k + 1, ts->all[k].end, w);
		writer_close(w, '{');
	}
	writer_close(w, '[');
}
