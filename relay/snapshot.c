/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the order of loads and stores that makes the exchange safe. A reader announces its batch
 * before it loads the pointer; the publisher exchanges the pointer before it looks for announced
 * batches. All four are sequentially consistent, so at least one of the two sees the other: either
 * the reader gets the new snapshot, or the publisher waits for it. Who owns a snapshot, and how it
 * is freed, is the publisher's business.
 */
#include "relay/snapshot.h"

#include <time.h>

const struct snapshot *snapshot_enter(struct snapshot_slot *s, size_t r)
{
	atomic_fetch_add(&s->readers[r].batch, 1);
	return atomic_load(&s->live);
}

void snapshot_leave(struct snapshot_slot *s, size_t r)
{
	atomic_fetch_add(&s->readers[r].batch, 1);
}

static void wait_for(struct snapshot_reader *r)
{
	const struct timespec pause = { .tv_nsec = 50000 };
	uint64_t seen = atomic_load(&r->batch);

	if (seen % 2 == 0)
		return;
	while (atomic_load(&r->batch) == seen)
		nanosleep(&pause, NULL);
}

const struct snapshot *snapshot_publish(struct snapshot_slot *s, const struct snapshot *next)
{
	const struct snapshot *old = atomic_exchange(&s->live, next);

	for (size_t i = 0; i < SNAPSHOT_READERS; i++)
		wait_for(&s->readers[i]);
	return old;
}
