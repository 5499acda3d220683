/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a bucket that is full goes on in the next one, and how a user is taken out without
 * leaving a mark: an empty slot ends a search, so whoever was pushed past a bucket moves back into
 * it when a slot there becomes free.
 */
#include "registry/bucket.h"

static struct reg_bucket *bucket_at(const struct buckets *b, size_t i)
{
	return (struct reg_bucket *)(void *)(b->base + b->head->buckets) + i;
}

static const struct reg_user *user_of(const struct buckets *b, uint64_t slot)
{
	return (const void *)(b->base + (slot >> 32) * REG_UNIT);
}

static size_t after(const struct buckets *b, size_t i)
{
	return i + 1 < b->head->bucket_count ? i + 1 : 0;
}

void bucket_prefetch(const struct buckets *b, uint64_t hash)
{
	__builtin_prefetch(bucket_at(b, reg_bucket_of(hash, b->head->bucket_count)), 1);
}

const struct reg_user *bucket_place(const struct buckets *b, uint64_t at, uint64_t hash)
{
	const struct reg_user *user = (const void *)(b->base + at);
	size_t i = reg_bucket_of(hash, b->head->bucket_count);

	for (;; i = after(b, i)) {
		struct reg_bucket *bucket = bucket_at(b, i);

		for (size_t s = 0; s < REG_BUCKET_SLOTS; s++) {
			uint64_t slot = bucket->slots[s];
			const struct reg_user *there;

			if (slot == 0) {
				bucket->slots[s] = at / REG_UNIT << 32 | (uint32_t)hash;
				return NULL;
			}
			if ((uint32_t)slot != (uint32_t)hash)
				continue;
			there = user_of(b, slot);
			if (reg_user_is(there, (enum reg_id_type)user->type, user->id,
				user->id_len))
				return there;
		}
	}
}

/* How many buckets i lies behind the one where the user of the slot belongs. */
static size_t pushed(const struct buckets *b, uint64_t slot, size_t i)
{
	const struct reg_user *user = user_of(b, slot);
	size_t home = reg_bucket_of(registry_hash(b->head, (enum reg_id_type)user->type, user->id,
		user->id_len), b->head->bucket_count);

	return i >= home ? i - home : i + b->head->bucket_count - home;
}

static bool is_full(const struct reg_bucket *bucket)
{
	return bucket->slots[REG_BUCKET_SLOTS - 1] != 0;
}

/*
 * The slot of a user who passed the full bucket i on the way to its own: *ret_i is that one's
 * bucket. It can only be in the buckets up to the next that is not full.
 */
static uint64_t *find_pushed(const struct buckets *b, size_t i, size_t *ret_i)
{
	size_t distance = 0, j = i;

	do {
		struct reg_bucket *bucket = bucket_at(b, j = after(b, j));

		distance++;
		for (size_t s = 0; s < REG_BUCKET_SLOTS && bucket->slots[s] != 0; s++) {
			if (pushed(b, bucket->slots[s], j) >= distance) {
				*ret_i = j;
				return &bucket->slots[s];
			}
		}
	} while (is_full(bucket_at(b, j)));
	return NULL;
}

/* Closes the gap with the bucket's last slot, so that it stays filled from the left. */
static void close_gap(struct reg_bucket *bucket, uint64_t *gap)
{
	size_t last = REG_BUCKET_SLOTS - 1;

	while (bucket->slots[last] == 0)
		last--;
	*gap = bucket->slots[last];
	bucket->slots[last] = 0;
}

static uint64_t *find_slot(const struct buckets *b, uint64_t wanted, size_t *i)
{
	for (;; *i = after(b, *i))
		for (size_t s = 0; s < REG_BUCKET_SLOTS; s++)
			if (bucket_at(b, *i)->slots[s] == wanted)
				return &bucket_at(b, *i)->slots[s];
}

void bucket_remove(const struct buckets *b, uint64_t at, uint64_t hash)
{
	size_t i = reg_bucket_of(hash, b->head->bucket_count);
	uint64_t *gap = find_slot(b, at / REG_UNIT << 32 | (uint32_t)hash, &i);

	while (is_full(bucket_at(b, i))) {
		uint64_t *from = find_pushed(b, i, &i);

		if (from == NULL)
			break;
		*gap = *from;
		gap = from;
	}
	close_gap(bucket_at(b, i), gap);
}

void bucket_replace(const struct buckets *b, uint64_t old, uint64_t at, uint64_t hash)
{
	size_t i = reg_bucket_of(hash, b->head->bucket_count);

	*find_slot(b, old / REG_UNIT << 32 | (uint32_t)hash, &i) =
		at / REG_UNIT << 32 | (uint32_t)hash;
}
