/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch costs nothing until its slots are used, and refuses sizes it has no room for. */
#include "relay/batch.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

Test(batch, refuses_sizes_out_of_range)
{
	errno = 0;
	cr_assert_null(batch_new(0));
	cr_assert_eq(errno, EINVAL);
	errno = 0;
	cr_assert_null(batch_new(BATCH_MAX + 1));
	cr_assert_eq(errno, EINVAL);
}

Test(batch, free_takes_and_returns_null)
{
	cr_assert_null(batch_free(NULL, 1));
}

Test(batch, is_zero_and_its_last_byte_is_writable)
{
	struct batch *b = batch_new(BATCH_MAX);
	struct slot *last;

	cr_assert_not_null(b);
	cr_assert_eq(b->count, 0);
	last = &b->slots[BATCH_MAX - 1];
	cr_assert_eq(last->raw[SLOT_RAW - 1], 0);
	last->raw[SLOT_RAW - 1] = 1;
	last->out[SLOT_OUT - 1] = 1;
	last->pad[SLOT_STRIDE_PAD - 1] = 1;
	cr_assert_null(batch_free(b, BATCH_MAX));
}

Test(batch, untouched_slots_are_not_resident)
{
	size_t size = sizeof(struct batch) + BATCH_MAX * sizeof(struct slot), resident = 0;
	struct batch *b = batch_new(BATCH_MAX);
	static unsigned char pages[1 << 16];

	cr_assert_leq(size / 4096 + 1, sizeof(pages));
	b->slots[0].raw[0] = 1;
	cr_assert_eq(mincore(b, size, pages), 0);
	for (size_t i = 0; i < size / 4096; i++)
		resident += pages[i] & 1;
	cr_assert_eq(resident, 1, "%zu pages are resident", resident);
	batch_free(b, BATCH_MAX);
}

Test(batch, neighbours_do_not_share_a_cache_set)
{
	cr_assert_neq(sizeof(struct slot) % 4096, 0);
}
