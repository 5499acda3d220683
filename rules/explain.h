/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a decision was made: rule by rule, up to the one that matched. */
#ifndef USHER_RULES_EXPLAIN_H
#define USHER_RULES_EXPLAIN_H

#include "rules/policy.h"
#include "rules/writer.h"

/* One rule and whether it matched; failed is the test that did not hold, for explain_test(). */
struct explained {
	size_t rule;                 /* index in policy->rules */
	bool matched;
	size_t failed;               /* index of a test; only if !matched */
};

typedef void explain_fn(void *ctx, const struct explained *e);

/* Calls fn for every rule in order until one matches, with the same facts as policy_decide(). */
void policy_explain(const struct policy *p, const struct facts *f, explain_fn *fn, void *ctx);

/* Writes one test as a member of an object that is open, in the language of the config. */
void explain_test(const struct policy *p, size_t test, struct writer *w);

#endif
