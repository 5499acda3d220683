/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv6 in relay mode: Relay-forwards to the upstreams and what comes back of them. PROTOCOL B.6.
 */
#include "dhcpcodec/dhcp6.h"
#include "tests/relay/relay_rig.h"

#include <criterion/criterion.h>
#include <string.h>

/* client identifier 00:03:00:01:02:00:00:00:00:0a, IA_NA 7 */
#define CLIENT "0001000a 00030001 02000000000a 0003000c 00000007 00000000 00000000"
#define SOLICIT "01 010203" CLIENT
#define LEASE(addr) \
	"0001000a 00030001 02000000000a 0002000a 00030001 020000000001 00030028 00000007 00000000 00000000 " \
	"00050018 " addr "00000e10 00000e10"
#define RESTRICTED "30000000000000000000000000000100"

static const char *shown(const struct slot *s, size_t send)
{
	return show6(relay_message(s, send), relay_message_len(s, send));
}

static bool link_is(const struct slot *s, size_t send, const char *hex)
{
	uint8_t wanted[16];

	hex_read(hex, wanted, sizeof(wanted));
	return memcmp(relay_message(s, send) + DHCP6_LINK, wanted, 16) == 0;
}

Test(relay6, a_solicit_goes_to_every_upstream_in_a_relay_forward)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query6(r, SOLICIT, "", 546);

	cr_assert_eq(s->send_count, 2);
	relay_check_sends(s);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_str_eq(relay_src(s, i), "2001:db8:1::1");
		cr_expect_str_eq(relay_dst(s, i), i == 0 ? "2001:db8::2" : "2001:db8::3");
		cr_expect(link_is(s, i, "30000000000000000000000000000001"));
		cr_expect_eq(strncmp(shown(s, i), "12/0 18=00007ed94458", 20), 0, "%s", shown(s, i));
		cr_expect_not_null(strstr(shown(s, i), "79=000102000000000a"), "%s", shown(s, i));
	}
	cr_expect_eq(r->counters.causes[CAUSE_relayed], 1);
	rig_free(r);
}

Test(relay6, without_a_hint_the_link_is_named_by_our_address_on_it)
{
	struct rig *r = relay_rig("", "{\"type\": \"DUID\", \"id\": \"0003000102000000000a\"}\n");
	const struct slot *s = relay_query6(r, SOLICIT, "", 546);

	cr_assert_eq(s->send_count, 2);
	cr_expect(link_is(s, 0, "20010db8000100000000000000000001"));
	rig_free(r);
}

Test(relay6, option_79_can_be_left_out)
{
	struct rig *r = relay_rig("relay:\"link_layer\": false,", "");

	cr_expect_null(strstr(shown(relay_query6(r, SOLICIT, "", 546), 0), "79="));
	rig_free(r);
}

Test(relay6, an_answer_goes_to_the_peer_on_its_link)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query6(r, SOLICIT, "", 546);

	s = relay_answer6(r, "2001:db8::3", "02 010203" LEASE(RESTRICTED), 1, true);
	cr_assert_eq(s->send_count, 1);
	relay_check_sends(s);
	cr_expect_str_eq(relay_dst(s, 0), "fe80::a");
	cr_expect_str_eq(relay_src(s, 0), "fe80::1");
	cr_expect_eq(s->sends[0].ifindex, 1);
	cr_expect_eq(s->sends[0].kind, SEND_ROUTED);
	cr_expect_eq(relay_message(s, 0)[0], DHCPV6_ADVERTISE);
	cr_expect_eq(relay_message(s, 0)[-5], 546 & 0xff, "the destination port");
	rig_free(r);
}

Test(relay6, what_is_not_an_answer_to_us_is_dropped)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query6(r, SOLICIT, "", 546);

	s = relay_answer6(r, "2001:db8::66", "02 010203" LEASE(RESTRICTED), 0, true);
	cr_expect(s->send_count == 0 && s->verdict == SLOT_DROP);
	cr_expect_eq(r->counters.causes[CAUSE_unknown_server], 1);
	s = relay_answer6(r, "2001:db8::2", "02 010203" LEASE(RESTRICTED), 0, false);
	cr_expect(s->send_count == 0 && s->verdict == SLOT_DROP);
	cr_expect_eq(r->counters.causes[CAUSE_foreign_answer], 1);
	rig_free(r);
}

Test(relay6, an_advertise_of_the_wrong_subnet_is_dropped)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query6(r, SOLICIT, "", 546);

	s = relay_answer6(r, "2001:db8::2",
		"02 010203" LEASE("20010db8000100000000000000000100"), 0, true);
	cr_expect_eq(s->send_count, 0);
	cr_expect_eq(r->counters.causes[CAUSE_wrong_subnet], 1);
	rig_free(r);
}

#define RELAYED(hops) \
	"0c " hops " 20010db8000700000000000000000001 fe8000000000000000000000000000bb " \
	"00120002 6966 00870002 0000 00090022" SOLICIT

Test(relay6, another_relays_message_is_wrapped_once_more)
{
	struct rig *r = relay_rig("\"trusted_relays\": \"2001:db8:7::1\",", "");
	const struct slot *s = relay_query6(r, RELAYED("00"), "2001:db8:7::1", 1234);

	cr_assert_eq(s->send_count, 2);
	relay_check_sends(s);
	cr_expect_eq(strncmp(shown(s, 0), "12/1 18=", 8), 0, "%s", shown(s, 0));
	cr_expect_not_null(strstr(shown(s, 0), "> 12/0 18=6966 135=0000 > 1 "), "%s", shown(s, 0));
	cr_expect(link_is(s, 0, "00000000000000000000000000000000"));
	/* the answer: our layer off, its link-address back, to the port that it asked from */
	s = relay_answer6(r, "2001:db8::2",
		"0d 00 30000000000000000000000000000001 fe8000000000000000000000000000bb "
		"00120002 6966 0009004c 02 010203" LEASE(RESTRICTED), 0, true);
	cr_assert_eq(s->send_count, 1);
	relay_check_sends(s);
	cr_expect_str_eq(relay_dst(s, 0), "2001:db8:7::1");
	cr_expect(link_is(s, 0, "20010db8000700000000000000000001"));
	cr_expect_eq((relay_message(s, 0)[-6] << 8 | relay_message(s, 0)[-5]), 1234);
	rig_free(r);
}

Test(relay6, strangers_loops_and_long_chains_are_dropped)
{
	static const struct {
		const char *message, *src;
		enum cause cause;
	} rows[] = {
		{ RELAYED("00"), "2001:db8:7::9", CAUSE_spoofed_relay },
		{ RELAYED("08"), "2001:db8:7::1", CAUSE_hops },
		{ "0c 00 00000000000000000000000000000000 fe8000000000000000000000000000bb "
		  "00120010 00007ed9 4458 01 00 00 01 00000000 0000 00090022" SOLICIT,
		  "2001:db8:7::1", CAUSE_loop },
		{ "0e 010203 0001000a 00030001 02000000000a", "fe80::a", CAUSE_leasequery },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = relay_rig("\"trusted_relays\": \"2001:db8:7::1\",", "");
		const struct slot *s = relay_query6(r, rows[i].message, rows[i].src, 547);

		cr_expect(s->send_count == 0 && s->verdict == SLOT_DROP, "%zu", i);
		cr_expect_eq(r->counters.causes[rows[i].cause], 1, "%zu", i);
		rig_free(r);
	}
}

Test(relay6, unknown_messages_are_relayed_unsteered)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query6(r, "63 010203 0001000a 00030001 02000000000a", "", 546);

	cr_assert_eq(s->send_count, 2);
	cr_expect_eq(strncmp(shown(s, 0), "12/0 18=", 8), 0);
	cr_expect_eq(r->counters.causes[CAUSE_other_type], 1);
	rig_free(r);
}

Test(relay6, an_upstream_can_be_asked_by_multicast)
{
	struct rig *r = relay_rig("\"upstreams\": [{\"name\": \"m\", \"address\": \"2001:db8::2\", "
				  "\"multicast\": \"eth0\"}],", "");
	const struct slot *s = relay_query6(r, SOLICIT, "", 546);

	cr_assert_eq(s->send_count, 1);
	cr_expect_str_eq(relay_dst(s, 0), "ff05::1:3");
	cr_expect_eq(s->sends[0].ifindex, 9);
	cr_expect_eq(s->out[s->sends[0].off + 7], 8, "the hop limit");
	rig_free(r);
}

Test(relay6, an_upstream_of_the_other_family_is_not_asked)
{
	struct rig *r = relay_rig("\"upstreams\": [{\"name\": \"a\", \"address\": \"10.0.0.2\"}],", "");
	const struct slot *s = relay_query6(r, SOLICIT, "", 546);

	cr_expect(s->send_count == 0 && s->verdict == SLOT_DROP);
	cr_expect_eq(r->counters.causes[CAUSE_no_upstream], 1);
	rig_free(r);
}
