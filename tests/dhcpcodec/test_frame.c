/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/frame.h"
#include "tests/build.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct build pkt; /* of the test that runs: each has a process of its own */

#define SRC6 "fe800000000000000000000000000001"
#define DST6 "ff020000000000000000000000010002"
#define UDP(len) "0044 0043 " len " 0000 "

static const struct {
	const char *packet;
	enum dhcp_err err;
	int family;
	bool ports;
} rows[] = {
	{ "", DHCP_E_SHORT, 0, false },
	{ "00", DHCP_E_VERSION, 0, false },
	{ "50", DHCP_E_VERSION, 0, false },
	{ "f5", DHCP_E_VERSION, 0, false },
	/* IPv4 header */
	{ "45", DHCP_E_SHORT, 4, false },
	{ "4500001c 00000000 40110000 0a010005 0a0100", DHCP_E_SHORT, 4, false },
	{ "4400001c 00000000 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_IHL, 4, false },
	{ "4000001c 00000000 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_IHL, 4, false },
	{ "4f00001c 00000000 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_IHL, 4, false },
	{ "45000000 00000000 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_IPLEN, 4, false },
	{ "45000013 00000000 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_IPLEN, 4, false },
	{ "4500001d 00000000 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_IPLEN, 4, false },
	{ "4500001c 00000000 40110000 0a010005 0a010001" UDP("0008"), DHCP_OK, 4, true },
	{ "4500001c 00000000 40060000 0a010005 0a010001" UDP("0008"), DHCP_E_PROTO, 4, false },
	{ "4600001c 00000000 40110000 0a010005 0a010001 01010101 00440043", DHCP_E_UDPLEN, 4, false },
	/* fragments: DF is none; the first has ports; a later one has no UDP header */
	{ "4500001c 00004000 40110000 0a010005 0a010001" UDP("0008"), DHCP_OK, 4, true },
	{ "4500001c 00002000 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_FRAGMENT, 4, true },
	{ "4500001c 00002000 40110000 0a010005 0a010001" UDP("1000"), DHCP_E_FRAGMENT, 4, true },
	{ "45000018 00002000 40110000 0a010005 0a010001 00440043", DHCP_E_FRAGMENT, 4, false },
	{ "4500001c 00000001 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_FRAGMENT, 4, false },
	{ "4500001c 00003fff 40110000 0a010005 0a010001" UDP("0008"), DHCP_E_FRAGMENT, 4, false },
	/* UDP length */
	{ "4500001b 00000000 40110000 0a010005 0a010001 00440043 000800", DHCP_E_UDPLEN, 4, false },
	{ "45000014 00000000 40110000 0a010005 0a010001", DHCP_E_UDPLEN, 4, false },
	{ "4500001c 00000000 40110000 0a010005 0a010001" UDP("0000"), DHCP_E_UDPLEN, 4, true },
	{ "4500001c 00000000 40110000 0a010005 0a010001" UDP("0007"), DHCP_E_UDPLEN, 4, true },
	{ "4500001c 00000000 40110000 0a010005 0a010001" UDP("0009"), DHCP_E_UDPLEN, 4, true },
	{ "4500001c 00000000 40110000 0a010005 0a010001" UDP("ffff"), DHCP_E_UDPLEN, 4, true },
	{ "4500001e 00000000 40110000 0a010005 0a010001" UDP("0008") "abcd", DHCP_OK, 4, true },
	/* padding of the link is not the datagram's */
	{ "4500001c 00000000 40110000 0a010005 0a010001" UDP("0009") "00", DHCP_E_UDPLEN, 4, true },
	/* IPv6 header */
	{ "60", DHCP_E_SHORT, 6, false },
	{ "60000000 0008 1140" SRC6 "ff0200000000000000000000000100", DHCP_E_SHORT, 6, false },
	{ "60000000 0009 1140" SRC6 DST6 UDP("0008"), DHCP_E_IPLEN, 6, false },
	{ "60000000 ffff 1140" SRC6 DST6 UDP("0008"), DHCP_E_IPLEN, 6, false },
	{ "60000000 0008 0640" SRC6 DST6 UDP("0008"), DHCP_E_PROTO, 6, false },
	{ "60000000 0008 3b40" SRC6 DST6 UDP("0008"), DHCP_E_PROTO, 6, false },
	{ "60000000 0000 1140" SRC6 DST6, DHCP_E_UDPLEN, 6, false },
	{ "60000000 0008 1140" SRC6 DST6 "0222 0223 0007 1234", DHCP_E_UDPLEN, 6, true },
	{ "60000000 0008 1140" SRC6 DST6 "0222 0223 0008 1234", DHCP_OK, 6, true },
	{ "60000000 0008 1140" SRC6 DST6 "0222 0223 0008 0000", DHCP_E_CSUM, 6, true },
	/* extension headers: one, several, cut, unknown behind */
	{ "60000000 0010 0040" SRC6 DST6 "1100000000000000 0222 0223 0008 1234", DHCP_E_EXTHDR, 6, true },
	{ "60000000 0010 2b40" SRC6 DST6 "1100000000000000 0222 0223 0008 1234", DHCP_E_EXTHDR, 6, true },
	{ "60000000 0018 3c40" SRC6 DST6 "11010000000000000000000000000000 0222 0223 0008 1234",
	  DHCP_E_EXTHDR, 6, true },
	{ "60000000 0018 0040" SRC6 DST6 "3c00000000000000 1100000000000000 0222 0223 0008 1234",
	  DHCP_E_EXTHDR, 6, true },
	{ "60000000 0010 0040" SRC6 DST6 "1100000000000000 0222 0223 0007 1234", DHCP_E_EXTHDR, 6, true },
	{ "60000000 0010 0040" SRC6 DST6 "0600000000000000 0222 0223 0008 1234", DHCP_E_PROTO, 6, false },
	{ "60000000 0010 3340" SRC6 DST6 "1100000000000000 0222 0223 0008 1234", DHCP_E_PROTO, 6, false },
	{ "60000000 0007 0040" SRC6 DST6 "11000000000000", DHCP_E_IPLEN, 6, false },
	{ "60000000 0008 0040" SRC6 DST6 "1101000000000000", DHCP_E_IPLEN, 6, false },
	{ "60000000 0008 0040" SRC6 DST6 "11ff000000000000", DHCP_E_IPLEN, 6, false },
	{ "60000000 0008 0040" SRC6 DST6 "1100000000000000", DHCP_E_EXTHDR, 6, false },
	{ "60000000 0000 0040" SRC6 DST6, DHCP_E_IPLEN, 6, false },
	/* fragments: atomic, first, later; behind and before another header */
	{ "60000000 0010 2c40" SRC6 DST6 "1100000000000001 0222 0223 0008 1234", DHCP_E_EXTHDR, 6, true },
	{ "60000000 0010 2c40" SRC6 DST6 "1100000100000001 0222 0223 1000 1234", DHCP_E_FRAGMENT, 6, true },
	{ "60000000 0010 2c40" SRC6 DST6 "1100000800000001 0222 0223 0008 1234", DHCP_E_FRAGMENT, 6, false },
	{ "60000000 0010 2c40" SRC6 DST6 "1100fff900000001 0222 0223 0008 1234", DHCP_E_FRAGMENT, 6, false },
	{ "60000000 0018 0040" SRC6 DST6 "2c00000000000000 1100000100000001 0222 0223 0008 1234",
	  DHCP_E_FRAGMENT, 6, true },
	{ "60000000 0018 2c40" SRC6 DST6 "3c00000100000001 1100000000000000 0222 0223 0008 1234",
	  DHCP_E_FRAGMENT, 6, true },
	{ "60000000 0004 2c40" SRC6 DST6 "11000001", DHCP_E_IPLEN, 6, false },
};

Test(frame, parse)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame f;
		uint8_t *p;

		pkt.len = 0;
		build_hex(&pkt, rows[i].packet);
		p = guard_copy(pkt.b, pkt.len);
		cr_assert_eq(frame_parse(&f, p, pkt.len, 0), rows[i].err, "row %zu: %s", i,
			dhcp_strerror((int)frame_parse(&f, p, pkt.len, 0)));
		cr_assert_eq(f.family, rows[i].family, "row %zu", i);
		cr_assert_eq(f.has_ports, rows[i].ports, "row %zu", i);
		guard_free(p, pkt.len);
	}
}

static void check_parsed(size_t ip, size_t udp, size_t n, enum dhcp_err expected)
{
	uint8_t *p = guard_copy(pkt.b, pkt.len);
	struct frame f;

	cr_assert_eq(frame_parse(&f, p, pkt.len, FRAME_VERIFY), expected);
	cr_assert_eq(f.ip_len, ip);
	cr_assert_eq(f.udp_off, udp);
	cr_assert_eq(f.pay_off, udp + 8);
	cr_assert_eq(f.pay_len, n);
	cr_assert(f.sport == 1234 && f.dport == 547);
	cr_assert(!f.no_csum);
	cr_assert_eq(f.src_off, f.family == 4 ? 12 : 8);
	cr_assert_eq(f.dst_off, f.family == 4 ? 16 : 24);
	guard_free(p, pkt.len);
}

Test(frame, offsets)
{
	pkt.len = 0;
	build_ip4(&pkt, "", 1234, 547, "payload", 7);
	check_parsed(35, 20, 7, DHCP_OK);
	build_fill(&pkt, 0xa5, 11);
	check_parsed(35, 20, 7, DHCP_OK);
	pkt.len = 0;
	build_ip4(&pkt, "94040000 01010100", 1234, 547, "payload", 7);
	check_parsed(43, 28, 7, DHCP_OK);
	pkt.len = 0;
	build_ip6(&pkt, 17, "", 1234, 547, "payload", 7);
	check_parsed(55, 40, 7, DHCP_OK);
	build_fill(&pkt, 0xa5, 3);
	check_parsed(55, 40, 7, DHCP_OK);
	pkt.len = 0;
	build_ip6(&pkt, 0, "3c00050200000000 1100010400000000", 1234, 547, "payload", 7);
	check_parsed(71, 56, 7, DHCP_E_EXTHDR);
}

/* Every bit of the datagram and of the pseudo header counts; nothing else does. */
Test(frame, checksum_is_verified)
{
	for (int six = 0; six < 2; six++) {
		struct frame f;

		pkt.len = 0;
		if (six)
			build_ip6(&pkt, 17, "", 546, 547, "payload", 7);
		else
			build_ip4(&pkt, "", 68, 67, "payload", 7);
		cr_assert_eq(frame_parse(&f, pkt.b, pkt.len, FRAME_VERIFY), DHCP_OK);
		for (size_t bit = (six ? 8 : 12) * 8; bit < pkt.len * 8; bit++) {
			size_t at = bit / 8;

			pkt.b[at] ^= (uint8_t)(1 << bit % 8);
			/* The UDP length is checked before; the rest must be caught by the sum. */
			if (at != f.udp_off + 4 && at != f.udp_off + 5)
				cr_assert_eq(frame_parse(&f, pkt.b, pkt.len, FRAME_VERIFY),
					DHCP_E_CSUM, "bit %zu", bit);
			cr_assert_neq(frame_parse(&f, pkt.b, pkt.len, 0), DHCP_E_CSUM);
			pkt.b[at] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* RFC 768: a field of 0 means that the sender computed none; of IPv4 only. */
Test(frame, no_checksum)
{
	struct frame f;

	build_ip4(&pkt, "", 68, 67, "payload", 7);
	memset(pkt.b + 26, 0, 2);
	cr_assert_eq(frame_parse(&f, pkt.b, pkt.len, FRAME_VERIFY), DHCP_OK);
	cr_assert(f.no_csum);
	cr_assert_eq(frame_seal(&f, pkt.b, 5), 33);
	cr_assert_eq(be16_get(pkt.b + 26), 0, "left without");
	cr_assert_eq(be16_get(pkt.b + 24), 13);
	cr_assert_eq(check_ip4(pkt.b), 0);
}

static void check_sealed(struct frame *f, size_t n, const char *what)
{
	uint8_t before[64], *p = guard_copy(NULL, f->pay_off + n);
	struct frame again;

	memcpy(p, pkt.b, f->pay_off);
	/* What was there of lengths and sums must not matter. */
	memset(p + f->udp_off + 4, 0xa5, 4);
	if (f->family == 4)
		memset(p + 10, 0xa5, 2);
	for (size_t i = 0; i < n; i++)
		p[f->pay_off + i] = rand() % 4 == 0 ? 0xff : (uint8_t)rand();
	memcpy(before, p, f->udp_off);
	cr_assert_eq(frame_seal(f, p, n), f->pay_off + n, "%s", what);
	cr_assert_eq(check_udp(p), 0, "%s, %zu bytes", what, n);
	cr_assert_neq(be16_get(p + f->udp_off + 6), 0);
	if (f->family == 4)
		cr_assert_eq(check_ip4(p), 0, "%s", what);
	cr_assert_eq(frame_parse(&again, p, f->pay_off + n, FRAME_VERIFY),
		f->udp_off == 40 || f->family == 4 ? DHCP_OK : DHCP_E_EXTHDR);
	cr_assert(again.pay_len == n && again.ip_len == f->pay_off + n);
	/* Of the IP header, lengths and sum have changed and nothing else. */
	memcpy(before + (f->family == 4 ? 2 : 4), p + (f->family == 4 ? 2 : 4), 2);
	if (f->family == 4)
		memcpy(before + 10, p + 10, 2);
	cr_assert_eq(memcmp(before, p, f->udp_off), 0);
	/* Sealing what is sealed changes nothing. */
	memcpy(pkt.b, p, f->pay_off + n);
	frame_seal(f, p, n);
	cr_assert_eq(memcmp(pkt.b, p, f->pay_off + n), 0);
	guard_free(p, f->pay_off + n);
}

static const struct {
	int family;
	uint8_t next;
	const char *extra;
} envelopes[] = {
	{ 4, 0, "" },
	{ 4, 0, "94040000" },
	{ 4, 0, "01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101 01010101 "
		"01010101" },
	{ 6, 17, "" },
	{ 6, 0, "1100050200000100" },
	{ 6, 60, "3c00010400000000 1100010400000000" },
};

Test(frame, a_sealed_packet_sums_to_zero)
{
	srand(768);
	for (size_t i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++) {
		for (size_t n = 0; n < 90; n++) {
			struct frame f;

			pkt.len = 0;
			if (envelopes[i].family == 4)
				build_ip4(&pkt, envelopes[i].extra, 68, 67, "x", 1);
			else
				build_ip6(&pkt, envelopes[i].next, envelopes[i].extra, 546, 547, "x", 1);
			frame_parse(&f, pkt.b, pkt.len, FRAME_VERIFY);
			check_sealed(&f, n, envelopes[i].extra);
		}
	}
}

/* RFC 768: "If the computed checksum is zero, it is transmitted as all ones". */
Test(frame, a_sum_of_zero_is_sent_as_all_ones)
{
	for (int six = 0; six < 2; six++) {
		uint8_t payload[2] = { 0, 0 };
		struct frame f;
		uint16_t sum;

		pkt.len = 0;
		if (six)
			build_ip6(&pkt, 17, "", 546, 547, payload, 2);
		else
			build_ip4(&pkt, "", 68, 67, payload, 2);
		cr_assert_eq(frame_parse(&f, pkt.b, pkt.len, FRAME_VERIFY), DHCP_OK);
		/* What the sum lacks to all ones, as payload, makes it zero when complemented. */
		sum = be16_get(pkt.b + f.udp_off + 6);
		be16_put(pkt.b + f.pay_off, sum);
		frame_seal(&f, pkt.b, 2);
		cr_assert_eq(be16_get(pkt.b + f.udp_off + 6), 0xffff);
		cr_assert_eq(frame_parse(&f, pkt.b, pkt.len, FRAME_VERIFY), DHCP_OK);
		cr_assert(!f.no_csum);
	}
}

Test(frame, the_longest_datagram_and_one_byte_more)
{
	static const size_t longest[2] = { 65535 - 28, 65535 - 8 };

	for (int six = 0; six < 2; six++) {
		struct frame f;

		pkt.len = 0;
		if (six)
			build_ip6(&pkt, 17, "", 546, 547, "x", 1);
		else
			build_ip4(&pkt, "", 68, 67, "x", 1);
		cr_assert_eq(frame_parse(&f, pkt.b, pkt.len, 0), DHCP_OK);
		build_fill(&pkt, 0xff, 65535);
		cr_assert_eq(frame_seal(&f, pkt.b, longest[six] + 1), 0);
		cr_assert_eq(frame_seal(&f, pkt.b, longest[six]), longest[six] + f.pay_off);
		cr_assert_eq(check_udp(pkt.b), 0);
		cr_assert_eq(frame_parse(&f, pkt.b, f.pay_off + longest[six], FRAME_VERIFY), DHCP_OK);
	}
}

/* Every prefix and every single byte changed to anything: an error or offsets within the packet. */
Test(frame, prefixes_and_mutations)
{
	for (size_t i = 0; i < sizeof(envelopes) / sizeof(envelopes[0]); i++) {
		uint8_t *p, *q;
		struct frame f;

		pkt.len = 0;
		if (envelopes[i].family == 4)
			build_ip4(&pkt, envelopes[i].extra, 68, 67, "payload", 7);
		else
			build_ip6(&pkt, envelopes[i].next, envelopes[i].extra, 546, 547, "payload", 7);
		p = guard_copy(pkt.b, pkt.len);
		for (size_t n = 0; n < pkt.len; n++) {
			q = guard_copy(pkt.b, n);
			cr_assert_neq(frame_parse(&f, q, n, FRAME_VERIFY), DHCP_OK);
			guard_free(q, n);
		}
		for (size_t at = 0; at < pkt.len; at++) {
			for (unsigned byte = 0; byte < 256; byte++) {
				p[at] = (uint8_t)byte;
				if (frame_parse(&f, p, pkt.len, FRAME_VERIFY) == DHCP_OK)
					cr_assert(f.pay_off + f.pay_len <= f.ip_len &&
						f.ip_len <= pkt.len);
			}
			p[at] = pkt.b[at];
		}
		guard_free(p, pkt.len);
	}
}
