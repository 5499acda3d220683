/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prefixes, the way from an address to its subnet, hints, ids, and what a config may not say. */
#include "rules/subnet.h"

#include "rules/policy_build.h"
#include "tests/rules/fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	enum rule_err result;
	uint8_t family, bits;
} prefixes[] = {
	{ "192.0.2.0/24", RULE_OK, 4, 24 },
	{ "192.0.2.1", RULE_OK, 4, 32 },
	{ "0.0.0.0/0", RULE_OK, 4, 0 },
	{ "192.0.2.128/25", RULE_OK, 4, 25 },
	{ "2001:db8::/32", RULE_OK, 6, 32 },
	{ "2001:db8::1", RULE_OK, 6, 128 },
	{ "::/0", RULE_OK, 6, 0 },
	{ "192.0.2.1/24", RULE_E_CONFLICT, 0, 0 },
	{ "192.0.2.128/24", RULE_E_CONFLICT, 0, 0 },
	{ "2001:db8::1/127", RULE_E_CONFLICT, 0, 0 },
	{ "192.0.2.0/33", RULE_E_VALUE, 0, 0 },
	{ "2001:db8::/129", RULE_E_VALUE, 0, 0 },
	{ "192.0.2.0/", RULE_E_VALUE, 0, 0 },
	{ "192.0.2.0/ 24", RULE_E_VALUE, 0, 0 },
	{ "192.0.2.0/-1", RULE_E_VALUE, 0, 0 },
	{ "192.0.2.0/0024", RULE_E_VALUE, 0, 0 },
	{ "192.0.2", RULE_E_VALUE, 0, 0 },
	{ "", RULE_E_VALUE, 0, 0 },
	{ "/24", RULE_E_VALUE, 0, 0 },
	{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa/64", RULE_E_VALUE, 0, 0 },
};

Test(subnet, prefix_texts)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct prefix p = { .bits = 77 };
		uint8_t family = 0;
		char text[PREFIX_TEXT_MAX];

		cr_expect_eq(prefix_parse(prefixes[i].text, &p, &family), prefixes[i].result, "%s",
			prefixes[i].text);
		if (prefixes[i].result != RULE_OK) {
			cr_expect_eq(p.bits, 77, "untouched on error");
			continue;
		}
		cr_expect_eq(family, prefixes[i].family);
		cr_expect_eq(p.bits, prefixes[i].bits);
		cr_expect_str_eq(prefix_text(&p, family, text), prefixes[i].text);
	}
}

/* Every length of a prefix against an address that differs from it in every bit in turn. */
Test(subnet, prefix_holds_to_the_bit)
{
	for (unsigned int bits = 0; bits <= 128; bits++) {
		struct prefix p = { .bits = (uint8_t)bits };

		for (unsigned int flip = 0; flip < 128; flip++) {
			uint8_t addr[16] = { 0 };

			addr[flip / 8] = (uint8_t)(0x80 >> flip % 8);
			cr_assert_eq(
				prefix_holds(&p, addr), flip >= bits, "/%u bit %u", bits, flip);
		}
	}
}

static const char *name4(const struct policy *p, const char *addr)
{
	const struct subnet *s;
	uint8_t a[4];

	cr_assert_eq(inet_pton(AF_INET, addr, a), 1);
	s = subnet_of4(&p->subnets, a);
	return s != NULL ? s->name : "";
}

static const char *name6(const struct policy *p, const char *addr)
{
	const struct subnet *s;
	uint8_t a[16];

	cr_assert_eq(inet_pton(AF_INET6, addr, a), 1);
	s = subnet_of6(&p->subnets, a);
	return s != NULL ? s->name : "";
}

static const char *name_pd(const struct policy *p, const char *addr, unsigned int bits)
{
	const struct subnet *s;
	uint8_t a[16];

	cr_assert_eq(inet_pton(AF_INET6, addr, a), 1);
	s = subnet_of_pd(&p->subnets, a, (uint8_t)bits);
	return s != NULL ? s->name : "";
}

Test(subnet, an_address_finds_its_subnet)
{
	struct policy *p = fixture_policy("{\"subnets\": ["
		"{\"name\": \"a\", \"prefixes\": [\"10.2.0.0/16\", \"10.0.0.0/24\", \"10.2.3.0/24\"],"
		" \"pd_prefixes\": \"2001:db8:ff00::/40\"},"
		"{\"name\": \"b\", \"prefixes\": [\"10.1.0.0/16\", \"2001:db8:1::/48\"]},"
		"{\"name\": \"c\", \"prefixes\": [\"2001:db8::/64\", \"255.255.255.255\"]}]}");

	cr_expect_str_eq(name4(p, "9.255.255.255"), "");
	cr_expect_str_eq(name4(p, "10.0.0.0"), "a");
	cr_expect_str_eq(name4(p, "10.0.0.255"), "a");
	cr_expect_str_eq(name4(p, "10.0.1.0"), "");
	cr_expect_str_eq(name4(p, "10.1.255.255"), "b");
	cr_expect_str_eq(name4(p, "10.2.0.0"), "a");
	cr_expect_str_eq(name4(p, "10.2.3.4"), "a");
	cr_expect_str_eq(name4(p, "10.2.255.255"), "a");
	cr_expect_str_eq(name4(p, "10.3.0.0"), "");
	cr_expect_str_eq(name4(p, "255.255.255.255"), "c");
	cr_expect_str_eq(name6(p, "2001:db8:1:2::3"), "b");
	cr_expect_str_eq(name6(p, "2001:db8::ffff"), "c");
	cr_expect_str_eq(name6(p, "2001:db8:0:1::"), "");
	cr_expect_str_eq(name6(p, "2001:db8:ff12::"), "");
	policy_free(p);
}

/* 2001:db8:ff00::/40 and its neighbour of another subnet, by every length of what is delegated. */
Test(subnet, a_delegated_prefix_is_in_one_that_holds_all_of_it)
{
	struct policy *p = fixture_policy("{\"subnets\": ["
		"{\"name\": \"a\", \"prefixes\": \"2001:db8:1::/48\","
		" \"pd_prefixes\": [\"2001:db8:ff00::/40\", \"2001:db8:ff12::/48\"]},"
		"{\"name\": \"b\", \"prefixes\": \"2001:db8:2::/48\","
		" \"pd_prefixes\": \"2001:db8:fe00::/40\"}]}");

	for (unsigned int bits = 0; bits <= 128; bits++) {
		cr_expect_str_eq(name_pd(p, "2001:db8:ff00::", bits), bits < 40 ? "" : "a",
			"/%u", bits);
		cr_expect_str_eq(name_pd(p, "2001:db8:ff12:3400::", bits), bits < 40 ? "" : "a",
			"/%u", bits);
		cr_expect_str_eq(name_pd(p, "2001:db8:fe00::", bits), bits < 40 ? "" : "b",
			"/%u", bits);
		cr_expect_str_eq(name_pd(p, "2001:db8:1::", bits), "", "/%u", bits);
	}
	policy_free(p);
}

/* The look-up by halving against a look at every prefix. */
Test(subnet, the_map_agrees_with_a_search)
{
	static char json[65536];
	size_t len = (size_t)sprintf(json, "{\"subnets\": [");
	struct policy *p;

	srand(1);
	for (unsigned int i = 0; i < 200; i++)
		len += (size_t)sprintf(json + len,
			"%s{\"name\": \"n%u\", \"prefixes\": [\"10.%u.%u.0/%u\"]}", i ? "," : "", i,
			i, (unsigned int)rand() % 4 * 64, 18 + (unsigned int)rand() % 7);
	sprintf(json + len, "]}");
	p = fixture_policy(json);
	for (unsigned int i = 0; i < 20000; i++) {
		uint8_t addr[4] = { 10, (uint8_t)(rand() % 202), (uint8_t)rand(), (uint8_t)rand() };
		const struct subnet *expected = NULL;

		for (size_t k = 0; k < p->subnets.count; k++)
			if (prefix_holds(&p->subnets.all[k].prefixes4[0], addr))
				expected = &p->subnets.all[k];
		cr_assert_eq(subnet_of4(&p->subnets, addr), expected);
	}
	policy_free(p);
}

Test(subnet, the_last_one_is_restricted_and_short_leased)
{
	struct policy *p = fixture_rules("[]");
	const struct subnets *s = &p->subnets;

	cr_expect(!s->all[0].restricted && s->all[1].restricted);
	cr_expect_eq(s->all[0].max_lease, 0);
	cr_expect_eq(s->all[1].max_lease, 300);
	cr_expect_eq(subnet_named(s, "open", 4), &s->all[0]);
	cr_expect_null(subnet_named(s, "ope", 3));
	cr_expect_null(subnet_named(s, "openx", 5));
	cr_expect_eq(subnet_with_id(s, s->all[1].id), &s->all[1]);
	cr_expect_null(subnet_with_id(s, 0));
	policy_free(p);
	p = fixture_policy("{\"subnets\": [{\"name\": \"x\", \"prefixes\": \"10.0.0.0/8\", "
			   "\"max_lease\": 0}]}");
	cr_expect_eq(p->subnets.all[0].max_lease, 0);
	policy_free(p);
}

Test(subnet, hints_have_a_default_inside)
{
	static const uint8_t given6[16] = { 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9 };
	struct policy *p = fixture_policy("{\"subnets\": ["
		"{\"name\": \"a\", \"prefixes\": [\"10.2.0.0/16\", \"2001:db8::/64\"]},"
		"{\"name\": \"b\", \"prefixes\": [\"10.3.0.0/16\", \"3000::/64\"], \"hint4\": \"10.3.0.1\","
		" \"hint6\": \"3000::9\"},"
		"{\"name\": \"c\", \"prefixes\": \"2001:db8:1::8/128\"}]}");
	const struct subnet *s = p->subnets.all;

	cr_expect_arr_eq(s[0].hint4, ((uint8_t[]){ 10, 2, 0, 0 }), 4);
	cr_expect(s[0].hint6[0] == 0x20 && s[0].hint6[15] == 1);
	cr_expect_arr_eq(s[1].hint4, ((uint8_t[]){ 10, 3, 0, 1 }), 4);
	cr_expect_arr_eq(s[1].hint6, given6, 16);
	cr_expect(!s[2].has_hint4 && s[2].has_hint6 && s[2].hint6[15] == 8);
	policy_free(p);
}

/* 250 names in two orders: every id in 1..254 at most once, and each name keeps its own. */
Test(subnet, ids_depend_on_names_alone)
{
	static char forth[65536], back[65536];
	size_t f = (size_t)sprintf(forth, "{\"subnets\": ["),
	       b = (size_t)sprintf(back, "{\"subnets\": [");
	bool used[256] = { false };
	struct policy *p, *q;

	for (unsigned int i = 0; i < SUBNETS_MAX; i++) {
		unsigned int k = SUBNETS_MAX - 1 - i;

		f += (size_t)sprintf(forth + f,
			"%s{\"name\": \"net-%u\", \"prefixes\": \"10.%u.0.0/16\"}", i ? "," : "", i,
			i);
		b += (size_t)sprintf(back + b,
			"%s{\"name\": \"net-%u\", \"prefixes\": \"10.%u.0.0/16\"}", i ? "," : "", k,
			k);
	}
	sprintf(forth + f, "]}");
	sprintf(back + b, "]}");
	p = fixture_policy(forth);
	q = fixture_policy(back);
	for (size_t i = 0; i < SUBNETS_MAX; i++) {
		const struct subnet *s = &p->subnets.all[i];

		cr_assert(s->id >= 1 && s->id <= 254 && !used[s->id]);
		used[s->id] = true;
		cr_assert_eq(subnet_named(&q->subnets, s->name, strlen(s->name))->id, s->id);
	}
	policy_free(p);
	policy_free(q);
}

#define A "{\"name\": \"a\", \"prefixes\": [\"10.0.0.0/16\", \"2001:db8::/48\"]}"

static const struct {
	const char *subnets, *path, *text;
} wrong[] = {
	{ "[{\"prefixes\": \"10.0.0.0/8\"}]", "subnets[0]", "expected the key \"name\", got an object" },
	{ "[{\"name\": \"a\"}]", "subnets[0]",
	  "expected the key \"prefixes\" in subnet \"a\", got an object" },
	{ "[{\"name\": \"a\", \"prefixes\": []}]", "subnets[0].prefixes",
	  "expected at least one prefix, got an empty list" },
	{ "[{\"name\": \"server\", \"prefixes\": \"10.0.0.0/8\"}]", "subnets[0].name",
	  "expected a name, without spaces and \" \\ = @ , and not \"server\", of 1 to 63 bytes, got "
	  "\"server\"" },
	{ "[{\"name\": \"a b\", \"prefixes\": \"10.0.0.0/8\"}]", "subnets[0].name",
	  "expected a name, without spaces and \" \\ = @ , and not \"server\", of 1 to 63 bytes, got "
	  "\"a b\"" },
	{ "[" A ", {\"name\": \"a\", \"prefixes\": \"11.0.0.0/8\"}]", "subnets[1].name",
	  "expected a name that no other subnet has, got \"a\"" },
	{ "[" A ", {\"name\": \"b\", \"prefixes\": \"10.0.3.0/24\"}]", "subnets[1]",
	  "expected prefixes of its own, got 10.0.3.0/24 of subnet \"b\", which overlaps 10.0.0.0/16 of "
	  "subnet \"a\"" },
	{ "[" A ", {\"name\": \"b\", \"prefixes\": \"0.0.0.0/0\"}]", "subnets[1]",
	  "expected prefixes of its own, got 0.0.0.0/0 of subnet \"b\", which overlaps 10.0.0.0/16 of "
	  "subnet \"a\"" },
	{ "[" A ", {\"name\": \"b\", \"prefixes\": \"2001:db8::/32\"}]", "subnets[1]",
	  "expected prefixes of its own, got 2001:db8::/32 of subnet \"b\", which overlaps "
	  "2001:db8::/48 of subnet \"a\"" },
	{ "[{\"name\": \"a\", \"prefixes\": \"10.0.0.0/8\", \"hint4\": \"11.0.0.1\"}]",
	  "subnets[0].hint4",
	  "expected an address inside the IPv4 prefixes of subnet \"a\", got 11.0.0.1" },
	{ "[{\"name\": \"a\", \"prefixes\": \"10.0.0.0/8\", \"hint6\": \"3000::1\"}]",
	  "subnets[0].hint6",
	  "expected a global unicast address inside the IPv6 prefixes of subnet \"a\", got 3000::1" },
	{ "[{\"name\": \"a\", \"prefixes\": \"fe80::/64\"}]", "subnets[0].hint6",
	  "expected a global unicast address inside the IPv6 prefixes of subnet \"a\", got fe80::1" },
	{ "[{\"name\": \"a\", \"prefixes\": \"10.0.0.0/8\", \"hint4\": \"::1\"}]", "subnets[0].hint4",
	  "expected an IPv4 address, got \"::1\"" },
	{ "[{\"name\": \"a\", \"prefixes\": \"10.0.0.0/8\", \"hint6\": 6}]", "subnets[0].hint6",
	  "expected an IPv6 address, got 6" },
	{ "[{\"name\": \"a\", \"prefixes\": \"10.0.0.0/8\", \"max_lease\": -1}]", "subnets[0].max_lease",
	  "expected a number from 0 to 4294967294, got -1" },
	{ "[{\"name\": \"a\", \"prefixes\": \"10.0.0.0/8\", \"pd_prefixes\": [\"10.0.0.0/8\"]}]",
	  "subnets[0].pd_prefixes[0]", "expected an IPv6 prefix, got \"10.0.0.0/8\"" },
	{ "[{\"name\": \"a\", \"prefix\": \"10.0.0.0/8\"}]", "subnets[0].prefix",
	  "expected a known key, of which the nearest is \"prefixes\", got \"prefix\"" },
};

Test(subnet, errors_name_place_and_remedy)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct rule_error err = { .code = RULE_OK };
		char json[1024];

		snprintf(json, sizeof(json), "{\n\"subnets\": %s }", wrong[i].subnets);
		cr_expect_null(fixture_load(json, &err), "%s", json);
		cr_expect_str_eq(err.path, wrong[i].path, "%s", json);
		cr_expect_str_eq(err.text, wrong[i].text, "%s", json);
		cr_expect_eq(err.line, 2);
	}
}

Test(subnet, overlap_within_one_subnet_is_no_error)
{
	struct policy *p = fixture_policy("{\"subnets\": [{\"name\": \"a\", \"prefixes\": "
		"[\"10.0.0.0/16\", \"10.0.0.0/8\", \"10.0.0.0/8\", \"10.255.0.0/16\"]}]}");

	cr_expect_eq(p->subnets.map4.count, 1);
	cr_expect_str_eq(name4(p, "10.9.9.9"), "a");
	policy_free(p);
}

Test(subnet, too_many)
{
	static char json[65536];
	struct rule_error err = { .code = RULE_OK };
	size_t len = (size_t)sprintf(json, "{\"subnets\": [");

	for (unsigned int i = 0; i <= SUBNETS_MAX; i++)
		len += (size_t)sprintf(json + len,
			"%s{\"name\": \"n%u\", \"prefixes\": \"10.%u.0.0/16\"}", i ? "," : "", i,
			i);
	sprintf(json + len, "]}");
	cr_assert_null(fixture_load(json, &err));
	cr_expect_eq(err.code, RULE_E_LIMIT);
	cr_expect_str_eq(err.path, "subnets[250]");
}
