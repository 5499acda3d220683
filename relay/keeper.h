/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keeper of one queue's packets: hands each batch to a worker process, waits for it, checks
 * what comes back, and gives the packets to another one when the worker dies, hangs or does what it
 * may not. What the kernel handed over stays in the keeper's own memory, so nothing a worker does
 * can lose it, and no record counts before its batch has come back. Parses no DHCP.
 */
#ifndef USHER_RELAY_KEEPER_H
#define USHER_RELAY_KEEPER_H

#include "relay/crew.h"
#include "relay/depot.h"
#include "relay/outcome.h"
#include "relay/pipeline.h"
#include "relay/quarantine.h"
#include "relay/tally.h"

/* What the keepers of all queues share. Borrowed; must outlive them. */
struct keeper_shared {
	struct crew *crew;               /* where worker processes come from */
	struct depot *depot;             /* the registry that they are to have */
	struct outcome *outcome, *json;  /* NULL: no records are written; json: besides */
	const struct quarantine *quarantine; /* for packets that kill */
	size_t slots;                    /* packets in a batch */
	unsigned deadline_ms;            /* after that a worker is taken to hang */
	bool same_cpu;                   /* keeper and worker stay on one while there is work */
	struct demand demand;            /* may_ask is each keeper's */
	_Atomic unsigned describe;       /* how often libraries were to be described */
};

struct keeper;

/*
 * NULL without memory. wake: an eventfd for the worker to write to when a parked packet may go on.
 */
struct keeper *keeper_new(const struct keeper_shared *shared, uint16_t queue,
	const struct tally_told *told, int wake);
/* Takes and returns NULL. */
struct keeper *keeper_free(struct keeper *k);

/*
 * Has a worker decide on the batch, or pass it if `paused`; its records are handed over before this
 * returns. Never fails: without a worker for one and three quarter times deadline_ms, packets get
 * the verdict of the quarantine.
 */
void keeper_run(struct keeper *k, struct batch *b, bool paused);

/* Before the thread waits for packets: it need not go on where it is. */
void keeper_rest(struct keeper *k);

/*
 * Between batches, when there is time; stirred: keeper_fd() is readable. Takes a worker if there is
 * none, it has died, or there is one of a newer config, and gives it the registry that is in force.
 */
void keeper_idle(struct keeper *k, bool stirred);

/* Whether there is room for packets of the next batch that wait for an answer. Begins as false. */
void keeper_may_ask(struct keeper *k, bool may);

/* From now on nothing is parked. */
void keeper_end(struct keeper *k);

/*
 * What libraries want to be told without a packet: milliseconds from now, -1: nothing.
 * keeper_idle() does it.
 */
int keeper_wait_ms(const struct keeper *k, int64_t now_ns);

/*
 * Where the worker at hand says what may go on, and which in the row of all it is; NULL: there is
 * none.
 */
struct park_board *keeper_board(const struct keeper *k, uint64_t *ret_number);

/* Readable when the worker at hand has died; for poll(2), -1: there is none. */
int keeper_fd(const struct keeper *k);

#endif
