/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order in which conditions are asked is another than the one they stand in, and decides the
 * same.
 */
#include "rules/order.h"

#include "rules/action.h"
#include "tests/rules/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLICIES = 400, RULES = 12, PACKETS = 24 };

static const char *const conditions[] = {
	"\"registered\": true", "\"registered\": false", "\"family\": 4", "\"id_prefix\": \"02:00:00:00:00:0a\"",
	"\"id_prefix\": \"02\"", "\"vendor_class\": \"PXE*\"", "\"vendor_class\": \"*Cli*\"",
	"\"vendor_class\": [\"a\", \"b\", \"PXEClient\"]", "\"relay\": \"192.0.2.0/24\"", "\"message\": \"DISCOVER\"",
	"\"interface\": \"eth1\"", "\"weekday\": \"mon\"",
};

static unsigned below(uint32_t *seed, unsigned n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % n;
}

/* One to three members of an object; a key stands in it once. */
static size_t put_members(char *to, size_t cap, uint32_t *seed, unsigned depth)
{
	unsigned count = 1 + below(seed, 3), at = below(seed, 12);
	size_t len = 0;

	for (unsigned i = 0; i < count; i++, at = (at + 4) % 12)
		len += (size_t)snprintf(to + len, cap - len, "%s%s", i > 0 ? ", " : "", conditions[at]);
	if (depth < 2 && below(seed, 3) == 0) {
		static const char *const groups[][2] = {
			{ "\"not\": { ", " }" }, { "\"any\": [ { ", " } ]" }, { "\"all\": [ { ", " } ]" } };
		unsigned g = below(seed, 3);

		len += (size_t)snprintf(to + len, cap - len, ", %s", groups[g][0]);
		len += put_members(to + len, cap - len, seed, depth + 1);
		if (g > 0) {
			len += (size_t)snprintf(to + len, cap - len, " }, { ");
			len += put_members(to + len, cap - len, seed, depth + 1);
		}
		len += (size_t)snprintf(to + len, cap - len, "%s", groups[g][1]);
	}
	return len;
}

static struct policy *random_policy(uint32_t *seed)
{
	static char text[32 * 1024];
	size_t len = 0;

	len += (size_t)snprintf(text, sizeof(text), "[");
	for (unsigned i = 0; i < RULES; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{ \"when\": { ", i > 0 ? ", " : "");
		len += put_members(text + len, sizeof(text) - len, seed, 0);
		len += (size_t)snprintf(text + len, sizeof(text) - len, " }, \"subnet\": \"open\" }");
	}
	snprintf(text + len, sizeof(text) - len, "]");
	return fixture_rules(text);
}

/* As the config reads: all of the tests [first, end), or any. */
static bool holds(const struct tests *ts, size_t first, size_t end, bool any, struct evidence *e)
{
	for (size_t i = first; i < end; i = ts->all[i].end) {
		const struct test *t = &ts->all[i];
		bool yes;

		if (t->eval != NULL)
			yes = t->eval(t, e);
		else if (t->matcher->kind == TEST_NOT)
			yes = !holds(ts, i + 1, t->end, false, e);
		else
			yes = holds(ts, i + 1, t->end, t->matcher->kind == TEST_ANY, e);
		if (yes == any)
			return any;
	}
	return !any;
}

static size_t first_that_holds(const struct policy *p, const struct facts *f)
{
	struct evidence e;

	evidence_init(&e, f, p->tests->attributes);
	for (size_t i = 0; i < p->rule_count; i++)
		if (holds(p->tests, p->rules[i].first, p->rules[i].end, false, &e))
			return i;
	return p->rule_count;
}

Test(order, decides_as_the_config_reads)
{
	static const char *const vendors[] = { "", "3c09505845436c69656e74", "3c0161" };
	struct fixture_user user = fixture_user("group=staff");
	size_t decided[RULES + 1] = { 0 };
	uint32_t seed = 7;

	for (size_t n = 0; n < POLICIES; n++) {
		struct policy *p = random_policy(&seed);

		for (size_t i = 0; i < PACKETS; i++) {
			struct fixture_packet packet;
			struct decision d;

			fixture_query4(&packet, i % 2 != 0 ? DHCPREQUEST : DHCPDISCOVER, vendors[i % 3],
				i % 8 < 4 ? "c0000201" : "0a000001");
			packet.facts.user = i / 2 % 2 != 0 ? user.user : NULL;
			packet.facts.interface = i < 12 ? "eth1" : "";
			packet.facts.now = 1795447800 + (int64_t)(i % 5) * 86400;
			policy_decide(p, &packet.facts, &d);
			cr_assert_eq(d.rule_index, first_that_holds(p, &packet.facts),
				"policy %zu, packet %zu", n, i);
			decided[d.rule_index]++;
		}
		policy_free(p);
	}
	for (size_t i = 0; i <= RULES; i++)
		cr_expect_gt(decided[i], 20, "rule %zu decided %zu times", i, decided[i]);
	fixture_user_done(&user);
}

/* The key of the test that a decision begins with. */
static const char *asked_first(const struct policy *p)
{
	return p->tests->all[p->start].matcher->key;
}

Test(order, what_few_rules_ask_is_asked_first)
{
	struct policy *p = fixture_rules(
		"[ { \"when\": { \"weekday\": \"mon\", \"family\": 4, \"vendor_class\": \"a\" }, \"subnet\": \"open\" },"
		"  { \"when\": { \"weekday\": \"mon\", \"family\": 4, \"vendor_class\": \"b\" }, \"subnet\": \"open\" },"
		"  { \"when\": { \"weekday\": \"mon\", \"family\": 4, \"vendor_class\": \"c\" }, \"subnet\": \"open\" },"
		"  { \"when\": { \"weekday\": \"mon\", \"family\": 4, \"vendor_class\": \"d\" }, \"subnet\": \"open\" } ]");

	cr_expect_str_eq(asked_first(p), "vendor_class");
	policy_free(p);
	p = fixture_rules("[ { \"when\": { \"vendor_class\": [\"a\", \"b\", \"c\"], \"family\": 4 }, \"subnet\": \"open\" } ]");
	cr_expect_str_eq(asked_first(p), "family", "a comparison before three");
	policy_free(p);
}

/* Rules 0 to 2 have a condition in common: when it fails in the first, rule 3 is next. */
Test(order, a_condition_that_failed_is_not_asked_again)
{
	struct policy *p = fixture_rules(
		"[ { \"when\": { \"vendor_class\": \"x\", \"family\": 4 }, \"subnet\": \"open\" },"
		"  { \"when\": { \"vendor_class\": \"x\", \"registered\": true }, \"subnet\": \"open\" },"
		"  { \"when\": { \"not\": { \"family\": 6 }, \"vendor_class\": \"x\" }, \"subnet\": \"open\" },"
		"  { \"when\": { \"any\": [ { \"vendor_class\": \"x\" }, { \"family\": 4 } ] }, \"subnet\": \"open\" } ]");
	size_t seen = 0;

	for (size_t i = 0; i < p->rules[0].end; i++) {
		const struct test *t = &p->tests->all[i];

		if (strcmp(t->matcher->key, "vendor_class") != 0)
			continue;
		cr_expect_eq(t->next[0], p->rules[3].start);
		seen++;
	}
	cr_expect_eq(seen, 1);
	policy_free(p);
}
