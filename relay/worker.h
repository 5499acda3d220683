/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker: one thread, which takes the batches of one queue, runs the pipeline over them, has
 * their outcome records written and sends the verdicts. Nothing is allocated on the way.
 */
#ifndef USHER_RELAY_WORKER_H
#define USHER_RELAY_WORKER_H

#include "relay/inquiry.h"
#include "relay/keeper.h"
#include "relay/live.h"
#include "relay/outcome.h"
#include "relay/pipeline.h"
#include "relay/queue.h"
#include "relay/sender.h"
#include "relay/silence.h"
#include "relay/store.h"

/* What all workers share. Borrowed; must outlive them. */
struct worker_shared {
	/*
	 * Batches go to a process of the keeper's; NULL: they run in the thread, on what is live.
	 */
	const struct keeper_shared *keeper;
	struct snapshot_slot *live;      /* holds struct live */
	struct sender *sender;           /* relay mode; else NULL */
	struct learned *learned;
	struct silence *silence;         /* NULL: whether servers answer is not known */
	struct outcome *outcome;         /* NULL: no records are written */
	struct outcome *json;            /* gets the same as JSON; NULL: not wanted */
	bool outcome_json;               /* a reload does not change it: the file has one format */
	/*
	 * Called between the receipt of a batch and the moment the snapshot is taken, so that an
	 * edit of the registry that was complete when the packet came is seen; may wait for it.
	 */
	void (*refresh)(void *ctx);
	/* Where the registry holds only who was asked for, else NULL: struct inquiry. */
	bool (*ask)(void *ctx, const struct source_question *q);
	void *ctx;
	struct demand demand;            /* may_ask is each worker's */
	struct answer_times *answers;    /* NULL: how long servers take is not known */
	const atomic_bool *paused;       /* NULL: never */
	struct store *store;             /* NULL: queues do not outlive this process */
	bool leave;                      /* at the end what waits is left to the next process */
	int failed_fd;                   /* an eventfd, written to when a worker cannot go on */
	size_t slots;                    /* packets in a batch, 1..BATCH_MAX */
	bool fail_open;
	bool pin;                        /* each thread stays on one CPU, as far as there are enough */
};

struct worker_counters {
	struct counters pipeline;
	struct queue_counters queue;
	uint64_t records_lost;           /* more records than a batch has room for */
	struct histogram handling;       /* of packets: from the receipt of their batch to the verdicts */
	struct servers servers;          /* the last member: the others are nothing but uint64_t */
};

struct worker;

/*
 * Makes reader `number` (0..SNAPSHOT_READERS) of the snapshot for a queue, which stays the caller's
 * and is the worker's to use until worker_join(). NULL without memory or descriptors.
 */
struct worker *worker_new(const struct worker_shared *shared, size_t number, struct queue *q);
/* The thread must have ended or never begun. NULL is allowed; returns NULL. */
struct worker *worker_free(struct worker *w);
struct queue *worker_queue(const struct worker *w);

/* 0 or a negative errno. */
int worker_start(struct worker *w);

/* Tells the thread, should it be idle, to have a look at what it shares with others. */
void worker_nudge(struct worker *w);

/* From any thread: what shared->ask() was asked. */
void worker_answer(struct worker *w, const struct source_answer *a);

/* Tells the thread to answer what is queued, let nothing new in, and end. Does not wait. */
void worker_stop(struct worker *w);
void worker_join(struct worker *w);

/* Whether the thread had to give up. */
bool worker_failed(const struct worker *w);

/*
 * Asks for the counters, which the thread tells between two batches; from any other thread. Without
 * an answer within a second false, and *ret is what it told last.
 */
bool worker_count(struct worker *w, struct worker_counters *ret);

#endif
