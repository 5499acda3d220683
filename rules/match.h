/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions: the "when" of a rule, compiled into a row of tests. Groups (not, all, any) are in the
 * row too, for printing; evaluation goes from one true test to the next by jumps and never meets
 * them.
 */
#ifndef USHER_RULES_MATCH_H
#define USHER_RULES_MATCH_H

#include "rules/evidence.h"
#include "rules/writer.h"

struct test;
struct tests;
struct match_reader;
struct order;

/* How the tests of a condition look inside, and thereby how two of them compare. */
enum test_kind {
	TEST_SET,       /* set: members of a small set of values */
	TEST_PATTERNS,  /* patterns */
	TEST_NUMBERS,   /* numbers */
	TEST_NETS,      /* nets */
	TEST_SPANS,     /* spans */
	TEST_PRESENT,   /* truth: whether there is such a thing */
	TEST_ALL,       /* a group: all of the tests up to end */
	TEST_ANY,       /* a group: at least one of them */
	TEST_NOT,       /* a group: not all of them */
};

enum match_trait {
	MATCH_SINGLE = 1,   /* at most one value in a packet: two different ones exclude each other */
	MATCH_QUERY = 2,    /* only the query shows it: the answer does not, or not as it was */
};

/* One condition of the language: a new one is a row here, its functions, a test, a line of docs. */
struct matcher {
	const char *key;
	enum test_kind kind;
	unsigned int traits;
	uint64_t domain;/* SET: the bits of all values that there are; 0: not known */
	enum rule_err (*parse)(
		struct match_reader *r, const struct matcher *m, const struct node *n);
	bool (*eval)(const struct test *t, struct evidence *e);     /* NULL: a group */
	void (*print)(const struct tests *ts, size_t i, struct writer *w);
	const char *help;
};

struct net {
	struct prefix prefix;
	uint8_t family;
};

struct span {
	uint16_t from, to;           /* minutes of the day, to excluded; from > to spans midnight */
};

/* Where a decision ends: the index of a rule is added. */
enum { TEST_DECIDED = 0x80000000u };

struct test {
	bool (*eval)(const struct test *t, struct evidence *e);
	uint32_t next[2];            /* where to go on if false, if true: a test, or TEST_DECIDED + rule */
	const struct matcher *matcher;
	uint32_t end;                /* the first test behind this one and what is in it */
	uint32_t count;              /* of patterns, numbers, nets, spans */
	union {
		uint64_t set[2];
		bool truth;
		const struct pattern *patterns;
		const uint16_t *numbers;
		const struct net *nets;
		const struct span *spans;
	};
	const char *attribute;       /* of the user, or NULL */
	uint8_t slot;                /* its place in tests->attributes */
};

struct tests {
	struct test *all;
	size_t count;
	const char **attributes;
	size_t attribute_count;
};

/* What a parse function works with. */
struct match_reader {
	struct arena *arena;
	struct tests *tests;
	struct rule_error *err;
};

/*
 * Appends the tests of a "when" object, which are then tests->all[old count .. new count). An empty
 * object appends none and holds always.
 */
enum rule_err match_parse(struct match_reader *r, const struct node *when);

/*
 * Sets the jumps of the tests [first, end) of one "when": to the decision for `rule` if all hold,
 * else to `no` or beyond, to the first rule that does not ask again what has just failed. Rules are
 * linked from the last to the first. Returns where evaluation begins: a test, or the decision.
 */
uint32_t match_link(struct tests *ts, struct order *o, size_t first, size_t end, uint32_t rule,
	uint32_t no);

/* Runs from `start` to a decision and returns the rule's index. */
static inline uint32_t match_run(const struct tests *ts, uint32_t start, struct evidence *e)
{
	uint32_t at = start;

	while (at < TEST_DECIDED) {
		const struct test *t = &ts->all[at];

		at = t->next[t->eval(t, e)];
	}
	return at - TEST_DECIDED;
}

/* Writes the tests [first, end) as the members of an object that is open. */
void match_print(const struct tests *ts, size_t first, size_t end, struct writer *w);

/* The table of conditions, for help and for tests. */
const struct matcher *match_table(size_t *ret_count);

#endif
