/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a record: addresses as inet_ntop(3) has them, whole records or none. USER_CHK.md
 * section 4.
 */
#include "relay/record.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static char text[8192];

struct scene {
	struct slot slot;
	struct records records;
	struct counters counters;
	struct pipeline pl;
	struct packet p;
	uint8_t msg[300];
};

static struct scene *scene(bool v6, size_t cap)
{
	static struct scene s;

	memset(&s.p, 0, sizeof(s.p));
	memset(text, '#', sizeof(text));
	s.records = (struct records){ .text = text, .cap = cap };
	s.pl = (struct pipeline){ .records = &s.records, .counters = &s.counters };
	s.p.pl = &s.pl;
	s.p.slot = &s.slot;
	s.p.in = s.msg;
	s.p.v6 = v6;
	s.p.id = (const uint8_t *)"\x00\x03\x00\x01\x02\xab";
	s.p.id_len = 6;
	s.msg[DHCP4_HTYPE] = 1;
	s.msg[DHCP4_HLEN] = 6;
	memcpy(s.msg + DHCP4_CHADDR, "\x0c\x0e\x0a\x01\xff\x04", 6);
	return &s;
}

static const char *address_of(bool v6, const uint8_t *addr)
{
	struct scene *s = scene(v6, sizeof(text));
	struct record r = { .event = RECORD_granted, .addr = addr };
	static char got[64];

	record_put(&s->p, &r);
	text[s->records.len] = '\0';
	cr_assert_eq(sscanf(strstr(text, "\naddr="), "\naddr=%63s\nregistered=no\n\n", got), 1, "%s", text);
	return got;
}

static void check_address(bool v6, const uint8_t *addr)
{
	char want[INET6_ADDRSTRLEN];

	inet_ntop(v6 ? AF_INET6 : AF_INET, addr, want, sizeof(want));
	cr_assert_str_eq(address_of(v6, addr), want);
}

Test(outcome_record, the_record_of_user_chk)
{
	struct scene *s = scene(false, sizeof(text));
	struct record r = { .event = RECORD_granted, .addr = (const uint8_t *)"\xc0\x00\x02\x64" };

	record_put(&s->p, &r);
	text[s->records.len] = '\0';
	cr_assert_str_eq(text, "id_type=HW_ADDR\nclient=hwtype=1 0c:0e:0a:01:ff:04\naddr=192.0.2.100\n"
		"registered=no\n\n");
}

/* Every pattern of zero groups, with groups of each length between them. */
Test(outcome_record, addresses_of_ipv6_are_those_of_inet_ntop)
{
	static const uint16_t values[] = { 0x1, 0xab, 0x7ff, 0xffff };
	uint8_t addr[16];

	for (unsigned zeros = 0; zeros < 256; zeros++)
		for (size_t first = 0; first < 4; first++) {
			for (size_t i = 0; i < 8; i++)
				be16_put(addr + 2 * i,
					(zeros >> i & 1) != 0 ? 0 : values[(first + i) % 4]);
			check_address(true, addr);
		}
}

Test(outcome_record, addresses_that_embed_ipv4)
{
	uint8_t addr[16] = { 0 };

	for (unsigned tail = 0; tail < 0x20000; tail += 0x101) {
		be32_put(addr + 12, tail << 8);
		be16_put(addr + 10, 0xffff);
		check_address(true, addr);
		be16_put(addr + 10, 0);
		check_address(true, addr);
	}
}

Test(outcome_record, addresses_of_ipv4)
{
	for (unsigned i = 0; i < 256; i++) {
		uint8_t addr[4] = { (uint8_t)i, (uint8_t)(255 - i), 0, (uint8_t)(i / 2) };

		check_address(false, addr);
	}
}

Test(outcome_record, a_record_without_room_is_lost_whole)
{
	struct record r = { .event = RECORD_granted, .addr = (const uint8_t *)"\xc0\x00\x02\x64" };
	size_t whole = strlen("id_type=HW_ADDR\nclient=hwtype=1 0c:0e:0a:01:ff:04\naddr=192.0.2.100\n"
		"registered=no\n\n");

	for (size_t cap = 0; cap <= 2 * whole; cap++) {
		struct scene *s = scene(false, cap);

		record_put(&s->p, &r);
		record_put(&s->p, &r);
		cr_assert_eq(s->records.len, cap / whole * whole);
		cr_assert_eq(s->records.lost, 2 - cap / whole);
		cr_assert_eq(text[cap], '#');
	}
}

static const char *json_of(struct scene *s, const struct record *r)
{
	static char json[4096];
	static struct policy policy;
	static struct snapshot snapshot = { .generation = 7 };
	struct records to = { .text = json, .cap = sizeof(json) - 1 };

	s->pl.json = &to;
	s->pl.snapshot = &snapshot;
	s->p.policy = &policy;
	s->p.interface = "eth0";
	s->slot.time_ns = 1764294727978029123;
	record_put(&s->p, r);
	json[to.len] = '\0';
	return json;
}

/* Both formats at once: each has what it would have alone. */
Test(outcome_record, json_beside_the_record_of_user_chk)
{
	struct scene *s = scene(false, sizeof(text));
	struct record r = {
		.event = RECORD_granted, .addr = (const uint8_t *)"\xc0\x00\x02\x64",
		.granted = 3600, .sent = 300,
	};
	static uint8_t msg[300];

	memcpy(msg, s->msg, sizeof(msg));
	memcpy(msg + DHCP4_COOKIE, "\x63\x82\x53\x63" "\x35\x01\x05" "\x36\x04\xc0\x00\x02\x01"
		"\x3d\x03\x01\x1b\x0a" "\xff", 4 + 3 + 6 + 5 + 1);
	msg[0] = 2;
	s->p.in = msg;
	cr_assert_eq(dhcp4_view_init(&s->p.view4, msg, sizeof(msg)), DHCP_OK);
	s->p.response = true;
	s->p.answer_us = 782;
	s->p.id_type = REG_HW_ADDR;
	s->p.id = msg + DHCP4_CHADDR;
	s->p.id_len = 6;
	cr_expect_str_eq(json_of(s, &r),
		"{\"time\":\"2025-11-28T01:52:07.978029Z\",\"event\":\"granted\",\"family\":4,"
		"\"id_type\":\"HW_ADDR\",\"id\":\"0c:0e:0a:01:ff:04\",\"hwtype\":1,"
		"\"hw_address\":\"0c:0e:0a:01:ff:04\",\"client_id\":\"01:1b:0a\",\"registered\":false,"
		"\"address\":\"192.0.2.100\",\"lease_granted\":3600,\"lease_sent\":300,"
		"\"answer_us\":782,\"interface\":\"eth0\",\"server\":\"192.0.2.1\","
		"\"xid\":\"00:00:00:00\",\"generation\":7}\n");
	text[s->records.len] = '\0';
	cr_expect_str_eq(text, "id_type=HW_ADDR\nclient=hwtype=1 0c:0e:0a:01:ff:04\naddr=192.0.2.100\n"
		"registered=no\n\n");
	cr_expect_eq(s->counters.outcomes[0][0][RECORD_granted], 1);
}

/* user_chk has no words for it, JSON has. */
Test(outcome_record, only_json_tells_of_a_release_and_of_a_client_without_address)
{
	struct scene *s = scene(false, sizeof(text));
	struct record r = { .event = RECORD_released, .addr = (const uint8_t *)"\xc0\x00\x02\x64" };
	static uint8_t msg[300];

	memcpy(msg, s->msg, sizeof(msg));
	memcpy(msg + DHCP4_COOKIE, "\x63\x82\x53\x63" "\x35\x01\x07" "\xff", 8);
	msg[0] = 1;
	s->p.in = msg;
	cr_assert_eq(dhcp4_view_init(&s->p.view4, msg, sizeof(msg)), DHCP_OK);
	cr_expect_not_null(strstr(json_of(s, &r), "\"event\":\"released\""));
	cr_expect_eq(s->records.len, 0);
	msg[DHCP4_HLEN] = 0;
	r.event = RECORD_granted;
	cr_expect_not_null(strstr(json_of(s, &r), "\"event\":\"granted\""));
	cr_expect_eq(s->records.len, 0);
	cr_expect_null(strstr(json_of(s, &r), "hw_address"));
}
