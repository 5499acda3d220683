/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a region is filled: users one after the other as they come, then the names, then the
 * buckets, which are sized when the number of users is known. A registry that changed a little is
 * built from the one before: its users and, while they have room, its buckets are copied, and only
 * the users who came or went are hashed. Who went stays in the region, marked dead, until all is
 * read anew. Does not read any source.
 */
#include "registry/builder.h"

#include "registry/bucket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	AHEAD = 16,               /* users hashed and prefetched before the first is placed */
	FIRST_GUESS = 256 * 1024, /* bytes of a region of which nothing is known */
};

struct builder {
	struct builder_options options;
	struct region region;
	struct attr_names names;
	const struct registry *base; /* whose users were copied, or NULL */
	struct registry head;        /* key, users_end, user_count, dead: as built so far */
	uint32_t *removed;           /* references of users of the base */
	size_t removed_count, removed_cap;
	uint8_t record[RECORD_ROOM];
};

static enum reg_err begin_names(struct builder *b)
{
	const char *name;
	size_t len;
	uint16_t index;
	enum reg_err e = REG_OK;

	attr_names_init(&b->names, b->options.memory, b->head.key);
	for (size_t i = 0; b->base != NULL && e == REG_OK; i++) {
		if (registry_attr_names(b->base, i, &name, &len) < 0)
			break;
		e = attr_names_intern(&b->names, name, len, &index);
	}
	return e;
}

static enum reg_err begin(struct builder *b)
{
	size_t room = b->options.expect > FIRST_GUESS ? b->options.expect : FIRST_GUESS;
	enum reg_err e;

	memcpy(b->head.magic, reg_magic, sizeof(reg_magic));
	b->head.version = REG_VERSION;
	b->head.users_end = sizeof(b->head);
	if (b->base != NULL) {
		memcpy(b->head.key, b->base->key, sizeof(b->head.key));
		b->head.users_end = b->base->users_end;
		b->head.user_count = b->base->user_count;
		b->head.dead = b->base->dead;
		room += (size_t)b->base->size;
	} else if (getrandom(b->head.key, sizeof(b->head.key), 0) != sizeof(b->head.key)) {
		return REG_E_SYSTEM;
	}
	e = begin_names(b);
	if (e == REG_OK)
		e = region_open(&b->region, b->options.memory, room, b->options.shared);
	if (e == REG_OK && b->base != NULL)
		memcpy(b->region.base, b->base, (size_t)b->base->users_end);
	return e;
}

enum reg_err builder_begin(const struct builder_options *options, struct builder **ret)
{
	struct builder *b = reg_realloc(options->memory, NULL, sizeof(*b));
	enum reg_err e;

	*ret = NULL;
	if (b == NULL)
		return REG_E_NOMEM;
	memset(b, 0, offsetof(struct builder, record));
	b->options = *options;
	b->base = options->base;
	b->region.fd = -1;
	e = begin(b);
	if (e == REG_OK)
		*ret = b;
	else
		builder_free(b);
	return e;
}

static struct reg_user *user_at(const struct builder *b, uint64_t offset)
{
	return (void *)(b->region.base + offset);
}

static void bury(struct builder *b, struct reg_user *user)
{
	user->flags |= REG_USER_DEAD;
	b->head.user_count--;
	b->head.dead += reg_user_size(user);
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

enum reg_err builder_remove(struct builder *b, const struct reg_entry *entry)
{
	const struct reg_user *there = b->base == NULL ? NULL : registry_find(b->base,
		entry->id.type, entry->id.bytes, entry->id.len);
	struct reg_user *copy;
	uint64_t at;
	enum reg_err e;

	if (there == NULL || there->line != entry->line)
		return REG_OK;
	at = (uint64_t)((const uint8_t *)there - (const uint8_t *)b->base);
	copy = user_at(b, at);
	if ((copy->flags & REG_USER_DEAD) != 0)
		return REG_OK;
	e = note_removed(b, (uint32_t)(at / REG_UNIT));
	if (e == REG_OK)
		bury(b, copy);
	return e;
}

enum reg_err builder_add(struct builder *b, const struct reg_entry *entry, struct reg_error *err)
{
	uint64_t at = b->head.users_end;
	enum reg_err e;
	size_t len;

	if (at / REG_UNIT > UINT32_MAX - RECORD_ROOM / REG_UNIT ||
		b->head.user_count == UINT32_MAX) {
		reg_error_set(err, b->options.name, entry->line, "%s", reg_strerror(REG_E_LIMIT));
		return REG_E_LIMIT;
	}
	e = record_write(entry, (uint32_t)(at / REG_UNIT), &b->names, b->options.name, b->record,
		&len, err);
	if (e != REG_OK)
		return e;
	e = region_grow(&b->region, (size_t)at + len);
	if (e != REG_OK) {
		reg_error_set(err, b->options.name, entry->line, "%s", reg_strerror(e));
		return e;
	}
	memcpy(b->region.base + at, b->record, len);
	b->head.users_end += len;
	b->head.user_count++;
	return REG_OK;
}

static void tell_twice(const struct builder *b, const struct reg_user *first,
	const struct reg_user *second, struct reg_report *report)
{
	char text[REG_ID_TEXT];
	struct reg_error err;

	reg_id_text((enum reg_id_type)second->type, second->id, second->id_len, text);
	reg_error_set(&err, b->options.name, second->line,
		"user %s is given twice, first on line %u", text, first->line);
	reg_report_add(report, &err);
}

static uint64_t hash_of(const struct builder *b, const struct reg_user *user)
{
	return registry_hash(&b->head, (enum reg_id_type)user->type, user->id, user->id_len);
}

struct ahead {
	uint64_t at[AHEAD], hash[AHEAD];
	size_t count;
};

static enum reg_err place_ahead(struct builder *b, struct ahead *w, bool skip,
	struct reg_report *report, size_t *duplicates)
{
	for (size_t i = 0; i < w->count; i++) {
		struct buckets buckets = { b->region.base, &b->head };
		const struct reg_user *first = bucket_place(&buckets, w->at[i], w->hash[i]);

		if (first == NULL)
			continue;
		tell_twice(b, first, user_at(b, w->at[i]), report);
		if (!skip)
			return REG_E_DUPLICATE;
		bury(b, user_at(b, w->at[i]));
		++*duplicates;
	}
	w->count = 0;
	return REG_OK;
}

/*
 * Places the users from offset `at` on, a window at a time: their buckets are far apart in memory.
 */
static enum reg_err place_all(struct builder *b, uint64_t at, bool skip,
	struct reg_report *report, size_t *duplicates)
{
	struct buckets buckets = { b->region.base, &b->head };
	struct ahead w = { .count = 0 };
	enum reg_err e = REG_OK;

	while (at < b->head.users_end && e == REG_OK) {
		const struct reg_user *user = user_at(b, at);

		if ((user->flags & REG_USER_DEAD) == 0) {
			uint64_t hash = hash_of(b, user);

			bucket_prefetch(&buckets, hash);
			w.at[w.count] = at;
			w.hash[w.count++] = hash;
		}
		at += reg_user_size(user);
		if (w.count == AHEAD)
			e = place_ahead(b, &w, skip, report, duplicates);
	}
	return e == REG_OK ? place_ahead(b, &w, skip, report, duplicates) : e;
}

/* The base's buckets, and out of them who was removed. */
static void copy_buckets(struct builder *b)
{
	struct buckets buckets = { b->region.base, &b->head };

	memcpy(b->region.base + b->head.buckets, (const uint8_t *)b->base + b->base->buckets,
		(size_t)b->base->bucket_count * sizeof(struct reg_bucket));
	for (size_t i = 0; i < b->removed_count; i++) {
		uint64_t at = (uint64_t)b->removed[i] * REG_UNIT;

		bucket_remove(&buckets, at, hash_of(b, user_at(b, at)));
	}
}

static uint64_t align(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* Where names and buckets go, and room for them. *ret_reuse: the base's buckets are copied. */
static enum reg_err lay_out(struct builder *b, bool *ret_reuse, size_t *ret_used)
{
	struct registry *h = &b->head;

	*ret_reuse = b->base != NULL &&
		(uint64_t)b->base->bucket_count * REG_BUCKET_LIMIT >= h->user_count;
	h->bucket_count = *ret_reuse ? b->base->bucket_count : h->user_count / REG_BUCKET_MEAN + 1;
	h->names = align(h->users_end, 8);
	h->name_count = (uint32_t)b->names.count;
	h->name_mask = (uint32_t)b->names.mask;
	h->buckets = align(h->names + attr_names_size(&b->names), sizeof(struct reg_bucket));
	*ret_used = (size_t)h->buckets + (size_t)h->bucket_count * sizeof(struct reg_bucket);
	return region_grow(&b->region, *ret_used);
}

static uint32_t default_of(const struct registry *reg, enum reg_id_type type)
{
	static const uint8_t zeros[4];
	const struct reg_user *user = registry_find(reg, type, zeros, sizeof(zeros));

	if (user == NULL)
		return 0;
	return (uint32_t)((size_t)((const uint8_t *)user - (const uint8_t *)reg) / REG_UNIT);
}

static enum reg_err assemble(struct builder *b, bool skip, struct reg_report *report,
	struct builder_result *ret)
{
	uint64_t from = sizeof(b->head);
	size_t used, size;
	void *base;
	bool reuse;
	enum reg_err e = lay_out(b, &reuse, &used);

	if (e != REG_OK)
		return e;
	attr_names_store(&b->names, b->region.base + b->head.names);
	if (reuse) {
		copy_buckets(b);
		from = b->base->users_end;
	}
	e = place_all(b, from, skip, report, &ret->duplicates);
	if (e != REG_OK)
		return e;
	b->head.size = region_pages(used);
	memcpy(b->region.base, &b->head, sizeof(b->head));
	b->head.defaults[0] = default_of((void *)b->region.base, REG_HW_ADDR);
	b->head.defaults[1] = default_of((void *)b->region.base, REG_DUID);
	memcpy(b->region.base, &b->head, sizeof(b->head));
	e = region_close(&b->region, used, &base, &size, &ret->fd);
	if (e == REG_OK)
		ret->registry = base;
	return e;
}

enum reg_err builder_finish(struct builder *b, bool skip_duplicates, struct reg_report *report,
	struct builder_result *ret)
{
	struct builder_result result = { .fd = -1 };
	enum reg_err e = assemble(b, skip_duplicates, report, &result);

	builder_free(b);
	if (e == REG_OK)
		*ret = result;
	return e;
}

struct builder *builder_free(struct builder *b)
{
	if (b != NULL) {
		attr_names_done(&b->names);
		region_drop(&b->region);
		free(b->removed);
		free(b);
	}
	return NULL;
}
