/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read from a message, how often, and how much of it. */
#include "rules/evidence.h"

#include "tests/rules/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fixture_packet packet;
static struct evidence e;

static void begin(void)
{
	evidence_init(&e, &packet.facts, NULL);
}

static void expect_text(const struct values *v, size_t i, const char *text)
{
	cr_assert_lt(i, v->count);
	cr_expect(v->item[i].bytes.len == strlen(text) &&
		memcmp(v->item[i].bytes.at, text, strlen(text)) == 0);
}

/* 2001:db8::2 around 2001:db8::1 around an LDRA with ::. */
#define OUTER "0c00" "20010db8000000000000000000000002" "fe800000000000000000000000000002"
#define MIDDLE "0c00" "20010db8000000000000000000000001" "fe800000000000000000000000000001"
#define LDRA "0c00" "00000000000000000000000000000000" "fe80000000000000000000000000000a"

static void relayed(const char *ldra, const char *middle, const char *outer)
{
	size_t opened[3];

	memset(&packet, 0, sizeof(packet));
	build_hex(&packet.bytes, OUTER);
	build_hex(&packet.bytes, outer);
	opened[0] = build_open(&packet.bytes, D6O_RELAY_MSG);
	build_hex(&packet.bytes, MIDDLE);
	build_hex(&packet.bytes, middle);
	opened[1] = build_open(&packet.bytes, D6O_RELAY_MSG);
	build_hex(&packet.bytes, LDRA);
	build_hex(&packet.bytes, ldra);
	opened[2] = build_open(&packet.bytes, D6O_RELAY_MSG);
	build_dhcp6(&packet.bytes, DHCPV6_SOLICIT);
	for (size_t i = 3; i-- > 0;)
		build_close(&packet.bytes, opened[i]);
	cr_assert_eq(dhcp6_view_init(&packet.view6, packet.bytes.b, packet.bytes.len), DHCP_OK);
	packet.facts = (struct facts){.family = 6, .type = DHCPV6_SOLICIT, .view6 = &packet.view6};
	begin();
}

Test(evidence, the_innermost_relay_speaks)
{
	const uint8_t *a;

	relayed("001200016c", "001200016d", "001200016f" "0026000173");
	expect_text(evidence_values(&e, EVIDENCE_CIRCUIT_ID), 0, "l");
	cr_expect_eq(e.values[EVIDENCE_CIRCUIT_ID].count, 1);
	/* only the outermost has a subscriber id */
	expect_text(evidence_values(&e, EVIDENCE_SUBSCRIBER_ID), 0, "s");
	cr_expect_eq(evidence_values(&e, EVIDENCE_REMOTE_ID)->count, 0);
	/* :: says nothing of the link */
	a = evidence_relay(&e);
	cr_assert_not_null(a);
	cr_expect_eq(a[15], 1);
}

Test(evidence, a_remote_id_too_short_for_its_number_is_none)
{
	relayed("0025000300000a", "", "");
	cr_expect_eq(evidence_values(&e, EVIDENCE_REMOTE_ID)->count, 0);
}

Test(evidence, nobody_speaks_for_an_untrusted_client)
{
	relayed("001200016c", "", "");
	packet.facts.untrusted = true;
	cr_expect_eq(evidence_values(&e, EVIDENCE_CIRCUIT_ID)->count, 0);
	cr_expect_null(evidence_relay(&e));
}

Test(evidence, is_read_once)
{
	const struct values *v;

	fixture_query4(&packet, DHCPDISCOVER, "3c0161", "");
	begin();
	v = evidence_values(&e, EVIDENCE_VENDOR_CLASS);
	expect_text(v, 0, "a");
	packet.facts.view4 = NULL;
	cr_expect_eq(evidence_values(&e, EVIDENCE_VENDOR_CLASS), v);
	expect_text(v, 0, "a");
}

Test(evidence, more_values_than_there_is_room_for)
{
	char options[256] = "4d18";

	for (int i = 0; i < 12; i++)
		strcat(options, "0161");
	fixture_query4(&packet, DHCPDISCOVER, options, "");
	begin();
	cr_expect_eq(evidence_values(&e, EVIDENCE_USER_CLASS)->count, EVIDENCE_VALUES);
}

/* A list that breaks off counts as far as it goes. */
Test(evidence, broken_lists)
{
	fixture_query4(&packet, DHCPDISCOVER, "4d04 0161 0561 5d03000700", "");
	begin();
	cr_expect_eq(evidence_values(&e, EVIDENCE_USER_CLASS)->count, 2);
	expect_text(&e.values[EVIDENCE_USER_CLASS], 1, "a");
	cr_expect_eq(evidence_values(&e, EVIDENCE_CLIENT_ARCH)->count, 1);
}

/* Five instances of 255 bytes are more than is ever put together; the rest is still read. */
Test(evidence, split_options_beyond_the_room)
{
	static char options[8192];
	size_t len = 0;

	for (int i = 0; i < 5; i++) {
		len += (size_t)sprintf(options + len, "3cff");
		for (int k = 0; k < 255; k++)
			len += (size_t)sprintf(options + len, "61");
	}
	sprintf(options + len, "4d0161 4d0162");
	fixture_query4(&packet, DHCPDISCOVER, options, "");
	begin();
	cr_expect_eq(evidence_values(&e, EVIDENCE_VENDOR_CLASS)->count, 0);
	expect_text(evidence_values(&e, EVIDENCE_USER_CLASS), 0, "ab");
}

Test(evidence, attributes_by_slot)
{
	static const char *const names[] = { "group", "floor" };
	struct fixture_user u = fixture_user("group=staff;empty=");

	fixture_query4(&packet, DHCPDISCOVER, "", "");
	packet.facts.user = u.user;
	evidence_init(&e, &packet.facts, names);
	cr_expect_eq(evidence_attribute(&e, 0)->bytes.len, 5);
	cr_expect_null(evidence_attribute(&e, 1)->bytes.at);
	packet.facts.user = NULL;
	cr_expect_eq(evidence_attribute(&e, 0)->bytes.len, 5, "read once");
	evidence_init(&e, &packet.facts, names);
	cr_expect_null(evidence_attribute(&e, 0)->bytes.at);
	fixture_user_done(&u);
}
