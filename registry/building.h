/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A registry under construction, for builder.c and the two files that it consists of besides:
 * builder_base.c, what is taken over from the registry before, and builder_place.c, the buckets.
 */
#ifndef USHER_REGISTRY_BUILDING_H
#define USHER_REGISTRY_BUILDING_H

#include "registry/builder.h"
#include "registry/layout.h"

/* What becomes of the registry that a new one is begun with. */
enum base_use {
	BASE_NONE,
	BASE_COPIED,  /* its users are copied, with those of a layer on it */
	BASE_UNDER,   /* the new one is a layer on it; its own layer, if any, is copied */
};

struct builder {
	struct builder_options options;
	struct region region;
	struct attr_names names;
	enum base_use use;
	const struct registry *base;   /* as given, or NULL */
	const struct registry *bottom; /* the base, or what it is a layer on */
	uint64_t taken;                /* offset behind what was taken over */
	struct registry head;          /* key, users_end, user_count, dead: as built so far */
	uint32_t *removed;             /* references of users of the bottom that were copied */
	size_t removed_count, removed_cap;
	uint8_t record[RECORD_ROOM];
};

static inline struct reg_user *building_user(const struct builder *b, uint64_t offset)
{
	return (void *)(b->region.base + offset);
}

static inline uint64_t building_hash(const struct builder *b, const struct reg_user *user)
{
	return registry_hash(&b->head, user->id, user->id_len);
}

/* A user that is there no longer. */
static inline void building_bury(struct builder *b, struct reg_user *user)
{
	user->flags |= REG_USER_DEAD;
	b->head.user_count--;
	b->head.dead += reg_user_size(user);
}

/* Appends n bytes of a user. REG_E_NOMEM, REG_E_LIMIT: nothing was appended. */
enum reg_err building_append(struct builder *b, const void *user, size_t n);

/* builder_base.c: what to do with the base, key, names and room; then its users. */
enum reg_err building_begin_head(struct builder *b, size_t *ret_room);
enum reg_err building_take_over(struct builder *b);

/*
 * builder_place.c: all users into the buckets that the header says. Entries whose id is there
 * already are reported; skip: and left out and counted, else REG_E_DUPLICATE.
 */
enum reg_err building_place(struct builder *b, bool skip, struct reg_report *report,
	size_t *duplicates);
/* builder_place.c: how many buckets there shall be. */
uint32_t building_bucket_count(const struct builder *b);

#endif
