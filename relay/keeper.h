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
};

struct keeper;

/* NULL without memory. */
struct keeper *keeper_new(
	const struct keeper_shared *shared, uint16_t queue, const struct tally_told *told);
/* Takes and returns NULL. */
struct keeper *keeper_free(struct keeper *k);

/*
 * Has a worker decide on the batch, or pass it if `paused`; its records are handed over before this returns. Never fails:
 * without a worker for one and three quarter times deadline_ms, packets get the verdict of the quarantine.
 */
void keeper_run(struct keeper *k, struct batch *b, bool paused);

/* Before the thread waits for packets: it need not go on where it is. */
void keeper_rest(struct keeper *k);

/*
 * Between batches, when there is time: takes a worker if there is none, or one of a newer config,
 * and gives it the registry that is in force.
 */
void keeper_idle(struct keeper *k);

#endif
