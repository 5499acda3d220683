/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages built for a batch are read back byte by byte, as the kernel would read them. */
#include "relay/verdict.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <string.h>

enum { SLOTS = 16, HUGE_ROOM = 1 << 24 };

static struct verdicts v;
static uint8_t flat[1 << 20];

/* What one message says. */
struct said {
	uint16_t type;
	uint32_t id, verdict, mark;
	bool has_mark;
	size_t payload_len;
	const uint8_t *payload;
};

static size_t flatten(void)
{
	size_t n = 0;

	for (size_t i = 0; i < v.iov_count; i++) {
		memcpy(flat + n, v.iov[i].iov_base, v.iov[i].iov_len);
		n += v.iov[i].iov_len;
	}
	cr_assert_eq(n, v.bytes);
	return n;
}

static void read_attr(struct said *s, uint16_t type, const uint8_t *val, size_t n)
{
	struct nfqnl_msg_verdict_hdr verdict;

	switch (type) {
	case NFQA_VERDICT_HDR:
		cr_assert_eq(n, sizeof(verdict));
		memcpy(&verdict, val, n);
		s->id = ntohl(verdict.id);
		s->verdict = ntohl(verdict.verdict);
		break;
	case NFQA_MARK:
		cr_assert_eq(n, 4);
		memcpy(&s->mark, val, n);
		s->mark = ntohl(s->mark);
		s->has_mark = true;
		break;
	case NFQA_PAYLOAD:
		s->payload = val;
		s->payload_len = n;
		break;
	default:
		cr_assert_fail("attribute %u", type);
	}
}

/* Reads the message at flat[pos]; returns where the next begins. */
static size_t read_message(size_t pos, size_t end, struct said *s)
{
	size_t at = pos + sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg);
	struct nfgenmsg nfg;
	struct nlmsghdr nlh;

	*s = (struct said){ 0 };
	memcpy(&nlh, flat + pos, sizeof(nlh));
	memcpy(&nfg, flat + pos + sizeof(nlh), sizeof(nfg));
	cr_assert_eq(nlh.nlmsg_flags, NLM_F_REQUEST);
	cr_assert_eq(nlh.nlmsg_len % 4, 0);
	cr_assert_leq(nlh.nlmsg_len, end - pos);
	cr_assert_eq(nlh.nlmsg_type >> 8, NFNL_SUBSYS_QUEUE);
	cr_assert_eq(ntohs(nfg.res_id), 67);
	s->type = nlh.nlmsg_type & 0xff;
	while (at < pos + nlh.nlmsg_len) {
		struct nlattr a;

		memcpy(&a, flat + at, sizeof(a));
		cr_assert_geq(a.nla_len, sizeof(a));
		cr_assert_leq(a.nla_len, pos + nlh.nlmsg_len - at);
		read_attr(s, a.nla_type, flat + at + sizeof(a), a.nla_len - sizeof(a));
		at += (a.nla_len + 3u) & ~3u;
	}
	cr_assert_eq(at, pos + nlh.nlmsg_len);
	return at;
}

static size_t read_all(struct said *said)
{
	size_t n = flatten(), pos = 0, count = 0;

	while (pos < n)
		pos = read_message(pos, n, &said[count++]);
	return count;
}

static struct batch *plain_batch(size_t n)
{
	struct batch *b = batch_new(SLOTS);

	b->count = n;
	for (size_t i = 0; i < n; i++) {
		b->slots[i].id = 100 + (uint32_t)i;
		b->slots[i].verdict = SLOT_ACCEPT;
	}
	return b;
}

static void edit(struct batch *b, size_t i, uint32_t len)
{
	b->slots[i].edited = true;
	b->slots[i].out_len = len;
	memset(b->slots[i].out, (int)i + 1, len + 3 < SLOT_OUT ? len + 3 : SLOT_OUT);
}

static const struct verdict_options each = { .queue = 67 };
static const struct verdict_options swept = { .queue = 67, .sweep = true };

Test(verdict, one_message_each_and_one_piece_in_all)
{
	struct batch *b = plain_batch(3);
	struct said said[SLOTS];

	b->slots[1].verdict = SLOT_DROP;
	cr_assert_eq(verdicts_build(&v, b, 0, &each, HUGE_ROOM), 3);
	cr_assert_eq(v.iov_count, 1);
	cr_assert_eq(read_all(said), 3);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(said[i].type, NFQNL_MSG_VERDICT);
		cr_assert_eq(said[i].id, 100 + i);
		cr_assert_eq(said[i].verdict, i == 1 ? NF_DROP : NF_ACCEPT);
		cr_assert_not(said[i].has_mark);
		cr_assert_null(said[i].payload);
	}
	batch_free(b, SLOTS);
}

Test(verdict, payloads_of_every_remainder_are_padded_with_zeros)
{
	struct batch *b = plain_batch(8);
	struct said said[SLOTS];

	for (uint32_t i = 0; i < 8; i++)
		edit(b, i, 300 + i);
	cr_assert_eq(verdicts_build(&v, b, 0, &swept, HUGE_ROOM), 8);
	cr_assert_eq(v.iov_count, 16);
	cr_assert_eq(read_all(said), 8);
	for (size_t i = 0; i < 8; i++) {
		cr_assert_eq(said[i].type, NFQNL_MSG_VERDICT);
		cr_assert_eq(said[i].payload_len, 300 + i);
		cr_assert_eq(said[i].payload[299 + i], i + 1);
		for (size_t j = 300 + i; j % 4 != 0; j++)
			cr_assert_eq(said[i].payload[j], 0);
		cr_assert_eq(v.iov[2 * i + 1].iov_base, b->slots[i].out, "a payload was copied");
	}
	batch_free(b, SLOTS);
}

Test(verdict, runs_of_equal_verdicts_become_one)
{
	struct batch *b = plain_batch(10);
	struct said said[SLOTS];

	edit(b, 3, 300);
	b->slots[6].verdict = b->slots[7].verdict = SLOT_DROP;
	cr_assert_eq(verdicts_build(&v, b, 0, &swept, HUGE_ROOM), 10);
	cr_assert_eq(read_all(said), 5);
	cr_assert_eq(said[0].type, NFQNL_MSG_VERDICT_BATCH);
	cr_assert_eq(said[0].id, 102);
	cr_assert_eq(said[1].type, NFQNL_MSG_VERDICT);
	cr_assert_eq(said[1].id, 103);
	cr_assert_eq(said[1].payload_len, 300);
	cr_assert_eq(said[2].type, NFQNL_MSG_VERDICT_BATCH);
	cr_assert_eq(said[2].id, 105);
	cr_assert_eq(said[2].verdict, NF_ACCEPT);
	cr_assert_eq(said[3].id, 107);
	cr_assert_eq(said[3].verdict, NF_DROP);
	cr_assert_eq(said[4].id, 109);
	batch_free(b, SLOTS);
}

/* Ids wrap around; a run goes on over the end, and stops where ids do not ascend. */
Test(verdict, ids_wrap_and_a_descent_ends_a_run)
{
	struct batch *b = plain_batch(6);
	struct said said[SLOTS];

	for (uint32_t i = 0; i < 4; i++)
		b->slots[i].id = 0xfffffffe + i;
	b->slots[4].id = 0xfffffff0;
	b->slots[5].id = 0xfffffff1;
	verdicts_build(&v, b, 0, &swept, HUGE_ROOM);
	cr_assert_eq(read_all(said), 2);
	cr_assert_eq(said[0].id, 1);
	cr_assert_eq(said[1].id, 0xfffffff1);
	batch_free(b, SLOTS);
}

Test(verdict, marks_are_merged_and_divide_runs)
{
	struct verdict_options o = { .queue = 67, .mark = 0xd4c0, .mask = 0xffff, .sweep = true };
	struct batch *b = plain_batch(4);
	struct said said[SLOTS];

	b->slots[0].mark = b->slots[1].mark = 0x12345678;
	edit(b, 3, 28);
	verdicts_build(&v, b, 0, &o, HUGE_ROOM);
	cr_assert_eq(read_all(said), 3);
	cr_assert_eq(said[0].id, 101);
	cr_assert_eq(said[0].mark, 0x1234d4c0);
	cr_assert_eq(said[1].mark, 0xd4c0);
	cr_assert_eq(said[2].mark, 0xd4c0);
	cr_assert_eq(said[2].payload_len, 28);
	batch_free(b, SLOTS);
}

Test(verdict, a_dropped_packet_takes_no_payload_along)
{
	struct batch *b = plain_batch(1);
	struct said said[SLOTS];

	edit(b, 0, 300);
	b->slots[0].verdict = SLOT_DROP;
	verdicts_build(&v, b, 0, &each, HUGE_ROOM);
	cr_assert_eq(read_all(said), 1);
	cr_assert_eq(said[0].verdict, NF_DROP);
	cr_assert_null(said[0].payload);
	batch_free(b, SLOTS);
}

Test(verdict, edits_no_kernel_can_take_are_dropped_and_counted)
{
	static const uint32_t lens[] = { 0, 1, 27, 28, 65531, 65532, 65536 };
	struct batch *b = plain_batch(7);
	struct said said[SLOTS];

	for (size_t i = 0; i < 7; i++)
		edit(b, i, lens[i]);
	v.refused = 0;
	cr_assert_eq(verdicts_build(&v, b, 0, &each, HUGE_ROOM), 7);
	cr_assert_eq(v.refused, 5);
	cr_assert_eq(read_all(said), 7);
	for (size_t i = 0; i < 7; i++)
		cr_assert_eq(said[i].verdict, i == 3 || i == 4 ? NF_ACCEPT : NF_DROP);
	batch_free(b, SLOTS);
}

/* Every bound on the size of one send: all verdicts go out, in order, once. */
Test(verdict, split_at_any_size)
{
	struct batch *b = plain_batch(SLOTS);

	for (size_t i = 0; i < SLOTS; i += 2)
		edit(b, i, 300 + (uint32_t)i);
	for (size_t room = 0; room < 6000; room += 7) {
		size_t from = 0, seen = 0;

		while (from < SLOTS) {
			size_t next = verdicts_build(&v, b, from, &each, room);
			struct said said[SLOTS];
			size_t n = read_all(said);

			cr_assert_gt(next, from);
			cr_assert_eq(n, next - from);
			cr_assert(n == 1 || v.bytes <= room, "%zu bytes for %zu", v.bytes, room);
			for (size_t i = 0; i < n; i++)
				cr_assert_eq(said[i].id, 100 + seen++);
			from = next;
		}
		cr_assert_eq(seen, SLOTS);
	}
	batch_free(b, SLOTS);
}

Test(verdict, the_largest_batch_fits_the_vector)
{
	struct batch *b = batch_new(BATCH_MAX);

	b->count = BATCH_MAX;
	for (uint32_t i = 0; i < BATCH_MAX; i++) {
		b->slots[i].id = i;
		edit(b, i, 28);
	}
	cr_assert_eq(verdicts_build(&v, b, 0, &(struct verdict_options){ .queue = 67, .mask = 1 },
		HUGE_ROOM), BATCH_MAX);
	cr_assert_eq(v.iov_count, VERDICT_IOV);
	cr_assert_leq(v.head_len, sizeof(v.heads));
	batch_free(b, BATCH_MAX);
}
