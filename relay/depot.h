/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the registry in force waits, as the sealed memory file that it is, for those who hand it to
 * the worker processes. Any thread may put and take.
 */
#ifndef USHER_RELAY_DEPOT_H
#define USHER_RELAY_DEPOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct depot {
	_Atomic uint64_t generation;     /* 0: nothing was ever put here */
	pthread_mutex_t lock;            /* of the rest */
	int fd;                          /* -1: there is no registry */
	int layer;                       /* what has changed since, laid on it; -1: nothing */
	uint64_t base;                   /* the generation that fd came with */
};

void depot_init(struct depot *d);
void depot_done(struct depot *d);

/*
 * Takes fd over; -1: packets pass, for there is no registry. layer: it is laid on the one before.
 */
void depot_put(struct depot *d, int fd, bool layer);

/* What somebody lacks; descriptors are the caller's to close. */
struct depot_gift {
	uint64_t generation;
	int fd, layer;                   /* -1: that does not come */
	bool none;                       /* there is no registry at all */
};

/*
 * What somebody lacks who has that generation, 0: none. 0, or a negative errno: no descriptor is
 * free, and *ret is that nothing is lacking.
 */
int depot_take(struct depot *d, uint64_t has, struct depot_gift *ret);

#endif
