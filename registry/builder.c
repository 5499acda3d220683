/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a region is filled: users one after the other as they come, then the names, then the
 * buckets, which are sized when the number of users is known. A registry that changed a little
 * begins with the one before (builder_base.c), and only the users who came or went are hashed
 * (builder_place.c). Does not read any source.
 */
#include "registry/building.h"

#include <stdlib.h>
#include <unistd.h>

enum { FIRST_GUESS = 256 * 1024 }; /* bytes of a region of which nothing is known */

static enum reg_err begin(struct builder *b)
{
	size_t room = b->options.expect > FIRST_GUESS ? b->options.expect : FIRST_GUESS;
	enum reg_err e = building_begin_head(b, &room);

	if (e == REG_OK)
		e = region_open(&b->region, b->options.memory, room, b->options.shared);
	return e == REG_OK ? building_take_over(b) : e;
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
	b->region.fd = -1;
	e = begin(b);
	if (e == REG_OK)
		*ret = b;
	else
		builder_free(b);
	return e;
}

enum reg_err building_append(struct builder *b, const void *user, size_t n)
{
	uint64_t at = b->head.users_end;
	enum reg_err e;

	if (at / REG_UNIT > UINT32_MAX - RECORD_ROOM / REG_UNIT || b->head.user_count == UINT32_MAX)
		return REG_E_LIMIT;
	e = region_grow(&b->region, (size_t)at + n);
	if (e != REG_OK)
		return e;
	memcpy(b->region.base + at, user, n);
	b->head.users_end += n;
	return REG_OK;
}

enum reg_err builder_add(struct builder *b, const struct reg_entry *entry, struct reg_error *err)
{
	uint32_t ref = (uint32_t)(b->head.users_end / REG_UNIT);
	size_t len;
	enum reg_err e = record_write(
		entry, ref, &b->names, b->options.name, b->record, &len, err);

	if (e != REG_OK)
		return e;
	e = building_append(b, b->record, len);
	if (e != REG_OK)
		reg_error_set(err, b->options.name, entry->line, "%s", reg_strerror(e));
	else
		b->head.user_count++;
	return e;
}

static uint64_t align(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* Where names and buckets go, and room for them. */
static enum reg_err lay_out(struct builder *b, size_t *ret_used)
{
	struct registry *h = &b->head;

	h->bucket_count = building_bucket_count(b);
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
	const struct reg_user *user = reg_find_in(
		reg, registry_hash(reg, zeros, sizeof(zeros)), type, zeros, sizeof(zeros));

	if (user == NULL)
		return 0;
	if ((user->flags & REG_USER_GONE) != 0)
		return REG_REF_GONE;
	return (uint32_t)((size_t)((const uint8_t *)user - (const uint8_t *)reg) / REG_UNIT);
}

/* The region is done: out of the builder's hands, and nobody writes to it any more. */
static enum reg_err give_away(struct builder *b, size_t used, struct builder_result *ret)
{
	size_t size;
	void *base;
	enum reg_err e = region_close(&b->region, used, &base, &size, &ret->fd);

	if (e != REG_OK)
		return e;
	e = reg_take(base, b->use == BASE_UNDER ? b->bottom : NULL, b->options.memory);
	if (e == REG_OK) {
		ret->registry = base;
		return e;
	}
	region_unmap(base, size);
	if (ret->fd >= 0)
		close(ret->fd);
	return e;
}

static enum reg_err assemble(struct builder *b, bool skip, struct reg_report *report,
	struct builder_result *ret)
{
	size_t used;
	enum reg_err e = lay_out(b, &used);

	if (e != REG_OK)
		return e;
	attr_names_store(&b->names, b->region.base + b->head.names);
	e = building_place(b, skip, report, &ret->duplicates);
	if (e != REG_OK)
		return e;
	b->head.size = region_pages(used);
	memcpy(b->region.base, &b->head, sizeof(b->head));
	b->head.defaults[0] = default_of((void *)b->region.base, REG_HW_ADDR);
	b->head.defaults[1] = default_of((void *)b->region.base, REG_DUID);
	memcpy(b->region.base, &b->head, sizeof(b->head));
	return give_away(b, used, ret);
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
