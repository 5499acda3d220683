/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guess is worth something only if it is right for the usual packet, and may be anything but
 * harmful for the others. That nothing is read beside a packet is seen by the sweeps, which run the
 * whole pipeline.
 */
#include "relay/guess.h"

#include "registry/builder.h"
#include "tests/build.h"

#include <criterion/criterion.h>

static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 0x0a };
static const uint8_t duid[10] = { 0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0c };

static struct registry *registry_of_two(void)
{
	struct reg_entry e = { .line = 1 };
	struct builder_result result;
	struct builder *b;

	cr_assert_eq(builder_begin(&(struct builder_options){ 0 }, &b), REG_OK);
	reg_id_set(&e.id, REG_HW_ADDR, mac, sizeof(mac));
	cr_assert_eq(builder_add(b, &e, NULL), REG_OK);
	e.line = 2;
	reg_id_set(&e.id, REG_DUID, duid, sizeof(duid));
	cr_assert_eq(builder_add(b, &e, NULL), REG_OK);
	cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
	return result.registry;
}

static void put(struct slot *s, const struct build *msg, bool v6)
{
	static struct build packet;

	packet.len = 0;
	if (v6)
		build_ip6(&packet, 17, "", 546, 547, msg->b, msg->len);
	else
		build_ip4(&packet, "", 68, 67, msg->b, msg->len);
	s->in_len = (uint32_t)packet.len;
	memcpy(s->raw, packet.b, packet.len);
}

static void solicit(struct build *msg)
{
	build_dhcp6(msg, 1);
	build_hex(msg, "00080002 0000 0001000a 00030001 02000000000c");
}

static struct build msg;

static void begin(struct slot *s)
{
	msg.len = 0;
	s->in_off = 0;
}

Test(guess, finds_who_the_usual_packet_is_about)
{
	struct registry *reg = registry_of_two();
	struct snapshot snapshot = { .registry = reg };
	struct batch *b = batch_new(4);
	struct guess g[4];
	size_t relay[2];

	begin(&b->slots[0]);
	build_message4(&msg, 1, "350101ff");
	put(&b->slots[0], &msg, false);
	begin(&b->slots[1]);
	solicit(&msg);
	put(&b->slots[1], &msg, true);
	begin(&b->slots[2]);
	for (size_t i = 0; i < 2; i++) {
		build_relay6(&msg, 12, (uint8_t)(1 - i), 1, 2);
		relay[i] = build_open(&msg, 9);
	}
	solicit(&msg);
	build_close(&msg, relay[1]);
	build_close(&msg, relay[0]);
	put(&b->slots[2], &msg, true);
	begin(&b->slots[3]);
	build_message4(&msg, 1, "350101ff");
	msg.b[DHCP4_HLEN] = 0;
	put(&b->slots[3], &msg, false);
	b->count = 4;
	guess_batch(g, &snapshot, b);
	cr_assert(g[0].len == sizeof(mac) && memcmp(g[0].id, mac, sizeof(mac)) == 0);
	for (size_t i = 1; i < 3; i++)
		cr_assert(g[i].len == sizeof(duid) && memcmp(g[i].id, duid, sizeof(duid)) == 0);
	cr_assert_null(g[3].id);
	for (size_t i = 0; i < 3; i++)
		cr_assert_eq(guess_find(&g[i], reg, g[i].type, g[i].id, g[i].len),
			registry_find(reg, g[i].type, g[i].id, g[i].len));
	batch_free(b, 4);
	registry_free(reg);
}

Test(guess, a_wrong_one_changes_nothing)
{
	struct registry *reg = registry_of_two();
	struct guess wrong = { .id = duid, .len = sizeof(duid), .type = REG_DUID, .hash = 1 };

	cr_assert_not_null(guess_find(&wrong, reg, REG_HW_ADDR, mac, sizeof(mac)));
	cr_assert_not_null(guess_find(NULL, reg, REG_DUID, duid, sizeof(duid)));
	cr_assert_null(guess_find(&wrong, reg, REG_HW_ADDR, duid, sizeof(duid)));
	registry_free(reg);
}

Test(guess, a_packet_that_is_cut_anywhere)
{
	struct registry *reg = registry_of_two();
	struct snapshot snapshot = { .registry = reg };
	struct batch *b = batch_new(1);
	struct guess g;

	b->count = 1;
	for (int v6 = 0; v6 < 2; v6++) {
		size_t whole;

		begin(&b->slots[0]);
		if (v6)
			solicit(&msg);
		else
			build_message4(&msg, 1, "350101ff");
		put(&b->slots[0], &msg, v6);
		whole = b->slots[0].in_len;
		for (size_t len = 0; len <= whole; len++) {
			b->slots[0].in_len = (uint32_t)len;
			guess_batch(&g, &snapshot, b);
			cr_assert(g.id == NULL ||
				(g.id >= b->slots[0].raw && g.id + g.len <= b->slots[0].raw + len));
		}
		cr_assert_not_null(g.id);
	}
	batch_free(b, 1);
	registry_free(reg);
}
