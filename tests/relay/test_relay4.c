/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv4 in relay mode: what is sent to whom for a query and for an answer, and what is not.
 * PROTOCOL A.9.
 */
#include "dhcpcodec/dhcp4.h"
#include "tests/relay/relay_rig.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <string.h>

#define USER "{\"type\": \"HW_ADDR\", \"id\": \"02:00:00:00:00:0a\", \"site\": \"b\"}\n"

static const char chaddr[6] = RELAY_CHADDR;

Test(relay4, a_discover_goes_to_every_upstream_as_a_relay_agent_sends_it)
{
	struct rig *r = relay_rig("", USER);
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1, .hops = 2 });

	cr_assert_eq(s->send_count, 2);
	relay_check_sends(s);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_str_eq(relay_src(s, i), "192.0.2.1");
		cr_expect_str_eq(relay_dst(s, i), i == 0 ? "10.0.0.2" : "10.0.0.3");
		cr_expect_eq(s->sends[i].kind, SEND_ROUTED);
		cr_expect(relay_field_is(s, i, DHCP4_GIADDR, "c0000201"));
		cr_expect(relay_field_is(s, i, DHCP4_HOPS, "03"));
		/* circuit-id "eth1", flags, our state last */
		cr_expect(relay_shows(s, i, "82=0104657468310a0100091a00007ed9"), "%s",
			show4(relay_message(s, i), relay_message_len(s, i)));
	}
	cr_expect_eq(r->counters.causes[CAUSE_relayed], 1);
	cr_expect_eq(r->counters.packets, 1);
	rig_free(r);
}

Test(relay4, who_is_not_registered_is_steered)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	cr_assert_eq(s->send_count, 2);
	cr_expect(relay_shows(s, 0, "82=0504c63364000104657468310a0100"));
	rig_free(r);
}

Test(relay4, a_query_is_told_in_the_way_that_its_upstream_understands)
{
	static const struct {
		const char *members;
		bool agent5, option118, giaddr;
	} rows[] = {
		{ "", true, false, false },
		{ "\"hint\": \"both\",", true, true, false },
		{ "\"hint\": \"giaddr\",", false, false, true },
		{ "\"hint\": \"none\",", false, false, false },
		{ "\"upstreams\": [{\"name\": \"w\", \"address\": \"10.0.0.2\", \"server\": \"windows-2012\"}],",
		  false, true, false },
		{ "\"upstreams\": [{\"name\": \"w\", \"address\": \"10.0.0.2\", \"hint\": \"giaddr\"}],",
		  false, false, true },
		{ "\"server\": \"rfc2131\",", false, false, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = relay_rig(rows[i].members, "");
		const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

		cr_assert_gt(s->send_count, 0, "%s", rows[i].members);
		cr_expect_eq(relay_shows(s, 0, "82=0504c6336400"), rows[i].agent5, "%s", rows[i].members);
		cr_expect_eq(relay_shows(s, 0, "118=c6336400"), rows[i].option118, "%s", rows[i].members);
		cr_expect_eq(relay_field_is(s, 0, DHCP4_GIADDR, "c633644d"), rows[i].giaddr, "%s",
			rows[i].members);
		rig_free(r);
	}
}

/* The answer as the client must see it, with nothing of a relay agent in it. */
Test(relay4, an_offer_goes_to_the_hardware_address)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.3", .yiaddr = "198.51.100.9",
			.options = "3604 0a000003 3304 00000e10", .send = 1 });
	cr_assert_eq(s->send_count, 1);
	relay_expect_clean(s, "0000");
	cr_expect_eq(s->sends[0].kind, SEND_LINK);
	cr_expect_eq(s->sends[0].ifindex, 1);
	cr_expect_arr_eq(s->sends[0].hw, chaddr, 6);
	cr_expect_str_eq(relay_dst(s, 0), "198.51.100.9");
	cr_expect_str_eq(relay_src(s, 0), "192.0.2.1");
	cr_expect(relay_shows(s, 0, "54=0a000003"));
	cr_expect(relay_shows(s, 0, "51=0000012c"), "clamped: the pipeline is the same");
	cr_expect_eq(r->counters.causes[CAUSE_relayed], 1);
	rig_free(r);
}

Test(relay4, an_answer_is_broadcast_where_that_is_asked_for)
{
	static const struct {
		const char *members;
		uint8_t flags;
		bool broadcast;
	} rows[] = {
		{ "", 0, false }, { "", 0x80, true }, { "relay:\"force_broadcast\": true,", 0, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = relay_rig(rows[i].members, "");
		const struct slot *s =
			relay_query4(r, &(struct query4){ .type = 1, .flags = rows[i].flags });

		cr_expect(relay_field_is(s, 0, DHCP4_FLAGS, rows[i].broadcast ? "80" : "00"));
		s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2",
				.yiaddr = "198.51.100.9", .options = "3604 0a000002" });
		cr_assert_eq(s->send_count, 1);
		relay_expect_clean(s, rows[i].flags != 0 ? "8000" : "0000");
		cr_expect_str_eq(relay_dst(s, 0),
			rows[i].broadcast ? "255.255.255.255" : "198.51.100.9");
		cr_expect_eq(s->sends[0].hw[0], rows[i].broadcast ? 0xff : 0x02);
		rig_free(r);
	}
}

Test(relay4, a_nak_is_broadcast_on_the_link_the_query_came_from)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 3, .indev = 2,
			.options = "3204 c6336409" });

	cr_assert_eq(s->send_count, 2);
	cr_expect_str_eq(relay_src(s, 0), "203.0.113.1");
	s = relay_answer4(r, &(struct answer4){ .type = 6, .from = "10.0.0.2",
			.options = "3604 0a000002" });
	cr_assert_eq(s->send_count, 1);
	relay_expect_clean(s, "0000");
	cr_expect_str_eq(relay_dst(s, 0), "255.255.255.255");
	cr_expect_eq(s->sends[0].ifindex, 2);
	rig_free(r);
}

Test(relay4, a_wrong_offer_is_dropped_and_a_wrong_ack_becomes_a_nak)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2", .yiaddr = "192.0.2.9" });
	cr_expect_eq(s->send_count, 0);
	cr_expect_eq(r->counters.causes[CAUSE_wrong_subnet], 1);
	s = relay_query4(r, &(struct query4){ .type = 3, .options = "3204 c6336409 3604 0a000002" });
	s = relay_answer4(r, &(struct answer4){ .type = 5, .from = "10.0.0.2", .yiaddr = "192.0.2.9",
			.options = "3604 0a000002 3304 00000e10" });
	cr_assert_eq(s->send_count, 1);
	relay_expect_clean(s, "0000");
	cr_expect(relay_shows(s, 0, "53=06"));
	cr_expect_str_eq(relay_dst(s, 0), "255.255.255.255");
	rig_free(r);
}

/* --- the NAK that we give ourselves ---------------------------------------------------------- */

Test(relay4, a_client_with_an_address_it_may_not_have_is_refused_here)
{
	static const struct {
		const char *options, *ciaddr, *src, *dst;
		uint8_t hook;
		const char *to, *from, *id;
		enum slot_send_kind kind;
	} rows[] = {
		/* INIT-REBOOT, SELECTING, rebinding, renewing to us, renewing past us */
		{ "3204 c0000209", NULL, NULL, NULL, 0, "255.255.255.255", "192.0.2.1",
		  "54=0a000002", SEND_LINK },
		{ "3204 c0000209 3604 0a000003", NULL, NULL, NULL, 0, "255.255.255.255", "192.0.2.1",
		  "54=0a000003", SEND_LINK },
		{ "", "192.0.2.9", "192.0.2.9", NULL, 0, "255.255.255.255", "192.0.2.1", "54=0a000002",
		  SEND_LINK },
		{ "", "192.0.2.9", "192.0.2.9", "192.0.2.1", 1, "192.0.2.9", "192.0.2.1",
		  "54=c0000201", SEND_LINK },
		{ "", "192.0.2.9", "192.0.2.9", "10.0.0.3", 2, "192.0.2.9", "10.0.0.3", "54=0a000003",
		  SEND_LINK },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = relay_rig("\"outcome\": { \"format\": \"json\" },", "");
		struct query4 q = { .type = 3, .options = rows[i].options, .ciaddr = rows[i].ciaddr,
			.src = rows[i].src, .dst = rows[i].dst, .hook = rows[i].hook };
		const struct slot *s = relay_query4(r, &q);

		cr_assert_eq(s->send_count, 1, "%zu", i);
		relay_check_sends(s);
		cr_expect_str_eq(relay_dst(s, 0), rows[i].to, "%zu", i);
		cr_expect_str_eq(relay_src(s, 0), rows[i].from, "%zu", i);
		cr_expect_eq(s->sends[0].kind, rows[i].kind);
		cr_expect(relay_shows(s, 0, "53=06") && relay_shows(s, 0, rows[i].id), "%zu: %s", i,
			show4(relay_message(s, 0), relay_message_len(s, 0)));
		cr_expect(relay_field_is(s, 0, DHCP4_OP, "02") && relay_field_is(s, 0, DHCP4_CIADDR, "00000000"));
		cr_expect_eq(r->counters.causes[CAUSE_refused], 1);
		cr_expect(strstr(r->text, "\"moved\"") != NULL && strstr(r->text, "192.0.2.9") != NULL,
			"%s", r->text);
		rig_free(r);
	}
}

Test(relay4, nobody_is_refused_who_is_entitled_or_where_the_config_says_otherwise)
{
	static const struct {
		const char *members, *registry, *options;
	} rows[] = {
		{ "", USER, "3204 c0000209" },
		{ "", "", "3204 c6336409" },
		{ "", "", "3204 0a0a0a0a" },         /* in no subnet of ours: the server's matter */
		{ "\"on_mismatch\": \"nak-convert\",", "", "3204 c0000209" },
		{ "\"enforce\": \"log\",", "", "3204 c0000209" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = relay_rig(rows[i].members, rows[i].registry);
		const struct slot *s =
			relay_query4(r, &(struct query4){ .type = 3, .options = rows[i].options });

		cr_expect_eq(s->send_count, 2, "%zu", i);
		cr_expect_eq(r->counters.causes[CAUSE_relayed], 1, "%zu", i);
		rig_free(r);
	}
}

Test(relay4, a_refusal_for_a_client_behind_another_relay_goes_to_that)
{
	struct rig *r = relay_rig("\"trusted_relays\": \"172.16.0.1\",", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 3, .giaddr = "172.16.0.1",
			.src = "172.16.0.1", .dst = "192.0.2.1", .hook = 1,
			.options = "3204 c0000209 5206 0204 64657631" });

	cr_assert_eq(s->send_count, 1);
	relay_check_sends(s);
	cr_expect_str_eq(relay_dst(s, 0), "172.16.0.1");
	cr_expect_eq(s->sends[0].kind, SEND_ROUTED);
	cr_expect(relay_shows(s, 0, "82=020464657631"), "its option 82 comes back");
	cr_expect(relay_field_is(s, 0, DHCP4_FLAGS, "80"));
	rig_free(r);
}

/* --- other relay agents ---------------------------------------------------------------------- */

Test(relay4, what_another_relay_sends_keeps_its_giaddr)
{
	struct rig *r = relay_rig("\"trusted_relays\": \"172.16.0.1\",", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1, .giaddr = "172.16.0.1",
			.src = "172.16.0.1", .dst = "192.0.2.1", .hook = 1, .hops = 1,
			.options = "5206 0104 706f7274" });

	cr_assert_eq(s->send_count, 2);
	relay_check_sends(s);
	cr_expect(relay_field_is(s, 0, DHCP4_GIADDR, "ac100001"));
	cr_expect(relay_field_is(s, 0, DHCP4_HOPS, "02"));
	cr_expect(relay_shows(s, 0, "82=0504c63364000104706f7274"), "%s",
		show4(relay_message(s, 0), relay_message_len(s, 0)));
	rig_free(r);
}

Test(relay4, strangers_and_loops_are_dropped)
{
	static const struct {
		struct query4 q;
		enum cause cause;
	} rows[] = {
		{ { .type = 1, .giaddr = "172.16.0.9", .src = "172.16.0.9", .dst = "192.0.2.1" },
		  CAUSE_spoofed_giaddr },
		{ { .type = 1, .giaddr = "192.0.2.1", .src = "192.0.2.1", .dst = "192.0.2.1" },
		  CAUSE_own_address },
		{ { .type = 1, .hops = 16 }, CAUSE_hops },
		{ { .type = 1, .indev = 7 }, CAUSE_no_link },
		/* our own state, from a relay that is trusted */
		{ { .type = 1, .giaddr = "172.16.0.1", .src = "172.16.0.1", .dst = "192.0.2.1",
		    .options = "5213 0911 00007ed9 0c 4458 01 01 f9 01 00000000 0000" }, CAUSE_loop },
		{ { .type = 10 }, CAUSE_leasequery },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = relay_rig("\"trusted_relays\": \"172.16.0.1\",", "");
		const struct slot *s;

		memcpy(r->own, (uint8_t[]){ 192, 0, 2, 1 }, 4);
		r->own_len = 4;
		s = relay_query4(r, &rows[i].q);
		cr_expect_eq(s->send_count, 0, "%zu", i);
		cr_expect_eq(s->verdict, SLOT_DROP, "%zu", i);
		cr_expect_eq(r->counters.causes[rows[i].cause], 1, "%zu", i);
		rig_free(r);
	}
}

Test(relay4, only_listed_servers_are_heard_and_only_for_us)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.66",
			.yiaddr = "198.51.100.9" });
	cr_expect(s->send_count == 0 && s->verdict == SLOT_DROP);
	cr_expect_eq(r->counters.causes[CAUSE_unknown_server], 1);
	/* the same for a giaddr that is not ours: of a trusted relay, but it came to us */
	rig_free(r);
	r = relay_rig("\"trusted_relays\": \"172.16.0.1\",", "");
	s = relay_query4(r, &(struct query4){ .type = 1, .giaddr = "172.16.0.1", .src = "172.16.0.1",
			.dst = "192.0.2.1", .hook = 1 });
	cr_assert_eq(s->send_count, 2);
	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2",
			.yiaddr = "198.51.100.9" });
	cr_expect(s->send_count == 0 && s->verdict == SLOT_DROP);
	cr_expect_eq(r->counters.causes[CAUSE_foreign_giaddr], 1);
	rig_free(r);
}

/* --- what no stage has edited ---------------------------------------------------------------- */

Test(relay4, bootp_is_relayed_plainly_and_its_answer_found_by_giaddr)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 0, .indev = 2 });

	cr_assert_eq(s->send_count, 2);
	relay_check_sends(s);
	cr_expect_eq(r->counters.causes[CAUSE_bootp], 1);
	cr_expect(relay_field_is(s, 0, DHCP4_GIADDR, "cb007101") && relay_field_is(s, 0, DHCP4_HOPS, "01"));
	cr_expect_not(relay_shows(s, 0, "82="));
	s = relay_answer4(r, &(struct answer4){ .type = 0, .from = "10.0.0.2",
			.yiaddr = "198.51.100.9" });
	cr_assert_eq(s->send_count, 1);
	relay_expect_clean(s, "0000");
	cr_expect_eq(s->sends[0].ifindex, 2);
	rig_free(r);
}

Test(relay4, an_answer_without_the_echo_is_found_by_giaddr)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2",
			.yiaddr = "198.51.100.9", .no_echo = true });
	cr_assert_eq(s->send_count, 1);
	relay_expect_clean(s, "0000");
	cr_expect_eq(s->sends[0].ifindex, 1);
	cr_expect_eq(r->counters.events[EVENT_state_missing], 1);
	rig_free(r);
}

Test(relay4, a_client_that_has_not_tried_long_is_left_to_nearer_servers)
{
	struct rig *r = relay_rig("relay:\"min_secs\": 3,", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1, .secs = 2 });

	cr_expect_eq(s->send_count, 0);
	cr_expect_eq(r->counters.causes[CAUSE_too_early], 1);
	s = relay_query4(r, &(struct query4){ .type = 1, .secs = 3 });
	cr_expect_eq(s->send_count, 2);
	s = relay_query4(r, &(struct query4){ .type = 3, .options = "3204 c6336409 3604 0a000002" });
	cr_expect_eq(s->send_count, 2, "it has a server already");
	rig_free(r);
}

/* --- an alias in the place of the server ----------------------------------------------------- */

#define ALIASES \
	"\"upstreams\": [{\"name\": \"a\", \"address\": \"10.0.0.2\", \"alias\": \"192.0.2.2\"}," \
	"{\"name\": \"b\", \"address\": \"10.0.0.3\", \"alias\": \"192.0.2.3\"}],"

Test(relay4, the_client_sees_the_alias_and_the_server_itself)
{
	struct rig *r = relay_rig(ALIASES, "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.3", .send = 1,
			.yiaddr = "198.51.100.9", .options = "3604 0a000003" });
	cr_assert_eq(s->send_count, 1);
	cr_expect(relay_shows(s, 0, "54=c0000203"));
	cr_expect_str_eq(relay_src(s, 0), "192.0.2.3");
	/* the request names b, and only b gets it */
	s = relay_query4(r, &(struct query4){ .type = 3, .options = "3604 c0000203 3204 c6336409" });
	cr_assert_eq(s->send_count, 1);
	cr_expect_str_eq(relay_dst(s, 0), "10.0.0.3");
	cr_expect(relay_shows(s, 0, "54=0a000003"));
	/* so does the renewal, by unicast */
	s = relay_query4(r, &(struct query4){ .type = 3, .ciaddr = "198.51.100.9", .hook = 1,
			.src = "198.51.100.9", .dst = "192.0.2.3" });
	cr_assert_eq(s->send_count, 1);
	relay_check_sends(s);
	cr_expect_str_eq(relay_dst(s, 0), "10.0.0.3");
	cr_expect(relay_shows(s, 0, "0a0180"), "82.10 says unicast");
	s = relay_answer4(r, &(struct answer4){ .type = 5, .from = "10.0.0.3",
			.yiaddr = "198.51.100.9", .options = "3604 0a000003 3304 0000003c" });
	cr_assert_eq(s->send_count, 1);
	cr_expect_str_eq(relay_dst(s, 0), "198.51.100.9");
	cr_expect_str_eq(relay_src(s, 0), "192.0.2.3");
	cr_expect_eq(s->sends[0].kind, SEND_LINK);
	/* and its release, which nothing is added to */
	s = relay_query4(r, &(struct query4){ .type = 7, .ciaddr = "198.51.100.9", .hook = 1,
			.src = "198.51.100.9", .dst = "192.0.2.3", .options = "3604 c0000203" });
	cr_assert_eq(s->send_count, 1);
	cr_expect(relay_shows(s, 0, "54=0a000003") && !relay_shows(s, 0, "82="));
	rig_free(r);
}

Test(relay4, a_server_with_another_identifier_keeps_it)
{
	struct rig *r = relay_rig(ALIASES, "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2",
			.yiaddr = "198.51.100.9", .options = "3604 0a0000fe" });
	cr_assert_eq(s->send_count, 1);
	cr_expect(relay_shows(s, 0, "54=0a0000fe"));
	cr_expect_eq(r->counters.events[EVENT_server_id_odd], 1);
	rig_free(r);
}

Test(relay4, a_renewal_through_another_router_is_answered_by_its_address)
{
	struct rig *r = relay_rig(ALIASES, "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 3, .ciaddr = "198.51.100.9",
			.hook = 1, .src = "198.51.100.9", .dst = "192.0.2.2", .from_other = true });

	cr_assert_eq(s->send_count, 1);
	s = relay_answer4(r, &(struct answer4){ .type = 5, .from = "10.0.0.2",
			.yiaddr = "198.51.100.9", .options = "3604 0a000002 3304 0000003c" });
	cr_assert_eq(s->send_count, 1);
	cr_expect_eq(s->sends[0].kind, SEND_ROUTED);
	cr_expect_str_eq(relay_dst(s, 0), "198.51.100.9");
	rig_free(r);
}

/* --- which upstream -------------------------------------------------------------------------- */

Test(relay4, a_rule_or_the_user_says_which_upstream)
{
	static const char members[] = "\"rules\": [{\"when\": {\"registered\": true}, \"upstream\": \"@site\", "
				      "\"subnet\": \"open\"}, {\"upstream\": \"a\"}],";
	struct rig *r = relay_rig(members, USER);
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	cr_assert_eq(s->send_count, 1);
	cr_expect_str_eq(relay_dst(s, 0), "10.0.0.3");
	rig_free(r);
	r = relay_rig(members, "");
	s = relay_query4(r, &(struct query4){ .type = 1 });
	cr_assert_eq(s->send_count, 1);
	cr_expect_str_eq(relay_dst(s, 0), "10.0.0.2");
	rig_free(r);
}

Test(relay4, first_asks_the_next_when_one_is_down_and_comes_back)
{
	struct rig *r = relay_rig("relay:\"choose\": \"first\", \"dead_after_ms\": 2000, "
				  "\"dead_for_ms\": 5000,", "");
	static const struct {
		int seconds;
		const char *to;
	} rows[] = {
		{ 0, "10.0.0.2" }, { 1, "10.0.0.2" },
		{ 2, "10.0.0.2" },           /* with this one it has been silent too long */
		{ 3, "10.0.0.3" }, { 4, "10.0.0.3" },
		{ 8, "10.0.0.2" },           /* tried again */
	};
	int64_t start = r->time_ns;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct slot *s;

		r->time_ns = start + rows[i].seconds * INT64_C(1000000000);
		s = relay_query4(r, &(struct query4){ .type = 1 });
		cr_assert_eq(s->send_count, 1);
		cr_expect_str_eq(relay_dst(s, 0), rows[i].to, "after %d s", rows[i].seconds);
		cr_expect_eq(r->counters.events[EVENT_upstream_down], rows[i].seconds == 2);
		if (rows[i].to[7] == '3')
			relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.3",
					.yiaddr = "198.51.100.9" });
	}
	/* a request that names its server goes there, whoever is first */
	cr_expect_str_eq(relay_dst(relay_query4(r, &(struct query4){ .type = 3,
				 .options = "3604 0a000003 3204 c6336409" }), 0), "10.0.0.3");
	rig_free(r);
}

Test(relay4, hash_keeps_a_client_with_its_upstream)
{
	struct rig *r = relay_rig("relay:\"choose\": \"hash\",", "");
	char to[INET6_ADDRSTRLEN];
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	cr_assert_eq(s->send_count, 1);
	strcpy(to, relay_dst(s, 0));
	s = relay_query4(r, &(struct query4){ .type = 3, .options = "3204 c6336409" });
	cr_assert_eq(s->send_count, 1);
	cr_expect_str_eq(relay_dst(s, 0), to);
	rig_free(r);
}

/* --- what only passes through ---------------------------------------------------------------- */

Test(relay4, what_is_forwarded_is_edited_in_place)
{
	struct rig *r = relay_rig("", USER);
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 3, .ciaddr = "198.51.100.9",
			.hook = 2, .src = "198.51.100.9", .dst = "10.0.0.2" });

	/*
	 * a registered user in the restricted subnet: refused here, before the server hears of it
	 */
	cr_expect_eq(s->send_count, 1);
	s = relay_query4(r, &(struct query4){ .type = 3, .ciaddr = "192.0.2.9", .hook = 2,
			.src = "192.0.2.9", .dst = "10.0.0.2" });
	cr_expect(s->send_count == 0 && s->verdict == SLOT_ACCEPT);
	rig_free(r);
	r = relay_rig("", "");
	s = relay_query4(r, &(struct query4){ .type = 3, .ciaddr = "198.51.100.9", .hook = 2,
			.src = "198.51.100.9", .dst = "10.0.0.2" });
	cr_expect(s->send_count == 0 && s->verdict == SLOT_ACCEPT && s->edited);
	rig_free(r);
}

Test(relay4, without_links_nothing_is_sent)
{
	struct rig *r = relay_rig("", "");
	const struct slot *s;

	r->links.count = 0;
	s = relay_query4(r, &(struct query4){ .type = 1 });
	cr_expect(s->send_count == 0 && s->verdict == SLOT_DROP);
	r->pipeline.links = NULL;
	s = relay_query4(r, &(struct query4){ .type = 1 });
	cr_expect(s->send_count == 0 && s->verdict == SLOT_DROP);
	cr_expect_eq(r->counters.causes[CAUSE_no_link], 1);
	rig_free(r);
}
