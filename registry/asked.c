/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides a hash table with chains, through which the ids of each kind are strung up by age besides:
 * all of a kind live equally long, so the oldest is the next to go. The hash has a key of its own,
 * for ids are what clients say.
 */
#include "registry/asked.h"

#include "registry/siphash.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct one {
	struct one *chain;           /* the next of the same hash */
	struct one *older, *newer;
	int64_t until_ms;
	uint32_t line;
	uint8_t kind, type, len;
	uint8_t bytes[];
};

struct age {
	struct one *oldest, *newest;
	uint32_t count;
};

struct chain {
	struct one *first;
};

struct asked {
	struct asked_limit limits[ASKED_KINDS];
	const struct reg_memory *memory;
	uint8_t key[16];
	struct age ages[ASKED_KINDS];
	uint32_t mask;
	struct chain chains[];
};

static uint32_t chains_for(const struct asked_limit limits[ASKED_KINDS])
{
	uint64_t all = (uint64_t)limits[ASKED_USER].most + limits[ASKED_NOBODY].most;
	uint32_t n = 64;

	while (n < all && n < 1u << 30)
		n *= 2;
	return n;
}

enum reg_err asked_new(const struct asked_limit limits[ASKED_KINDS],
	const struct reg_memory *memory, struct asked **ret)
{
	struct asked *a;
	uint32_t n = chains_for(limits);
	size_t size = sizeof(*a) + n * sizeof(a->chains[0]);

	*ret = NULL;
	a = reg_realloc(memory, NULL, size);
	if (a == NULL)
		return REG_E_NOMEM;
	memset(a, 0, size);
	memcpy(a->limits, limits, sizeof(a->limits));
	a->memory = memory;
	a->mask = n - 1;
	if (getrandom(a->key, sizeof(a->key), 0) != (ssize_t)sizeof(a->key)) {
		free(a);
		return REG_E_SYSTEM;
	}
	*ret = a;
	return REG_OK;
}

struct asked *asked_free(struct asked *a)
{
	if (a != NULL)
		asked_clear(a);
	free(a);
	return NULL;
}

static uint32_t chain_of(const struct asked *a, const struct reg_id *id)
{
	return (uint32_t)siphash13(a->key, id->bytes, id->len) & a->mask;
}

static bool is_of(const struct one *o, const struct reg_id *id)
{
	return o->type == (uint8_t)id->type && o->len == id->len &&
		memcmp(o->bytes, id->bytes, id->len) == 0;
}

/* The link that leads to the id, or the end of its chain. */
static struct one **link_of(struct asked *a, const struct reg_id *id)
{
	struct one **link = &a->chains[chain_of(a, id)].first;

	while (*link != NULL && !is_of(*link, id))
		link = &(*link)->chain;
	return link;
}

enum asked_kind asked_find(const struct asked *a, const struct reg_id *id)
{
	const struct one *o = a->chains[chain_of(a, id)].first;

	while (o != NULL && !is_of(o, id))
		o = o->chain;
	return o != NULL ? (enum asked_kind)o->kind : ASKED_NEVER;
}

enum reg_err asked_put(struct asked *a, enum asked_kind kind, const struct reg_id *id,
	uint32_t line, int64_t now_ms)
{
	struct one *o = reg_realloc(a->memory, NULL, sizeof(*o) + id->len);
	struct one **chain = &a->chains[chain_of(a, id)].first;
	struct age *age = &a->ages[kind];

	if (o == NULL)
		return REG_E_NOMEM;
	*o = (struct one){ .chain = *chain, .older = age->newest, .line = line,
		.until_ms = now_ms + a->limits[kind].ms,
		.kind = (uint8_t)kind, .type = (uint8_t)id->type, .len = id->len };
	memcpy(o->bytes, id->bytes, id->len);
	*chain = o;
	if (age->newest != NULL)
		age->newest->newer = o;
	else
		age->oldest = o;
	age->newest = o;
	age->count++;
	return REG_OK;
}

/* Out of its chain, which the link is of, and of its age; and freed. */
static void remove_one(struct asked *a, struct one **link)
{
	struct one *o = *link;
	struct age *age = &a->ages[o->kind];

	*link = o->chain;
	if (o->older != NULL)
		o->older->newer = o->newer;
	else
		age->oldest = o->newer;
	if (o->newer != NULL)
		o->newer->older = o->older;
	else
		age->newest = o->older;
	age->count--;
	free(o);
}

bool asked_take(struct asked *a, enum asked_kind kind, int64_t now_ms, uint32_t room,
	struct reg_id *ret, uint32_t *ret_line)
{
	const struct age *age = &a->ages[kind];
	const struct one *o = age->oldest;

	if (o == NULL || (o->until_ms > now_ms && age->count + room <= a->limits[kind].most))
		return false;
	ret->type = (enum reg_id_type)o->type;
	ret->len = o->len;
	memcpy(ret->bytes, o->bytes, o->len);
	*ret_line = o->line;
	remove_one(a, link_of(a, ret));
	return true;
}

enum asked_kind asked_forget(struct asked *a, const struct reg_id *id, uint32_t *ret_line)
{
	struct one **link = link_of(a, id);
	enum asked_kind kind = ASKED_NEVER;

	if (*link != NULL) {
		kind = (enum asked_kind)(*link)->kind;
		*ret_line = (*link)->line;
		remove_one(a, link);
	}
	return kind;
}

void asked_clear(struct asked *a)
{
	for (size_t kind = 0; kind < ASKED_KINDS; kind++) {
		for (struct one *o = a->ages[kind].oldest, *newer; o != NULL; o = newer) {
			newer = o->newer;
			free(o);
		}
		a->ages[kind] = (struct age){ 0 };
	}
	for (size_t i = 0; i <= a->mask; i++)
		a->chains[i].first = NULL;
}

uint32_t asked_count(const struct asked *a, enum asked_kind kind)
{
	return a->ages[kind].count;
}
