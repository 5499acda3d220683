/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a server took to answer: a table of fixed size in which a query leaves the time it was seen
 * and its answer finds it. It serves the statistics and the outcome record only: what is overwritten,
 * or was seen by another process, is simply not known, and nothing depends on it. (The state that
 * travels in the packet has no room for a time in the queries that need no state at all.)
 */
#ifndef USHER_RELAY_ANSWER_TIME_H
#define USHER_RELAY_ANSWER_TIME_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ANSWER_TIMES = 4096,         /* transactions that are under way at once */
	ANSWER_MAX_S = 60,           /* an answer that takes longer belongs to another query */
};

/* All zero to begin with. For any number of threads, or of processes that share it. */
struct answer_times {
	_Atomic uint64_t all[ANSWER_TIMES];
};

/*
 * The key of a transaction: its family and xid, and the identity of the client (len 0: not known).
 */
uint64_t answer_key(uint64_t family_and_xid, const uint8_t *id, size_t len);

/* A query of that transaction was seen at time_ns, CLOCK_REALTIME. The last one counts. */
void answer_times_query(struct answer_times *t, uint64_t key, int64_t time_ns);

/* Microseconds from the query to time_ns; -1: not known. */
int64_t answer_times_since(const struct answer_times *t, uint64_t key, int64_t time_ns);

#endif
