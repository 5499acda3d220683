/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the table of names and the questions asked of the option dictionary. Does not look at
 * values: record.c does.
 */
#include "registry/attr.h"

#include "registry/layout.h"
#include "registry/siphash.h"

#include <stdlib.h>

void attr_names_init(struct attr_names *names, const struct reg_memory *memory,
	const uint8_t key[static 16])
{
	*names = (struct attr_names){ .memory = memory };
	memcpy(names->key, key, sizeof(names->key));
}

static size_t home(const struct attr_names *names, const char *name, size_t len)
{
	return siphash13(names->key, name, len) & names->mask;
}

/* At most half of the slots are used. */
static enum reg_err grow_slots(struct attr_names *names)
{
	size_t count = names->slots == NULL ? 64 : 2 * (names->mask + 1);
	uint16_t *slots = reg_realloc(names->memory, NULL, count * sizeof(*slots));

	if (slots == NULL)
		return REG_E_NOMEM;
	memset(slots, 0, count * sizeof(*slots));
	free(names->slots);
	names->slots = slots;
	names->mask = count - 1;
	for (size_t i = 0; i < names->count; i++) {
		const struct attr_def *d = &names->defs[i];
		size_t slot = home(names, names->text + d->at, d->len);

		while (slots[slot] != 0)
			slot = (slot + 1) & names->mask;
		slots[slot] = (uint16_t)(i + 1);
	}
	return REG_OK;
}

/* Doubles *base until it has room for more elements of the given size. */
static enum reg_err reserve(const struct reg_memory *memory, void **base, size_t used, size_t more,
	size_t *cap, size_t size)
{
	size_t want = *cap < 16 ? 16 : *cap;
	void *bigger;

	while (want - used < more)
		want *= 2;
	if (want == *cap)
		return REG_OK;
	bigger = reg_realloc(memory, *base, want * size);
	if (bigger == NULL)
		return REG_E_NOMEM;
	*base = bigger;
	*cap = want;
	return REG_OK;
}

static enum reg_err make_room(struct attr_names *names, size_t len)
{
	void *defs = names->defs, *text = names->text;
	enum reg_err e;

	if (names->count == REG_NAMES_MAX || len > UINT16_MAX)
		return REG_E_LIMIT;
	e = reserve(names->memory, &defs, names->count, 1, &names->cap, sizeof(*names->defs));
	names->defs = defs;
	if (e == REG_OK)
		e = reserve(names->memory, &text, names->text_len, len + 1, &names->text_cap, 1);
	names->text = text;
	if (e == REG_OK && (names->slots == NULL || 2 * (names->count + 1) > names->mask))
		e = grow_slots(names);
	return e;
}

/*
 * Whether a name is meant as an option by number or of a vendor: option-, option6-, vendor- and
 * nothing but digits and dots. Any other is a name like any.
 */
static bool means_number(const char *name, size_t len)
{
	static const char *const prefixes[] = { "option-", "option6-", "vendor-" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i]);

		if (len <= n || memcmp(name, prefixes[i], n) != 0)
			continue;
		while (n < len && strchr("0123456789.", name[n]) != NULL && name[n] != '\0')
			n++;
		if (n == len)
			return true;
	}
	return false;
}

static void define(struct attr_def *d, const char *name, size_t len)
{
	d->known = (uint8_t)reg_attr_find(name, len);
	if (d->known != REG_ATTR_COUNT) {
		d->bits = REG_NAME_KNOWN;
		return;
	}
	if (dhcp_option_find(4, name, len, &d->option[0]))
		d->bits |= REG_NAME_OPTION4;
	if (dhcp_option_find(6, name, len, &d->option[1]))
		d->bits |= REG_NAME_OPTION6;
	d->bad_number = d->bits == 0 && means_number(name, len);
}

static bool is_name(const struct attr_names *names, size_t index, const char *name, size_t len)
{
	const struct attr_def *d = &names->defs[index];

	return d->len == len && memcmp(names->text + d->at, name, len) == 0;
}

/* Entries have a few names in common, and to hash each of them anew would be most of the work. */
static uint16_t *recent_of(struct attr_names *names, const char *name, size_t len)
{
	size_t last = len > 0 ? (uint8_t)name[len - 1] : 0;

	return &names->recent[(len * 7 + last) % ATTR_RECENT];
}

enum reg_err attr_names_intern(struct attr_names *names, const char *name, size_t len,
	uint16_t *ret)
{
	uint16_t *recent = recent_of(names, name, len);
	enum reg_err e = REG_OK;
	struct attr_def *d;
	size_t slot;

	if (*recent != 0 && is_name(names, *recent - 1u, name, len)) {
		*ret = (uint16_t)(*recent - 1);
		return REG_OK;
	}
	if (names->slots == NULL)
		e = grow_slots(names);
	if (e != REG_OK)
		return e;
	for (slot = home(names, name, len); names->slots[slot] != 0;
		slot = (slot + 1) & names->mask) {
		*ret = (uint16_t)(names->slots[slot] - 1);
		if (is_name(names, *ret, name, len)) {
			*recent = names->slots[slot];
			return REG_OK;
		}
	}
	e = make_room(names, len);
	if (e != REG_OK)
		return e;
	for (slot = home(names, name, len); names->slots[slot] != 0;)
		slot = (slot + 1) & names->mask;
	d = &names->defs[names->count];
	*d = (struct attr_def){ .at = (uint32_t)names->text_len, .len = (uint16_t)len };
	define(d, name, len);
	memcpy(names->text + names->text_len, name, len);
	names->text_len += len;
	*ret = (uint16_t)names->count++;
	names->slots[slot] = (uint16_t)names->count;
	return REG_OK;
}

size_t attr_names_size(const struct attr_names *names)
{
	size_t slots = names->slots == NULL ? 1 : names->mask + 1;

	return names->count * sizeof(struct reg_name) + slots * sizeof(uint16_t) + names->text_len;
}

void attr_names_store(const struct attr_names *names, uint8_t *to)
{
	size_t slots = names->slots == NULL ? 1 : names->mask + 1;
	size_t text = names->count * sizeof(struct reg_name) + slots * sizeof(uint16_t);
	struct reg_name *dir = (void *)to;

	for (size_t i = 0; i < names->count; i++) {
		const struct attr_def *d = &names->defs[i];

		dir[i] = (struct reg_name){ .at = (uint32_t)(text + d->at), .len = d->len,
			.bits = d->bits, .known = d->known };
	}
	if (names->slots != NULL)
		memcpy(dir + names->count, names->slots, slots * sizeof(uint16_t));
	else
		memset(dir + names->count, 0, sizeof(uint16_t));
	if (names->text_len > 0)
		memcpy(to + text, names->text, names->text_len);
}

void attr_names_done(struct attr_names *names)
{
	free(names->defs);
	free(names->text);
	free(names->slots);
	*names = (struct attr_names){ 0 };
}
