/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/tlv.h"
#include "tests/build.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { D4, AG, D6 };
static const struct tlv_family *const families[] = { &TLV_DHCP4, &TLV_AGENT, &TLV_DHCP6 };

static const struct {
	int family;
	const char *area, *expected;
} rows[] = {
	/* nothing at all */
	{ D4, "", "" },
	{ D6, "", "" },
	/* whole rows */
	{ D4, "350101", "53@0:01 " },
	{ D4, "350101 0c026162", "53@0:01 12@3:6162 " },
	{ AG, "0104 61626364 0201 78", "1@0:61626364 2@6:78 " },
	{ D6, "0001 0003 000301 000e 0000", "1@0:000301 14@7: " },
	{ D6, "ffff 0001 aa", "65535@0:aa " },
	/* PAD and END are options of DHCPv4 only */
	{ D4, "0000 350101 00 ff 0c01", "53@2:01 END@6" },
	{ D4, "ff", "END@0" },
	{ D4, "000000", "" },
	{ AG, "0000 ff00", "0@0: 255@2: " },
	{ AG, "00", "broken@0" },
	{ D6, "0000 0000 00ff 0000", "0@0: 255@4: " },
	/* empty values */
	{ D4, "5000 5000 ff", "80@0: 80@2: END@4" },
	/* cut in the head, cut in the value, length that lies */
	{ D4, "35", "broken@0" },
	{ D4, "3501", "broken@0" },
	{ D4, "350101 37", "53@0:01 broken@3" },
	{ D4, "350101 37ff 01", "53@0:01 broken@3" },
	{ D4, "350101 00 3702 01", "53@0:01 broken@4" },
	{ AG, "0501 0a 09ff", "5@0:0a broken@3" },
	{ D6, "000100", "broken@0" },
	{ D6, "0001 0001", "broken@0" },
	{ D6, "0001 0000 0002 ffff 00", "1@0: broken@4" },
};

static void walk(const struct tlv_family *f, const uint8_t *area, size_t len, char *out)
{
	struct tlv_iter it = tlv_begin(area, len);
	struct tlv t;

	for (*out = '\0'; tlv_next(f, &it, &t);) {
		out += sprintf(out, "%d@%d:", t.code, (int)(t.at - area));
		cr_assert_eq(t.val, t.at + tlv_head(f));
		cr_assert_eq(it.pos, t.at + tlv_size(f, &t));
		hex_write(t.val, t.len, out);
		out += strlen(out);
		*out++ = ' ';
		*out = '\0';
	}
	if (it.err != DHCP_OK)
		sprintf(out, "broken@%d", (int)(it.pos - area));
	if (it.ended)
		sprintf(out, "END@%d", (int)(it.pos - area));
	cr_assert(it.ended || it.err != DHCP_OK || it.pos == area + len);
	/* A walk that is over stays over. */
	cr_assert(!tlv_next(f, &it, &t));
	cr_assert_eq(tlv_whole(f, area, len), it.err == DHCP_OK);
}

Test(tlv, walks)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[64];
		size_t n = hex_read(rows[i].area, bytes, sizeof(bytes));
		uint8_t *area = guard_copy(bytes, n);
		char out[256];

		walk(families[rows[i].family], area, n, out);
		cr_assert_str_eq(out, rows[i].expected, "%s: %s", rows[i].area, out);
		guard_free(area, n);
	}
}

Test(tlv, nothing_may_be_null)
{
	struct tlv t;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		cr_assert(tlv_whole(families[i], NULL, 0));
		cr_assert(!tlv_find(families[i], NULL, 0, 1, &t));
	}
}

Test(tlv, largest_options)
{
	size_t n = 2 + 255 + 4 + 65535;
	uint8_t *area = guard_copy(NULL, n);
	struct tlv t;

	area[0] = 43;
	area[1] = 255;
	cr_assert(tlv_find(&TLV_DHCP4, area, n, 43, &t));
	cr_assert_eq(t.len, 255);
	memset(area + 257, 0xff, 4);
	cr_assert(tlv_find(&TLV_DHCP6, area + 257, n - 257, 65535, &t));
	cr_assert_eq(t.len, 65535);
	cr_assert(!tlv_find(&TLV_DHCP6, area + 257, n - 258, 65535, &t));
	guard_free(area, n);
}

Test(tlv, find_takes_the_first_and_reads_up_to_the_break)
{
	uint8_t bytes[32];
	size_t n = hex_read("0c0161 0c0162 350101 37ff", bytes, sizeof(bytes));
	uint8_t *area = guard_copy(bytes, n);
	struct tlv t;

	cr_assert(tlv_find(&TLV_DHCP4, area, n, 12, &t));
	cr_assert_eq(t.at, area);
	cr_assert(tlv_find(&TLV_DHCP4, area, n, 53, &t));
	cr_assert(!tlv_find(&TLV_DHCP4, area, n, 55, &t));
	cr_assert(!tlv_whole(&TLV_DHCP4, area, n));
	guard_free(area, n);
}

Test(tlv, random_bytes_never_lead_outside_and_every_step_advances)
{
	enum { ROOM = 64 };
	uint8_t *area = guard_copy(NULL, ROOM);

	srand(255);
	for (int round = 0; round < 20000; round++) {
		const struct tlv_family *f = families[round % 3];
		size_t n = (size_t)rand() % ROOM, steps = 0;
		const uint8_t *from = area + ROOM - n;
		struct tlv_iter it = tlv_begin(from, n);
		struct tlv t;

		for (size_t i = 0; i < ROOM; i++)
			area[i] = (uint8_t)(rand() % 2 == 0 ? rand() % 8 : rand());
		for (const uint8_t *last = from; tlv_next(f, &it, &t); last = it.pos) {
			cr_assert(t.at >= last && it.pos > last && it.pos <= area + ROOM);
			steps++;
		}
		cr_assert_leq(steps, n / tlv_head(f));
	}
	guard_free(area, ROOM);
}
