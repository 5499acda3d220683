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

/* A subnet that servers are told by giaddr must have an address of ours. */
Test(selfcheck_relay, giaddr_must_be_ours_and_without_option_82_on_the_link)
{
#define GIADDR(giaddr, agent) \
	"{ \"mode\": \"relay\", \"client_interfaces\": [\"links\"], \"upstreams\": [{ \"name\": \"a\", " \
	"\"address\": \"10.0.0.2\", \"hint\": \"giaddr\" }], \"relay\": { \"agent_option\": " agent " }, " \
	"\"subnets\": [{ \"name\": \"open\", \"prefixes\": \"192.0.2.0/24\"" giaddr " }] }"
	static const struct {
		const char *before, *json, *says;   /* "": nothing */
	} rows[] = {
		{ "true", GIADDR("", "true"), "subnet \"open\": no client interface has an address in it" },
		{ "true", GIADDR("", "false"), "subnet \"open\": no client interface has an address in it" },
		{ "true", GIADDR(", \"giaddr\": \"192.0.2.7\"", "true"),
		  "subnet \"open\": giaddr 192.0.2.7 is not an address of this machine yet" },
		{ "ip address add 192.0.2.7/32 dev lo", GIADDR(", \"giaddr\": \"192.0.2.7\"", "true"), "" },
		{ "true", GIADDR(", \"giaddr\": \"192.0.2.7\"", "false"),
		  "subnet \"open\": giaddr 192.0.2.7 is on no client interface" },
		{ "ip address add 192.0.2.1/24 dev links", GIADDR("", "false"), "" },
		{ "ip address add 192.0.2.8/24 dev links", GIADDR(", \"giaddr\": \"192.0.2.8\"", "false"), "" },
	};

	netns_enter();
	netns_run("ip link add links type veth peer name other && ip address add 10.1.0.1/24 dev links && "
		  "ip link set links up");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		netns_run("%s", rows[i].before);
		check(rows[i].json);
		if (*rows[i].says == '\0')
			cr_expect_str_empty(said, "%zu: %s", i, said);
		else
			cr_expect_eq(strstr(said, rows[i].says), said, "%zu: %s", i, said);
	}
}
