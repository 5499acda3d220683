/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is filled while a policy is built and given back in one call with the policy.
 */
#ifndef USHER_RULES_ARENA_H
#define USHER_RULES_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *last;
};

/* n zeroed bytes, aligned for any object, that live as long as the arena; NULL without memory. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy of n bytes of src followed by a NUL; NULL without memory. */
void *arena_copy(struct arena *a, const void *src, size_t n);
/*
 * An array of `count` elements of `size` bytes grown to hold one more: the old array when its room
 * suffices (room doubles at each power of two), else a larger copy. NULL without memory.
 */
void *arena_grow(struct arena *a, void *old, size_t count, size_t size);
void arena_done(struct arena *a);

#endif
