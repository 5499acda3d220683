/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compiled policy as config text: what was understood, in the language it was written in. Prints
 * from the compiled form, so that it shows what will happen and not what was meant.
 */
#include "rules/policy.h"

#include "rules/action.h"
#include "rules/match.h"
#include "rules/writer.h"

void policy_print(const struct policy *p, struct writer *w)
{
	writer_open(w, "subnets", '[');
	for (size_t i = 0; i < p->subnets.count; i++)
		subnet_print(&p->subnets.all[i], w);
	writer_close(w, '[');
	writer_open(w, "rules", '[');
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *rule = &p->rules[i];

		writer_open_inline(w, NULL, '{');
		if (rule->first < rule->end) {
			writer_open(w, "when", '{');
			match_print(p->tests, rule->first, rule->end, w);
			writer_close(w, '{');
		}
		action_print(rule, w);
		writer_close(w, '{');
	}
	writer_close(w, '[');
}
