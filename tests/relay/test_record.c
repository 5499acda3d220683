/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a record: addresses as inet_ntop(3) has them, whole records or none. USER_CHK.md section 4. */
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
