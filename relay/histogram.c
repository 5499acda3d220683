/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides the bounds: they are few and grow by two or so, so that a look is a handful of compares. */
#include "relay/histogram.h"

const uint32_t histogram_bounds[HISTOGRAM_BOUNDS] = {
	10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000,
	1000000, 2000000, 5000000, 10000000,
};

void histogram_add(struct histogram *h, uint64_t us, uint64_t times)
{
	size_t i = 0;

	while (i < HISTOGRAM_BOUNDS && us > histogram_bounds[i])
		i++;
	h->buckets[i] += times;
	h->count += times;
	h->sum_us += us * times;
}

uint64_t histogram_below(const struct histogram *h, unsigned per_mille)
{
	uint64_t seen = 0;

	if (h->count == 0)
		return 0;
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		seen += h->buckets[i];
		if (seen * 1000 >= h->count * per_mille)
			return histogram_bounds[i];
	}
	return UINT64_MAX;
}
