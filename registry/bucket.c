/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a bucket that is full goes on in the next one, and how a user is taken out without
 * leaving a mark: whoever passes a full bucket is counted there until taken out again, so nobody
 * need be moved back for a search to end where it should.
 */
#include "registry/bucket.h"

#include "registry/prefetch.h"

static struct reg_bucket *bucket_at(const struct buckets *b, size_t i)
{
	return (struct reg_bucket *)(void *)(b->base + b->head->buckets) + i;
}

static size_t home(const struct buckets *b, uint64_t hash)
{
	return reg_bucket_of(hash, b->head->bucket_count);
}

static size_t after(const struct buckets *b, size_t i)
{
	return reg_bucket_after(i, b->head->bucket_count);
}

void bucket_prefetch(const struct buckets *b, uint64_t hash)
{
	prefetch_write(bucket_at(b, home(b, hash)));
}

/* Who is in the bucket under the user's id, or NULL. */
static const struct reg_user *find_in(const struct buckets *b, const struct reg_bucket *bucket,
	const struct reg_user *user, const struct reg_key *k)
{
	for (unsigned int hits = reg_bucket_hits(bucket, k); hits != 0; hits &= hits - 1) {
		const struct reg_user *there = (const void *)(b->base +
			(uint64_t)bucket->refs[__builtin_ctz(hits)] * REG_UNIT);

		if (reg_user_is(there, k, (enum reg_id_type)user->type, user->id, user->id_len))
			return there;
	}
	return NULL;
}

/* The slot of that reference, 0: one that is free; or REG_BUCKET_SLOTS. */
static size_t slot_of(const struct reg_bucket *bucket, uint32_t ref)
{
	size_t s = 0;

	while (s < REG_BUCKET_SLOTS && bucket->refs[s] != ref)
		s++;
	return s;
}

static void pass(struct reg_bucket *bucket, uint64_t hash, int step)
{
	if (bucket->passed < UINT8_MAX)
		bucket->passed = (uint8_t)(bucket->passed + step);
	if (step > 0)
		bucket->passers |= reg_passer(hash);
	else if (bucket->passed == 0)
		bucket->passers = 0;
}

/*
 * The slot of that reference at or behind the hash's own bucket; who passes is counted by `step`.
 */
static size_t seek(const struct buckets *b, uint64_t hash, uint32_t ref, int step,
	struct reg_bucket **ret)
{
	for (size_t i = home(b, hash);; i = after(b, i)) {
		size_t s = slot_of(*ret = bucket_at(b, i), ref);

		if (s < REG_BUCKET_SLOTS)
			return s;
		pass(*ret, hash, step);
	}
}

static void fill(struct reg_bucket *bucket, size_t s, const struct reg_key *k, uint64_t at)
{
	bucket->low[s] = k->low;
	bucket->high[s] = k->high;
	bucket->refs[s] = (uint32_t)(at / REG_UNIT);
	if (k->form != REG_FORM_TAG)
		bucket->whole[k->form] |= (uint8_t)(1u << s);
}

const struct reg_user *bucket_place(const struct buckets *b, uint64_t at, uint64_t hash)
{
	const struct reg_user *user = (const void *)(b->base + at);
	struct reg_key k = reg_key_of(hash, (enum reg_id_type)user->type, user->id, user->id_len);
	struct reg_bucket *bucket;
	size_t i = home(b, hash);

	do {
		const struct reg_user *there;

		bucket = bucket_at(b, i);
		there = find_in(b, bucket, user, &k);
		if (there != NULL)
			return there;
		i = after(b, i);
	} while ((bucket->passers & reg_passer(hash)) != 0 && i != home(b, hash));
	i = seek(b, hash, 0, 1, &bucket);
	fill(bucket, i, &k, at);
	return NULL;
}

void bucket_remove(const struct buckets *b, uint64_t at, uint64_t hash)
{
	struct reg_bucket *bucket;
	size_t s = seek(b, hash, (uint32_t)(at / REG_UNIT), -1, &bucket);

	bucket->low[s] = bucket->refs[s] = 0;
	bucket->high[s] = 0;
	for (size_t form = 0; form < REG_FORMS_WHOLE; form++)
		bucket->whole[form] &= (uint8_t)~(1u << s);
}

void bucket_replace(const struct buckets *b, uint64_t old, uint64_t at, uint64_t hash)
{
	struct reg_bucket *bucket;
	size_t s = seek(b, hash, (uint32_t)(old / REG_UNIT), 0, &bucket);

	bucket->refs[s] = (uint32_t)(at / REG_UNIT);
}
