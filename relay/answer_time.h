/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a server took to answer: a table of fixed size in which a query leaves the time it was
 * seen and its answer finds it. It serves the statistics and the outcome record only: what is
 * overwritten, or was seen by another process, is simply not known, and nothing depends on it. (The
 * state that travels in the packet has no room for a time in the queries that need no state at
 * all.)
 */
#ifndef USHER_RELAY_ANSWER_TIME_H
#define USHER_RELAY_ANSWER_TIME_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	ANSWER_TIMES = 4096,         /* transactions that are under way at once */
	ANSWER_MAX_S = 60,           /* an answer that takes longer belongs to another query */
};

/* All zero to begin with. For any number of threads, or of processes that share it. */
struct answer_times {
	_Atomic uint64_t all[ANSWER_TIMES];
};

static inline uint64_t answer_mix(uint64_t h)
{
	h *= 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

/*
 * The key of a transaction: its family and xid, and the identity of the client (len 0: not known),
 * of which the ends are taken: they are what tells hardware addresses and DUIDs apart.
 */
static inline uint64_t answer_key(uint64_t family_and_xid, const uint8_t *id, size_t len)
{
	uint32_t first = 0, last = 0;

	if (len >= sizeof(first)) {
		memcpy(&first, id, sizeof(first));
		memcpy(&last, id + len - sizeof(last), sizeof(last));
	} else if (len > 0) {
		first = id[0];
		last = id[len - 1];
	}
	return answer_mix(answer_mix((uint64_t)first << 32 | last) ^ family_and_xid);
}

/*
 * One word, half of it the upper half of the key, half of it the time in microseconds, so that it
 * is read and written whole without a lock. The lower half of the key is its place.
 */
static inline uint64_t answer_entry(uint64_t key, int64_t time_ns)
{
	return (key & 0xffffffff00000000u) | (uint32_t)(time_ns / 1000);
}

/* A query of that transaction was seen at time_ns, CLOCK_REALTIME. The last one counts. */
static inline void answer_times_query(struct answer_times *t, uint64_t key, int64_t time_ns)
{
	atomic_store_explicit(
		&t->all[key % ANSWER_TIMES], answer_entry(key, time_ns), memory_order_relaxed);
}

/* Microseconds from the query to time_ns; -1: not known. */
static inline int64_t answer_times_since(
	const struct answer_times *t, uint64_t key, int64_t time_ns)
{
	uint64_t was = atomic_load_explicit(&t->all[key % ANSWER_TIMES], memory_order_relaxed);
	uint64_t now = answer_entry(key, time_ns);
	uint32_t us = (uint32_t)(now - was);

	if (was == 0 || was >> 32 != now >> 32 || us > ANSWER_MAX_S * 1000000u)
		return -1;
	return us;
}

#endif
