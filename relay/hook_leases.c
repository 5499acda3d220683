/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leases that libraries want to hear the end of, known by looking on: granted by answers, given
 * back by queries, expired by the clock. A hash of addresses, and a heap by time; of a fixed size,
 * and a lease for which there is no room is not followed. One lock: all workers see all leases.
 */
#include "relay/hook_parts.h"

#include "registry/siphash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

struct followed {
	struct usher_lease lease;
	int64_t due;             /* seconds since the epoch */
	uint32_t heap_at;
	uint32_t next;           /* in its bucket, or the list of free ones; index + 1 */
};

struct hook_leases {
	pthread_mutex_t lock;
	uint32_t most, count, free; /* free: index + 1 */
	uint32_t probation;
	uint32_t mask;           /* buckets less 1 */
	uint8_t key[16];
	size_t size;             /* of the mapping */
	uint32_t *buckets;       /* index + 1 */
	uint32_t *heap;          /* indexes, the one due first on top */
	struct followed *all;
};

struct hook_leases *hook_leases_new(size_t most, uint32_t probation)
{
	struct hook_leases *t = calloc(1, sizeof(*t));
	size_t buckets = 1;
	uint8_t *map;

	if (t == NULL)
		return NULL;
	while (buckets < most)
		buckets *= 2;
	t->size = most * sizeof(*t->all) + most * sizeof(*t->heap) + buckets * sizeof(*t->buckets);
	map = mmap(NULL, t->size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED || getrandom(t->key, sizeof(t->key), 0) != (ssize_t)sizeof(t->key)) {
		if (map != MAP_FAILED)
			munmap(map, t->size);
		free(t);
		return NULL;
	}
	t->all = (void *)map;
	t->heap = (void *)(map + most * sizeof(*t->all));
	t->buckets = t->heap + most;
	t->most = (uint32_t)most;
	t->mask = (uint32_t)buckets - 1;
	t->probation = probation;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

struct hook_leases *hook_leases_free(struct hook_leases *t)
{
	if (t == NULL)
		return NULL;
	munmap(t->all, t->size);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

/* --- the heap -------------------------------------------------------------------------------- */

static bool before(const struct hook_leases *t, uint32_t a, uint32_t b)
{
	return t->all[t->heap[a]].due < t->all[t->heap[b]].due;
}

static void swap(struct hook_leases *t, uint32_t a, uint32_t b)
{
	uint32_t x = t->heap[a];

	t->heap[a] = t->heap[b];
	t->heap[b] = x;
	t->all[t->heap[a]].heap_at = a;
	t->all[t->heap[b]].heap_at = b;
}

/* Puts the element at `at` where it belongs. */
static void sift(struct hook_leases *t, uint32_t at)
{
	while (at > 0 && before(t, at, (at - 1) / 2)) {
		swap(t, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
	for (;;) {
		uint32_t least = at;

		for (uint32_t child = 2 * at + 1; child <= 2 * at + 2; child++)
			if (child < t->count && before(t, child, least))
				least = child;
		if (least == at)
			return;
		swap(t, at, least);
		at = least;
	}
}

/* --- the hash -------------------------------------------------------------------------------- */

static uint32_t *bucket_of(struct hook_leases *t, const struct usher_lease *l)
{
	uint8_t data[18];

	memcpy(data, l->address, 16);
	data[16] = (uint8_t)l->family;
	data[17] = l->prefix_len;
	return &t->buckets[siphash13(t->key, data, sizeof(data)) & t->mask];
}

static bool same(const struct usher_lease *a, const struct usher_lease *b)
{
	return a->family == b->family && a->prefix_len == b->prefix_len &&
		memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

/* The link that leads to the lease, or the end of its bucket. */
static uint32_t *link_to(struct hook_leases *t, const struct usher_lease *l)
{
	uint32_t *link = bucket_of(t, l);

	while (*link != 0 && !same(&t->all[*link - 1].lease, l))
		link = &t->all[*link - 1].next;
	return link;
}

static void remove_at(struct hook_leases *t, uint32_t *link)
{
	uint32_t i = *link - 1, at = t->all[i].heap_at;

	*link = t->all[i].next;
	t->count--;
	if (at != t->count) {
		swap(t, at, t->count);
		sift(t, at);
	}
	t->all[i].next = t->free;
	t->free = i + 1;
}

/* With the lock. */
static void put(struct hook_leases *t, const struct usher_lease *l, int64_t due)
{
	uint32_t *link = link_to(t, l), i;

	if (*link != 0) {
		i = *link - 1;
		t->all[i].lease = *l;
		t->all[i].due = due;
		sift(t, t->all[i].heap_at);
		return;
	}
	if (t->count == t->most)
		return;
	/* What was never used lies behind what is in use or free. */
	i = t->count;
	if (t->free != 0) {
		i = t->free - 1;
		t->free = t->all[i].next;
	}
	*link = i + 1;
	t->all[i] = (struct followed){ .lease = *l, .due = due, .heap_at = t->count };
	t->heap[t->count++] = i;
	sift(t, t->all[i].heap_at);
}

void hook_leases_granted(struct hook_leases *t, const struct usher_lease *l)
{
	/* RFC 2132 9.2, RFC 8415 7.7: all ones mean for ever. */
	if (l->valid == UINT32_MAX) {
		hook_leases_released(t, l);
		return;
	}
	pthread_mutex_lock(&t->lock);
	put(t, l, l->since + l->valid);
	pthread_mutex_unlock(&t->lock);
}

void hook_leases_released(struct hook_leases *t, const struct usher_lease *l)
{
	uint32_t *link;

	pthread_mutex_lock(&t->lock);
	link = link_to(t, l);
	if (*link != 0)
		remove_at(t, link);
	pthread_mutex_unlock(&t->lock);
}

void hook_leases_declined(struct hook_leases *t, const struct usher_lease *l, int64_t now)
{
	struct usher_lease declined = *l;

	declined.declined = true;
	declined.since = now;
	pthread_mutex_lock(&t->lock);
	put(t, &declined, now + t->probation);
	pthread_mutex_unlock(&t->lock);
}

bool hook_leases_due(
	struct hook_leases *t, int64_t now, struct usher_lease *ret, int64_t *ret_next)
{
	struct followed *first;
	bool due = false;

	*ret_next = 0;
	pthread_mutex_lock(&t->lock);
	if (t->count > 0) {
		first = &t->all[t->heap[0]];
		due = first->due <= now;
		if (due) {
			*ret = first->lease;
			remove_at(t, link_to(t, ret));
		} else {
			*ret_next = first->due;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return due;
}
