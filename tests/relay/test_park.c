/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue's half of parking where pipelines come and go: what the one before has left, and its
 * tickets.
 */
#include "relay/park.h"

#include <criterion/criterion.h>
#include <string.h>

static struct park_board boards[2];
static struct park *park;
static struct batch *b;

static void setup(void)
{
	memset(boards, 0, sizeof(boards));
	park = park_new(NULL);
	b = batch_new(4);
	cr_assert(park != NULL && b != NULL);
}

static void teardown(void)
{
	park_free(park);
	batch_free(b, 4);
}

TestSuite(park, .init = setup, .fini = teardown);

/* Keeps one packet of that id and ticket until a second is over; what is kept then. */
static size_t keep(uint32_t id, uint64_t ticket)
{
	struct slot *s = &b->slots[0];

	memset(s, 0, offsetof(struct slot, raw));
	s->id = id;
	s->in_len = 28;
	s->park = ticket;
	s->park_until_ns = 1000000000;
	s->verdict = SLOT_PARK;
	b->count = 1;
	return park_keep(park, b);
}

Test(park, without_a_board_only_time_goes_by)
{
	cr_assert_eq(keep(1, 7), 1);
	cr_expect_eq(park_take(park, b, 4, 0), 0);
	cr_expect_eq(park_take(park, b, 4, 1000000000), 1);
	cr_expect(b->slots[0].id == 1 && b->slots[0].verdict == SLOT_ACCEPT);
}

/* The tickets of two pipelines name the same place. */
Test(park, what_a_pipeline_has_left_is_given_back_at_once)
{
	park_use(park, &boards[0], 1);
	cr_assert_eq(keep(1, 0x10000), 1);
	park_use(park, &boards[0], 1);
	cr_expect_eq(park_take(park, b, 4, 0), 0, "it is the same one");
	park_use(park, &boards[1], 2);
	cr_assert_eq(keep(2, 0x20000), 2, "beside the one whose place it would have");
	cr_expect_eq(park_take(park, b, 4, 0), 1);
	cr_expect_eq(b->slots[0].id, 1);
	boards[0].ready[0] = 0x20000;
	cr_expect_eq(park_take(park, b, 4, 0), 0, "that is not its board");
	boards[1].ready[0] = 0x20000;
	cr_expect_eq(park_take(park, b, 4, 0), 1);
	cr_expect_eq(b->slots[0].id, 2);
}

/* It finds a place elsewhere; on the board it is where its ticket says. */
Test(park, a_place_that_is_taken)
{
	park_use(park, &boards[0], 1);
	cr_assert_eq(keep(1, 0x10003), 1);
	cr_assert_eq(keep(2, 0x20003), 2);
	boards[0].ready[3] = 0x20003;
	cr_expect_eq(park_take(park, b, 4, 0), 1);
	cr_expect_eq(b->slots[0].id, 2);
}

Test(park, what_cannot_be_kept_is_dropped)
{
	for (uint64_t i = 0; i < PARK_MAX; i++)
		cr_assert_eq(keep((uint32_t)i, 0x10000 | i), i + 1);
	cr_expect_eq(keep(9999, 0x20000), PARK_MAX);
	cr_expect_eq(b->slots[0].verdict, SLOT_DROP, "no place is free");
	park_hurry(park);
	while (park_take(park, b, 4, 1) > 0)
		;
	cr_expect_eq(keep(1, 0), 0);
	cr_expect_eq(b->slots[0].verdict, SLOT_DROP, "no ticket");
	cr_expect_eq(keep(1, PARK_MAX), 0);
	cr_expect_eq(b->slots[0].verdict, SLOT_DROP, "no such place");
}
