/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every action: what it puts into the decision, that it is printed as it is read, and its errors.
 */
#include "rules/action.h"

#include "tests/rules/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A rule, and what it says when it is printed. */
static const struct {
	const char *key, *rule, *printed;
} rows[] = {
	{ "subnet", "{\"subnet\": \"open\"}", "{ \"subnet\": \"open\" }" },
	{ "subnet", "{\"subnet\": \"server\"}", "{ \"subnet\": \"server\" }" },
	{ "subnet", "{\"subnet\": \"@vlan\"}", "{ \"subnet\": \"@vlan\" }" },
	{ "max_lease", "{\"max_lease\": 60}", "{ \"max_lease\": 60 }" },
	{ "hint", "{\"hint\": \"subnet-selection\"}", "{ \"hint\": \"subnet-selection\" }" },
	{ "hint", "{\"hint\": \"none\"}", "{ \"hint\": \"none\" }" },
	{ "upstream", "{\"upstream\": \"b\"}", "{ \"upstream\": [\"b\"] }" },
	{ "upstream", "{\"upstream\": [\"a\", \"b\"]}", "{ \"upstream\": [\"a\", \"b\"] }" },
	{ "upstream", "{\"upstream\": \"@site\"}", "{ \"upstream\": [\"@site\"] }" },
	{ "enforce", "{\"enforce\": \"log\"}", "{ \"enforce\": \"log\" }" },
	{ "drop", "{\"drop\": true}", "{ \"drop\": true }" },
	{ "drop", "{\"drop\": false}", "{ \"drop\": false }" },
	{ "pass", "{\"pass\": true}", "{ \"pass\": true }" },
	{ "outcome", "{\"outcome\": false}", "{ \"outcome\": false }" },
	{ "options", "{\"options\": {}}", "{ \"options\": {} }" },
	{ "options", "{\"options\": {\"set\": {\"routers\": \"10.0.0.1, 10.0.0.2\"}}}",
	  "{ \"options\": { \"set\": { \"routers\": \"10.0.0.1, 10.0.0.2\" } } }" },
	{ "options", "{\"options\": {\"remove\": \"routers\"}}",
	  "{ \"options\": { \"remove\": [\"routers\"] } }" },
	{ "options", "{\"options\": {\"set\": {\"option-3\": \"10.0.0.1\"}}}",
	  "{ \"options\": { \"set\": { \"option-3\": \"10.0.0.1\" } } }" },
	{ "options", "{\"options\": {\"default\": {\"ip-forwarding\": true}, \"remove\": [\"option-224\"],"
	  "\"set\": {\"default-ip-ttl\": 64, \"option6-59\": \"http://x/\"}}}",
	  "{ \"options\": { \"remove\": [\"option-224\"], \"default\": { \"ip-forwarding\": \"true\" }, "
	  "\"set\": { \"default-ip-ttl\": \"64\", \"option6-59\": \"http://x/\" } } }" },
	{ "options", "{\"options\": {\"set\": {\"vendor-4491.33\": \"cm.cfg\"}}}",
	  "{ \"options\": { \"set\": { \"vendor-4491.33\": \"cm.cfg\" } } }" },
	/* bytes fit an option of either family, text only that of DHCPv6 */
	{ "options", "{\"options\": {\"set\": {\"vendor-4491.33\": \"hex:636d\"}}}",
	  "{ \"options\": { \"set\": { \"vendor-4491.33\": \"hex:636d\" } } }" },
};

Test(action, prints_what_it_reads)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rules[512], printed[4096];
		struct policy *p, *again;

		snprintf(rules, sizeof(rules), "[%s]", rows[i].rule);
		p = fixture_rules(rules);
		snprintf(printed, sizeof(printed), "%s", fixture_print(p));
		cr_expect_not_null(
			strstr(printed, rows[i].printed), "%s\n%s", rows[i].printed, printed);
		again = fixture_policy(printed);
		cr_expect_str_eq(fixture_print(again), printed);
		cr_expect_eq(again->rules[0].given, p->rules[0].given);
		cr_expect_eq(again->rules[0].option_count, p->rules[0].option_count);
		policy_free(again);
		policy_free(p);
	}
}

Test(action, every_action_has_a_row_and_a_help)
{
	size_t count;
	const struct action *table = action_table(&count);

	cr_assert_gt(count, 0);
	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
			found |= strcmp(rows[k].key, table[i].key) == 0;
		cr_expect(found, "%s has no row here", table[i].key);
		cr_expect_gt(strlen(table[i].help), 0);
	}
}

static struct decision decision_of(const char *rule)
{
	struct policy *p;
	struct decision d;
	char rules[512];

	snprintf(rules, sizeof(rules), "[%s]", rule);
	p = fixture_rules(rules);
	policy_decision_of(p, 0, NULL, &d);
	policy_free(p);
	return d; /* rule and subnet are gone; the rest is plain data */
}

Test(action, reaches_the_decision)
{
	struct decision d = decision_of("{}");

	cr_expect(d.hint == HINT_LINK_SELECTION && d.enforce == ENFORCE_NAK);
	cr_expect(!d.drop && !d.pass && !d.no_outcome);
	cr_expect_eq(decision_of("{\"hint\": \"both\"}").hint, HINT_BOTH);
	cr_expect_eq(decision_of("{\"hint\": \"none\"}").hint, HINT_NONE);
	cr_expect(!d.own_hint && decision_of("{\"hint\": \"none\"}").own_hint);
	cr_expect_eq(d.upstreams, 0);
	cr_expect_eq(decision_of("{\"upstream\": \"b\"}").upstreams, 2);
	cr_expect_eq(decision_of("{\"upstream\": [\"b\", \"a\"]}").upstreams, 3);
	cr_expect_eq(decision_of("{\"enforce\": \"log\"}").enforce, ENFORCE_LOG);
	cr_expect(decision_of("{\"drop\": true}").drop);
	cr_expect(!decision_of("{\"drop\": false}").drop);
	cr_expect(decision_of("{\"pass\": true}").pass);
	cr_expect(decision_of("{\"outcome\": false}").no_outcome);
	cr_expect(!decision_of("{\"outcome\": true}").no_outcome);
}

Test(action, options_are_bytes_in_their_order)
{
	struct policy *p = fixture_rules("[{\"options\": {\"set\": {\"routers\": \"10.0.0.1\"}, "
		"\"default\": {\"domain-name\": \"a.example\"}, \"remove\": [\"option-224\", \"ntp-servers\"]}}]");
	const struct option_edit *o = p->rules[0].options;

	cr_assert_eq(p->rules[0].option_count, 4);
	cr_expect(o[0].how == OPTION_REMOVE && o[0].def.code == 224 && o[0].def.family == 4);
	cr_expect(o[1].how == OPTION_REMOVE && o[1].def.code == 42);
	cr_expect(o[2].how == OPTION_DEFAULT && o[2].def.code == 15);
	cr_expect(o[2].len == 9 && memcmp(o[2].bytes, "a.example", 9) == 0);
	cr_expect(o[3].how == OPTION_SET && o[3].def.code == 3);
	cr_expect(o[3].len == 4 && memcmp(o[3].bytes, "\x0a\0\0\x01", 4) == 0);
	policy_free(p);
}

/* "domain-search" is 119 in DHCPv4 and 24 in DHCPv6. */
Test(action, a_name_of_both_families_is_for_both)
{
	struct policy *p =
		fixture_rules("[{\"options\": {\"set\": {\"domain-search\": \"a.example\"}}}]");
	const struct option_edit *o = p->rules[0].options;

	cr_assert_eq(p->rules[0].option_count, 2);
	cr_expect(o[0].def.family == 4 && o[0].def.code == 119);
	cr_expect(o[1].def.family == 6 && o[1].def.code == 24);
	cr_expect_not_null(strstr(fixture_print(p), "{ \"domain-search\": \"a.example\" }"));
	policy_free(p);
}

static const struct {
	const char *rule, *path, *text;
} wrong[] = {
	{ "7", "rules[0]", "expected an object, got 7" },
	{ "{\"subnets\": \"open\"}", "rules[0].subnets",
	  "expected a known key, of which the nearest is \"subnet\", got \"subnets\"" },
	{ "{\"wen\": {}}", "rules[0].wen",
	  "expected a known key, of which the nearest is \"when\", got \"wen\"" },
	{ "{\"subnet\": \"opn\"}", "rules[0].subnet",
	  "expected \"open\", \"restricted\", \"server\" or \"@\" and an attribute of the user, got "
	  "\"opn\"" },
	{ "{\"subnet\": \"@\"}", "rules[0].subnet",
	  "expected \"open\", \"restricted\", \"server\" or \"@\" and an attribute of the user, got "
	  "\"@\"" },
	{ "{\"subnet\": 1}", "rules[0].subnet",
	  "expected \"open\", \"restricted\", \"server\" or \"@\" and an attribute of the user, got 1" },
	{ "{\"max_lease\": \"60\"}", "rules[0].max_lease",
	  "expected a number from 0 to 4294967294, got \"60\"" },
	{ "{\"max_lease\": 1.5}", "rules[0].max_lease",
	  "expected a number from 0 to 4294967294, got 1.5" },
	{ "{\"hint\": \"82.5\"}", "rules[0].hint",
	  "expected \"link-selection\", \"subnet-selection\", \"both\", \"giaddr\" or \"none\", "
	  "got \"82.5\"" },
	{ "{\"upstream\": \"c\"}", "rules[0].upstream",
	  "expected \"a\", \"b\", or \"@\" and an attribute of the user, got \"c\"" },
	{ "{\"upstream\": [\"a\", \"@site\"]}", "rules[0].upstream[1]",
	  "expected \"a\", \"b\", or \"@\" and an attribute of the user, got \"@site\"" },
	{ "{\"upstream\": []}", "rules[0].upstream",
	  "expected \"a\", \"b\", or \"@\" and an attribute of the user, got an empty list" },
	{ "{\"enforce\": \"nack\"}", "rules[0].enforce", "expected \"nak\" or \"log\", got \"nack\"" },
	{ "{\"drop\": \"yes\"}", "rules[0].drop", "expected true or false, got \"yes\"" },
	{ "{\"drop\": true, \"pass\": true}", "rules[0]",
	  "expected either \"drop\" or \"pass\", got both" },
	{ "{\"options\": []}", "rules[0].options", "expected an object, got an empty list" },
	{ "{\"options\": {\"sets\": {}}}", "rules[0].options.sets",
	  "expected a known key, of which the nearest is \"set\", got \"sets\"" },
	{ "{\"options\": {\"set\": [\"routers\"]}}", "rules[0].options.set",
	  "expected an object of options and their values, got a list" },
	{ "{\"options\": {\"set\": {\"router\": \"10.0.0.1\"}}}", "rules[0].options.set.router",
	  "expected the name of an option, \"option-<code>\", \"option6-<code>\" or "
	  "\"vendor-<enterprise>.<suboption>\", got \"router\"" },
	{ "{\"options\": {\"set\": {\"routers\": \"10.0.0\"}}}", "rules[0].options.set.routers",
	  "expected an IPv4 address such as 192.0.2.1, got \"10.0.0\"" },
	{ "{\"options\": {\"set\": {\"routers\": null}}}", "rules[0].options.set.routers",
	  "expected a text, got null" },
	{ "{\"options\": {\"set\": {\"dhcp-message-type\": \"5\"}}}",
	  "rules[0].options.set.dhcp-message-type",
	  "expected an option that a rule may change, got \"dhcp-message-type\", which the protocol or "
	  "the lease depends on" },
	{ "{\"options\": {\"remove\": [\"routers\", \"option-82\"]}}", "rules[0].options.remove[1]",
	  "expected an option that a rule may change, got \"option-82\", which the protocol or the lease "
	  "depends on" },
	{ "{\"options\": {\"set\": {\"dhcp-lease-time\": \"5\"}}}",
	  "rules[0].options.set.dhcp-lease-time",
	  "expected an option that a rule may change, got \"dhcp-lease-time\", which only \"max_lease\" "
	  "changes" },
	{ "{\"options\": {\"remove\": [\"vendor-4491.33\"]}}", "rules[0].options.remove[0]",
	  "expected an option, got the vendor suboption \"vendor-4491.33\", which can only be set" },
	{ "{\"options\": {\"remove\": [1]}}", "rules[0].options.remove[0]",
	  "expected the name of an option, got 1" },
	{ "{\"options\": {\"set\": {\"routers\": \"10.0.0.1\", \"option-3\": \"10.0.0.1\"}}}",
	  "rules[0].options.set.option-3",
	  "expected each option once in a rule, got this one again" },
};

Test(action, errors_name_place_and_remedy)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct rule_error err = { .code = RULE_OK };
		char json[1024];

		snprintf(json, sizeof(json), "{ " SUBNETS ", \"rules\": [\n\n%s]}", wrong[i].rule);
		cr_expect_null(fixture_load(json, &err), "%s", wrong[i].rule);
		cr_expect_str_eq(err.path, wrong[i].path, "%s", wrong[i].rule);
		cr_expect_str_eq(err.text, wrong[i].text, "%s", wrong[i].rule);
		cr_expect_eq(err.line, 3, "%s", wrong[i].rule);
	}
}
