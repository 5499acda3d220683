/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live snapshot: one atomic pointer to one immutable registry and policy, changed while workers
 * read it. A worker marks where a batch begins and ends; the publisher frees the old snapshot when
 * no batch that may have seen it is under way. Nobody takes a lock, and an idle worker delays
 * nobody.
 */
#ifndef USHER_RELAY_SNAPSHOT_H
#define USHER_RELAY_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot; /* relay/pipeline.h */

enum { SNAPSHOT_READERS = 64 };

/* One per worker, on a cache line of its own. Odd while a batch is under way. */
struct snapshot_reader {
	_Alignas(64) _Atomic uint64_t batch;
};

struct snapshot_slot {
	_Atomic(const struct snapshot *) live;
	struct snapshot_reader readers[SNAPSHOT_READERS];
};

/*
 * Begins a batch of reader `r`; the result is valid until snapshot_leave(). Never NULL once
 * published.
 */
const struct snapshot *snapshot_enter(struct snapshot_slot *s, size_t r);
void snapshot_leave(struct snapshot_slot *s, size_t r);

/*
 * Makes `next` the live snapshot and waits until no batch can still see the one before, which is
 * returned for the caller to free (NULL the first time). Must not be called inside a batch. One
 * caller at a time.
 */
const struct snapshot *snapshot_publish(struct snapshot_slot *s, const struct snapshot *next);

#endif
