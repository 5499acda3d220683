/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a registry's users come into its buckets: a window at a time, because their buckets are
 * far apart in memory, and starting from a copy of the base's buckets if there is room in them.
 * Here it shows who is given twice.
 */
#include "registry/building.h"

#include "registry/bucket.h"

enum { AHEAD = 16 }; /* users hashed and prefetched before the first is placed */

struct ahead {
	uint64_t at[AHEAD], hash[AHEAD];
	size_t count;
};

struct placing {
	struct builder *b;
	struct buckets buckets;
	struct ahead ahead;
	bool skip;
	struct reg_report *report;
	size_t *duplicates;
};

static void tell_twice(const struct placing *p, const struct reg_user *first,
	const struct reg_user *second)
{
	const char *name = p->b->options.name;
	char text[REG_ID_TEXT];
	struct reg_error err;

	reg_id_text((enum reg_id_type)second->type, second->id, second->id_len, text);
	reg_error_set(&err, name, second->line, "user %s is given twice, first on line %u", text,
		first->line);
	reg_report_add(p->report, &err);
}

static enum reg_err twice(struct placing *p, const struct reg_user *first, struct reg_user *second)
{
	tell_twice(p, first, second);
	if (!p->skip)
		return REG_E_DUPLICATE;
	building_bury(p->b, second);
	++*p->duplicates;
	return REG_OK;
}

/* Said once more that somebody is gone, or of somebody who came later: it does not count. */
static enum reg_err gone_already(struct placing *p, struct reg_user *gone)
{
	const struct reg_user *below = reg_find_in(p->b->bottom, building_hash(p->b, gone),
		(enum reg_id_type)gone->type, gone->id, gone->id_len);

	gone->flags = REG_USER_DEAD;
	p->b->head.user_count++;
	p->b->head.dead -= reg_user_size(below);
	return REG_OK;
}

/* A layer's user that came since may be given twice: here, and below. */
static enum reg_err check_below(struct placing *p, uint64_t at, uint64_t hash)
{
	struct reg_user *user = building_user(p->b, at);
	const struct reg_user *below;

	if (p->b->use != BASE_UNDER || at < p->b->taken || (user->flags & REG_USER_GONE) != 0)
		return REG_OK;
	below = reg_find_in(
		p->b->bottom, hash, (enum reg_id_type)user->type, user->id, user->id_len);
	if (below == NULL)
		return REG_OK;
	bucket_remove(&p->buckets, at, hash);
	return twice(p, below, user);
}

static enum reg_err place(struct placing *p, uint64_t at, uint64_t hash)
{
	struct reg_user *user = building_user(p->b, at);
	const struct reg_user *first = bucket_place(&p->buckets, at, hash);

	if (first == NULL)
		return check_below(p, at, hash);
	if ((user->flags & REG_USER_GONE) != 0)
		return gone_already(p, user);
	if ((first->flags & REG_USER_GONE) == 0)
		return twice(p, first, user);
	bucket_replace(
		&p->buckets, (uint64_t)((const uint8_t *)first - p->b->region.base), at, hash);
	return REG_OK;
}

static enum reg_err place_ahead(struct placing *p)
{
	enum reg_err e = REG_OK;

	for (size_t i = 0; i < p->ahead.count && e == REG_OK; i++)
		e = place(p, p->ahead.at[i], p->ahead.hash[i]);
	p->ahead.count = 0;
	return e;
}

/* Places the users from offset `at` on. */
static enum reg_err place_from(struct placing *p, uint64_t at)
{
	struct builder *b = p->b;
	enum reg_err e = REG_OK;

	while (at < b->head.users_end && e == REG_OK) {
		const struct reg_user *user = building_user(b, at);

		if ((user->flags & REG_USER_DEAD) == 0) {
			uint64_t hash = building_hash(b, user);

			bucket_prefetch(&p->buckets, hash);
			p->ahead.at[p->ahead.count] = at;
			p->ahead.hash[p->ahead.count++] = hash;
		}
		at += reg_user_size(user);
		if (p->ahead.count == AHEAD)
			e = place_ahead(p);
	}
	return e == REG_OK ? place_ahead(p) : e;
}

/* How many users so many buckets hold when so many per cent of their slots are used. */
static uint64_t slots_filled(uint64_t buckets, unsigned int per_cent)
{
	return buckets * REG_BUCKET_SLOTS * per_cent / 100;
}

static bool has_room(const struct builder *b)
{
	return b->use == BASE_COPIED &&
		slots_filled(b->bottom->bucket_count, REG_FILLED_MOST) >= b->head.user_count;
}

/* Entries of a layer that will be in its buckets. */
static uint32_t layer_entries(const struct builder *b)
{
	uint32_t n = 0;

	for (uint64_t at = sizeof(b->head); at < b->head.users_end;) {
		const struct reg_user *user = building_user(b, at);

		n += (user->flags & REG_USER_DEAD) == 0;
		at += reg_user_size(user);
	}
	return n;
}

uint32_t building_bucket_count(const struct builder *b)
{
	uint32_t users = b->use == BASE_UNDER ? layer_entries(b) : b->head.user_count;

	return has_room(b) ? b->bottom->bucket_count :
		(uint32_t)((uint64_t)users * 100 / (REG_BUCKET_SLOTS * REG_FILLED)) + 1;
}

/* The base's buckets, and out of them who was removed. */
static void copy_buckets(const struct placing *p)
{
	const struct builder *b = p->b;

	memcpy(b->region.base + b->head.buckets, (const uint8_t *)b->bottom + b->bottom->buckets,
		(size_t)b->bottom->bucket_count * sizeof(struct reg_bucket));
	for (size_t i = 0; i < b->removed_count; i++) {
		uint64_t at = (uint64_t)b->removed[i] * REG_UNIT;

		bucket_remove(&p->buckets, at, building_hash(b, building_user(b, at)));
	}
}

enum reg_err building_place(struct builder *b, bool skip, struct reg_report *report,
	size_t *duplicates)
{
	struct placing p = { .b = b, .buckets = { b->region.base, &b->head }, .skip = skip,
		.report = report, .duplicates = duplicates };

	if (!has_room(b))
		return place_from(&p, sizeof(b->head));
	copy_buckets(&p);
	return place_from(&p, b->bottom->users_end);
}
