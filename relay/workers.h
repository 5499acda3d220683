/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The workers of the daemon, one for each queue, as one thing. */
#ifndef USHER_RELAY_WORKERS_H
#define USHER_RELAY_WORKERS_H

#include "relay/worker.h"

struct workers {
	size_t count;
	struct worker *all[SNAPSHOT_READERS];
};

/*
 * Opens queues first..last as config `c` says and makes a worker for each; no thread runs yet. 0,
 * or a negative errno with a text in err[cap], and then nothing is open.
 */
int workers_open(struct workers *ws, const struct config *c, const struct worker_shared *shared,
	char *err, size_t cap);

/* Has the queues kept for the next process: whether that was asked for, for all. */
bool workers_keep(const struct workers *ws, const struct store *s);
/* Undoes that. */
void workers_forget(const struct workers *ws, const struct store *s);

/* Starts all threads. 0, or a negative errno; workers_close() ends those that run. */
int workers_start(struct workers *ws);

/* Adds up the counters of all. Returns how many workers did not answer within a second. */
size_t workers_count(struct workers *ws, struct worker_counters *ret);

/* worker_nudge() for all. */
void workers_nudge(struct workers *ws);

/* From any thread while the workers are there: worker_answer() for whoever asked. */
void workers_answer(struct workers *ws, const struct source_answer *all, size_t count);

/* Answers what is queued, lets nothing new in, and ends the threads. */
void workers_stop(struct workers *ws);

/* Closes the queues of stopped workers. */
void workers_close(struct workers *ws);

bool workers_failed(const struct workers *ws);

#endif
