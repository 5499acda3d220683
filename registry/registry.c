/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the buckets and the hash. The look-up is the only part of registry/ on the packet path: it
 * allocates nothing, takes no lock, and touches two cache lines. Does not build anything: builder.c
 * does, and layout.h is what the two agree on.
 */
#include "registry/registry.h"

#include "registry/layout.h"
#include "registry/siphash.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { USER_LINES = 3 };

uint64_t registry_hash(const struct registry *reg, enum reg_id_type type, const uint8_t *id,
	size_t len)
{
	uint8_t text[1 + REG_ID_MAX];

	if (len > REG_ID_MAX)
		len = REG_ID_MAX;
	text[0] = (uint8_t)type;
	memcpy(text + 1, id, len);
	return siphash13(reg->key, text, 1 + len);
}

static const struct reg_bucket *buckets_of(const struct registry *reg)
{
	return (const void *)((const uint8_t *)reg + reg->buckets);
}

void registry_prefetch(const struct registry *reg, uint64_t hash)
{
	__builtin_prefetch(&buckets_of(reg)[reg_bucket_of(hash, reg->bucket_count)]);
}

/* A user with a few attributes takes two or three lines; one without them wastes two fetches. */
static void prefetch_user(const struct reg_user *user)
{
	const uint8_t *at = (const uint8_t *)user;

	for (size_t line = 0; line < USER_LINES; line++)
		__builtin_prefetch(at + line * sizeof(struct reg_bucket));
}

void registry_prefetch_user(const struct registry *reg, uint64_t hash)
{
	const struct reg_bucket *b = &buckets_of(reg)[reg_bucket_of(hash, reg->bucket_count)];

	for (size_t i = 0; i < REG_BUCKET_SLOTS && b->slots[i] != 0; i++) {
		if ((uint32_t)b->slots[i] == (uint32_t)hash)
			prefetch_user(reg_user_at(reg, (b->slots[i] >> 32) * REG_UNIT));
	}
}

const struct reg_user *registry_find_hashed(const struct registry *reg, uint64_t hash,
	enum reg_id_type type, const uint8_t *id, size_t len)
{
	const struct reg_bucket *all = buckets_of(reg);
	size_t at = reg_bucket_of(hash, reg->bucket_count);

	for (;;) {
		const struct reg_bucket *b = &all[at];

		for (size_t i = 0; i < REG_BUCKET_SLOTS; i++) {
			const struct reg_user *user;

			if (b->slots[i] == 0)
				return NULL;
			if ((uint32_t)b->slots[i] != (uint32_t)hash)
				continue;
			user = reg_user_at(reg, (b->slots[i] >> 32) * REG_UNIT);
			if (reg_user_is(user, type, id, len))
				return user;
		}
		at = at + 1 < reg->bucket_count ? at + 1 : 0;
	}
}

const struct reg_user *registry_find(const struct registry *reg, enum reg_id_type type,
	const uint8_t *id, size_t len)
{
	return registry_find_hashed(reg, registry_hash(reg, type, id, len), type, id, len);
}

const struct reg_user *registry_default(const struct registry *reg, unsigned int family)
{
	uint32_t ref = reg->defaults[family == 4 ? 0 : 1];

	return ref != 0 ? reg_user_at(reg, (uint64_t)ref * REG_UNIT) : NULL;
}

size_t registry_count(const struct registry *reg)
{
	return reg->user_count;
}

size_t registry_size(const struct registry *reg)
{
	return (size_t)reg->size;
}

size_t registry_dead(const struct registry *reg)
{
	return (size_t)reg->dead;
}

const struct reg_user *registry_next(const struct registry *reg, const struct reg_user *prev)
{
	uint64_t at = sizeof(*reg);

	if (prev != NULL)
		at = (uint64_t)((const uint8_t *)prev - (const uint8_t *)reg) + reg_user_size(prev);
	while (at < reg->users_end) {
		const struct reg_user *user = reg_user_at(reg, at);

		if ((user->flags & REG_USER_DEAD) == 0)
			return user;
		at += reg_user_size(user);
	}
	return NULL;
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

enum reg_err registry_attach(int fd, struct registry **ret, struct reg_error *err)
{
	enum { SIZE = F_SEAL_SHRINK | F_SEAL_GROW, WRITE = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE };
	int seals = fcntl(fd, F_GET_SEALS);
	struct registry *reg;
	struct stat st;

	if (fstat(fd, &st) != 0 || seals < 0 || (seals & SIZE) != SIZE ||
		(seals & WRITE) == 0 || st.st_size < (off_t)sizeof(*reg)) {
		reg_error_set(err, NULL, 0, "not a sealed registry");
		return REG_E_FORMAT;
	}
	reg = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (reg == MAP_FAILED) {
		reg_error_set(err, NULL, 0, "mapping a registry: %s", strerror(errno));
		return REG_E_SYSTEM;
	}
	if (memcmp(reg->magic, reg_magic, sizeof(reg_magic)) != 0 || reg->version != REG_VERSION ||
		reg->size != (uint64_t)st.st_size) {
		munmap(reg, (size_t)st.st_size);
		reg_error_set(err, NULL, 0, "not a registry of version %d", REG_VERSION);
		return REG_E_FORMAT;
	}
	*ret = reg;
	return REG_OK;
}

struct registry *registry_free(struct registry *reg)
{
	if (reg != NULL)
		munmap(reg, (size_t)reg->size);
	return NULL;
}
