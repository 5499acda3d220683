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
