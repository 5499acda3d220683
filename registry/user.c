/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a user is packed. Everything here trusts the region: builder.c wrote it, and nothing
 * has changed it since. Makes nothing of an attribute's meaning, beyond that an empty one is none.
 */
#include "registry/user.h"

#include "registry/layout.h"
#include "registry/siphash.h"

static const char *const attrs[] = {
#define X(id, name) [REG_ATTR_##id] = name,
	REG_ATTR_LIST(X)
#undef X
};

const char *reg_attr_name(enum reg_attr attr)
{
	return (size_t)attr < REG_ATTR_COUNT ? attrs[attr] : "?";
}

enum reg_attr reg_attr_find(const char *name, size_t len)
{
	size_t a = 0;

	while (a < REG_ATTR_COUNT && (strlen(attrs[a]) != len || memcmp(attrs[a], name, len) != 0))
		a++;
	return (enum reg_attr)a;
}

enum reg_id_type registry_user_id(const struct reg_user *user, const uint8_t **ret_id,
	size_t *ret_len)
{
	if (ret_id != NULL)
		*ret_id = user->id;
	if (ret_len != NULL)
		*ret_len = user->id_len;
	return (enum reg_id_type)user->type;
}

uint32_t registry_source_line(const struct reg_user *user)
{
	return user->line;
}

static const uint8_t *bytes_at(const struct reg_user *user, size_t offset)
{
	return (const uint8_t *)user + offset;
}

static void attr_value(const uint8_t *attr, const char **ret, size_t *ret_len)
{
	*ret = (const char *)attr + REG_ATTR_HEAD;
	*ret_len = reg_get16(attr + 2);
}

bool registry_known(const struct reg_user *user, enum reg_attr attr, const char **ret,
	size_t *ret_len)
{
	unsigned int before = user->known & ((1u << attr) - 1);
	size_t offsets = sizeof(*user) + user->id_len + sizeof(struct reg_body);

	if ((user->known >> attr & 1) == 0)
		return false;
	offsets += 2 * (size_t)__builtin_popcount(before);
	attr_value(bytes_at(user, reg_get16(bytes_at(user, offsets))), ret, ret_len);
	return true;
}

static const uint8_t *names_of(const struct reg_user *user, const struct reg_body *body,
	const struct registry **ret_reg)
{
	*ret_reg = (const void *)((const uint8_t *)user - (size_t)body->self * REG_UNIT);
	return (const uint8_t *)*ret_reg + (*ret_reg)->names;
}

/* The index of a name plus 1, or 0. */
static size_t name_index(const struct registry *reg, const uint8_t *names, const char *name,
	size_t len)
{
	const struct reg_name *dir = (const void *)names;
	const uint8_t *slots = names + reg->name_count * sizeof(*dir);
	size_t slot = siphash13(reg->key, name, len) & reg->name_mask;
	size_t index;

	while ((index = reg_get16(slots + 2 * slot)) != 0) {
		const struct reg_name *n = &dir[index - 1];

		if (n->len == len && memcmp(names + n->at, name, len) == 0)
			break;
		slot = (slot + 1) & reg->name_mask;
	}
	return index;
}

bool registry_attr(const struct reg_user *user, const char *name, size_t name_len,
	const char **ret, size_t *ret_len)
{
	const struct registry *reg;
	const uint8_t *names;
	struct reg_body body;
	size_t index;

	if (!reg_body_of(user, &body))
		return false;
	names = names_of(user, &body, &reg);
	index = name_index(reg, names, name, name_len);
	for (size_t at = body.attrs; index != 0 && at < body.options[0];) {
		const uint8_t *attr = bytes_at(user, at);

		if (reg_get16(attr) == index - 1) {
			attr_value(attr, ret, ret_len);
			return true;
		}
		at += REG_ATTR_HEAD + (size_t)reg_get16(attr + 2);
	}
	return false;
}

bool registry_attr_next(const struct reg_user *user, struct reg_iter *it, struct reg_pair *ret)
{
	const struct registry *reg;
	const struct reg_name *name;
	const uint8_t *names, *attr;
	struct reg_body body;

	if (!reg_body_of(user, &body))
		return false;
	if (it->at == 0)
		it->at = body.attrs;
	if (it->at >= body.options[0])
		return false;
	attr = bytes_at(user, it->at);
	names = names_of(user, &body, &reg);
	name = (const struct reg_name *)(const void *)names + reg_get16(attr);
	ret->name = (const char *)names + name->at;
	ret->name_len = name->len;
	attr_value(attr, &ret->value, &ret->value_len);
	it->at += REG_ATTR_HEAD + ret->value_len;
	return true;
}

bool reg_option_next(const struct reg_user *user, unsigned int family, struct reg_iter *it,
	struct reg_option *ret)
{
	struct reg_body body;
	size_t end;

	if (!reg_body_of(user, &body))
		return false;
	end = family == 4 ? body.options[1] : body.end;
	if (it->at == 0)
		it->at = body.options[family == 4 ? 0 : 1];
	if (it->at >= end)
		return false;
	it->at += reg_option_at(bytes_at(user, it->at), ret);
	return true;
}
