/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the keeper lets through of what a worker wrote: all that the pipeline makes, and of what it
 * would never make nothing. The headers are swept bit by bit.
 */
#include "relay/keeper_check.h"

#include "relay/verdict.h"
#include "tests/build.h"
#include "tests/rig.h"
#include "tests/vector.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_OFF = 64, V4_OPTIONS = 8 };

static struct slot to, from;     /* the keeper's and the worker's, of the test that runs */
static struct build pkt;
static struct fence fence;       /* of mode "inline" unless a test sets it */

/* The packet has come, and the worker has edited nothing. */
static void arrive(void)
{
	to.in_off = IN_OFF;
	to.in_len = (uint32_t)pkt.len;
	to.verdict = SLOT_ACCEPT;
	to.edited = false;
	memcpy(to.raw + IN_OFF, pkt.b, pkt.len);
	from = to;
}

/* The worker wants these bytes to go out. */
static void rewrite(const uint8_t *p, size_t len)
{
	memcpy(from.out, p, len);
	from.out_len = (uint32_t)len;
	from.edited = true;
	from.verdict = SLOT_ACCEPT;
}

/* family: 4, 6 or, with IP options, 40. */
static void come(int family, uint16_t sport, uint16_t dport, size_t payload)
{
	static uint8_t zeros[2048];

	pkt.len = 0;
	if (family == 6)
		build_ip6(&pkt, 17, "", sport, dport, zeros, payload);
	else
		build_ip4(&pkt, family == 40 ? "01010101 01010100" : "", sport, dport, zeros, payload);
	arrive();
	rewrite(pkt.b, pkt.len);
}

static void set16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* --- the verdict ----------------------------------------------------------------------------- */

/* A byte of memory that the worker shares may hold anything, that of a bool too. */
static enum keeper_fault take_bytes(unsigned verdict, unsigned edited)
{
	uint8_t byte = (uint8_t)edited;

	from.verdict = (uint8_t)verdict;
	memcpy(&from.edited, &byte, 1);
	return keeper_take(&to, &from, &fence);
}

Test(keeper_check, verdicts)
{
	for (unsigned verdict = 0; verdict < 256; verdict++)
		for (unsigned edited = 0; edited < 256; edited++) {
			bool legal = verdict <= SLOT_DROP && edited <= 1;

			come(4, 68, 67, 300);
			to.verdict = SLOT_PARK;
			cr_assert_eq(take_bytes(verdict, edited), legal ? KEEPER_OK : KEEPER_VERDICT,
				"%u %u", verdict, edited);
			cr_assert_eq(to.verdict, legal ? verdict : SLOT_PARK);
			cr_assert_eq(to.edited, legal && verdict == SLOT_ACCEPT && edited == 1);
		}
}

/* Only where the config has libraries; for how long it waits is not the worker's to say. */
Test(keeper_check, parked)
{
	for (unsigned edited = 0; edited < 2; edited++) {
		come(4, 68, 67, 300);
		from.park = 4711;
		from.park_until_ns = INT64_MAX;
		fence.park_ms = 0;
		cr_assert_eq(take_bytes(SLOT_PARK, edited), KEEPER_VERDICT);
		fence.park_ms = 1000;
		cr_assert_eq(take_bytes(SLOT_PARK, edited), KEEPER_OK);
		cr_expect(to.verdict == SLOT_PARK && !to.edited && to.park == 4711);
		cr_expect(to.park_until_ns > 0 && to.park_until_ns < INT64_MAX / 2);
		from.send_count = 1;
		cr_expect_eq(take_bytes(SLOT_PARK, edited), KEEPER_VERDICT);
		fence.park_ms = 0;
	}
}

/*
 * A question to the registry's source, where it can be asked: of a type and length that there are.
 */
Test(keeper_check, a_question)
{
	static const struct {
		uint8_t ask;
		uint32_t len;
		enum keeper_fault fault;
	} rows[] = {
		{ 1, 6, KEEPER_OK }, { REG_ID_TYPES, REG_ID_MAX, KEEPER_OK }, { 0, 6, KEEPER_VERDICT },
		{ 1, 0, KEEPER_VERDICT }, { 1, REG_ID_MAX + 1, KEEPER_VERDICT },
		{ 1, UINT32_MAX, KEEPER_VERDICT }, { REG_ID_TYPES + 1, 6, KEEPER_VERDICT }, { 255, 6, KEEPER_VERDICT },
	};

	come(4, 68, 67, 300);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		from.ask = rows[i].ask;
		from.out_len = rows[i].len;
		from.park_until_ns = INT64_MAX;
		memset(from.out, 0x5a, 400);
		memset(to.out, 0, 400);
		to.ask = 0;
		to.asked = 0;
		fence.ask_ms = 0;
		cr_expect_eq(take_bytes(SLOT_PARK, 0), KEEPER_VERDICT);
		fence.ask_ms = 1000;
		cr_expect_eq(take_bytes(SLOT_PARK, 0), rows[i].fault, "%zu", i);
		fence.ask_ms = 0;
		if (rows[i].fault != KEEPER_OK)
			continue;
		cr_expect(to.verdict == SLOT_PARK && to.ask == rows[i].ask && to.out_len == rows[i].len);
		cr_expect(to.out[rows[i].len - 1] == 0x5a && to.out[rows[i].len] == 0);
		cr_expect(to.park_until_ns > 0 && to.park_until_ns < INT64_MAX / 2);
		/* a second question of the same packet gets no more time */
		to.asked = 1;
		to.park_until_ns = 77;
		fence.ask_ms = 1000;
		cr_expect_eq(take_bytes(SLOT_PARK, 0), KEEPER_OK);
		cr_expect_eq(to.park_until_ns, 77);
		cr_expect_eq(take_bytes(SLOT_ACCEPT, 0), KEEPER_OK);
		cr_expect_eq(to.ask, 0);
		fence.ask_ms = 0;
	}
}

/* What is dropped is not looked at, however it looks. */
Test(keeper_check, an_edit_that_is_dropped)
{
	come(4, 68, 67, 300);
	memset(from.out, 0xff, 400);
	from.out_len = UINT32_MAX;
	cr_assert_eq(take_bytes(SLOT_DROP, 1), KEEPER_OK);
	cr_assert(to.verdict == SLOT_DROP && !to.edited);
}

Test(keeper_check, what_was_not_edited_may_be_anything)
{
	pkt.len = 0;
	build_hex(&pkt, "00ff");
	arrive();
	cr_assert_eq(take_bytes(SLOT_ACCEPT, 0), KEEPER_OK);
	cr_assert(to.verdict == SLOT_ACCEPT && !to.edited);
	rewrite(pkt.b, pkt.len);
	cr_assert_eq(keeper_take(&to, &from, &fence), KEEPER_LENGTH);
}

/* --- lengths --------------------------------------------------------------------------------- */

/* The lengths in the headers say what out_len says. */
static void resize(int family, size_t len)
{
	memset(from.out + pkt.len, 0, len > pkt.len ? len - pkt.len : 0);
	from.out_len = (uint32_t)len;
	if (family == 6) {
		set16(from.out + 4, len - 40);
		set16(from.out + 44, len - 40);
	} else {
		set16(from.out + 2, len);
		set16(from.out + (from.out[0] & 15) * 4 + 4, len - (from.out[0] & 15u) * 4);
	}
}

static const struct {
	int family;
	int more;                /* bytes than it came with */
	enum keeper_fault fault;
} sizes[] = {
	{ 4, 0, KEEPER_OK }, { 6, 0, KEEPER_OK }, { 40, 0, KEEPER_OK },
	{ 4, 1, KEEPER_OK }, { 6, 1, KEEPER_OK }, { 40, 1, KEEPER_OK },
	{ 4, KEEPER_GROWTH, KEEPER_OK }, { 6, KEEPER_GROWTH, KEEPER_OK },
	{ 4, KEEPER_GROWTH + 1, KEEPER_LENGTH }, { 6, KEEPER_GROWTH + 1, KEEPER_LENGTH },
	{ 40, KEEPER_GROWTH + 1, KEEPER_LENGTH },
	{ 4, -300, KEEPER_OK },          /* nothing but the two headers */
	{ 6, -300, KEEPER_OK },
	{ 40, -300, KEEPER_OK },
	{ 4, -301, KEEPER_LENGTH },
};

Test(keeper_check, sizes)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		come(sizes[i].family, 68, 67, 300);
		resize(sizes[i].family, (size_t)((long)pkt.len + sizes[i].more));
		cr_expect_eq(keeper_take(&to, &from, &fence), sizes[i].fault, "row %zu", i);
		cr_expect_eq(to.edited, sizes[i].fault == KEEPER_OK);
		cr_expect(!to.edited || (to.out_len == from.out_len &&
				 memcmp(to.out, from.out, to.out_len) == 0));
	}
}

/* Everything that out_len can say but the one that the headers say. */
Test(keeper_check, out_len_is_what_the_headers_say)
{
	static const int families[] = { 4, 6, 40 };

	for (size_t f = 0; f < 3; f++) {
		come(families[f], 68, 67, 300);
		for (uint32_t len = 0; len < 70000; len++) {
			from.out_len = len;
			cr_assert_eq(keeper_take(&to, &from, &fence) == KEEPER_OK, len == pkt.len, "%u", len);
		}
		for (uint32_t bit = 0; bit < 32; bit++) {
			from.out_len = (uint32_t)pkt.len ^ 1u << bit;
			cr_assert_neq(keeper_take(&to, &from, &fence), KEEPER_OK, "bit %u", bit);
		}
	}
}

/* A short packet came; its header names more than there is to compare with. */
Test(keeper_check, a_packet_shorter_than_what_is_to_come_of_it)
{
	for (uint32_t in_len = 0; in_len < 60; in_len++) {
		come(40, 68, 67, 40);
		to.in_len = in_len;
		cr_expect_eq(keeper_take(&to, &from, &fence) == KEEPER_OK, in_len >= 20 + V4_OPTIONS + 4,
			"%u", in_len);
	}
}

/* --- headers --------------------------------------------------------------------------------- */

static const struct {
	int family;
	uint16_t sport, dport;
	uint8_t free[8];         /* bytes that an edit may change: checksums */
	size_t head;
} heads[] = {
	{ 4, 68, 67, { 10, 11, 26, 27 }, 28 },
	{ 4, 67, 68, { 10, 11, 26, 27 }, 28 },
	{ 40, 67, 67, { 10, 11, 34, 35 }, 36 },
	{ 6, 546, 547, { 46, 47 }, 48 },
	{ 6, 547, 546, { 46, 47 }, 48 },
	{ 6, 547, 547, { 46, 47 }, 48 },
};

/* Every bit of the headers alone: version, lengths, protocol, addresses, ports and all the rest. */
Test(keeper_check, header_bits)
{
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		for (size_t bit = 0; bit < heads[i].head * 8; bit++) {
			size_t at = bit / 8;
			/* 546 and 547 differ in one bit, and in one direction that is an edit */
			bool relayed = heads[i].family == 6 && bit == 41 * 8 + 7 && heads[i].sport == 546;
			bool answered = heads[i].family == 6 && bit == 43 * 8 + 7 && heads[i].dport == 547;
			bool may = relayed || answered || memchr(heads[i].free, (int)at, 8) != NULL;

			if (at == 0 && heads[i].free[0] != 0)
				may = false;
			come(heads[i].family, heads[i].sport, heads[i].dport, 300);
			from.out[at] ^= (uint8_t)(128 >> bit % 8);
			cr_expect_eq(keeper_take(&to, &from, &fence) == KEEPER_OK, may, "row %zu byte %zu bit %zu",
				i, at, bit % 8);
		}
}

static const struct {
	int family;
	uint16_t was[2], is[2];  /* source and destination port */
	enum keeper_fault fault;
} ports[] = {
	/*
	 * RFC 8415 19.1.1: what goes to a server in a relay's envelope comes from 547; 19.3: and
	 * back
	 */
	{ 6, { 546, 547 }, { 547, 547 }, KEEPER_OK },
	{ 6, { 547, 547 }, { 547, 546 }, KEEPER_OK },
	{ 6, { 547, 546 }, { 546, 546 }, KEEPER_HEADER },
	{ 6, { 547, 547 }, { 546, 547 }, KEEPER_HEADER },
	{ 6, { 547, 546 }, { 547, 547 }, KEEPER_HEADER },
	{ 6, { 546, 547 }, { 53, 547 }, KEEPER_HEADER },
	{ 6, { 546, 547 }, { 546, 53 }, KEEPER_HEADER },
	{ 6, { 53, 53 }, { 547, 546 }, KEEPER_HEADER },
	{ 4, { 68, 67 }, { 67, 67 }, KEEPER_HEADER },
	{ 4, { 67, 68 }, { 67, 67 }, KEEPER_HEADER },
	{ 4, { 546, 547 }, { 547, 547 }, KEEPER_HEADER },
};

Test(keeper_check, ports)
{
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		size_t udp = ports[i].family == 6 ? 40 : 20;

		come(ports[i].family, ports[i].was[0], ports[i].was[1], 300);
		set16(from.out + udp, ports[i].is[0]);
		set16(from.out + udp + 2, ports[i].is[1]);
		cr_expect_eq(keeper_take(&to, &from, &fence), ports[i].fault, "row %zu", i);
	}
}

/* From one family to the other, whatever else is right. */
Test(keeper_check, families)
{
	static const int rows[][2] = { { 4, 6 }, { 6, 4 }, { 4, 40 }, { 40, 4 } };

	for (size_t i = 0; i < 4; i++) {
		static struct build other;

		come(rows[i][1], 68, 67, 300);
		other = pkt;
		come(rows[i][0], 68, 67, 300);
		rewrite(other.b, other.len);
		cr_expect_eq(keeper_take(&to, &from, &fence), KEEPER_HEADER, "row %zu", i);
	}
}

/* A datagram within the datagram: headers of another length, a fragment, an extension header. */
Test(keeper_check, other_envelopes)
{
	static const char *const extensions[] = { "1100 0104 00000000", "1100 0000 00000000" };
	static const uint8_t next[] = { 60, 44 };

	for (size_t i = 0; i < 2; i++) {
		static uint8_t zeros[300];

		pkt.len = 0;
		build_ip6(&pkt, next[i], extensions[i], 546, 547, zeros, 300);
		arrive();
		rewrite(pkt.b, pkt.len);
		cr_expect_eq(keeper_take(&to, &from, &fence), KEEPER_HEADER, "extension header %zu", i);
	}
	come(4, 68, 67, 300);
	to.raw[IN_OFF + 6] = from.out[6] = 0x20;
	cr_expect_eq(keeper_take(&to, &from, &fence), KEEPER_HEADER, "a fragment");
}

/* A fault leaves the verdict, and that nothing is edited, as they were. */
Test(keeper_check, a_fault_changes_nothing)
{
	come(4, 68, 67, 300);
	to.verdict = SLOT_DROP;
	from.out[16] ^= 1;
	cr_assert_eq(keeper_take(&to, &from, &fence), KEEPER_HEADER);
	cr_assert(to.verdict == SLOT_DROP && !to.edited);
}

Test(keeper_check, texts)
{
	for (int i = 0; i < KEEPER_FAULTS; i++)
		cr_expect(strlen(keeper_fault_text((enum keeper_fault)i)) > 10);
	cr_expect_str_eq(keeper_fault_text((enum keeper_fault)77), "did something unknown");
}

/* --- what the pipeline makes ----------------------------------------------------------------- */

struct scene {
	struct vectors *vs;
	struct rig *rig;
};

static const char *fragment(void *ctx, const char *name)
{
	return vector_fragment(((struct scene *)ctx)->vs, name);
}

static uint8_t subnet_id(void *ctx, const char *name)
{
	return rig_subnet_id(((struct scene *)ctx)->rig, name);
}

/* Whether the pipeline edited the packet of that vector. */
static bool run_vector(struct scene *s, const struct vector *v)
{
	static const enum side sides[] = {
		[VECTOR_UNKNOWN] = SIDE_UNKNOWN, [VECTOR_CLIENT] = SIDE_CLIENT,
		[VECTOR_SERVER] = SIDE_SERVER,
	};
	static struct assembled in;
	char *config = vector_config(s->vs, v);
	struct assemble_env env = { .fragment = fragment, .subnet_id = subnet_id, .ctx = s };
	const struct slot *slot;
	enum keeper_fault fault;
	bool edited;

	s->rig = rig_new(config, vector_registry(s->vs, v));
	free(config);
	if (v->own[0] != '\0')
		s->rig->own_len = inet_pton(AF_INET, v->own, s->rig->own) == 1 ? 4 : 16;
	if (s->rig->own_len == 16)
		inet_pton(AF_INET6, v->own, s->rig->own);
	env.generation = s->rig->config->policy->generation;
	vector_packet(v, &v->in, &env, &in);
	slot = rig_run(s->rig, &(struct rig_packet){
		.bytes = in.bytes, .len = in.len, .side = sides[v->side], .skb_info = v->skb_info,
		.physindev = v->physindev, .cap_len = v->cap_len, .hw = v->hw, .hw_len = v->hw_len,
		.indev = v->indev, .hook = v->hook,
	});
	fence_make(&fence, s->rig->config);
	fence.links = s->rig->links;
	to = *slot;
	to.edited = false;
	to.send_count = 0;
	fault = keeper_take(&to, slot, &fence);
	edited = to.edited;
	cr_expect_eq(to.send_count, v->send_count, "%s", v->id);
	cr_expect_eq(fault, KEEPER_OK, "%s: %s", v->id, keeper_fault_text(fault));
	cr_expect_eq(to.edited, slot->edited && slot->verdict == SLOT_ACCEPT, "%s", v->id);
	cr_expect_eq(to.send_count, slot->send_count, "%s", v->id);
	rig_free(s->rig);
	return edited;
}

/* A check too strict would put good packets in quarantine. */
Test(keeper_check, whatever_the_pipeline_makes_passes)
{
	struct scene s = { .vs = vectors_read() };
	size_t edited = 0;

	for (size_t i = 0; i < s.vs->count; i++)
		edited += run_vector(&s, &s.vs->all[i]);
	cr_assert_gt(edited, 100, "%zu", edited);
	vectors_free(s.vs);
}
