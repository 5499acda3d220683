/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides tickets and the letter box. Tickets are of the queue's half, so that they outlive a
 * pipeline that dies. An answer that does not fit is lost like one that is late: the packet's time
 * will be up.
 */
#include "relay/inquiry.h"

#include <string.h>

void inquiry_init(struct inquiry *q)
{
	pthread_mutex_init(&q->lock, NULL);
}

void inquiry_done(struct inquiry *q)
{
	pthread_mutex_destroy(&q->lock);
}

static void send_one(struct inquiry *q, struct slot *s)
{
	struct source_question question = {
		.asker = q->asker, .id = { .type = (enum reg_id_type)(s->ask - 1), .len = (uint8_t)s->out_len },
	};

	q->serial++;
	s->park = question.ticket = q->serial << 16 | q->serial % PARK_MAX;
	s->asked++;
	memcpy(question.id.bytes, s->out, question.id.len);
	if (!q->ask(q->ctx, &question))
		s->park_until_ns = 0;
}

void inquiry_send(struct inquiry *q, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->slots[i].verdict == SLOT_PARK && b->slots[i].ask != 0)
			send_one(q, &b->slots[i]);
}

void inquiry_answer(struct inquiry *q, const struct source_answer *a)
{
	pthread_mutex_lock(&q->lock);
	if (q->count < PARK_MAX)
		q->answers[q->count++] = *a;
	pthread_mutex_unlock(&q->lock);
}

void inquiry_take(struct inquiry *q, struct park *park)
{
	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < q->count; i++)
		park_answer(park, q->answers[i].ticket, q->answers[i].known);
	q->count = 0;
	pthread_mutex_unlock(&q->lock);
}
