/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every condition: what it holds for, what not, and that it is printed as it is read. */
#include "rules/match.h"

#include "rules/action.h"
#include "tests/rules/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One condition and one packet. */
struct row {
	const char *when;
	bool yes;
	uint8_t family;              /* 0: 4 */
	uint8_t type;                /* 0: DISCOVER or SOLICIT */
	const char *options, *relay, *relay_options;
	const char *user;            /* attributes; NULL: not registered */
	const char *interface;
	int64_t now;
	bool untrusted, no_id;
};

/* 2026-11-23 is a Monday; 15:30:00 UTC. */
enum { MONDAY = 1795447800 };

#define GIADDR "c0000201"                           /* 192.0.2.1 */
#define LINK "20010db8000100000000000000000001"     /* 2001:db8:1::1 */
#define LINK_LOCAL "fe800000000000000000000000000001"

static const struct row rows[] = {
	{ .when = "{}", .yes = true },
	/* registered */
	{ .when = "{\"registered\": false}", .yes = true },
	{ .when = "{\"registered\": true}", .yes = false },
	{ .when = "{\"registered\": true}", .yes = true, .user = "" },
	/* user */
	{ .when = "{\"user\": {\"group\": \"staff\"}}", .yes = true, .user = "group=staff" },
	{ .when = "{\"user\": {\"group\": \"staff\"}}", .yes = false, .user = "group=staff2" },
	{ .when = "{\"user\": {\"group\": \"staff*\"}}", .yes = true, .user = "group=staff2" },
	{ .when = "{\"user\": {\"group\": \"staff\"}}", .yes = false },
	{ .when = "{\"user\": {\"group\": [\"a\", \"b\"]}}", .yes = true, .user = "group=b" },
	{ .when = "{\"user\": {\"group\": true}}", .yes = true, .user = "group=" },
	{ .when = "{\"user\": {\"group\": \"\"}}", .yes = true, .user = "group=" },
	{ .when = "{\"user\": {\"group\": true}}", .yes = false, .user = "floor=1" },
	{ .when = "{\"user\": {\"group\": false}}", .yes = true, .user = "floor=1" },
	{ .when = "{\"user\": {\"group\": false}}", .yes = true },
	{ .when = "{\"user\": {\"group\": \"a\", \"floor\": \"1\"}}", .yes = true, .user = "floor=1;group=a" },
	{ .when = "{\"user\": {\"group\": \"a\", \"floor\": \"2\"}}", .yes = false, .user = "floor=1;group=a" },
	/* id_type, id_prefix: chaddr is 02:00:00:00:00:0a, the DUID 00:01:00:01 */
	{ .when = "{\"id_type\": \"HW_ADDR\"}", .yes = true },
	{ .when = "{\"id_type\": \"HW_ADDR\"}", .yes = false, .no_id = true },
	{ .when = "{\"id_type\": [\"DUID\", \"CLIENT_ID\"]}", .yes = false },
	{ .when = "{\"id_type\": \"DUID\"}", .yes = true, .family = 6 },
	{ .when = "{\"id_prefix\": \"02:00:00\"}", .yes = true },
	{ .when = "{\"id_prefix\": [\"ffff\", \"0200\"]}", .yes = true },
	{ .when = "{\"id_prefix\": \"02:00:01\"}", .yes = false },
	{ .when = "{\"id_prefix\": \"02:00:00:00:00:0a:00\"}", .yes = false },
	{ .when = "{\"id_prefix\": \"02\"}", .yes = false, .no_id = true },
	/* family, message */
	{ .when = "{\"family\": 4}", .yes = true },
	{ .when = "{\"family\": 6}", .yes = false },
	{ .when = "{\"family\": 6}", .yes = true, .family = 6 },
	{ .when = "{\"message\": \"DISCOVER\"}", .yes = true },
	{ .when = "{\"message\": \"DISCOVER\"}", .yes = false, .family = 6 },
	{ .when = "{\"message\": \"SOLICIT\"}", .yes = true, .family = 6 },
	{ .when = "{\"message\": \"REQUEST\"}", .yes = true, .type = DHCPREQUEST },
	{ .when = "{\"message\": \"REQUEST\"}", .yes = true, .family = 6, .type = DHCPV6_REQUEST },
	{ .when = "{\"message\": \"REQUEST\"}", .yes = false, .family = 6, .type = DHCPV6_RENEW },
	{ .when = "{\"message\": [\"RENEW\", \"REBIND\"]}", .yes = true, .family = 6, .type = DHCPV6_REBIND },
	{ .when = "{\"message\": \"RELEASE\"}", .yes = false, .type = 200 },
	/* vendor_class: option 60 "PXEClient"; 16: enterprise 343, "PXEClient" */
	{ .when = "{\"vendor_class\": \"PXEClient\"}", .yes = true, .options = "3c09505845436c69656e74" },
	{ .when = "{\"vendor_class\": \"PXE*\"}", .yes = true, .options = "3c09505845436c69656e74" },
	{ .when = "{\"vendor_class\": \"*Client\"}", .yes = true, .options = "3c09505845436c69656e74" },
	{ .when = "{\"vendor_class\": \"*Cli*\"}", .yes = true, .options = "3c09505845436c69656e74" },
	{ .when = "{\"vendor_class\": \"hex:505845*\"}", .yes = true, .options = "3c09505845436c69656e74" },
	{ .when = "{\"vendor_class\": \"PXE\"}", .yes = false, .options = "3c09505845436c69656e74" },
	{ .when = "{\"vendor_class\": [\"x\", \"PXE*\"]}", .yes = true, .options = "3c09505845436c69656e74" },
	{ .when = "{\"vendor_class\": \"*\"}", .yes = false },
	/* the same in two instances: RFC 3396 */
	{ .when = "{\"vendor_class\": \"PXEClient\"}", .yes = true, .options = "3c03505845 3c06436c69656e74" },
	{ .when = "{\"vendor_class\": \"PXEClient\"}", .yes = true, .family = 6,
	  .options = "0010000f 00000157 0009505845436c69656e74" },
	{ .when = "{\"vendor_class\": \"b\"}", .yes = true, .family = 6,
	  .options = "0010000a 00000157 000161 000162" },
	{ .when = "{\"vendor_class\": \"*\"}", .yes = false, .family = 6, .options = "00100006 00000157 0009" },
	/* user_class: bare text, RFC 3004 list, option 15 */
	{ .when = "{\"user_class\": \"iPXE\"}", .yes = true, .options = "4d0469505845" },
	{ .when = "{\"user_class\": \"iPXE\"}", .yes = true, .options = "4d070161 0469505845" },
	{ .when = "{\"user_class\": \"iPXE\"}", .yes = false, .options = "4d0161" },
	{ .when = "{\"user_class\": \"iPXE\"}", .yes = true, .family = 6, .options = "000f0006 000469505845" },
	/* client_arch */
	{ .when = "{\"client_arch\": 7}", .yes = true, .options = "5d020007" },
	{ .when = "{\"client_arch\": [9, 7]}", .yes = true, .options = "5d0400060007" },
	{ .when = "{\"client_arch\": 7}", .yes = false, .options = "5d020009" },
	{ .when = "{\"client_arch\": 7}", .yes = false, .options = "5d0107" },
	{ .when = "{\"client_arch\": 7}", .yes = true, .family = 6, .options = "003d00020007" },
	/* relay */
	{ .when = "{\"relay\": \"192.0.2.0/24\"}", .yes = true, .relay = GIADDR },
	{ .when = "{\"relay\": \"192.0.2.1\"}", .yes = true, .relay = GIADDR },
	{ .when = "{\"relay\": [\"10.0.0.0/8\", \"2001:db8::/32\"]}", .yes = false, .relay = GIADDR },
	{ .when = "{\"relay\": \"0.0.0.0/0\"}", .yes = false },
	{ .when = "{\"relay\": \"192.0.2.0/24\"}", .yes = false, .relay = GIADDR, .untrusted = true },
	{ .when = "{\"relay\": \"2001:db8::/32\"}", .yes = true, .family = 6, .relay = LINK },
	{ .when = "{\"relay\": \"::/0\"}", .yes = false, .family = 6, .relay = LINK_LOCAL },
	{ .when = "{\"relay\": \"::/0\"}", .yes = false, .family = 6 },
	/* circuit_id, remote_id, subscriber_id: 82 = 1 "ab", 2 "cd", 6 "ef" */
	{ .when = "{\"circuit_id\": \"ab\"}", .yes = true, .options = "520c 01026162 02026364 06026566" },
	{ .when = "{\"remote_id\": \"cd\"}", .yes = true, .options = "520c 01026162 02026364 06026566" },
	{ .when = "{\"subscriber_id\": \"ef\"}", .yes = true, .options = "520c 01026162 02026364 06026566" },
	{ .when = "{\"circuit_id\": \"ab\"}", .yes = false, .options = "520401026162", .untrusted = true },
	{ .when = "{\"circuit_id\": \"ab\"}", .yes = false, .options = "520402026162" },
	{ .when = "{\"remote_id\": \"ab\"}", .yes = false, .options = "520401026162" },
	{ .when = "{\"subscriber_id\": \"ab\"}", .yes = false, .options = "520401026162" },
	{ .when = "{\"circuit_id\": \"ab\"}", .yes = true, .family = 6, .relay = LINK,
	  .relay_options = "001200026162" },
	{ .when = "{\"remote_id\": \"cd\"}", .yes = true, .family = 6, .relay = LINK,
	  .relay_options = "00250006000000096364" },
	{ .when = "{\"subscriber_id\": \"ef\"}", .yes = true, .family = 6, .relay = LINK,
	  .relay_options = "002600026566" },
	{ .when = "{\"circuit_id\": \"ab\"}", .yes = false, .family = 6, .options = "001200026162" },
	/* interface */
	{ .when = "{\"interface\": \"eth1\"}", .yes = true, .interface = "eth1" },
	{ .when = "{\"interface\": \"eth*\"}", .yes = true, .interface = "eth1" },
	{ .when = "{\"interface\": \"eth1\"}", .yes = false, .interface = "eth11" },
	{ .when = "{\"interface\": \"*\"}", .yes = false, .interface = "" },
	{ .when = "{\"interface\": \"*\"}", .yes = false },
	/* time, weekday */
	{ .when = "{\"time\": \"15:30-15:31\"}", .yes = true, .now = MONDAY },
	{ .when = "{\"time\": \"15:00-15:30\"}", .yes = false, .now = MONDAY },
	{ .when = "{\"time\": [\"00:00-01:00\", \"08:00-18:00\"]}", .yes = true, .now = MONDAY },
	{ .when = "{\"time\": \"22:00-06:00\"}", .yes = false, .now = MONDAY },
	{ .when = "{\"time\": \"22:00-15:31\"}", .yes = true, .now = MONDAY },
	{ .when = "{\"time\": \"00:00-24:00\"}", .yes = true, .now = MONDAY },
	{ .when = "{\"weekday\": \"mon\"}", .yes = true, .now = MONDAY },
	{ .when = "{\"weekday\": [\"sat\", \"sun\"]}", .yes = false, .now = MONDAY },
	{ .when = "{\"weekday\": \"sun\"}", .yes = true, .now = MONDAY - 86400 },
	/* not, all, any */
	{ .when = "{\"not\": {\"family\": 4}}", .yes = false },
	{ .when = "{\"not\": {\"family\": 6}}", .yes = true },
	{ .when = "{\"not\": {\"family\": 4, \"registered\": true}}", .yes = true },
	{ .when = "{\"all\": [{\"family\": 4}, {\"registered\": false}]}", .yes = true },
	{ .when = "{\"all\": [{\"family\": 4}, {\"registered\": true}]}", .yes = false },
	{ .when = "{\"any\": [{\"family\": 6}, {\"registered\": false}]}", .yes = true },
	{ .when = "{\"any\": [{\"family\": 6}, {\"registered\": true}]}", .yes = false },
	{ .when = "{\"family\": 4, \"any\": [{\"family\": 4, \"registered\": true},"
	  "{\"not\": {\"any\": [{\"family\": 6}, {\"message\": \"REQUEST\"}]}}]}", .yes = true },
	{ .when = "{\"not\": {\"not\": {\"not\": {\"family\": 6}}}}", .yes = true },
	{ .when = "{\"not\": {\"all\": [{\"not\": {\"family\": 4}}, {\"registered\": false}]}}", .yes = true },
};

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static bool holds(const struct policy *p, const struct row *r)
{
	static struct fixture_packet packet;
	struct fixture_user u = { .user = NULL };
	struct decision d;

	if (r->user != NULL)
		u = fixture_user(r->user);
	if (r->family == 6)
		fixture_query6(&packet, r->type != 0 ? r->type : DHCPV6_SOLICIT,
			or_empty(r->options), or_empty(r->relay), or_empty(r->relay_options));
	else
		fixture_query4(&packet, r->type != 0 ? r->type : DHCPDISCOVER, or_empty(r->options),
			or_empty(r->relay));
	packet.facts.user = u.user;
	packet.facts.interface = r->interface;
	packet.facts.now = r->now;
	packet.facts.untrusted = r->untrusted;
	if (r->no_id)
		packet.facts.id = NULL;
	policy_decide(p, &packet.facts, &d);
	fixture_user_done(&u);
	return d.rule != NULL;
}

static void utc(void)
{
	setenv("TZ", "UTC", 1);
	tzset();
}

static struct policy *one_rule(const char *when)
{
	char text[1024];

	snprintf(text, sizeof(text), "[{\"when\": %s, \"subnet\": \"open\"}]", when);
	return fixture_rules(text);
}

Test(match, rows, .init = utc)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy *p = one_rule(rows[i].when);

		cr_expect_eq(holds(p, &rows[i]), rows[i].yes, "row %zu: %s", i, rows[i].when);
		policy_free(p);
	}
}

/* What is printed is read as the same condition: it prints the same, and holds for the same. */
Test(match, printed_conditions_read_again, .init = utc)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy *p = one_rule(rows[i].when), *again;
		char text[4096];

		snprintf(text, sizeof(text), "%s", fixture_print(p));
		again = fixture_policy(text);
		cr_expect_str_eq(fixture_print(again), text, "row %zu", i);
		cr_expect_eq(holds(again, &rows[i]), rows[i].yes, "row %zu: %s", i, text);
		cr_expect_eq(again->generation, p->generation);
		policy_free(again);
		policy_free(p);
	}
}

Test(match, every_condition_has_a_row_and_a_help)
{
	size_t count;
	const struct matcher *table = match_table(&count);

	cr_assert_gt(count, 0);
	for (size_t i = 0; i < count; i++) {
		char key[64];
		size_t yes = 0, no = 0;

		snprintf(key, sizeof(key), "{\"%s\":", table[i].key);
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
			if (strncmp(rows[k].when, key, strlen(key)) == 0)
				(*(rows[k].yes ? &yes : &no))++;
		cr_expect(yes > 0 && no > 0, "%s: %zu rows hold, %zu do not", key, yes, no);
		cr_expect_gt(strlen(table[i].help), 0);
	}
}

static void ignore(void *ctx, const char *text, size_t len)
{
	(void)text;
	*(size_t *)ctx += len;
}

/* `usher explain` shows the one test that failed, also one inside "user". */
Test(match, every_test_prints_by_itself, .init = utc)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy *p = one_rule(rows[i].when);

		for (size_t k = 0; k < p->tests->count; k++) {
			size_t written = 0;
			struct writer w = writer_begin(ignore, &written);

			if (p->tests->all[k].eval == NULL)
				continue;
			match_print(p->tests, k, p->tests->all[k].end, &w);
			cr_expect_gt(written, 0, "%s", rows[i].when);
		}
		policy_free(p);
	}
}

/* A condition that is wrong, where it is said to be wrong, and why. */
static const struct {
	const char *when, *path, *text;
} wrong[] = {
	{ "[]", "rules[0].when", "expected an object, got an empty list" },
	{ "{\"registerd\": true}", "rules[0].when.registerd",
	  "expected a known key, of which the nearest is \"registered\", got \"registerd\"" },
	{ "{\"registered\": 1}", "rules[0].when.registered", "expected true or false, got 1" },
	{ "{\"user\": \"x\"}", "rules[0].when.user",
	  "expected an object with at least one attribute, got \"x\"" },
	{ "{\"user\": {}}", "rules[0].when.user",
	  "expected an object with at least one attribute, got an object" },
	{ "{\"user\": {\"a\": 1}}", "rules[0].when.user.a",
	  "expected a text, a list of texts, true or false, got 1" },
	{ "{\"user\": {\"a\": []}}", "rules[0].when.user.a",
	  "expected at least one text, got an empty list" },
	{ "{\"user\": {\"a\": [\"b\", 2]}}", "rules[0].when.user.a[1]",
	  "expected a text, with * at either end for any, got 2" },
	{ "{\"id_type\": \"MAC\"}", "rules[0].when.id_type",
	  "expected \"HW_ADDR\", \"DUID\", \"CLIENT_ID\", \"CIRCUIT_ID\", \"REMOTE_ID\" or "
	  "\"SUBSCRIBER_ID\", got \"MAC\"" },
	{ "{\"id_prefix\": \"0x\"}", "rules[0].when.id_prefix",
	  "expected the first bytes of an id in hex, such as \"00:11:22\", got \"0x\"" },
	{ "{\"id_prefix\": \"\"}", "rules[0].when.id_prefix",
	  "expected the first bytes of an id in hex, such as \"00:11:22\", got \"\"" },
	{ "{\"family\": \"4\"}", "rules[0].when.family", "expected 4 or 6, got \"4\"" },
	{ "{\"message\": []}", "rules[0].when.message",
	  "expected at least one name, got an empty list" },
	{ "{\"vendor_class\": \"hex:123\"}", "rules[0].when.vendor_class",
	  "expected pairs of hex digits behind \"hex:\", got \"hex:123\"" },
	{ "{\"client_arch\": 65536}", "rules[0].when.client_arch",
	  "expected a number from 0 to 65535, got 65536" },
	{ "{\"relay\": \"192.0.2.1/24\"}", "rules[0].when.relay",
	  "expected a prefix with no bits set behind its length, such as \"192.0.2.0/24\", got "
	  "\"192.0.2.1/24\"" },
	{ "{\"relay\": [\"x\"]}", "rules[0].when.relay[0]",
	  "expected a prefix such as \"192.0.2.0/24\" or \"2001:db8::/64\", got \"x\"" },
	{ "{\"time\": \"8:00-18:00\"}", "rules[0].when.time",
	  "expected a time such as \"08:00-18:00\", got \"8:00-18:00\"" },
	{ "{\"time\": \"08:00-24:01\"}", "rules[0].when.time",
	  "expected a time such as \"08:00-18:00\", got \"08:00-24:01\"" },
	{ "{\"time\": \"08:00-08:00\"}", "rules[0].when.time",
	  "expected a time such as \"08:00-18:00\", got \"08:00-08:00\"" },
	{ "{\"weekday\": \"monday\"}", "rules[0].when.weekday",
	  "expected \"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\" or \"sun\", got \"monday\"" },
	{ "{\"not\": {}}", "rules[0].when.not",
	  "expected an object with at least one condition, got an object" },
	{ "{\"all\": {}}", "rules[0].when.all",
	  "expected a list of at least one object with conditions, got an object" },
	{ "{\"any\": [{\"family\": 4}, {\"familiy\": 1}]}", "rules[0].when.any[1].familiy",
	  "expected a known key, of which the nearest is \"family\", got \"familiy\"" },
};

Test(match, errors_name_place_and_remedy)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct rule_error err = { .code = RULE_OK };
		char json[1024];

		snprintf(json, sizeof(json), "{ " SUBNETS ", \"rules\": [{\"when\":\n%s}]}",
			wrong[i].when);
		cr_expect_null(fixture_load(json, &err), "%s", wrong[i].when);
		cr_expect_str_eq(err.path, wrong[i].path, "%s", wrong[i].when);
		cr_expect_str_eq(err.text, wrong[i].text, "%s", wrong[i].when);
		cr_expect_eq(err.line, 2, "%s", wrong[i].when);
	}
}

/*
 * Every way to set three conditions against every nesting of two groups: jumps against a plain
 * walk.
 */
static bool plain(const struct tests *ts, size_t i, const bool truth[static 3], size_t *leaf);

static bool plain_row(const struct tests *ts, size_t first, size_t end, bool any,
	const bool truth[static 3], size_t *leaf)
{
	bool result = !any;

	for (size_t i = first; i < end; i = ts->all[i].end) {
		bool r = plain(ts, i, truth, leaf);

		result = any ? result || r : result && r;
	}
	return result;
}

static bool plain(const struct tests *ts, size_t i, const bool truth[static 3], size_t *leaf)
{
	const struct test *t = &ts->all[i];

	switch (t->matcher->kind) {
	case TEST_ALL:
		return plain_row(ts, i + 1, t->end, false, truth, leaf);
	case TEST_ANY:
		return plain_row(ts, i + 1, t->end, true, truth, leaf);
	case TEST_NOT:
		return !plain_row(ts, i + 1, t->end, false, truth, leaf);
	default:
		return truth[(*leaf)++];
	}
}

Test(match, jumps_agree_with_a_plain_walk)
{
	static const char *const shapes[] = {
		"{\"family\": 4, \"registered\": false, \"interface\": \"x\"}",
		"{\"family\": 4, \"not\": {\"registered\": false, \"interface\": \"x\"}}",
		"{\"not\": {\"family\": 4, \"any\": [{\"registered\": false}, {\"interface\": \"x\"}]}}",
		"{\"any\": [{\"family\": 4}, {\"registered\": false}], \"interface\": \"x\"}",
		"{\"any\": [{\"family\": 4, \"registered\": false}, {\"not\": {\"interface\": \"x\"}}]}",
		"{\"all\": [{\"any\": [{\"family\": 4}, {\"not\": {\"registered\": false}}]},"
		"{\"interface\": \"x\"}]}",
		"{\"not\": {\"any\": [{\"not\": {\"family\": 4}}, {\"all\": [{\"registered\": false},"
		"{\"not\": {\"interface\": \"x\"}}]}]}}",
	};
	static struct fixture_packet packet;
	struct fixture_user u = fixture_user("");

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct policy *p = one_rule(shapes[i]);

		for (unsigned int bits = 0; bits < 8; bits++) {
			const bool truth[3] = { bits & 1, bits & 2, bits & 4 };
			struct decision d;
			size_t leaf = 0;
			bool expected =
				plain_row(p->tests, 0, p->tests->count, false, truth, &leaf);

			cr_assert_eq(leaf, 3);
			fixture_query4(&packet, DHCPDISCOVER, "", "");
			packet.facts.family = truth[0] ? 4 : 6;
			packet.facts.user = truth[1] ? NULL : u.user;
			packet.facts.interface = truth[2] ? "x" : "y";
			policy_decide(p, &packet.facts, &d);
			cr_expect_eq(d.rule != NULL, expected, "%s %u", shapes[i], bits);
		}
		policy_free(p);
	}
	fixture_user_done(&u);
}
