/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notices: log lines about counters that somebody should know to have moved, each at most once a
 * second, with what can be done about it.
 */
#ifndef USHER_RELAY_NOTICE_H
#define USHER_RELAY_NOTICE_H

#include "relay/log.h"
#include "relay/pipeline.h"
#include "relay/queue.h"

enum { NOTICE_QUEUE_COUNTERS = 8 };

/* What one worker has said so far. Zero to begin with. */
struct notices {
	uint64_t queue[NOTICE_QUEUE_COUNTERS], causes[CAUSE_COUNT], records_lost;
	struct log_site queue_sites[NOTICE_QUEUE_COUNTERS], cause_sites[CAUSE_COUNT], records_site;
	struct log_site full_site;
	int64_t next_look_ns;            /* CLOCK_MONOTONIC */
};

/* Once a batch: says which counters of queue `number` have moved since they were last spoken of. */
void notices_say(struct notices *n, uint16_t number, const struct queue_counters *queue,
	const struct counters *counters, const struct records *records);

/*
 * After a batch of `answered` packets, as large as a batch can be: looks, at most twenty times a
 * second, whether the kernel's queue was full before. While it fails open the kernel counts
 * nothing, so this is the only sign.
 */
void notices_overload(struct notices *n, uint16_t number, size_t answered, uint32_t maxlen,
	bool fail_open);

#endif
