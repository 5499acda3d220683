/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the servers answer at all. Queries and answers of one client may come by different
 * queues, so all workers of a daemon share what is known; each looks at its own counters after a
 * batch. Times are CLOCK_MONOTONIC. What is missed by two workers that write at once is a count.
 */
#ifndef USHER_RELAY_SILENCE_H
#define USHER_RELAY_SILENCE_H

#include "relay/log.h"
#include "relay/pipeline.h"

#include <stdatomic.h>

enum {
	SILENCE_QUERIES = 5,         /* so many without an answer, */
	SILENCE_SECONDS = 30,        /* in no less than this time, are worth a warning */
	SILENCE_GAP_SECONDS = 120,   /* nobody has asked for so long: what was asked before is forgotten */
	SILENCE_SAY_SECONDS = 300,   /* how often it is said */
};

/* The first index is 0 for DHCPv4, 1 for DHCPv6. Zero to begin with. */
struct silence {
	struct silence_family {
		_Atomic uint64_t queries;    /* sent on since the last answer of any server */
		_Atomic int64_t since_ms, last_ms; /* the first and the last of them */
		atomic_bool said;
		struct log_site site;
	} families[2];
};

/* What a worker had counted when it looked last. Zero to begin with. */
struct silence_seen {
	uint64_t queries[2], answers[2], sent;
};

/* After a batch. With `paused` what is still open is forgotten: nothing is counted then. */
void silence_look(struct silence *s, struct silence_seen *seen, const struct counters *c,
	bool paused, int64_t now_ms);

/* Whether there is something to complain of: no server of that family answers. */
bool silence_reigns(const struct silence *s, bool v6, int64_t now_ms);

/*
 * How many queries are unanswered and for how long the first of them has been; 0 and 0 if none is.
 */
uint64_t silence_queries(const struct silence *s, bool v6, int64_t now_ms, int64_t *ret_ms);

#endif
