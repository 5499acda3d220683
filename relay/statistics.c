/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how counters become lines. One subject a line, "statistics: " before each, so that a person
 * can read them and grep can find them. Programs ask the control socket.
 */
#include "relay/statistics.h"

#include "relay/log.h"
#include "relay/queue_table.h"

typedef unsigned long long ull;

static void log_pipeline(const struct counters *c)
{
	log_info("statistics: %llu packets, %llu accepted, %llu dropped", (ull)c->packets,
		(ull)c->verdicts[SLOT_ACCEPT], (ull)c->verdicts[SLOT_DROP]);
	for (size_t i = 0; i < CAUSE_COUNT; i++)
		if (c->causes[i] > 0)
			log_info("statistics: %llu packets: %s (%s)", (ull)c->causes[i],
				cause_text((enum cause)i), cause_name((enum cause)i));
	for (size_t i = 0; i < EVENT_COUNT; i++)
		if (c->events[i] > 0)
			log_info("statistics: %llu %s (%s)", (ull)c->events[i],
				event_text((enum event)i), event_name((enum event)i));
}

static void log_queues(const struct workers *ws, const struct queue_counters *c)
{
	log_info("statistics: %llu batches; %llu packets missed, %llu overruns, %llu malformed "
		"messages, %llu verdicts too late, %llu refused, %llu unsent",
		(ull)c->batches, (ull)c->missed, (ull)c->overruns, (ull)c->malformed, (ull)c->gone,
		(ull)(c->refused + c->errors), (ull)c->unsent);
	for (size_t i = 0; i < ws->count; i++) {
		uint16_t number = queue_number(worker_queue(ws->all[i]));
		struct queue_row row;

		if (queue_table_find(number, &row) != 0)
			continue;
		log_info("statistics: queue %u: %u packets wait; the kernel dropped %llu because "
			"the queue was full and %llu because the socket was",
			number, row.waiting, (ull)row.dropped, (ull)row.user_dropped);
	}
}

static void log_outcome(struct outcome *o, uint64_t no_room)
{
	struct outcome_counters c;

	outcome_counters(o, &c);
	log_info("statistics: outcome: %llu records, %llu written, %llu late, %llu lost, %llu "
		"bytes wait, %llu failed writes, reopened %llu times",
		(ull)c.records, (ull)c.written, (ull)c.late, (ull)(c.lost + no_room),
		(ull)c.waiting, (ull)c.errors, (ull)c.reopened);
}

void statistics_log(struct workers *ws, struct outcome *o)
{
	struct worker_counters c;
	size_t silent = workers_count(ws, &c);

	if (silent > 0)
		log_warning("statistics: %zu of %zu workers do not answer, they hang", silent,
			ws->count);
	log_pipeline(&c.pipeline);
	log_queues(ws, &c.queue);
	if (o != NULL)
		log_outcome(o, c.records_lost);
}
