/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long something took, counted by size: what Prometheus calls a histogram. */
#ifndef USHER_RELAY_HISTOGRAM_H
#define USHER_RELAY_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 19 };

/* In microseconds: 10, 20, 50, 100 ... 10 s. */
extern const uint32_t histogram_bounds[HISTOGRAM_BOUNDS];

/* Nothing but uint64_t, so that those of several workers can be added up. */
struct histogram {
	uint64_t count, sum_us;
	uint64_t buckets[HISTOGRAM_BOUNDS + 1]; /* not cumulative; the last: longer than any bound */
};

/* `times` things took `us` microseconds each. */
void histogram_add(struct histogram *h, uint64_t us, uint64_t times);

/*
 * The bound under which at least per_mille of all lie, in microseconds; 0 if there is nothing,
 * UINT64_MAX if it is longer than any bound.
 */
uint64_t histogram_below(const struct histogram *h, unsigned per_mille);

#endif
