/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upstreams: how they are found again, whom a decision names, and what each kind of server is told.
 */
#include "rules/upstream.h"

#include "rules/policy_build.h"
#include "tests/rules/fixture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

static const char text[] =
	"[{\"name\": \"a\", \"address\": [\"10.0.0.2\", \"2001:db8::2\"], \"server\": \"windows-2012\"},"
	" {\"name\": \"b\", \"address\": [\"10.0.0.3\", \"10.0.1.3\"], \"alias\": \"10.9.0.1\"},"
	" {\"name\": \"c\", \"address\": \"2001:db8::3\", \"server\": \"kea\", \"hint\": \"none\"},"
	" {\"name\": \"d\", \"address\": \"10.0.0.5\", \"alias\": \"10.9.0.2\", \"server_id\": \"10.0.9.5\"}]";

static struct policy *load(void)
{
	struct rule_error err = { .code = RULE_OK };
	struct policy_builder *b = policy_begin();
	const struct node *list = node_parse(policy_arena(b), text, sizeof(text) - 1, &err);

	cr_assert_not_null(list, "%s", err.text);
	for (const struct node *n = list->first; n != NULL; n = n->next)
		cr_assert_eq(policy_add_upstream(b, n, &err), RULE_OK, "%s", err.text);
	return policy_finish(b, &err);
}

static const char *name_of(const struct upstream *u)
{
	return u != NULL ? u->name : "-";
}

static const uint8_t *addr(const char *s)
{
	static uint8_t bytes[16];

	cr_assert_eq(inet_pton(strchr(s, ':') != NULL ? AF_INET6 : AF_INET, s, bytes), 1);
	return bytes;
}

Test(upstream, is_found_by_what_it_is_known_by)
{
	struct policy *p = load();
	const struct upstreams *s = &p->upstreams;

	cr_assert_eq(s->count, 4);
	cr_expect_str_eq(name_of(upstream_named(s, "c", 1)), "c");
	cr_expect_null(upstream_named(s, "cc", 2));
	cr_expect_str_eq(name_of(upstream_with_address(s, addr("10.0.1.3"), 4)), "b");
	cr_expect_str_eq(name_of(upstream_with_address(s, addr("2001:db8::3"), 16)), "c");
	cr_expect_null(upstream_with_address(s, addr("10.0.0.4"), 4));
	cr_expect_null(upstream_with_address(s, addr("10.9.0.1"), 4), "an alias is ours");
	cr_expect_str_eq(name_of(upstream_with_alias(s, addr("10.9.0.2"))), "d");
	cr_expect_null(upstream_with_alias(s, addr("10.0.0.5")));
	cr_expect_str_eq(name_of(upstream_with_id(s, addr("10.0.9.5"))), "d");
	cr_expect_str_eq(name_of(upstream_with_id(s, addr("10.0.0.3"))), "b");
	policy_free(p);
}

Test(upstream, is_asked_at_its_first_address_of_the_family)
{
	struct policy *p = load();
	const struct upstreams *s = &p->upstreams;

	cr_expect_eq(upstreams_of_family(s, 4), 1 | 2 | 8);
	cr_expect_eq(upstreams_of_family(s, 6), 1 | 4);
	cr_expect_arr_eq(s->all[1].addresses4[0], addr("10.0.0.3"), 4);
	cr_expect_eq(upstream_bit(s, &s->all[3]), 8);
	policy_free(p);
}

Test(upstream, calls_itself_by_its_address_unless_told)
{
	struct policy *p = load();

	cr_expect_arr_eq(p->upstreams.all[1].server_id, addr("10.0.0.3"), 4);
	cr_expect_arr_eq(p->upstreams.all[3].server_id, addr("10.0.9.5"), 4);
	policy_free(p);
}

Test(upstream, its_kind_says_the_hint_unless_that_is_given)
{
	struct policy *p = load();
	const struct upstream *all = p->upstreams.all;

	cr_expect(all[0].has_hint && all[0].hint == HINT_SUBNET_SELECTION);
	cr_expect(!all[1].has_hint, "the config's own");
	cr_expect(all[2].has_hint && all[2].hint == HINT_NONE);
	for (const struct choice *c = server_choices; c->name != NULL; c++)
		cr_expect_neq(choice_name(hint_choices, server_hint((enum server_kind)c->value))[0], '?');
	cr_expect_eq(server_hint(SERVER_RFC2131), HINT_GIADDR);
	policy_free(p);
}

static upstream_set asked(const char *rules, const struct reg_user *user)
{
	struct policy *p = fixture_rules(rules);
	struct decision d;

	policy_decision_of(p, 0, user, &d);
	policy_free(p);
	return d.upstreams;
}

Test(upstream, a_rule_names_it_or_the_user_does)
{
	struct fixture_user u = fixture_user("site=b;other=none");
	const struct reg_user *user = u.user;

	cr_expect_eq(asked("[{}]", user), 0);
	cr_expect_eq(asked("[{\"upstream\": \"a\"}]", user), 1);
	cr_expect_eq(asked("[{\"upstream\": \"@site\"}]", user), 2);
	cr_expect_eq(asked("[{\"upstream\": \"@site\"}]", NULL), 0);
	cr_expect_eq(asked("[{\"upstream\": \"@other\"}]", user), 0, "names none of ours");
	cr_expect_eq(asked("[{\"upstream\": \"@missing\"}]", user), 0);
	fixture_user_done(&u);
}
