/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever goes into a ring comes out once, in order, in one piece, and an empty ring costs
 * nothing.
 */
#include "relay/ring.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

Test(ring, everything_comes_out_in_order)
{
	unsigned char in = 0, out = 0;
	unsigned seed = 7;
	struct ring r;

	cr_assert_eq(ring_init(&r, 4096), 0);
	for (int i = 0; i < 20000; i++) {
		char piece[700];
		size_t n = (seed = seed * 1103515245 + 12345) >> 16 & 511, take;
		unsigned char first = in;

		for (size_t j = 0; j < n; j++)
			piece[j] = (char)in++;
		if (!ring_put(&r, piece, n)) {
			cr_assert_gt(n, r.size - r.len);
			in = first;
		}
		take = (seed >> 8) % (r.len + 1);
		for (size_t j = 0; j < take; j++)
			cr_assert_eq((unsigned char)ring_oldest(&r)[j], out++);
		ring_take(&r, take);
	}
	ring_done(&r);
}

Test(ring, takes_exactly_its_size)
{
	static char bytes[8192];
	struct ring r;

	cr_assert_eq(ring_init(&r, 5000), 0);
	cr_assert_eq(r.size, 8192);
	cr_assert(ring_put(&r, bytes, 8192));
	cr_assert_not(ring_put(&r, bytes, 1));
	ring_take(&r, 1);
	cr_assert(ring_put(&r, bytes, 1));
	ring_done(&r);
}

static size_t resident(const struct ring *r)
{
	static unsigned char pages[4096];
	size_t count = 0;

	cr_assert_eq(mincore(r->base, r->size, pages), 0);
	for (size_t i = 0; i < r->size / 4096; i++)
		count += pages[i] & 1;
	return count;
}

Test(ring, light_traffic_stays_on_the_first_page_and_trim_gives_memory_back)
{
	static char bytes[1 << 20];
	struct ring r;

	cr_assert_eq(ring_init(&r, 1 << 20), 0);
	for (int i = 0; i < 10000; i++) {
		ring_put(&r, bytes, 100);
		ring_take(&r, 100);
	}
	cr_assert_leq(resident(&r), 1);
	ring_put(&r, bytes, sizeof(bytes));
	cr_assert_eq(resident(&r), 256);
	ring_trim(&r, 4096);
	cr_assert_eq(resident(&r), 256, "memory of what still waits was given away");
	ring_take(&r, sizeof(bytes));
	ring_trim(&r, 4096);
	cr_assert_eq(resident(&r), 0);
	ring_done(&r);
}

Test(ring, nothing_to_undo)
{
	struct ring r = { 0 };

	ring_done(&r);
	cr_assert_null(r.base);
}
