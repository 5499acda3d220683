/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv4 in relay mode where giaddr alone names the subnet: relay.agent_option is false, no state
 * travels, and what an answer does not show is not known. RFC 1542 4.1, RFC 2131 4.1.
 */
#include "dhcpcodec/dhcp4.h"
#include "tests/relay/relay_rig.h"

#include <criterion/criterion.h>
#include <string.h>

#define USER "{\"type\": \"HW_ADDR\", \"id\": \"02:00:00:00:00:0a\"}\n"
#define ALONE "relay:\"agent_option\": false,\n"
#define NAMED \
	"\"rules\": [{ \"when\": { \"registered\": true }, \"subnet\": \"open\" }," \
	"{ \"subnet\": \"restricted\" }],"

static const char chaddr[6] = RELAY_CHADDR;

/* The interface eth1 has an address of each subnet, and eth2 one of the restricted. */
static struct rig *rig_with(const char *members, const char *registry)
{
	static const uint8_t both[3][4] = { { 192, 0, 2, 1 }, { 198, 51, 100, 1 }, { 192, 0, 2, 77 } };
	static const uint8_t other[4] = { 198, 51, 100, 2 };
	struct rig *r = relay_rig(members, registry);

	memcpy(r->links.all[0].all4, both, sizeof(both));
	r->links.all[0].count4 = 3;
	memcpy(r->links.all[1].all4, other, sizeof(other));
	r->links.all[1].count4 = 1;
	return r;
}

Test(relay_giaddr, giaddr_is_our_address_in_the_subnet_and_no_option_is_added)
{
	static const struct {
		const char *registry;
		uint32_t indev;
		const char *giaddr;
		bool steered;
	} rows[] = {
		{ "", 1, "c6336401", true },      /* the interface's address in the subnet */
		{ "", 2, "c6336402", true },
		{ USER, 1, "c000024d", true },    /* the subnet's own giaddr */
		{ USER, 2, "cb007101", false },   /* no address there: the link's */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = rig_with(ALONE NAMED, rows[i].registry);
		const struct slot *s = relay_query4(r, &(struct query4){ .type = 1,
				.indev = rows[i].indev, .hops = 1 });

		cr_assert_eq(s->send_count, 2, "%zu", i);
		relay_check_sends(s);
		for (size_t j = 0; j < 2; j++) {
			cr_expect(relay_field_is(s, j, DHCP4_GIADDR, rows[i].giaddr), "%zu", i);
			cr_expect(relay_field_is(s, j, DHCP4_HOPS, "02"));
			cr_expect_not(relay_shows(s, j, "82=") || relay_shows(s, j, "118="), "%zu", i);
		}
		cr_expect_eq(r->counters.events[EVENT_steered], rows[i].steered, "%zu", i);
		cr_expect_eq(r->counters.causes[CAUSE_relayed], 1);
		rig_free(r);
	}
}

Test(relay_giaddr, a_bound_client_and_a_release_name_the_subnet_of_the_address)
{
	static const struct {
		uint8_t type;
		const char *options, *ciaddr, *dst, *giaddr;
	} rows[] = {
		{ 3, "3204 c6336409 3604 0a000002", NULL, NULL, "c6336401" },
		{ 3, "3204 c6336409", NULL, NULL, "c6336401" },
		{ 3, "", "198.51.100.9", NULL, "c6336401" },
		{ 3, "", "198.51.100.9", "192.0.2.2", "c6336401" },
		{ 8, "", "198.51.100.9", NULL, "c6336401" },
		{ 4, "3204 c6336409 3604 0a000002", NULL, NULL, "c6336401" },
		{ 7, "3604 0a000002", "198.51.100.9", "192.0.2.2", "c6336401" },
		{ 7, "3604 0a000002", "172.16.0.9", "192.0.2.2", "c0000201" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = rig_with(ALONE NAMED, "");
		struct query4 q = { .type = rows[i].type, .options = rows[i].options,
			.ciaddr = rows[i].ciaddr, .src = rows[i].ciaddr, .dst = rows[i].dst,
			.hook = rows[i].dst != NULL };
		const struct slot *s = relay_query4(r, &q);

		cr_assert_eq(s->send_count, 2, "%zu", i);
		cr_expect(relay_field_is(s, 0, DHCP4_GIADDR, rows[i].giaddr), "%zu", i);
		cr_expect_not(relay_shows(s, 0, "82="), "%zu", i);
		rig_free(r);
	}
}

/* RFC 2131 4.1, from the answer alone. */
Test(relay_giaddr, an_answer_goes_where_it_says_itself)
{
	static const struct {
		struct query4 q;
		uint8_t answer;
		const char *yiaddr, *to, *flags;
		bool broadcast;          /* of the frame */
		const char *members;
	} rows[] = {
		{ { .type = 1 }, 2, "198.51.100.9", "198.51.100.9", "0000", false, "" },
		{ { .type = 1, .flags = 0x80 }, 2, "198.51.100.9", "255.255.255.255", "8000", true, "" },
		{ { .type = 3, .ciaddr = "198.51.100.9", .src = "198.51.100.9" }, 5, "198.51.100.9",
		  "198.51.100.9", "0000", false, "" },
		{ { .type = 3, .ciaddr = "198.51.100.9", .src = "198.51.100.9", .dst = "192.0.2.1",
		    .hook = 1 }, 5, "198.51.100.9", "198.51.100.9", "0000", false, "" },
		{ { .type = 8, .ciaddr = "198.51.100.9", .src = "198.51.100.9" }, 5, "0.0.0.0",
		  "198.51.100.9", "0000", false, "" },
		{ { .type = 3, .options = "3204 c6336409" }, 6, "0.0.0.0", "255.255.255.255", "8000",
		  true, "" },
		{ { .type = 1 }, 2, "198.51.100.9", "255.255.255.255", "0000", true,
		  "relay:\"agent_option\": false, \"force_broadcast\": true,\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = rig_with(*rows[i].members != '\0' ? rows[i].members : ALONE, "");
		const struct slot *s = relay_query4(r, &rows[i].q);

		cr_assert_eq(s->send_count, 2, "%zu", i);
		cr_expect(relay_field_is(s, 0, DHCP4_FLAGS, rows[i].q.flags != 0 ? "80" : "00"));
		s = relay_answer4(r, &(struct answer4){ .type = rows[i].answer, .from = "10.0.0.2",
				.yiaddr = rows[i].yiaddr, .options = "3604 0a000002" });
		cr_assert_eq(s->send_count, 1, "%zu", i);
		relay_expect_clean(s, rows[i].flags);
		cr_expect_str_eq(relay_dst(s, 0), rows[i].to, "%zu", i);
		cr_expect_str_eq(relay_src(s, 0), "192.0.2.1", "%zu", i);
		cr_expect(s->sends[0].kind == SEND_LINK && s->sends[0].ifindex == 1, "%zu", i);
		cr_expect_eq(s->sends[0].hw[0], rows[i].broadcast ? 0xff : 0x02, "%zu", i);
		if (!rows[i].broadcast)
			cr_expect_arr_eq(s->sends[0].hw, chaddr, 6);
		cr_expect_eq(r->counters.events[EVENT_state_missing], 0, "none was sent");
		rig_free(r);
	}
}

Test(relay_giaddr, the_guard_decides_by_the_registry_of_now)
{
	static const struct {
		struct query4 q;
		const char *to;
	} rows[] = {
		/* new, rebinding: the NAK goes where the ACK would have gone */
		{ { .type = 3, .options = "3204 c6336409 3604 0a000002" }, "255.255.255.255" },
		{ { .type = 3, .ciaddr = "198.51.100.9", .src = "198.51.100.9" }, "198.51.100.9" },
		{ { .type = 3, .ciaddr = "198.51.100.9", .src = "198.51.100.9", .flags = 0x80 },
		  "255.255.255.255" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = rig_with(ALONE, "");
		const struct slot *s = relay_query4(r, &rows[i].q);

		s = relay_answer4(r, &(struct answer4){ .type = 5, .from = "10.0.0.2",
				.yiaddr = "192.0.2.9", .options = "3604 0a000002 3304 00000e10" });
		cr_assert_eq(s->send_count, 1, "%zu", i);
		cr_expect(relay_shows(s, 0, "53=06"), "%zu", i);
		cr_expect_str_eq(relay_dst(s, 0), rows[i].to, "%zu", i);
		s = relay_query4(r, &(struct query4){ .type = 1 });
		s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2",
				.yiaddr = "192.0.2.9" });
		cr_expect_eq(s->send_count, 0);
		cr_expect_eq(r->counters.causes[CAUSE_wrong_subnet], 1);
		rig_free(r);
	}
}

Test(relay_giaddr, the_interface_of_an_answer_is_that_of_its_giaddr)
{
	struct rig *r = rig_with(ALONE "\"rules\": [{ \"when\": { \"interface\": \"eth2\" }, "
				       "\"subnet\": \"restricted\", \"max_lease\": 77 },"
				       "{ \"subnet\": \"open\" }],", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1, .indev = 2 });

	cr_assert_eq(s->send_count, 2);
	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2", .yiaddr = "198.51.100.9",
			.options = "3604 0a000002 3304 00000e10" });
	cr_assert_eq(s->send_count, 1);
	cr_expect(relay_shows(s, 0, "51=0000004d"), "%s",
		show4(relay_message(s, 0), relay_message_len(s, 0)));
	cr_expect_eq(s->sends[0].ifindex, 2);
	rig_free(r);
}

/* What another relay agent wrote, and what it is answered, is its own to the byte. */
Test(relay_giaddr, option_82_and_118_of_another_relay_agent_pass)
{
	struct rig *r = rig_with(ALONE "\"trusted_relays\": \"172.16.0.1\",", USER);
	struct query4 q = { .type = 1, .giaddr = "172.16.0.1", .src = "172.16.0.1",
		.dst = "192.0.2.1", .hook = 1,
		.options = "7604 ac100000 5211 0504 ac100000 0104 706f7274 0903 aabbcc" };
	const struct slot *s = relay_query4(r, &q);

	cr_assert_eq(s->send_count, 2);
	relay_check_sends(s);
	cr_expect(relay_field_is(s, 0, DHCP4_GIADDR, "ac100001") && relay_field_is(s, 0, DHCP4_HOPS, "01"));
	cr_expect(relay_shows(s, 0, "82=0504ac1000000104706f72740903aabbcc") && relay_shows(s, 0, "118=ac100000"),
		"%s", show4(relay_message(s, 0), relay_message_len(s, 0)));
	cr_expect_eq(r->counters.events[EVENT_steered], 0);
	rig_free(r);
}

/* What a client behind a relay agent writes to pass for our state would be believed in the answer. */
Test(relay_giaddr, a_block_that_passes_for_ours_is_taken_out)
{
	static const struct {
		const char *options, *left;
	} rows[] = {
		{ "521b 0104 706f7274 0913 00007ed9 0e 44580100 fe 01 00000000 0000 0101", "82=0104706f7274" },
		{ "5215 0913 00007ed9 0e 44580100 fe 01 00000000 0000 0101", "82=" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = rig_with(ALONE "\"trusted_relays\": \"172.16.0.1\",", "");
		const struct slot *s = relay_query4(r, &(struct query4){ .type = 1,
				.giaddr = "172.16.0.1", .src = "172.16.0.1", .dst = "192.0.2.1",
				.hook = 1, .options = rows[i].options });

		cr_assert_eq(s->send_count, 2, "%zu", i);
		cr_expect_not(relay_shows(s, 0, "7ed9"), "%zu: %s", i,
			show4(relay_message(s, 0), relay_message_len(s, 0)));
		cr_expect(relay_shows(s, 0, rows[i].left), "%zu: %s", i,
			show4(relay_message(s, 0), relay_message_len(s, 0)));
		rig_free(r);
	}
}

/* A renewal that is only forwarded here is not written into either. */
Test(relay_giaddr, what_passes_through_gets_no_option_82)
{
	struct rig *r = rig_with(ALONE NAMED, "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 3, .ciaddr = "198.51.100.9",
			.src = "198.51.100.9", .dst = "10.0.0.2", .hook = 2 });

	cr_expect_eq(s->verdict, SLOT_ACCEPT);
	cr_expect_not(s->edited);
	cr_expect_eq(s->send_count, 0);
	rig_free(r);
}

/* With option 82 too, where the server gives none back: the link is that of giaddr. */
Test(relay_giaddr, every_address_of_a_link_is_known_in_an_answer)
{
	struct rig *r = rig_with("\"hint\": \"giaddr\",", "");
	const struct slot *s = relay_query4(r, &(struct query4){ .type = 1 });

	memcpy(r->links.all[0].all4[1], (uint8_t[]){ 198, 51, 100, 77 }, 4);
	cr_expect(relay_field_is(s, 0, DHCP4_GIADDR, "c633644d"), "the subnet's own, wherever it is");
	s = relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2", .yiaddr = "198.51.100.9",
			.no_echo = true });
	cr_assert_eq(s->send_count, 1);
	relay_expect_clean(s, "0000");
	cr_expect_eq(s->sends[0].ifindex, 1);
	rig_free(r);
}
