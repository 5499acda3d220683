/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all workers of a queue have counted, one after the other. The worker at hand counts in
 * memory of its own, from 0, and what it writes there is believed only as far as it can be a
 * number.
 */
#ifndef USHER_RELAY_TALLY_H
#define USHER_RELAY_TALLY_H

#include "relay/channel.h"

/* Where it is told, between two batches; all borrowed. */
struct tally_told {
	struct counters *counters;
	struct servers *servers;
	uint64_t *records_lost;
};

struct tally {
	struct tally_told told;
	struct counters before;          /* of all workers but the one at hand */
	uint64_t lost_before;
};

/* A batch has come back: adds what the worker at hand has counted in its channel. */
void tally_add(struct tally *t, const struct channel *c);

/* There is no worker at hand any more: what it had counted when it handed back last stays. */
void tally_close(struct tally *t);

/* A packet was decided on without a worker. */
void tally_judged(struct tally *t, enum slot_verdict verdict, enum cause cause);

#endif
