/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exchange of snapshots: no reader ever holds one that was handed back to be freed. */
#include "relay/snapshot.h"

#include "relay/pipeline.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { READERS = 4, PUBLISHED = 2000 };

struct reader_args {
	struct snapshot_slot *slot;
	size_t number;
	_Atomic bool *stop;
	uint64_t batches, torn, backwards;
};

static void *read_batches(void *arg)
{
	struct reader_args *a = arg;
	uint64_t last = 0;

	while (!atomic_load(a->stop)) {
		const struct snapshot *s = snapshot_enter(a->slot, a->number);
		uint64_t generation = s->generation;

		a->backwards += generation < last;
		a->torn += (uintptr_t)s->policy != generation;
		last = generation;
		snapshot_leave(a->slot, a->number);
		a->batches++;
	}
	return NULL;
}

static struct snapshot *make(uint64_t generation)
{
	struct snapshot *s = malloc(sizeof(*s));

	*s = (struct snapshot){ .policy = (const struct policy *)(uintptr_t)generation,
		.generation = generation };
	return s;
}

/*
 * What is freed is overwritten first, so that a late reader sees torn contents even without ASan.
 */
static void scrap(const struct snapshot *s)
{
	union {
		const struct snapshot *in;
		struct snapshot *out;
	} u = { .in = s };

	if (s == NULL)
		return;
	memset(u.out, 0xa5, sizeof(*u.out));
	free(u.out);
}

Test(snapshot, readers_never_meet_a_freed_one, .timeout = 60)
{
	struct snapshot_slot *slot = aligned_alloc(64, sizeof(*slot));
	struct reader_args args[READERS] = { { 0 } };
	_Atomic bool stop = false;
	pthread_t threads[READERS];

	memset(slot, 0, sizeof(*slot));
	cr_assert_null(snapshot_publish(slot, make(1)));
	for (size_t i = 0; i < READERS; i++) {
		args[i] = (struct reader_args){ .slot = slot, .number = i, .stop = &stop };
		pthread_create(&threads[i], NULL, read_batches, &args[i]);
	}
	for (uint64_t g = 2; g <= PUBLISHED; g++)
		scrap(snapshot_publish(slot, make(g)));
	atomic_store(&stop, true);
	for (size_t i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		cr_assert_eq(args[i].torn, 0);
		cr_assert_eq(args[i].backwards, 0);
	}
	scrap(snapshot_publish(slot, NULL));
	free(slot);
}

struct publish_args {
	struct snapshot_slot *slot;
	_Atomic bool done;
};

static void *publish_next(void *arg)
{
	struct publish_args *a = arg;

	scrap(snapshot_publish(a->slot, make(2)));
	atomic_store(&a->done, true);
	return NULL;
}

static void pause_ms(long ms)
{
	const struct timespec ts = { .tv_nsec = ms * 1000000 };

	nanosleep(&ts, NULL);
}

Test(snapshot, publish_waits_for_the_batch_under_way_and_for_no_idle_worker, .timeout = 20)
{
	struct snapshot_slot *slot = aligned_alloc(64, sizeof(*slot));
	struct publish_args args = { .slot = slot };
	const struct snapshot *held;
	pthread_t thread;

	memset(slot, 0, sizeof(*slot));
	snapshot_publish(slot, make(1));
	snapshot_enter(slot, 5);
	snapshot_leave(slot, 5);
	held = snapshot_enter(slot, 0);
	pthread_create(&thread, NULL, publish_next, &args);
	pause_ms(50);
	cr_assert_not(atomic_load(&args.done));
	cr_assert_eq(held->generation, 1);
	snapshot_leave(slot, 0);
	pthread_join(thread, NULL);
	cr_assert(atomic_load(&args.done));
	cr_assert_eq(snapshot_enter(slot, 0)->generation, 2);
	snapshot_leave(slot, 0);
	scrap(snapshot_publish(slot, NULL));
	free(slot);
}
