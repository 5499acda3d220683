/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the entry: one word, half of it the key's upper half, half of it the time in microseconds, so
 * that it is read and written whole without a lock. The lower half of the key is its place.
 */
#include "relay/answer_time.h"

#include <string.h>

static uint64_t mix(uint64_t h)
{
	h *= 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

uint64_t answer_key(uint64_t family_and_xid, const uint8_t *id, size_t len)
{
	uint64_t tail = 0;
	size_t n = len < sizeof(tail) ? len : sizeof(tail);

	/* The ends of hardware addresses and DUIDs are what tells them apart. */
	if (n > 0)
		memcpy(&tail, id + len - n, n);
	return mix(mix(tail ^ len) ^ family_and_xid);
}

static uint64_t entry(uint64_t key, int64_t time_ns)
{
	return (key & 0xffffffff00000000u) | (uint32_t)(time_ns / 1000);
}

void answer_times_query(struct answer_times *t, uint64_t key, int64_t time_ns)
{
	atomic_store_explicit(
		&t->all[key % ANSWER_TIMES], entry(key, time_ns), memory_order_relaxed);
}

int64_t answer_times_since(const struct answer_times *t, uint64_t key, int64_t time_ns)
{
	uint64_t was = atomic_load_explicit(&t->all[key % ANSWER_TIMES], memory_order_relaxed);
	uint64_t now = entry(key, time_ns);
	uint32_t us = (uint32_t)(now - was);

	if (was == 0 || was >> 32 != now >> 32 || us > ANSWER_MAX_S * 1000000u)
		return -1;
	return us;
}
