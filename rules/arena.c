/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the list of blocks behind a policy. A policy is built once and thrown away once, so nothing
 * is ever given back singly: an array that grows leaves its old copy behind until the end.
 */
#include "rules/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK = 16384 };

struct arena_block {
	struct arena_block *prev;
	size_t used, size;
	alignas(max_align_t) uint8_t bytes[];
};

static struct arena_block *block_new(struct arena *a, size_t n)
{
	size_t size = n > ARENA_BLOCK ? n : ARENA_BLOCK;
	struct arena_block *b;

	if (size > SIZE_MAX - sizeof(*b))
		return NULL;
	b = calloc(1, sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->size = size;
	b->prev = a->last;
	a->last = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t align = alignof(max_align_t);
	struct arena_block *b = a->last;
	void *p;

	if (n > SIZE_MAX - align)
		return NULL;
	n = n == 0 ? align : (n + align - 1) / align * align;
	if (b == NULL || n > b->size - b->used) {
		b = block_new(a, n);
		if (b == NULL)
			return NULL;
	}
	p = b->bytes + b->used;
	b->used += n;
	return p;
}

void *arena_copy(struct arena *a, const void *src, size_t n)
{
	uint8_t *p = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;

	if (p != NULL && n > 0)
		memcpy(p, src, n);
	return p;
}

void *arena_grow(struct arena *a, void *old, size_t count, size_t size)
{
	void *p;

	if (count > 0 && (count & (count - 1)) != 0)
		return old;
	if (count > SIZE_MAX / 2 / size)
		return NULL;
	p = arena_alloc(a, (count == 0 ? 1 : 2 * count) * size);
	if (p != NULL && count > 0)
		memcpy(p, old, count * size);
	return p;
}

void arena_done(struct arena *a)
{
	while (a->last != NULL) {
		struct arena_block *b = a->last;

		a->last = b->prev;
		free(b);
	}
}
