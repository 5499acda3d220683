/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks for rules that can never match, because of themselves or of the rules before them.
 */
#ifndef USHER_RULES_SHADOW_H
#define USHER_RULES_SHADOW_H

#include "rules/policy.h"

enum {
	SHADOW_DEPTH = 1024,         /* tests on one way; beyond nothing is said */
	SHADOW_STEPS = 4000000,      /* comparisons for all rules of a policy; then nothing more is said */
};

enum shadow_result {
	SHADOW_NONE,                 /* it can match, or nobody knows */
	SHADOW_NEVER,                /* its own conditions exclude each other */
	SHADOW_EARLIER,              /* the rules before it leave nothing over */
};

struct shadow {
	const struct policy *policy;
	size_t goal;                 /* the rule asked about */
	bool own;                    /* still within the goal's own conditions */
	bool gave_up;
	size_t steps, depth;
	struct {
		const struct test *test;
		bool truth;
	} way[SHADOW_DEPTH];
};

struct shadow shadow_begin(const struct policy *p);
/* Of one rule; ask in any order. Never claims what is not so, but may not see what is. */
enum shadow_result shadow_check(struct shadow *s, size_t rule);

#endif
