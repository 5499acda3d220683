/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what a registry that changed a little takes over from the one before. A small one is copied
 * with its buckets, and who went stays in it, marked dead, until all is read anew. Of a large one
 * nothing is copied: the new one is a layer on it, which holds who came, and for who went a user
 * without attributes that is marked gone. A layer that grew too large is copied together with what
 * is below it, into one region again.
 */
#include "registry/building.h"

#include <errno.h>
#include <sys/random.h>

static bool fill(void *to, size_t n)
{
	return getrandom(to, n, 0) == (ssize_t)n;
}

/* Bytes of users that a layer has, or would get from the base. */
static uint64_t layer_bytes(const struct registry *base)
{
	return reg_under(base) != NULL ? base->users_end - sizeof(*base) : 0;
}

static enum base_use use_of(const struct builder *b)
{
	uint64_t from = b->options.layer_from;

	if (b->base == NULL)
		return BASE_NONE;
	if (from == 0 || b->bottom->size < from || layer_bytes(b->base) + b->options.expect > from)
		return BASE_COPIED;
	return BASE_UNDER;
}

static enum reg_err take_names(struct builder *b)
{
	enum reg_err e = REG_OK;
	const char *name;
	uint16_t index;
	size_t len;

	attr_names_init(&b->names, b->options.memory, b->head.key);
	for (size_t i = 0; b->base != NULL && e == REG_OK; i++) {
		if (registry_attr_names(b->base, i, &name, &len) < 0)
			break;
		e = attr_names_intern(&b->names, name, len, &index);
	}
	return e;
}

enum reg_err building_begin_head(struct builder *b, size_t *ret_room)
{
	b->base = b->options.base;
	b->bottom = b->base != NULL && reg_under(b->base) != NULL ? reg_under(b->base) :
		b->base;
	b->use = use_of(b);
	memcpy(b->head.magic, reg_magic, sizeof(reg_magic));
	b->head.version = REG_VERSION;
	b->head.users_end = b->taken = sizeof(b->head);
	if (b->base != NULL)
		memcpy(b->head.key, b->base->key, sizeof(b->head.key));
	else if (!fill(b->head.key, sizeof(b->head.key)))
		return REG_E_SYSTEM;
	if (!fill(&b->head.stamp, sizeof(b->head.stamp)))
		return REG_E_SYSTEM;
	if (b->use == BASE_UNDER)
		b->head.below = b->bottom->stamp;
	if (b->use == BASE_COPIED)
		*ret_room += registry_size(b->base);
	else if (b->use == BASE_UNDER)
		*ret_room += layer_bytes(b->base);
	return take_names(b);
}

static enum reg_err note_removed(struct builder *b, uint32_t ref)
{
	size_t cap = b->removed_cap != 0 ? 2 * b->removed_cap : 64;

	if (b->removed_count == b->removed_cap) {
		uint32_t *more = reg_realloc(b->options.memory, b->removed, cap * sizeof(*more));

		if (more == NULL)
			return REG_E_NOMEM;
		b->removed = more;
		b->removed_cap = cap;
	}
	b->removed[b->removed_count++] = ref;
	return REG_OK;
}

/* Where the copy of a user of the base is. */
static uint64_t copy_at(const struct builder *b, const struct reg_user *user)
{
	uint64_t behind = b->use == BASE_COPIED ? b->bottom->users_end - sizeof(b->head) : 0;

	if (b->base != b->bottom && reg_owns(b->base, user))
		return (uint64_t)((const uint8_t *)user - (const uint8_t *)b->base) + behind;
	return (uint64_t)((const uint8_t *)user - (const uint8_t *)b->bottom);
}

/* A user of the bottom that was copied is not there any more. */
static enum reg_err bury_copy(struct builder *b, const struct reg_user *user)
{
	uint64_t at = copy_at(b, user);
	enum reg_err e = REG_OK;

	if ((building_user(b, at)->flags & REG_USER_DEAD) != 0)
		return REG_OK;
	if (reg_owns(b->bottom, user))
		e = note_removed(b, (uint32_t)(at / REG_UNIT));
	if (e == REG_OK)
		building_bury(b, building_user(b, at));
	return e;
}

/* Behind the copy of the bottom, an entry of the layer on it. Its body leads to where it now is. */
static enum reg_err copy_entry(struct builder *b, const struct reg_user *from)
{
	const struct reg_user *below = reg_find_in(b->bottom, building_hash(b, from),
		(enum reg_id_type)from->type, from->id, from->id_len);
	uint64_t at = b->head.users_end;
	size_t n = reg_user_size(from);
	struct reg_user *user;
	struct reg_body body;
	enum reg_err e = building_append(b, from, n);

	if (e != REG_OK)
		return e;
	user = building_user(b, at);
	if (reg_body_of(user, &body)) {
		body.self = (uint32_t)(at / REG_UNIT);
		memcpy(user->id + user->id_len, &body, sizeof(body));
	}
	if ((from->flags & (REG_USER_GONE | REG_USER_DEAD)) != 0) {
		user->flags |= REG_USER_DEAD;
		b->head.dead += n;
	} else {
		b->head.user_count++;
	}
	if (below == NULL || (from->flags & REG_USER_DEAD) != 0)
		return REG_OK;
	return bury_copy(b, below);
}

static enum reg_err copy_all(struct builder *b)
{
	const struct registry *bottom = b->bottom, *base = b->base;
	enum reg_err e = region_grow(&b->region, (size_t)bottom->users_end);

	if (e != REG_OK)
		return e;
	memcpy(b->region.base, bottom, (size_t)bottom->users_end);
	b->head.users_end = bottom->users_end;
	b->head.user_count = bottom->user_count;
	b->head.dead = bottom->dead;
	for (uint64_t at = sizeof(*base); base != bottom && at < base->users_end && e == REG_OK;) {
		const struct reg_user *user = reg_user_at(base, at);

		e = copy_entry(b, user);
		at += reg_user_size(user);
	}
	return e;
}

enum reg_err building_take_over(struct builder *b)
{
	enum reg_err e = REG_OK;

	if (b->use == BASE_COPIED)
		e = copy_all(b);
	if (b->use == BASE_UNDER) {
		b->head.user_count = b->base->user_count;
		b->head.dead = b->base->dead;
		if (b->base != b->bottom) {
			e = region_grow(&b->region, (size_t)b->base->users_end);
			if (e != REG_OK)
				return e;
			memcpy(b->region.base, b->base, (size_t)b->base->users_end);
			b->head.users_end = b->base->users_end;
		}
	}
	b->taken = b->head.users_end;
	return e;
}

/* In a layer: who is below is hidden by one who is gone. */
static enum reg_err hide(struct builder *b, const struct reg_user *below)
{
	_Alignas(REG_UNIT) uint8_t bytes[sizeof(struct reg_user) + REG_ID_MAX + REG_UNIT] = { 0 };
	struct reg_user *gone = (void *)bytes;
	enum reg_err e;

	memcpy(gone, below, sizeof(*below) + below->id_len);
	gone->known = 0;
	gone->flags = REG_USER_GONE;
	e = building_append(b, gone, reg_user_size(gone));
	if (e == REG_OK) {
		b->head.user_count--;
		b->head.dead += reg_user_size(below);
	}
	return e;
}

enum reg_err builder_remove(struct builder *b, const struct reg_entry *entry)
{
	const struct reg_user *there = b->base == NULL ? NULL : registry_find(b->base,
		entry->id.type, entry->id.bytes, entry->id.len);

	if (there == NULL || there->line != entry->line)
		return REG_OK;
	if (b->use == BASE_UNDER && reg_owns(b->bottom, there))
		return hide(b, there);
	return bury_copy(b, there);
}
