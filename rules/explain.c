/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks the same tests by the same jumps as policy_decide(), but one rule at a time, and notes
 * where the walk left the rule. Not for the packet path.
 */
#include "rules/explain.h"

#include "rules/action.h"
#include "rules/match.h"

/* Walks the tests of one rule; true if the walk ends at its decision. */
static bool walk(const struct policy *p, size_t index, struct evidence *e, size_t *ret_failed)
{
	const struct rule *r = &p->rules[index];
	uint32_t at = r->start;

	while (at < TEST_DECIDED) {
		const struct test *t = &p->tests->all[at];
		bool holds;

		/* The jump out of the rule is where its last test failed. */
		if (at < r->first || at >= r->end)
			return false;
		holds = t->eval(t, e);
		*ret_failed = at;
		at = t->next[holds];
	}
	return at - TEST_DECIDED == index;
}

void policy_explain(const struct policy *p, const struct facts *f, explain_fn *fn, void *ctx)
{
	struct evidence e;

	evidence_init(&e, f, p->tests->attributes);
	for (size_t i = 0; i < p->rule_count; i++) {
		struct explained x = { .rule = i };

		x.matched = walk(p, i, &e, &x.failed);
		fn(ctx, &x);
		if (x.matched)
			return;
	}
}

void explain_test(const struct policy *p, size_t test, struct writer *w)
{
	match_print(p->tests, test, p->tests->all[test].end, w);
}
