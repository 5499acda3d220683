/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is that? What the pipeline of one queue wants to know of a registry that is not in memory as
 * a whole: its questions go to the source of the registry, its packets are parked meanwhile, and
 * answers find them again.
 */
#ifndef USHER_RELAY_INQUIRY_H
#define USHER_RELAY_INQUIRY_H

#include "registry/questions.h"
#include "relay/park.h"

struct inquiry {
	/* False: it cannot be asked now. */
	bool (*ask)(void *ctx, const struct source_question *q);
	void *ctx;
	uint32_t asker;              /* the number of the queue's worker */
	uint64_t serial;
	pthread_mutex_t lock;        /* of the answers */
	size_t count;
	struct source_answer answers[PARK_MAX];
};

void inquiry_init(struct inquiry *q);
void inquiry_done(struct inquiry *q);

/*
 * After the pipeline has run: gives the slots that are parked with a question (slot.ask) a ticket,
 * and asks. The time of those that cannot be asked for is up at once.
 */
void inquiry_send(struct inquiry *q, struct batch *b);

/* From any thread; the queue's is to be woken then. */
void inquiry_answer(struct inquiry *q, const struct source_answer *a);

/* The packets that were answered may go on. */
void inquiry_take(struct inquiry *q, struct park *park);

#endif
