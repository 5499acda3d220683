/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a worker may have packets sent: rows for every place that the config or the packet names,
 * and for those beside. What the pipeline itself sends is shown to pass by the tests of relay mode
 * (relay_rig.c).
 */
#include "relay/keeper_check.h"

#include "dhcpcodec/frame.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fence fence;
static struct slot to, from;     /* the keeper's and the worker's */

/*
 * The packet that came: of 10.9.0.1 or 2001:db8:9::1 to "us", with a few addresses and a port in
 * its payload.
 */
static void set_packet(bool v6)
{
	static const char *const named4[] = { "198.51.100.9", "10.13.0.1", "224.0.0.9", "127.0.0.1" };
	static const char *const named6[] = { "2001:db8:13::1", "fe80::b", "ff02::1" };
	uint8_t src[16], dst[16], *at = to.raw + 64 + (v6 ? FRAME_HEAD6 : FRAME_HEAD4);
	struct frame_route r = { src, dst, v6 ? 547 : 67, v6 ? 547 : 67, 64 };
	int family = v6 ? AF_INET6 : AF_INET;

	memset(&to.raw[64], 0, 1000);
	inet_pton(family, v6 ? "2001:db8:9::1" : "10.9.0.1", src);
	inet_pton(family, v6 ? "2001:db8:2::1" : "192.0.2.66", dst);
	for (size_t i = 0; i < (v6 ? 3 : 4); i++)
		inet_pton(family, v6 ? named6[i] : named4[i], at + 20 * i);
	memcpy(at + 100, "\x30\x39", 2); /* 12345 */
	to.in_off = 64;
	to.in_len = (uint32_t)frame_put(to.raw + 64, v6 ? 6 : 4, &r, 300);
}

static void setup(void)
{
	static const char text[] = "{ \"mode\": \"relay\", \"client_interfaces\": [\"eth1\", \"eth2\"], "
		"\"upstreams\": [{ \"name\": \"a\", \"address\": [\"10.0.0.2\", \"10.0.0.9\", \"2001:db8::2\"], "
		"\"alias\": \"192.0.2.12\" }, { \"name\": \"b\", \"address\": \"2001:db8::5\", \"multicast\": \"up0\" }], "
		"\"relay\": { \"links\": [{ \"interface\": \"eth1\", \"address4\": \"192.0.2.1\", "
		"\"address6\": \"2001:db8:1::1\" }] }, \"subnets\": [{ \"name\": \"open\", \"prefixes\": "
		"\"192.0.2.0/24\", \"giaddr\": \"192.0.2.77\" }, { \"name\": \"r\", \"prefixes\": \"198.51.100.0/24\" }] }";
	struct config_error err = { .text = "" };
	struct config *c = config_parse("config", text, sizeof(text) - 1, &err);

	cr_assert_not_null(c, "%s", err.text);
	fence_make(&fence, c);
	config_free(c);
	fence.links.all[0].index = 7;
	fence.links.all[0].has_local = true;
	inet_pton(AF_INET6, "fe80::1", fence.links.all[0].local6);
	fence.links.multicast[1] = 9;
}

TestSuite(fence, .init = setup);

struct row {
	const char *src, *dst;
	uint16_t sport, dport;
	uint8_t kind;
	uint32_t ifindex;
	bool may;
};

/* A datagram of 100 bytes of payload at off. */
static void add(const struct row *r, uint32_t off)
{
	bool v6 = strchr(r->dst, ':') != NULL;
	uint8_t src[16], dst[16];
	struct frame_route route = { src, dst, r->sport, r->dport, 64 };
	struct slot_send *s = &from.sends[from.send_count++];

	cr_assert_eq(inet_pton(v6 ? AF_INET6 : AF_INET, r->src, src), 1, "%s", r->src);
	cr_assert_eq(inet_pton(v6 ? AF_INET6 : AF_INET, r->dst, dst), 1, "%s", r->dst);
	*s = (struct slot_send){ .off = off, .ifindex = r->ifindex, .kind = r->kind };
	s->len = (uint32_t)frame_put(from.out + off, v6 ? 6 : 4, &route, 100);
}

static void begin(bool v6)
{
	set_packet(v6);
	memset(from.sends, 0, sizeof(from.sends));
	from.send_count = to.send_count = 0;
	from.verdict = SLOT_DROP;
}

static const struct row rows[] = {
	/* to an upstream: at the address that is asked, from any of ours */
	{ "192.0.2.1", "10.0.0.2", 67, 67, SEND_ROUTED, 0, true },
	{ "192.0.2.77", "10.0.0.2", 67, 67, SEND_ROUTED, 0, true },
	{ "192.0.2.12", "10.0.0.2", 67, 67, SEND_ROUTED, 0, true },
	{ "192.0.2.66", "10.0.0.2", 67, 67, SEND_ROUTED, 0, true }, /* what the packet was sent to */
	{ "192.0.2.2", "10.0.0.2", 67, 67, SEND_ROUTED, 0, false },
	{ "0.0.0.0", "10.0.0.2", 67, 67, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "10.0.0.9", 67, 67, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "10.0.0.3", 67, 67, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "10.0.0.2", 68, 67, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "10.0.0.2", 67, 68, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "10.0.0.2", 67, 53, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "10.0.0.2", 67, 67, SEND_ROUTED, 7, false },
	{ "192.0.2.1", "10.0.0.2", 67, 67, 2, 0, false },
	/* to a client on its link, at whatever address */
	{ "192.0.2.1", "203.0.113.9", 67, 68, SEND_LINK, 7, true },
	{ "192.0.2.12", "255.255.255.255", 67, 68, SEND_LINK, 7, true },
	{ "192.0.2.1", "203.0.113.9", 67, 68, SEND_LINK, 8, false },
	{ "192.0.2.1", "203.0.113.9", 67, 68, SEND_LINK, 0, false },
	{ "192.0.2.1", "203.0.113.9", 67, 67, SEND_LINK, 7, false },
	{ "192.0.2.1", "203.0.113.9", 53, 68, SEND_LINK, 7, false },
	{ "203.0.113.9", "192.0.2.9", 67, 68, SEND_LINK, 7, false },
	/* to a client or relay agent further away: only where the packet says */
	{ "192.0.2.1", "198.51.100.9", 67, 68, SEND_ROUTED, 0, true },
	{ "192.0.2.1", "10.13.0.1", 67, 67, SEND_ROUTED, 0, true },
	{ "192.0.2.1", "10.13.0.2", 67, 67, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "198.51.100.8", 67, 68, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "198.51.100.9", 67, 22, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "224.0.0.9", 67, 68, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "127.0.0.1", 67, 67, SEND_ROUTED, 0, false },
	{ "192.0.2.1", "255.255.255.255", 67, 68, SEND_ROUTED, 0, false },
	/* DHCPv6: to an upstream */
	{ "2001:db8:1::1", "2001:db8::2", 547, 547, SEND_ROUTED, 0, true },
	{ "2001:db8:1::1", "ff05::1:3", 547, 547, SEND_ROUTED, 9, true },
	{ "2001:db8:1::1", "ff05::1:3", 547, 547, SEND_ROUTED, 0, false },
	{ "2001:db8:1::1", "ff05::1:3", 547, 547, SEND_ROUTED, 7, false },
	{ "2001:db8:1::1", "ff05::1:3", 547, 546, SEND_ROUTED, 9, false },
	{ "2001:db8:1::1", "ff02::1", 547, 547, SEND_ROUTED, 9, false },
	{ "2001:db8:1::2", "2001:db8::2", 547, 547, SEND_ROUTED, 0, false },
	{ "2001:db8:2::1", "2001:db8::2", 547, 547, SEND_ROUTED, 0, false },
	{ "2001:db8:1::1", "2001:db8::4", 547, 547, SEND_ROUTED, 0, false },
	{ "2001:db8:1::1", "2001:db8::2", 546, 547, SEND_ROUTED, 0, false },
	{ "2001:db8:1::1", "2001:db8::2", 547, 547, SEND_ROUTED, 7, false },
	{ "2001:db8:1::1", "2001:db8::2", 547, 547, SEND_LINK, 7, false },
	/* to whom the packet names */
	{ "fe80::1", "fe80::b", 547, 546, SEND_ROUTED, 7, true },
	{ "2001:db8:1::1", "2001:db8:13::1", 547, 547, SEND_ROUTED, 0, true },
	{ "2001:db8:1::1", "2001:db8:13::1", 547, 12345, SEND_ROUTED, 0, true }, /* RFC 8357 */
	{ "2001:db8:1::1", "2001:db8:13::1", 547, 12346, SEND_ROUTED, 0, false },
	{ "2001:db8:1::1", "2001:db8:13::2", 547, 547, SEND_ROUTED, 0, false },
	{ "fe80::1", "fe80::b", 547, 546, SEND_ROUTED, 0, false },
	{ "fe80::1", "fe80::b", 547, 546, SEND_ROUTED, 8, false },
	{ "fe80::1", "fe80::c", 547, 546, SEND_ROUTED, 7, false },
	{ "fe80::2", "fe80::b", 547, 546, SEND_ROUTED, 7, false },
	{ "2001:db8:1::1", "ff02::1", 547, 546, SEND_ROUTED, 7, false },
};

Test(fence, where_to)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		enum keeper_fault fault;

		begin(strchr(r->dst, ':') != NULL);
		add(r, 0);
		fault = keeper_take(&to, &from, &fence);
		cr_expect_eq(fault, r->may ? KEEPER_OK : KEEPER_SEND, "%s:%u > %s:%u: %s", r->src, r->sport,
			r->dst, r->dport, keeper_fault_text(fault));
		cr_expect_eq(to.send_count, r->may ? 1 : 0);
		cr_expect(!r->may || memcmp(to.out, from.out, to.sends[0].len) == 0);
	}
}

/* Mode "inline": whatever would be right otherwise. */
Test(fence, inline_nothing_is_sent)
{
	fence.on = false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(strchr(rows[i].dst, ':') != NULL);
		add(&rows[i], 0);
		cr_expect_eq(keeper_take(&to, &from, &fence), KEEPER_SEND);
	}
}

/* In the place of the packet that came, and not beside it; no more than there are rows. */
Test(fence, verdicts_and_counts)
{
	for (unsigned verdict = 0; verdict < 256; verdict++)
		for (unsigned count = 0; count < 256; count++) {
			bool may = verdict == SLOT_DROP ? count <= SLOT_SENDS :
				verdict == SLOT_ACCEPT && count == 0;

			begin(false);
			for (unsigned i = 0; i < SLOT_SENDS; i++)
				add(&rows[0], 256 * i);
			from.send_count = (uint8_t)count;
			from.verdict = (uint8_t)verdict;
			to.send_count = 77;
			cr_assert_eq(keeper_take(&to, &from, &fence), may ? KEEPER_OK : KEEPER_VERDICT, "%u %u",
				verdict, count);
			cr_assert_eq(to.send_count, may ? count : 77);
		}
}

/* Every value around the ends of out[] and of the datagram. */
Test(fence, lengths)
{
	static const uint32_t offs[] = { 0, 1, SLOT_OUT - 129, SLOT_OUT - 128, SLOT_OUT - 127, SLOT_OUT - 1,
		SLOT_OUT, SLOT_OUT + 1, 1u << 31, UINT32_MAX };
	static const uint32_t lens[] = { 0, 19, 20, 27, 28, 127, 128, 129, 1828, 1829, SLOT_OUT, 1u << 31,
		UINT32_MAX };

	for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++)
		for (size_t k = 0; k < sizeof(lens) / sizeof(lens[0]); k++) {
			bool may = offs[i] <= SLOT_OUT - 128 && lens[k] == 128;

			begin(false);
			add(&rows[0], offs[i] <= SLOT_OUT - 128 ? offs[i] : 0);
			from.sends[0].off = offs[i];
			from.sends[0].len = lens[k];
			cr_assert_eq(keeper_take(&to, &from, &fence) == KEEPER_OK, may, "%u %u", offs[i], lens[k]);
		}
}

/*
 * Every bit of the headers: free are the checksums, and what no address, port, length or fragment
 * is made of.
 */
Test(fence, header_bits)
{
	static const uint8_t free4[] = { 1, 4, 5, 8, 10, 11, 26, 27 }, free6[] = { 1, 2, 3, 7, 46, 47 };

	for (int v6 = 0; v6 < 2; v6++)
		for (size_t bit = 0; bit < (v6 ? 48u : 28u) * 8; bit++) {
			bool may = memchr(v6 ? free6 : free4, (int)(bit / 8), v6 ? sizeof(free6) : sizeof(free4)) != NULL;

			if (v6 ? bit >= 4 && bit < 8 : bit == 48 || bit == 49) /* traffic class; DF and what is before it */
				may = true;
			begin(v6 != 0);
			add(&(struct row){ v6 ? "2001:db8:1::1" : "192.0.2.1", v6 ? "2001:db8::2" : "10.0.0.2",
				v6 ? 547 : 67, v6 ? 547 : 67, SEND_ROUTED, 0, true }, 0);
			from.out[bit / 8] ^= (uint8_t)(128 >> bit % 8);
			cr_expect_eq(keeper_take(&to, &from, &fence) == KEEPER_OK, may, "v%d byte %zu bit %zu",
				v6 ? 6 : 4, bit / 8, bit % 8);
		}
}

/* Sends that lie one over the other are all looked at as they are in the end. */
Test(fence, one_over_the_other)
{
	begin(false);
	add(&rows[0], 0);
	add(&rows[6], 0);
	cr_expect_eq(keeper_take(&to, &from, &fence), KEEPER_SEND);
	cr_expect_eq(to.send_count, 0);
}
