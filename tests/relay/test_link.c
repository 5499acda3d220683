/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links: from the config, and from the interfaces of a namespace of the test's own. */
#include "relay/link.h"

#include "tests/relay/netns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static struct config *load(const char *relay)
{
	char text[2048];
	struct config_error err = { .text = "" };
	struct config *c;

	snprintf(text, sizeof(text),
		"{ \"mode\": \"relay\", \"client_interfaces\": [\"lo\", \"gone0\"], \"upstreams\": "
		"[{ \"name\": \"a\", \"address\": [\"10.0.0.2\", \"2001:db8::2\"], \"multicast\": "
		"\"lo\" }]%s }", relay);
	c = config_parse("config", text, strlen(text), &err);
	cr_assert_not_null(c, "%s", err.text);
	return c;
}

Test(link, what_the_config_gives_needs_no_interface)
{
	struct config *c = load(", \"relay\": { \"links\": [{ \"interface\": \"gone0\", \"address4\": "
				"\"192.0.2.1\", \"address6\": \"2001:db8:1::1\" }] }");
	static const uint8_t addr4[4] = { 192, 0, 2, 1 }, other[4] = { 192, 0, 2, 2 };
	struct links l;

	links_use(&l, c);
	cr_assert_eq(l.count, 2);
	cr_expect_not(l.all[0].has4);
	cr_expect(l.all[1].has4 && l.all[1].has6);
	cr_expect_eq(link_with_addr4(&l, addr4), &l.all[1]);
	cr_expect_null(link_with_addr4(&l, other));
	cr_expect_eq(link_with_hash(&l, l.all[1].hash), &l.all[1]);
	cr_expect(l.all[0].hash != l.all[1].hash && l.all[0].hash != 0);
	cr_expect_null(link_with_hash(&l, 0), "what has no link of ours");
	links_tick(&l);
	cr_expect_eq(l.all[1].index, 0, "there is no such interface");
	cr_expect(l.all[1].has4, "and yet its address is known");
	config_free(c);
}

Test(link, the_rest_is_asked_of_the_kernel)
{
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct config *c = load("");
	struct links l;

	links_use(&l, c);
	links_tick(&l);
	cr_expect_eq(l.all[0].index, if_nametoindex("lo"));
	cr_expect_eq(link_with_index(&l, l.all[0].index), &l.all[0]);
	cr_expect_eq(l.multicast[0], if_nametoindex("lo"));
	if (l.all[0].has4)
		cr_expect_arr_eq(l.all[0].addr4, loopback, 4);
	cr_expect_not(l.all[0].has_local, "::1 is neither link-local nor reachable");
	config_free(c);
}

static struct subnet subnet_of(const char *prefix, const char *giaddr)
{
	static struct prefix p;
	struct subnet n = { .prefixes4 = &p, .count4 = 1, .has_giaddr = giaddr != NULL };
	uint8_t family;

	cr_assert_eq(prefix_parse(prefix, &p, &family), RULE_OK);
	if (giaddr != NULL)
		cr_assert_eq(inet_pton(AF_INET, giaddr, n.giaddr), 1);
	return n;
}

Test(link, every_address_of_an_interface_is_known)
{
	static const struct {
		const char *prefix, *giaddr, *wanted;
	} rows[] = {
		{ "192.0.2.0/24", NULL, "192.0.2.1" },
		{ "192.0.2.0/24", "192.0.2.9", "192.0.2.9" },
		{ "192.0.2.0/24", "192.0.2.8", "192.0.2.1" },  /* is elsewhere */
		{ "198.51.100.0/24", NULL, "198.51.100.1" },
		{ "203.0.113.0/24", "203.0.113.1", NULL },
	};
	static const uint8_t second[4] = { 198, 51, 100, 1 };
	struct config *c = load("");
	struct links l;

	netns_enter();
	netns_run("ip address add 192.0.2.1/24 dev lo; ip address add 198.51.100.1/24 dev lo; "
		  "ip address add 192.0.2.9/32 dev lo");
	links_use(&l, c);
	links_tick(&l);
	cr_expect_eq(link_with_addr4(&l, second), &l.all[0]);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct subnet n = subnet_of(rows[i].prefix, rows[i].giaddr);
		const uint8_t *addr = link_addr4_in(&l.all[0], &n);
		char text[INET_ADDRSTRLEN] = "";

		cr_expect_eq(addr != NULL, rows[i].wanted != NULL, "%zu", i);
		if (addr != NULL && rows[i].wanted != NULL)
			cr_expect_str_eq(inet_ntop(AF_INET, addr, text, sizeof(text)), rows[i].wanted);
	}
	netns_run("ip address del 198.51.100.1/24 dev lo");
	l.next_ns = 0;
	links_tick(&l);
	cr_expect_null(link_with_addr4(&l, second), "addresses come and go");
	config_free(c);
}

Test(link, no_more_addresses_than_there_is_room_for)
{
	struct config *c = load("");
	struct links l;

	netns_enter();
	netns_run("for i in $(seq 1 40); do ip address add 192.0.2.$i/32 dev lo; done");
	links_use(&l, c);
	links_tick(&l);
	cr_expect_eq(l.all[0].count4, LINK_ADDRESSES);
	cr_expect_eq(l.all[1].count4, 0);
	config_free(c);
}

Test(link, inline_there_are_none)
{
	struct config_error err;
	struct config *c = config_parse("config", "{ \"client_interfaces\": \"lo\" }", 29, &err);
	struct links l;

	cr_assert_not_null(c);
	links_use(&l, c);
	links_tick(&l);
	cr_expect_eq(l.count, 0);
	cr_expect_null(link_with_index(&l, 1));
	cr_expect_null(link_with_index(NULL, 1));
	config_free(c);
}
