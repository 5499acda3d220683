/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the buckets and the hash, and that a registry may be a layer on another one. The look-up is
 * the only part of registry/ on the packet path: it allocates nothing, takes no lock, and touches
 * one or two cache lines. Does not build anything: builder.c does, and layout.h is what the two
 * agree on.
 */
#include "registry/registry.h"

#include "registry/layout.h"
#include "registry/prefetch.h"
#include "registry/siphash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { USER_LINES = 3, TOUCH = 4096 };

/* Two ids that differ in their type alone are told apart when they are compared. */
uint64_t registry_hash(const struct registry *reg, const uint8_t *id, size_t len)
{
	return siphash13(reg->key, id, len);
}

static const struct reg_bucket *buckets_of(const struct registry *reg)
{
	return (const void *)((const uint8_t *)reg + reg->buckets);
}

static const struct reg_bucket *bucket_of(const struct registry *reg, uint64_t hash)
{
	return &buckets_of(reg)[reg_bucket_of(hash, reg->bucket_count)];
}

/* A layer is small enough to be near anyhow, but costs no more than to ask. */
void registry_prefetch(const struct registry *reg, uint64_t hash)
{
	prefetch_read(bucket_of(reg, hash));
	if (reg_under(reg) != NULL)
		prefetch_read(bucket_of(reg_under(reg), hash));
}

/* The user of the first of the hits. */
static const struct reg_user *user_in(const struct registry *reg, const struct reg_bucket *b,
	unsigned int hits)
{
	return reg_user_at(reg, (uint64_t)b->refs[__builtin_ctz(hits)] * REG_UNIT);
}

/* A user with a few attributes takes two or three lines; one without them wastes two fetches. */
static void prefetch_user(const struct reg_user *user)
{
	const uint8_t *at = (const uint8_t *)user;

	for (size_t line = 0; line < USER_LINES; line++)
		prefetch_read(at + line * sizeof(struct reg_bucket));
}

static void prefetch_users(const struct registry *reg, uint64_t hash, const struct reg_key *k)
{
	const struct reg_bucket *b = bucket_of(reg, hash);
	unsigned int hits = reg_bucket_hits(b, k);

	for (; hits != 0; hits &= hits - 1)
		prefetch_user(user_in(reg, b, hits));
}

void registry_prefetch_user(const struct registry *reg, uint64_t hash, enum reg_id_type type,
	const uint8_t *id, size_t len)
{
	struct reg_key k = reg_key_of(hash, type, id, len);

	prefetch_users(reg, hash, &k);
	if (reg_under(reg) != NULL)
		prefetch_users(reg_under(reg), hash, &k);
}

const struct reg_user *reg_find_in(const struct registry *reg, uint64_t hash, enum reg_id_type type,
	const uint8_t *id, size_t len)
{
	const struct reg_bucket *all = buckets_of(reg);
	size_t at = reg_bucket_of(hash, reg->bucket_count);
	struct reg_key k = reg_key_of(hash, type, id, len);

	for (uint32_t n = 0; n < reg->bucket_count; n++) {
		const struct reg_bucket *b = &all[at];
		unsigned int hits = reg_bucket_hits(b, &k);

		for (; hits != 0; hits &= hits - 1) {
			const struct reg_user *user = user_in(reg, b, hits);

			if (reg_user_is(user, &k, type, id, len))
				return user;
		}
		if ((b->passers & reg_passer(hash)) == 0)
			break;
		at = reg_bucket_after(at, reg->bucket_count);
	}
	return NULL;
}

const struct reg_user *registry_find_hashed(const struct registry *reg, uint64_t hash,
	enum reg_id_type type, const uint8_t *id, size_t len)
{
	const struct reg_user *user = reg_find_in(reg, hash, type, id, len);

	if (reg_under(reg) == NULL)
		return user;
	if (user == NULL)
		return reg_find_in(reg_under(reg), hash, type, id, len);
	return (user->flags & REG_USER_GONE) == 0 ? user : NULL;
}

const struct reg_user *registry_find(const struct registry *reg, enum reg_id_type type,
	const uint8_t *id, size_t len)
{
	return registry_find_hashed(reg, registry_hash(reg, id, len), type, id, len);
}

const struct reg_user *registry_default(const struct registry *reg, unsigned int family)
{
	uint32_t ref = reg->defaults[family == 4 ? 0 : 1];

	if (ref == 0 && reg_under(reg) != NULL)
		return registry_default(reg_under(reg), family);
	return ref > REG_REF_GONE ? reg_user_at(reg, (uint64_t)ref * REG_UNIT) : NULL;
}

size_t registry_touch(const struct registry *reg, size_t from, size_t pages)
{
	size_t below = registry_below(reg), end = below + (size_t)reg->size;

	for (; pages > 0 && from < end; pages--, from += TOUCH) {
		const struct registry *of = from < below ? reg_under(reg) : reg;

		(void)*((const volatile uint8_t *)of + (from < below ? from : from - below));
	}
	return from < end ? from : 0;
}

size_t registry_count(const struct registry *reg)
{
	return reg->user_count;
}

size_t registry_below(const struct registry *reg)
{
	return reg_under(reg) != NULL ? (size_t)reg_under(reg)->size : 0;
}

size_t registry_size(const struct registry *reg)
{
	return (size_t)reg->size + registry_below(reg);
}

size_t registry_dead(const struct registry *reg)
{
	return (size_t)reg->dead;
}

bool registry_is_layer(const struct registry *reg)
{
	return reg_under(reg) != NULL;
}

static bool is_hidden(const struct registry *layer, const struct reg_user *user)
{
	enum reg_id_type type = (enum reg_id_type)user->type;

	return reg_find_in(layer, registry_hash(layer, user->id, user->id_len), type, user->id,
		user->id_len) != NULL;
}

/* The first user of the region itself at or behind the offset that is not hidden by the layer. */
static const struct reg_user *user_from(
	const struct registry *reg, uint64_t at, const struct registry *layer)
{
	while (at < reg->users_end) {
		const struct reg_user *user = reg_user_at(reg, at);

		if ((user->flags & (REG_USER_DEAD | REG_USER_GONE)) == 0 &&
			(layer == NULL || !is_hidden(layer, user)))
			return user;
		at += reg_user_size(user);
	}
	return NULL;
}

/* First those below a layer, then its own: whoever was added stands further down in the file. */
const struct reg_user *registry_next(const struct registry *reg, const struct reg_user *prev)
{
	const struct registry *of = reg_under(reg) != NULL ? reg_under(reg) : reg;
	const struct reg_user *next;
	uint64_t at = sizeof(*reg);

	if (prev != NULL && reg_owns(reg, prev))
		of = reg;
	if (prev != NULL)
		at = (uint64_t)((const uint8_t *)prev - (const uint8_t *)of) + reg_user_size(prev);
	next = user_from(of, at, of != reg ? reg : NULL);
	return next == NULL && of != reg ? user_from(reg, sizeof(*reg), NULL) : next;
}

int registry_attr_names(const struct registry *reg, size_t index, const char **ret,
	size_t *ret_len)
{
	const uint8_t *names = (const uint8_t *)reg + reg->names;
	const struct reg_name *dir = (const void *)names;

	if (index >= reg->name_count)
		return -1;
	*ret = (const char *)names + dir[index].at;
	*ret_len = dir[index].len;
	return dir[index].bits;
}

struct reg_hold {
	atomic_uint users;
	struct registry *self;
};

enum reg_err reg_take(struct registry *reg, const struct registry *under,
	const struct reg_memory *memory)
{
	struct reg_hold *hold = reg_realloc(memory, NULL, sizeof(*hold));
	struct reg_own *own = (struct reg_own *)(void *)reg - 1;

	if (hold == NULL)
		return REG_E_NOMEM;
	atomic_init(&hold->users, 1);
	hold->self = reg;
	*own = (struct reg_own){ .under = under, .hold = hold };
	if (!region_protect(reg, (size_t)reg->size)) {
		free(hold);
		return REG_E_SYSTEM;
	}
	if (under != NULL)
		atomic_fetch_add(&reg_own(under)->hold->users, 1);
	return REG_OK;
}

/* What a layer is to be laid on: the registry given, or what that one is a layer on itself. */
static enum reg_err find_under(const struct registry *layer, const struct registry *current,
	const struct registry **ret, struct reg_error *err)
{
	*ret = NULL;
	if (layer->below == 0)
		return REG_OK;
	*ret = current != NULL && reg_under(current) != NULL ? reg_under(current) : current;
	if (*ret != NULL && (*ret)->stamp == layer->below)
		return REG_OK;
	reg_error_set(err, NULL, 0, "changes to another registry");
	return REG_E_FORMAT;
}

static enum reg_err check_header(const struct registry *reg, size_t size, struct reg_error *err)
{
	if (memcmp(reg->magic, reg_magic, sizeof(reg_magic)) == 0 && reg->version == REG_VERSION &&
		reg->size == size)
		return REG_OK;
	reg_error_set(err, NULL, 0, "not a registry of version %d", REG_VERSION);
	return REG_E_FORMAT;
}

enum reg_err registry_attach_on(int fd, const struct registry *current, struct registry **ret,
	struct reg_error *err)
{
	enum { SIZE = F_SEAL_SHRINK | F_SEAL_GROW, WRITE = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE };
	int seals = fcntl(fd, F_GET_SEALS);
	const struct registry *under;
	struct registry *reg;
	struct stat st;
	enum reg_err e;

	if (fstat(fd, &st) != 0 || seals < 0 || (seals & SIZE) != SIZE ||
		(seals & WRITE) == 0 || st.st_size < (off_t)sizeof(*reg)) {
		reg_error_set(err, NULL, 0, "not a sealed registry");
		return REG_E_FORMAT;
	}
	reg = (void *)region_map(fd, (size_t)st.st_size);
	if (reg == NULL) {
		reg_error_set(err, NULL, 0, "mapping a registry: %s", strerror(errno));
		return REG_E_SYSTEM;
	}
	e = check_header(reg, (size_t)st.st_size, err);
	if (e == REG_OK)
		e = find_under(reg, current, &under, err);
	if (e == REG_OK) {
		e = reg_take(reg, under, NULL);
		if (e != REG_OK)
			reg_error_set(err, NULL, 0, "%s", reg_strerror(e));
	}
	if (e != REG_OK) {
		region_unmap(reg, (size_t)st.st_size);
		return e;
	}
	*ret = reg;
	return REG_OK;
}

enum reg_err registry_attach(int fd, struct registry **ret, struct reg_error *err)
{
	return registry_attach_on(fd, NULL, ret, err);
}

struct registry *registry_free(struct registry *reg)
{
	while (reg != NULL && atomic_fetch_sub(&reg_own(reg)->hold->users, 1) == 1) {
		const struct reg_own *own = reg_own(reg);
		struct registry *under = own->under != NULL ? reg_own(own->under)->hold->self : NULL;

		free(own->hold);
		region_unmap(reg, (size_t)reg->size);
		reg = under;
	}
	return NULL;
}
