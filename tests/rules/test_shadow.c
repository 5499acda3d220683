/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that can never match are found; rules that can are not accused. */
#include "rules/shadow.h"

#include "tests/rules/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* The rules' conditions, and of each: '.' can match, 'e' earlier rules take all, 'n' never. */
static const struct {
	const char *whens[4];
	const char *expected;
} rows[] = {
	{ { "{}", "{\"family\": 4}" }, ".e" },
	{ { "{\"family\": 4}", "{}" }, ".." },
	{ { "{\"family\": 4}", "{\"family\": 6}", "{}" }, "..e" },
	{ { "{\"registered\": false}", "{\"registered\": true}", "{\"vendor_class\": \"x\"}" }, "..e" },
	{ { "{\"registered\": false}", "{\"registered\": true, \"family\": 4}", "{\"family\": 6}" },
	  "..." },
	{ { "{\"registered\": false}", "{\"registered\": true, \"family\": 4}",
	    "{\"registered\": true}", "{\"family\": 6}" }, "...e" },
	{ { "{\"vendor_class\": \"PXE*\"}", "{\"vendor_class\": \"PXEClient\", \"family\": 4}" }, ".e" },
	{ { "{\"vendor_class\": \"PXE*\"}", "{\"vendor_class\": \"*PXEClient\"}" }, ".." },
	{ { "{\"vendor_class\": \"*b*\"}", "{\"vendor_class\": [\"abc\", \"xb*\"]}" }, ".e" },
	{ { "{\"vendor_class\": \"a\"}", "{\"vendor_class\": [\"a\", \"b\"]}" }, ".." },
	/* several classes in one message */
	{ { "{\"vendor_class\": \"a\", \"all\": [{\"vendor_class\": \"b\"}]}" }, "." },
	/* but only one value of an attribute */
	{ { "{\"user\": {\"g\": \"a\"}, \"all\": [{\"user\": {\"g\": \"b\"}}]}" }, "n" },
	{ { "{\"user\": {\"g\": \"a\"}, \"all\": [{\"user\": {\"h\": \"b\"}}]}" }, "." },
	{ { "{\"user\": {\"g\": true}}", "{\"user\": {\"g\": \"a\"}}" }, ".e" },
	{ { "{\"user\": {\"g\": \"a\"}}", "{\"user\": {\"g\": true}}" }, ".." },
	{ { "{\"user\": {\"g\": \"a\"}, \"registered\": false}" }, "n" },
	{ { "{\"user\": {\"g\": false}, \"registered\": false}" }, "." },
	{ { "{\"registered\": false, \"user\": {\"g\": true}}" }, "n" },
	{ { "{\"registered\": true}", "{\"user\": {\"g\": \"a\"}}" }, ".e" },
	{ { "{\"user\": {\"g\": true}}", "{\"user\": {\"g\": false}}", "{}" }, "..e" },
	{ { "{\"message\": \"REQUEST\"}", "{\"message\": [\"DISCOVER\", \"REQUEST\"]}",
	    "{\"message\": \"DISCOVER\"}" }, "..e" },
	{ { "{\"weekday\": [\"mon\", \"tue\", \"wed\", \"thu\"]}",
	    "{\"weekday\": [\"fri\", \"sat\", \"sun\"]}", "{\"family\": 4}" }, "..e" },
	{ { "{\"id_type\": \"HW_ADDR\"}", "{\"id_type\": [\"DUID\", \"HW_ADDR\"]}" }, ".." },
	{ { "{\"id_prefix\": \"00:11\"}", "{\"id_prefix\": \"00:11:22\"}" }, ".e" },
	{ { "{\"id_prefix\": \"00:11:22\"}", "{\"id_prefix\": \"00:11\"}" }, ".." },
	{ { "{\"relay\": \"10.0.0.0/8\"}", "{\"relay\": \"10.1.0.0/16\"}" }, ".e" },
	{ { "{\"relay\": \"10.1.0.0/16\"}", "{\"relay\": \"10.0.0.0/8\"}" }, ".." },
	{ { "{\"relay\": \"10.0.0.0/8\", \"all\": [{\"relay\": \"11.0.0.0/8\"}]}" }, "n" },
	{ { "{\"client_arch\": [7, 9]}", "{\"client_arch\": 9}" }, ".e" },
	{ { "{\"client_arch\": 9}", "{\"client_arch\": [7, 9]}" }, ".." },
	{ { "{\"time\": \"08:00-18:00\"}", "{\"time\": \"09:00-10:00\"}" }, ".e" },
	{ { "{\"time\": \"22:00-06:00\"}", "{\"time\": \"05:00-07:00\"}" }, ".." },
	{ { "{\"not\": {\"family\": 4}}", "{\"family\": 6}" }, ".e" },
	{ { "{\"any\": [{\"family\": 4}, {\"registered\": true}]}", "{\"registered\": true}" }, ".e" },
	{ { "{\"any\": [{\"family\": 4}, {\"registered\": true}]}", "{\"registered\": false}" }, ".." },
	{ { "{\"all\": [{\"family\": 4}, {\"not\": {\"family\": 4}}]}" }, "n" },
	{ { "{\"interface\": \"eth1\"}", "{\"interface\": \"eth*\"}", "{\"interface\": \"eth1\"}" }, "..e" },
	{ { "{\"interface\": \"eth1\", \"not\": {\"interface\": \"eth*\"}}" }, "n" },
};

Test(shadow, rows)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rules[2048] = "[", got[5] = "";
		struct policy *p;
		struct shadow s;

		for (size_t k = 0; k < 4 && rows[i].whens[k] != NULL; k++)
			snprintf(rules + strlen(rules), sizeof(rules) - strlen(rules),
				"%s{\"when\": %s}", k > 0 ? ", " : "", rows[i].whens[k]);
		strcat(rules, "]");
		p = fixture_rules(rules);
		s = shadow_begin(p);
		for (size_t k = 0; k < p->rule_count; k++)
			got[k] = ".ne"[shadow_check(&s, k)];
		cr_expect_str_eq(got, rows[i].expected, "%s", rules);
		policy_free(p);
	}
}

Test(shadow, becomes_a_warning_with_its_place)
{
	struct policy *p = fixture_rules("[{}, {\"when\": {\"family\": 4}},\n"
		"{\"when\": {\"registered\": true, \"not\": {\"registered\": true}}}]");
	const struct rule_warning *w = p->warnings;

	cr_assert_not_null(w);
	cr_expect_str_eq(w->path, "rules[1]");
	cr_expect_eq(w->line, 1);
	cr_expect_str_eq(w->text, "can never match: the rules before it match all that it would");
	w = w->next;
	cr_assert_not_null(w);
	cr_expect_str_eq(w->path, "rules[2]");
	cr_expect_eq(w->line, 2);
	cr_expect_str_eq(w->text, "can never match: its conditions exclude each other");
	cr_expect_null(w->next);
	policy_free(p);
}

/* A policy made to be hard: the search must end, and must not say what it does not know. */
Test(shadow, gives_up_in_time)
{
	static char rules[262144];
	size_t len = (size_t)sprintf(rules, "[");
	struct policy *p;

	for (unsigned int i = 0; i < 2000; i++)
		len += (size_t)sprintf(rules + len, "%s{\"when\": {\"vendor_class\": \"v%u\", "
			"\"user_class\": \"u%u\"}}", i ? ",\n" : "", i, i);
	sprintf(rules + len, "]");
	{
		static char json[300000];

		sprintf(json, "{" SUBNETS ", \"rules\": %s}", rules);
		p = fixture_policy(json);
	}
	cr_expect_null(p->warnings);
	policy_free(p);
}
