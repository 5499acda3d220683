/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In which order a decision asks for the conditions of a rule: what is cheap and seldom holds
 * first. And which conditions say the same, so that the answer to one serves the rules behind it
 * too. Used while a policy is linked, and thrown away then.
 */
#ifndef USHER_RULES_ORDER_H
#define USHER_RULES_ORDER_H

#include "rules/match.h"

enum { ORDER_NONE = UINT32_MAX };

struct order {
	const struct tests *tests;
	size_t rules;
	uint32_t *same;    /* per test: the first that says the same; of a group itself */
	uint32_t *uses;    /* per first one: how many say so */
	uint32_t *behind;  /* per test: which of its row is asked next, or ORDER_NONE */
	uint32_t *head;    /* per group: which of its row is asked first */
	uint64_t *dear;    /* per test: what it costs beside what it is good for */
	uint32_t *rule;    /* per first one: the rule linked last that asks for it, and */
	uint32_t *failed;  /* where that rule goes if it does not hold; match_link()'s */
	struct arena arena;
};

/* All tests are there, and policy_rules rules. False without memory; order_done() either way. */
bool order_begin(struct order *o, const struct tests *ts, size_t policy_rules);
void order_done(struct order *o);

/*
 * Orders the row of tests [first, end): all groups in it, and itself unless `any` of it is enough:
 * that stays as it is written. Returns the first to be asked, or ORDER_NONE.
 */
uint32_t order_row(struct order *o, size_t first, size_t end, bool any);

#endif
