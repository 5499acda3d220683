/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the kernel's queue, good, crafted and cut off at every length, with their end at a
 * page that must not be touched.
 */
#include "relay/nfmessage.h"

#include "tests/guard.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <string.h>

struct message {
	uint8_t bytes[2048];
	size_t len;
};

static struct slot slot;

static void begin(struct message *m, uint16_t type)
{
	struct nlmsghdr nlh = { .nlmsg_type = type };

	memset(m, 0, sizeof(*m));
	memcpy(m->bytes, &nlh, sizeof(nlh));
	m->len = sizeof(nlh);
}

static void begin_packet(struct message *m)
{
	begin(m, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET);
	m->len += sizeof(struct nfgenmsg);
}

static void add(struct message *m, uint16_t type, const void *val, size_t n)
{
	struct nlattr attr = { .nla_len = (uint16_t)(sizeof(attr) + n), .nla_type = type };

	memcpy(m->bytes + m->len, &attr, sizeof(attr));
	if (n > 0)
		memcpy(m->bytes + m->len + sizeof(attr), val, n);
	m->len += (sizeof(attr) + n + 3) & ~(size_t)3;
}

static void add32(struct message *m, uint16_t type, uint32_t val)
{
	val = htonl(val);
	add(m, type, &val, sizeof(val));
}

static void set_len(struct message *m, size_t len)
{
	uint32_t n = (uint32_t)len;

	memcpy(m->bytes, &n, sizeof(n));
}

static const uint8_t packet_hdr[] = { 0, 0, 0x12, 0x34, 0x08, 0x00, 2 };
static const uint8_t hwaddr[] = { 0, 6, 0, 0, 0x0c, 0x0e, 0x0a, 1, 0xff, 4, 0, 0 };
static const uint8_t payload[] = "E, and more bytes of a packet";

static void full_packet(struct message *m)
{
	begin_packet(m);
	add(m, NFQA_PACKET_HDR, packet_hdr, sizeof(packet_hdr));
	add32(m, NFQA_IFINDEX_INDEV, 3);
	add32(m, NFQA_IFINDEX_PHYSINDEV, 4);
	add32(m, NFQA_IFINDEX_OUTDEV, 5);
	add32(m, NFQA_IFINDEX_PHYSOUTDEV, 6);
	add32(m, NFQA_MARK, 0xd4c0);
	add(m, NFQA_HWADDR, hwaddr, sizeof(hwaddr));
	add32(m, NFQA_SKB_INFO, NFQA_SKB_CSUM_NOTVERIFIED);
	add32(m, NFQA_UID, 1000);
	add32(m, NFQA_CAP_LEN, 9000);
	add(m, NFQA_PAYLOAD, payload, sizeof(payload));
	set_len(m, m->len);
}

/* Parses bytes[0..len) placed flush against a guard page. */
static enum nfmessage parse(const struct message *m, size_t len, int *ret_err)
{
	uint8_t *copy = guard_copy(m->bytes, len);
	enum nfmessage kind;

	memset(&slot, 0xee, offsetof(struct slot, raw));
	kind = nfmessage_parse(copy, len, &slot, ret_err);
	guard_free(copy, len);
	return kind;
}

Test(nfmessage, a_packet_with_everything)
{
	struct message m;
	int err;

	full_packet(&m);
	cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_PACKET);
	cr_assert_eq(slot.id, 0x1234);
	cr_assert_eq(slot.hw_protocol, 0x0800);
	cr_assert_eq(slot.hook, 2);
	cr_assert_eq(slot.indev, 3);
	cr_assert_eq(slot.physindev, 4);
	cr_assert_eq(slot.outdev, 5);
	cr_assert_eq(slot.physoutdev, 6);
	cr_assert_eq(slot.mark, 0xd4c0);
	cr_assert_eq(slot.skb_info, SLOT_CSUM_NOT_VERIFIED);
	cr_assert_eq(slot.cap_len, 9000);
	cr_assert_eq(slot.hw_len, 6);
	cr_assert_arr_eq(slot.hw, hwaddr + 4, 6);
	cr_assert_eq(slot.in_len, sizeof(payload));
	cr_assert_arr_eq(m.bytes + slot.in_off, payload, sizeof(payload));
	cr_assert_eq(slot.verdict, SLOT_ACCEPT);
	cr_assert_not(slot.edited);
}

Test(nfmessage, what_is_not_given_is_zero)
{
	struct message m;
	int err;

	begin_packet(&m);
	add(&m, NFQA_PACKET_HDR, packet_hdr, sizeof(packet_hdr));
	set_len(&m, m.len);
	cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_PACKET);
	cr_assert_eq(slot.in_len, 0);
	cr_assert_eq(slot.cap_len, 0);
	cr_assert_eq(slot.indev, 0);
	cr_assert_eq(slot.hw_len, 0);
	cr_assert_eq(slot.mark, 0);
}

Test(nfmessage, the_longest_packet_fits_a_slot)
{
	static uint8_t big[SLOT_RAW];
	struct message m;
	size_t room = 65531;
	int err;

	full_packet(&m);
	memcpy(big, m.bytes, m.len);
	memcpy(big + m.len - 36, &(struct nlattr){ 65535, NFQA_PAYLOAD }, 4);
	memcpy(big, &(uint32_t){ (uint32_t)(m.len - 32 + room) }, 4);
	cr_assert_lt(m.len - 32 + room, SLOT_RAW);
	cr_assert_eq(nfmessage_parse(big, SLOT_RAW, &slot, &err), NFMESSAGE_PACKET);
	cr_assert_eq(slot.in_len, room);
}

/* The header's length says one thing and what was received another. */
Test(nfmessage, cut_off_at_every_length)
{
	struct message m;
	int err;

	full_packet(&m);
	for (size_t len = 0; len < m.len; len++)
		cr_assert_eq(parse(&m, len, &err), NFMESSAGE_MALFORMED, "%zu", len);
}

/* Both lengths agree, and the attributes end early. */
Test(nfmessage, attributes_cut_off_at_every_length)
{
	struct message m;
	int err;

	full_packet(&m);
	for (size_t len = 16; len < m.len; len++) {
		enum nfmessage kind;

		set_len(&m, len);
		kind = parse(&m, len, &err);
		cr_assert(kind == NFMESSAGE_PACKET || kind == NFMESSAGE_BROKEN ||
			kind == NFMESSAGE_MALFORMED, "%zu", len);
		if (kind != NFMESSAGE_MALFORMED)
			cr_assert_leq(slot.in_off + slot.in_len, len);
		if (kind == NFMESSAGE_BROKEN)
			cr_assert_eq(slot.in_len, 0);
		if (kind == NFMESSAGE_MALFORMED)
			cr_assert_lt(len, 32, "the id was there: the kernel waits for an answer");
	}
}

static const struct {
	uint16_t type;
	size_t right;
} sizes[] = {
	{ NFQA_MARK, 4 }, { NFQA_IFINDEX_INDEV, 4 }, { NFQA_IFINDEX_OUTDEV, 4 },
	{ NFQA_IFINDEX_PHYSINDEV, 4 }, { NFQA_IFINDEX_PHYSOUTDEV, 4 }, { NFQA_HWADDR, 12 },
	{ NFQA_CAP_LEN, 4 }, { NFQA_SKB_INFO, 4 },
};

Test(nfmessage, attributes_of_a_wrong_size_leave_only_the_id)
{
	static const uint8_t zeros[32];
	struct message m;
	int err;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (size_t n = 0; n < sizeof(zeros); n++) {
			begin_packet(&m);
			add(&m, NFQA_PACKET_HDR, packet_hdr, sizeof(packet_hdr));
			add(&m, NFQA_PAYLOAD, payload, sizeof(payload));
			add(&m, sizes[i].type, zeros, n);
			set_len(&m, m.len);
			if (n == sizes[i].right) {
				cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_PACKET);
				continue;
			}
			cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_BROKEN, "%d %zu",
				sizes[i].type, n);
			cr_assert_eq(slot.id, 0x1234);
			cr_assert_eq(slot.in_len, 0);
		}
	}
}

Test(nfmessage, a_packet_header_of_a_wrong_size_is_no_packet)
{
	struct message m;
	int err;

	for (size_t n = 0; n < 16; n++) {
		static const uint8_t zeros[16];

		if (n == sizeof(packet_hdr))
			continue;
		begin_packet(&m);
		add(&m, NFQA_PACKET_HDR, zeros, n);
		set_len(&m, m.len);
		cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_MALFORMED, "%zu", n);
	}
	begin_packet(&m);
	add(&m, NFQA_PAYLOAD, payload, sizeof(payload));
	set_len(&m, m.len);
	cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_MALFORMED);
}

Test(nfmessage, an_attribute_twice_is_broken)
{
	struct message m;
	int err;

	begin_packet(&m);
	add(&m, NFQA_PACKET_HDR, packet_hdr, sizeof(packet_hdr));
	add(&m, NFQA_PAYLOAD, payload, 8);
	add(&m, NFQA_PAYLOAD, payload, 8);
	set_len(&m, m.len);
	cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_BROKEN);
}

/* Flags in the type's upper bits, and attributes we do not know, are no reason to stop. */
Test(nfmessage, unknown_attributes_are_skipped)
{
	struct message m;
	int err;

	begin_packet(&m);
	add(&m, 0x3fff, payload, 7);
	add(&m, NFQA_PACKET_HDR | NLA_F_NET_BYTEORDER, packet_hdr, sizeof(packet_hdr));
	add(&m, NFQA_VLAN | NLA_F_NESTED, payload, 16);
	add(&m, NFQA_PAYLOAD, payload, 9);
	set_len(&m, m.len);
	cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_PACKET);
	cr_assert_eq(slot.in_len, 9);
}

Test(nfmessage, a_hardware_address_longer_than_its_field_is_not_taken)
{
	uint8_t hw[12] = { 0, 9 };
	struct message m;
	int err;

	begin_packet(&m);
	add(&m, NFQA_PACKET_HDR, packet_hdr, sizeof(packet_hdr));
	add(&m, NFQA_HWADDR, hw, sizeof(hw));
	set_len(&m, m.len);
	cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_PACKET);
	cr_assert_eq(slot.hw_len, 0);
}

Test(nfmessage, errors_and_acknowledgements)
{
	static const int32_t given[] = { 0, -ENOENT, -EPERM, -1000000, 5, INT32_MIN };
	static const int expected[] = { 0, ENOENT, EPERM, 1000000, 0, 0 };

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		struct message m;
		int err = -1;

		begin(&m, NLMSG_ERROR);
		memcpy(m.bytes + m.len, &given[i], 4);
		m.len += 4 + 16;
		set_len(&m, m.len);
		cr_assert_eq(
			parse(&m, m.len, &err), given[i] == 0 ? NFMESSAGE_ACK : NFMESSAGE_ERROR);
		cr_assert_eq(err, expected[i]);
		for (size_t len = 16; len < 20; len++) {
			set_len(&m, len);
			cr_assert_eq(parse(&m, len, &err), NFMESSAGE_MALFORMED);
		}
	}
}

Test(nfmessage, other_types_are_left_alone)
{
	static const uint16_t types[] = { NLMSG_NOOP, NLMSG_DONE, 0xffff,
		NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG, NFNL_SUBSYS_ULOG << 8 };
	struct message m;
	int err;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		begin(&m, types[i]);
		set_len(&m, m.len);
		cr_assert_eq(parse(&m, m.len, &err), NFMESSAGE_OTHER);
	}
}

/* Whatever the bytes: nothing past the end is read, and what is found lies inside. */
Test(nfmessage, random_damage)
{
	uint32_t seed = 1;
	struct message good, m;

	full_packet(&good);
	for (int i = 0; i < 20000; i++) {
		enum nfmessage kind;
		int err;

		m = good;
		for (int j = 0; j < 3; j++) {
			seed = seed * 1664525 + 1013904223;
			m.bytes[4 + (seed >> 8) % (m.len - 4)] = (uint8_t)(seed >> 24);
		}
		kind = parse(&m, m.len, &err);
		if (kind == NFMESSAGE_PACKET)
			cr_assert_leq(slot.in_off + slot.in_len, m.len);
	}
}
