/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said at the start of relay mode, in a namespace with nothing in it but lo. */
#include "relay/selfcheck.h"

#include "tests/relay/netns.h"

#include <criterion/criterion.h>
#include <string.h>

static char said[8192];

static void note(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	cr_expect_eq(level, LEVEL_WARNING);
	strcat(said, text);
	strcat(said, "\n");
}

static const char *check(const char *json)
{
	struct config_error err = { .text = "" };
	struct config *c = config_parse("config", json, strlen(json), &err);
	struct ruleset rules = { 0 };
	struct selfcheck s = { .config = c, .rules = &rules, .root = "/nowhere", .say = note };

	cr_assert_not_null(c, "%s", err.text);
	said[0] = '\0';
	selfcheck_relay(&s);
	config_free(c);
	return said;
}

#define RELAY(upstreams) \
	"{ \"mode\": \"relay\", \"client_interfaces\": [\"lo\"], \"upstreams\": [" upstreams "] }"

Test(selfcheck_relay, inline_it_says_nothing)
{
	cr_expect_str_empty(check("{}"));
}

Test(selfcheck_relay, an_interface_that_is_not_there)
{
	cr_expect_str_eq(check("{ \"mode\": \"relay\", \"client_interfaces\": \"gone0\", \"upstreams\": "
			       "[{ \"name\": \"a\", \"address\": \"10.0.0.2\" }] }"),
		"client_interfaces: there is no interface \"gone0\" yet\n");
}

Test(selfcheck_relay, addresses_that_are_missing)
{
	netns_enter();
	cr_expect_str_empty(check(RELAY("{ \"name\": \"a\", \"address\": \"10.0.0.2\" }")));
	cr_expect_not_null(strstr(check(RELAY("{ \"name\": \"a\", \"address\": \"2001:db8::2\" }")),
		"neither interface lo nor any other has an IPv6 address"), "%s", said);
	netns_run("ip address flush dev lo");
	cr_expect_not_null(strstr(check(RELAY("{ \"name\": \"a\", \"address\": \"10.0.0.2\" }")),
		"interface lo has no IPv4 address yet"), "%s", said);
}

Test(selfcheck_relay, an_alias_must_be_ours)
{
	static const char json[] =
		RELAY("{ \"name\": \"a\", \"address\": \"10.0.0.2\", \"alias\": \"192.0.2.2\" }");

	netns_enter();
	cr_expect_not_null(strstr(check(json), "the alias 192.0.2.2 is not an address of this machine"),
		"%s", said);
	netns_run("ip address add 192.0.2.2/32 dev lo");
	cr_expect_str_empty(check(json), "%s", said);
}
