/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users taken out of a registry and put in again, many times over, against a plain array. */
#include "registry/bucket.h"

#include "registry/builder.h"
#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

enum { IDS = 3000, STEPS = 150, CHANGES = 200 };

/* What a user's attribute says, or 0: not there. */
static unsigned int model[IDS];

/*
 * Ids by turns: a MAC, the DUID-LL of that MAC, and three that no slot holds whole though they are
 * like those: an address of seven bytes, another type of six, a DUID of another kind.
 */
static void id_of(unsigned int n, struct reg_id *ret)
{
	static const struct {
		enum reg_id_type type;
		uint8_t before[4];
		size_t len, zeros;
	} kinds[] = {
		{ REG_HW_ADDR, { 0 }, 0, 4 },
		{ REG_DUID, { 0, 3, 0, 1 }, 4, 4 },
		{ REG_HW_ADDR, { 0 }, 0, 5 },
		{ REG_REMOTE_ID, { 0 }, 0, 4 },
		{ REG_DUID, { 0, 3, 0, 6 }, 4, 4 },
	};
	enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
	uint8_t bytes[16] = { 0 };
	size_t k = n % KINDS, len = kinds[k].len + kinds[k].zeros + 2;

	memcpy(bytes, kinds[k].before, kinds[k].len);
	bytes[len - 2] = (uint8_t)(n / KINDS >> 8);
	bytes[len - 1] = (uint8_t)(n / KINDS);
	cr_assert_eq(reg_id_set(ret, kinds[k].type, bytes, len), REG_OK);
}

static struct reg_entry entry_of(unsigned int id, const struct reg_pair *pair)
{
	struct reg_entry e = { .line = id + 1, .count = pair != NULL, .pairs = pair,
		.removed = pair == NULL };

	id_of(id, &e.id);
	return e;
}

static void put(struct builder *b, unsigned int id, unsigned int value)
{
	char text[16];
	struct reg_pair pair = { "v", text, 1, (size_t)sprintf(text, "%u", value) };
	struct reg_entry e = entry_of(id, &pair);

	cr_assert_eq(builder_add(b, &e, NULL), REG_OK);
}

static void take_out(struct builder *b, unsigned int id)
{
	struct reg_entry e = entry_of(id, NULL);

	cr_assert_eq(builder_remove(b, &e), REG_OK);
}

static void compare(const struct registry *reg)
{
	const struct reg_user *user = NULL;
	size_t count = 0, walked = 0;

	for (unsigned int id = 0; id < IDS; id++) {
		const struct reg_user *found;
		char buf[1024], expect[32];
		struct reg_id r;

		id_of(id, &r);
		found = registry_find(reg, r.type, r.bytes, r.len);
		cr_assert_eq(found != NULL, model[id] != 0, "id %u", id);
		if (found == NULL)
			continue;
		count++;
		sprintf(expect, "v=%u;", model[id]);
		cr_assert_str_eq(attrs_text(found, buf), expect);
	}
	cr_assert_eq(registry_count(reg), count);
	while ((user = registry_next(reg, user)) != NULL)
		walked++;
	cr_assert_eq(walked, count);
}

/* One step: some are removed, some replaced, some added; more of this or of that by turns. */
static void change(struct builder *b, unsigned int step)
{
	static bool touched[IDS];
	unsigned int growth = step / 25 % 2 == 0 ? 70 : 30;

	memset(touched, 0, sizeof(touched));
	for (unsigned int i = 0; i < CHANGES; i++) {
		unsigned int id = (unsigned int)rand() % IDS;

		if (touched[id])
			continue;
		touched[id] = true;
		if (model[id] != 0)
			take_out(b, id);
		take_out(b, id);
		model[id] = 0;
		if ((unsigned int)rand() % 100 < growth)
			put(b, id, model[id] = step + 1);
	}
}

static struct registry *changed(const struct registry *reg, size_t layer_from, unsigned int step)
{
	struct builder_options options = { .name = "t", .base = reg, .layer_from = layer_from };
	struct builder_result result;
	struct builder *b;

	cr_assert_eq(builder_begin(&options, &b), REG_OK);
	change(b, step);
	cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
	return result.registry;
}

/* All copied; a layer and a copy by turns; a row of layers and then a copy. */
Test(bucket, any_changes_are_as_if_all_had_been_read_at_once)
{
	static const size_t layer_from[] = { 0, 1, 16384 };

	for (size_t kind = 0; kind < sizeof(layer_from) / sizeof(layer_from[0]); kind++) {
		struct registry *reg = NULL;
		size_t dead = 0, layers = 0;

		memset(model, 0, sizeof(model));
		srand(1);
		for (unsigned int step = 0; step < STEPS; step++) {
			struct registry *next = changed(reg, layer_from[kind], step);

			registry_free(reg);
			reg = next;
			compare(reg);
			cr_assert_geq(registry_dead(reg), dead, "what was removed is accounted for");
			dead = registry_dead(reg);
			layers += registry_is_layer(reg);
		}
		cr_assert_gt(dead, 10000);
		cr_assert(kind == 0 ? layers == 0 : kind == 1 ? layers == STEPS / 2 :
			layers > STEPS / 2 && layers < STEPS - 3, "%zu layers", layers);
		registry_free(reg);
	}
}

/* Every bucket full: searches go on for long, and end where they should whoever is taken out. */
Test(bucket, full_buckets)
{
	enum { BUCKETS = 16, ROOM = BUCKETS * REG_BUCKET_SLOTS - 1, USER = 20 };
	enum { SIZE = sizeof(struct registry) + 2048 + BUCKETS * sizeof(struct reg_bucket), BEFORE = 64 };
	static _Alignas(64) uint8_t mapping[BEFORE + SIZE]; /* with its struct reg_own */
	uint8_t *region = mapping + BEFORE;
	struct registry head = { .bucket_count = BUCKETS,
		.buckets = SIZE - BUCKETS * sizeof(struct reg_bucket) };
	struct buckets b = { region, &head };
	uint64_t at[ROOM], hash[ROOM];
	bool there[ROOM];

	srand(2);
	for (unsigned int round = 0; round < 200; round++) {
		memset(region, 0, SIZE);
		head.key[0] = (uint8_t)round;
		for (size_t i = 0; i < ROOM; i++) {
			struct reg_user *user;
			struct reg_id id;

			id_of((unsigned int)i, &id);
			at[i] = sizeof(head) + i * USER;
			user = (void *)(region + at[i]);
			*user = (struct reg_user){ .type = (uint8_t)id.type, .id_len = id.len };
			memcpy(user->id, id.bytes, id.len);
			hash[i] = registry_hash(&head, user->id, user->id_len);
			cr_assert_null(bucket_place(&b, at[i], hash[i]));
			cr_assert_eq(bucket_place(&b, at[i], hash[i]), user, "it is there already");
			there[i] = true;
		}
		for (size_t left = ROOM; left > 0; left--) {
			size_t out = (size_t)rand() % ROOM;

			while (!there[out])
				out = (out + 1) % ROOM;
			bucket_remove(&b, at[out], hash[out]);
			there[out] = false;
			memcpy(region, &head, sizeof(head));
			for (size_t i = 0; i < ROOM; i++) {
				const struct reg_user *user = (void *)(region + at[i]);
				const struct reg_user *found = registry_find((void *)region,
					(enum reg_id_type)user->type, user->id, user->id_len);

				cr_assert_eq(found, there[i] ? user : NULL, "%u: %zu", round, i);
			}
		}
		for (size_t i = 0; i < BUCKETS; i++) {
			static const struct reg_bucket empty;

			cr_assert_arr_eq(region + head.buckets + i * sizeof(empty), (const uint8_t *)&empty,
				sizeof(empty), "no trace of anybody");
		}
	}
}

/*
 * More users than a bucket can count have passed one: they are found, and when they go the count
 * stays.
 */
Test(bucket, more_pass_than_can_be_counted)
{
	enum { BUCKETS = 100, USERS = 550, USER = 16, TABLE = BUCKETS * sizeof(struct reg_bucket) };
	enum { SIZE = sizeof(struct registry) + (USERS * USER + 63) / 64 * 64 + TABLE, BEFORE = 64 };
	static _Alignas(64) uint8_t mapping[BEFORE + SIZE]; /* with its struct reg_own */
	uint8_t *region = mapping + BEFORE;
	struct registry head = { .bucket_count = BUCKETS, .buckets = SIZE - TABLE };
	struct buckets b = { region, &head };

	memcpy(region, &head, sizeof(head));
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < USERS; i++) {
			uint64_t at = sizeof(head) + i * USER;
			struct reg_user *user = (void *)(region + at);

			*user = (struct reg_user){ .type = REG_HW_ADDR, .id_len = 6 };
			memcpy(user->id, &i, 6);
			cr_assert_null(bucket_place(&b, at, i << 29), "all begin at the first bucket");
		}
		for (size_t i = 0; i < USERS; i++) {
			uint64_t at = sizeof(head) + i * USER;
			const struct reg_user *user = (void *)(region + at);

			cr_assert_eq(reg_find_in((void *)region, i << 29, REG_HW_ADDR, user->id, 6), user);
			if (i % 2 == 0)
				continue;
			bucket_remove(&b, at, i << 29);
			cr_assert_null(reg_find_in((void *)region, i << 29, REG_HW_ADDR, user->id, 6));
		}
		for (size_t i = 0; i < USERS; i += 2)
			bucket_remove(&b, sizeof(head) + i * USER, i << 29);
	}
}

/* A removal is of one line: whoever has taken the id over stays. */
Test(bucket, removal_of_another_line_is_none)
{
	struct builder_options options = { .name = "t" };
	struct builder_result result;
	struct registry *reg;
	struct reg_entry e;
	struct builder *b;

	cr_assert_eq(builder_begin(&options, &b), REG_OK);
	put(b, 7, 1);
	take_out(b, 7);
	cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
	reg = result.registry;
	cr_assert_eq(registry_count(reg), 1, "what was added since the base is not removed");
	options.base = reg;
	cr_assert_eq(builder_begin(&options, &b), REG_OK);
	e = entry_of(7, NULL);
	e.line = 99;
	cr_assert_eq(builder_remove(b, &e), REG_OK);
	cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
	cr_assert_eq(registry_count(result.registry), 1);
	registry_free(result.registry);
	registry_free(reg);
}

/* The default user is found again, or no longer, like any other. */
Test(bucket, the_default_user)
{
	struct registry *base = make_registry("{\"type\":\"HW_ADDR\",\"id\":\"00000000\"}\n",
		NULL, NULL, NULL, NULL, NULL);
	struct builder_options options = { .name = "t", .base = base };
	struct reg_entry e = { .line = 1, .removed = true };
	struct builder_result result;
	struct builder *b;

	reg_id_set(&e.id, REG_HW_ADDR, (const uint8_t *)"\0\0\0\0", 4);
	cr_assert_not_null(registry_default(base, 4));
	for (options.layer_from = 0; options.layer_from < 2; options.layer_from++) {
		cr_assert_eq(builder_begin(&options, &b), REG_OK);
		cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
		cr_assert_not_null(registry_default(result.registry, 4));
		registry_free(result.registry);
		cr_assert_eq(builder_begin(&options, &b), REG_OK);
		cr_assert_eq(builder_remove(b, &e), REG_OK);
		cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
		cr_assert_null(registry_default(result.registry, 4));
		registry_free(result.registry);
	}
	registry_free(base);
}
