/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Durations by size. */
#include "relay/histogram.h"

#include <criterion/criterion.h>

Test(histogram, a_bound_belongs_to_its_bucket)
{
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		struct histogram h = { .count = 0 };

		histogram_add(&h, histogram_bounds[i], 1);
		cr_expect_eq(h.buckets[i], 1);
		histogram_add(&h, histogram_bounds[i] + 1u, 3);
		cr_expect_eq(h.buckets[i + 1], 3);
		cr_expect_eq(h.count, 4);
		cr_expect_eq(h.sum_us, 4u * histogram_bounds[i] + 3);
	}
}

Test(histogram, bounds_grow)
{
	for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++)
		cr_expect_gt(histogram_bounds[i], histogram_bounds[i - 1]);
}

Test(histogram, below)
{
	struct histogram h = { .count = 0 };

	cr_expect_eq(histogram_below(&h, 990), 0);
	histogram_add(&h, 15, 98);
	histogram_add(&h, 1500, 2);
	cr_expect_eq(histogram_below(&h, 980), 20);
	cr_expect_eq(histogram_below(&h, 990), 2000);
	histogram_add(&h, 99000000, 100);
	cr_expect_eq(histogram_below(&h, 990), UINT64_MAX);
}
