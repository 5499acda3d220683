/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parked packets as the queue half sees them: slots that the pipeline has put aside (SLOT_PARK),
 * kept without a verdict until they may go on or their time is up, and then handed to the pipeline
 * once more. The two halves share a board, on which a slot's ticket is written when it may go on;
 * the board is plain memory without pointers, so that the halves may be two processes.
 */
#ifndef USHER_RELAY_PARK_H
#define USHER_RELAY_PARK_H

#include "relay/batch.h"

#include <stdatomic.h>

enum {
	PARK_MAX = 1024,         /* packets that a worker may hold */
	PARK_BYTES = 4096,       /* the longest of them */
};

/* A ticket says where a packet is kept: its lowest 16 bits are an index below PARK_MAX. Never 0. */
static inline size_t park_index(uint64_t ticket)
{
	return ticket & 0xffff;
}

struct park_board {
	_Atomic uint64_t ready[PARK_MAX]; /* the ticket that may go on */
};

struct park;

/*
 * NULL without memory. The board is the caller's, zeroed, and must outlive it; NULL: there is none
 * yet.
 */
struct park *park_new(struct park_board *board);
struct park *park_free(struct park *park);

/*
 * From now on tickets are written on that board, of the pipeline of that number. Those of the one
 * before are known to nobody any more: the time of what it parked is up, but for what waits for an
 * answer (slot.ask).
 */
void park_use(struct park *park, struct park_board *board, uint64_t number);

/*
 * After the pipeline has run, before the verdicts are sent: keeps a copy of every slot that is
 * parked, which must get no verdict. Returns how many are kept in all: as long as there are any, no
 * verdict may answer for older packets (queue_hold()). What cannot be kept is dropped.
 */
size_t park_keep(struct park *park, struct batch *b);

/*
 * A packet that waited for an answer (slot.ask) may go on; not if it is gone already. known: as in
 * the slot.
 */
void park_answer(struct park *park, uint64_t ticket, bool known);

/*
 * Fills the batch with up to `slots` packets that may go on, or whose time is up by now_ns
 * (CLOCK_MONOTONIC), in the order of their ids. Sets and returns b->count.
 */
size_t park_take(struct park *park, struct batch *b, size_t slots, int64_t now_ns);

/* How many are kept. */
size_t park_count(const struct park *park);

/* The time of all that are kept now is up. */
void park_hurry(struct park *park);

/* Milliseconds until the time of one is up; -1: none is kept. */
int park_wait_ms(const struct park *park, int64_t now_ns);

#endif
