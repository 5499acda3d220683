/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes on their way from producers to one consumer, in memory of a fixed size whose two ends meet:
 * what is in the ring is always one contiguous piece. No locks; the owner has them.
 */
#ifndef USHER_RELAY_RING_H
#define USHER_RELAY_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring {
	char *base;              /* size bytes, mapped twice in a row */
	int fd;
	size_t size, start, len; /* start < size */
	size_t high;             /* memory touched since the last ring_trim() */
};

/* size is rounded up to whole pages. 0, or a negative errno, and then base is NULL. */
int ring_init(struct ring *r, size_t size);
/* A ring whose base is NULL is left alone. */
void ring_done(struct ring *r);

/* Appends n bytes; false, and nothing is appended, if there is no room. */
bool ring_put(struct ring *r, const void *src, size_t n);
/* The oldest bytes, r->len of them; they stay where they are until taken. */
const char *ring_oldest(const struct ring *r);
/* Takes away the n oldest, n <= r->len. An empty ring begins at its base again. */
void ring_take(struct ring *r, size_t n);
/* Gives the memory of an empty ring back if more than `keep` bytes of it were in use. */
void ring_trim(struct ring *r, size_t keep);

#endif
