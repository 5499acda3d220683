/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the thread. A worker owns its queue, its batch and its counters, so that a packet takes no
 * lock; what others want to know of it they ask for, and it answers between two batches. It waits
 * in poll(2) for its queue and for an eventfd by which it is asked and stopped. The batch is the
 * boundary: queue_receive() and queue_send() know no DHCP, pipeline_run() knows no netlink.
 */
#include "relay/worker.h"

#include "registry/clock.h"

#include "relay/engine.h"
#include "relay/hook.h"
#include "relay/learned_say.h"
#include "relay/link.h"
#include "relay/log.h"
#include "relay/notice.h"
#include "relay/outcome_pair.h"
#include "relay/park.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
	RECORDS_ROOM = 512 * 1024, /* 2 KiB for each packet of the largest batch; touched as used */
	DRAIN_MS = 1000, /* how long a queue that fails closed may take to run empty */
	ANSWER_MS = 1000,
	RECEIVE_TRIES = 50,      /* a millisecond apart */
};

struct worker {
	const struct worker_shared *shared;
	size_t number;
	pthread_t thread;
	bool started, ending;
	struct queue *queue;
	struct batch *batch;
	struct keeper *keeper;           /* hands batches to a process; NULL: they run here */
	struct engine engine;
	struct counters counters;
	struct histogram handling;
	struct servers servers;
	struct records records, json;
	struct links links;
	struct notices notices;
	struct silence_seen seen;
	const struct hooks *hooks;       /* of the snapshot taken last; only compared */
	struct park_board board;         /* of packets that hook libraries hold back */
	struct park *park;               /* NULL as long as nothing could be parked */
	struct inquiry inquiry;          /* not used unless shared->ask is set */
	int tick_ms;                     /* when libraries want to be called without a packet, -1: not */
	int wake;
	atomic_bool stop, failed, asked;
	pthread_mutex_t lock;            /* of the answer */
	pthread_cond_t answered;
	struct worker_counters answer;
};

/*
 * Without memory for what they hold, libraries cannot hold packets. What other libraries held goes
 * to those now in force.
 */
static void take_hooks(struct worker *w, const struct hooks *before, const struct hooks *now)
{
	if (before != NULL && w->park != NULL)
		park_hurry(w->park);
	if (now != NULL && w->park == NULL)
		w->park = park_new(&w->board);
	w->engine.pipeline.board = w->park != NULL ? &w->board : NULL;
}

static void take_snapshot(struct worker *w, const struct snapshot *s)
{
	const struct config *c = ((const struct live *)s)->config;
	bool new = engine_use(&w->engine, c, s);

	if (s->hooks != w->hooks)
		take_hooks(w, w->hooks, s->hooks);
	w->hooks = s->hooks;
	if (new)
		links_use(&w->links, c);
}

static void hand_over_records(struct worker *w)
{
	const struct outcome_pair files = { w->shared->outcome, w->shared->json };

	outcome_pair_put(&files, w->records.text, w->records.len, w->json.text, w->json.len);
	w->records.len = w->json.len = 0;
}

static void note_handling(struct worker *w)
{
	struct timespec ts;
	int64_t ns;

	clock_gettime(CLOCK_REALTIME, &ts);
	ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec - w->batch->slots[0].time_ns;
	/* The clock may have been set meanwhile. */
	if (ns >= 0)
		histogram_add(&w->handling, (uint64_t)ns / 1000, w->batch->count);
}

/* What libraries want to be told without a packet: between two batches, inside of a snapshot. */
static void tick(struct worker *w)
{
	struct timespec ts;

	if (w->hooks == NULL)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	w->tick_ms = hooks_tick(w->engine.pipeline.snapshot->hooks, w->number, ts.tv_sec);
}

static void run_here(struct worker *w)
{
	interfaces_tick(&w->engine.interfaces);
	take_snapshot(w, snapshot_enter(w->shared->live, w->number));
	links_tick(&w->links);
	pipeline_run(&w->engine.pipeline, w->batch);
	inquiry_send(&w->inquiry, w->batch);
	learned_say(w->shared->learned, w->engine.pipeline.snapshot->policy,
		w->batch->slots[0].time_ns);
	tick(w);
	snapshot_leave(w->shared->live, w->number);
	if (w->park != NULL)
		queue_hold(w->queue, park_keep(w->park, w->batch) > 0);
	hand_over_records(w);
}

/* What was parked by a worker process that is gone is known to no other: it is run again. */
static void keep_parked(struct worker *w)
{
	uint64_t number;
	struct park_board *board = keeper_board(w->keeper, &number);

	park_use(w->park, board, number);
	queue_hold(w->queue, park_keep(w->park, w->batch) > 0);
}

static void run_apart(struct worker *w, bool paused)
{
	keeper_run(w->keeper, w->batch, paused);
	inquiry_send(&w->inquiry, w->batch);
	keep_parked(w);
}

/* Not of more packets than can be kept, and of none at the end. */
static void allow_questions(struct worker *w)
{
	bool may = !w->ending && park_count(w->park) + w->batch->count <= PARK_MAX;

	w->engine.pipeline.demand.may_ask = may;
	if (w->keeper != NULL)
		keeper_may_ask(w->keeper, may);
}

static void run_batch(struct worker *w)
{
	bool paused = w->shared->paused != NULL &&
		atomic_load_explicit(w->shared->paused, memory_order_relaxed);

	w->engine.pipeline.paused = paused;
	if (w->shared->ask != NULL)
		allow_questions(w);
	if (w->shared->refresh != NULL)
		w->shared->refresh(w->shared->ctx);
	if (w->keeper != NULL)
		run_apart(w, paused);
	else
		run_here(w);
	if (w->shared->sender != NULL)
		sender_send(w->shared->sender, w->batch);
	queue_send(w->queue, w->batch);
	note_handling(w);
	notices_say(&w->notices, queue_number(w->queue), queue_counters(w->queue), &w->counters,
		&w->records);
	if (w->shared->silence != NULL)
		silence_look(w->shared->silence, &w->seen, &w->counters, paused, clock_now_ms());
	if (w->batch->count == w->shared->slots)
		notices_overload(&w->notices, queue_number(w->queue), w->batch->count,
			queue_maxlen(w->queue), w->shared->fail_open);
}

static void answer(struct worker *w)
{
	if (!atomic_load_explicit(&w->asked, memory_order_relaxed))
		return;
	pthread_mutex_lock(&w->lock);
	w->answer.pipeline = w->counters;
	w->answer.queue = *queue_counters(w->queue);
	w->answer.records_lost = w->records.lost + w->json.lost;
	w->answer.handling = w->handling;
	w->answer.servers = w->servers;
	atomic_store(&w->asked, false);
	pthread_cond_signal(&w->answered);
	pthread_mutex_unlock(&w->lock);
}

/* Whether the worker process at hand has stirred. */
static bool wait_for_work(struct worker *w)
{
	struct pollfd fds[3] = {
		{ .fd = queue_fd(w->queue), .events = POLLIN },
		{ .fd = w->wake, .events = POLLIN },
		{ .fd = w->keeper != NULL ? keeper_fd(w->keeper) : -1, .events = POLLIN },
	};
	int64_t now = clock_now_ns();
	int wait = w->park != NULL ? park_wait_ms(w->park, now) : -1;
	int tick_ms = w->keeper != NULL ? keeper_wait_ms(w->keeper, now) : w->tick_ms;
	uint64_t n;

	if (tick_ms >= 0 && (wait < 0 || tick_ms < wait))
		wait = tick_ms;
	if (poll(fds, 3, wait) > 0 && (fds[1].revents & POLLIN) != 0)
		(void)!read(w->wake, &n, sizeof(n));
	if (w->tick_ms >= 0) {
		take_snapshot(w, snapshot_enter(w->shared->live, w->number));
		tick(w);
		snapshot_leave(w->shared->live, w->number);
	}
	return fds[2].revents != 0;
}

/* The packets that hook libraries have held and hold no longer. */
static void run_parked(struct worker *w)
{
	while (park_take(w->park, w->batch, w->shared->slots, clock_now_ns()) > 0)
		run_batch(w);
}

/*
 * A queue that fails open is shut first: new packets pass, those that wait are answered. One that
 * fails closed would drop new packets once shut, so it is read empty first, as long as that does
 * not take for ever. One that the next process takes over is not shut, and left when it is empty.
 */
static void drain(struct worker *w)
{
	bool leave = w->shared->leave, shut = false;
	int64_t deadline = clock_now_ms() + (w->shared->fail_open && !leave ? 0 : DRAIN_MS);
	int n;

	do {
		if (leave && clock_now_ms() >= deadline)
			return;
		if (!shut && clock_now_ms() >= deadline) {
			queue_drain(w->queue);
			shut = true;
		}
		n = queue_receive(w->queue, w->batch, w->shared->slots);
		if (n > 0)
			run_batch(w);
	} while (n > 0);
}

static void give_up(struct worker *w, int err)
{
	uint64_t one = 1;

	log_error("queue %u: %s: cannot receive any more", queue_number(w->queue), strerror(-err));
	atomic_store(&w->failed, true);
	(void)!write(w->shared->failed_fd, &one, sizeof(one));
}

/* Worker 0 on the first CPU that we may run on, worker 1 on the next, and around. */
static void stay_on_one_cpu(const struct worker *w)
{
	size_t nth, cpu = 0;
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all) != 0)
		return;
	nth = w->number % (size_t)CPU_COUNT(&all);
	while (!CPU_ISSET(cpu, &all) || nth-- > 0)
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		log_warning("queue %u: cannot stay on CPU %zu: %s", queue_number(w->queue), cpu,
			strerror(errno));
}

static void idle_apart(struct worker *w, bool stirred)
{
	w->batch->count = 0;
	keeper_idle(w->keeper, stirred);
	keep_parked(w);
}

/* What it may be passes, mostly: a queue is not given up for one error. As queue_receive(). */
static int receive(struct worker *w)
{
	int n = queue_receive(w->queue, w->batch, w->shared->slots);

	for (int i = 0; i < RECEIVE_TRIES && n < 0; i++) {
		clock_pause();
		n = queue_receive(w->queue, w->batch, w->shared->slots);
	}
	return n;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	char name[16];
	bool stirred = false;
	int n = 0;

	/* By itself: for another thread the C library would write to a file. */
	snprintf(name, sizeof(name), "usher-%u", queue_number(w->queue));
	prctl(PR_SET_NAME, name);
	if (w->shared->pin)
		stay_on_one_cpu(w);
	if (w->keeper != NULL)
		keeper_idle(w->keeper, false);
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed) && n >= 0) {
		n = receive(w);
		if (n > 0)
			run_batch(w);
		else if (n == 0 && w->keeper != NULL)
			keeper_rest(w->keeper);
		if (n == 0)
			stirred = wait_for_work(w);
		if (n == 0 && w->keeper != NULL)
			idle_apart(w, stirred);
		if (w->shared->ask != NULL)
			inquiry_take(&w->inquiry, w->park);
		if (w->park != NULL)
			run_parked(w);
		answer(w);
	}
	/* From here on nothing is parked, and what was is dealt with as if its time were up. */
	w->engine.pipeline.board = NULL;
	w->ending = true;
	if (w->keeper != NULL)
		keeper_end(w->keeper);
	if (w->park != NULL) {
		park_hurry(w->park);
		run_parked(w);
	}
	if (n < 0)
		give_up(w, n);
	else
		drain(w);
	return NULL;
}

struct worker *worker_free(struct worker *w)
{
	if (w == NULL)
		return NULL;
	keeper_free(w->keeper);
	interfaces_done(&w->engine.interfaces);
	batch_free(w->batch, w->shared->slots);
	park_free(w->park);
	if (w->wake >= 0)
		close(w->wake);
	inquiry_done(&w->inquiry);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->answered);
	free(w->records.text);
	free(w->json.text);
	free(w);
	return NULL;
}

struct worker *worker_new(const struct worker_shared *shared, size_t number, struct queue *q)
{
	struct worker *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (w == NULL)
		return NULL;
	w->shared = shared;
	w->number = number;
	w->queue = q;
	inquiry_init(&w->inquiry);
	w->inquiry.ask = shared->ask;
	w->inquiry.ctx = shared->ctx;
	w->inquiry.asker = (uint32_t)number;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->answered, &attr);
	pthread_condattr_destroy(&attr);
	interfaces_init(&w->engine.interfaces);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->batch = batch_new(shared->slots);
	w->records = (struct records){ .text = malloc(RECORDS_ROOM), .cap = RECORDS_ROOM };
	if (shared->json != NULL)
		w->json = (struct records){ .text = malloc(RECORDS_ROOM), .cap = RECORDS_ROOM };
	engine_init(&w->engine, &w->counters, &w->records);
	w->engine.queue = queue_number(q);
	w->engine.pipeline.answers = shared->answers;
	w->engine.pipeline.servers = &w->servers;
	w->engine.pipeline.json = shared->json != NULL ? &w->json : NULL;
	w->engine.pipeline.outcome_json = shared->outcome_json;
	w->engine.pipeline.links = &w->links;
	w->engine.pipeline.learned = shared->learned;
	w->engine.pipeline.number = number;
	w->engine.pipeline.wake = w->wake;
	w->engine.pipeline.demand = shared->demand;
	w->tick_ms = -1;
	if (shared->keeper != NULL)
		w->keeper = keeper_new(shared->keeper, queue_number(q),
			&(struct tally_told){ &w->counters, &w->servers, &w->records.lost },
			w->wake);
	if (shared->keeper != NULL || shared->ask != NULL)
		w->park = park_new(shared->keeper != NULL ? NULL : &w->board);
	if (w->wake < 0 || w->batch == NULL || w->records.text == NULL ||
		(shared->keeper != NULL && w->keeper == NULL) ||
		((shared->keeper != NULL || shared->ask != NULL) && w->park == NULL) ||
		(shared->json != NULL && w->json.text == NULL))
		return worker_free(w);
	return w;
}

/* Signals are the main thread's. */
int worker_start(struct worker *w)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err != 0)
		return -err;
	w->started = true;
	return 0;
}

static void wake(struct worker *w)
{
	uint64_t one = 1;

	(void)!write(w->wake, &one, sizeof(one));
}

void worker_answer(struct worker *w, const struct source_answer *a)
{
	inquiry_answer(&w->inquiry, a);
	wake(w);
}

void worker_nudge(struct worker *w)
{
	wake(w);
}

void worker_stop(struct worker *w)
{
	atomic_store(&w->stop, true);
	wake(w);
}

/* What the thread would have answered is told after it has ended as well. */
void worker_join(struct worker *w)
{
	if (!w->started)
		return;
	pthread_join(w->thread, NULL);
	w->started = false;
	atomic_store(&w->asked, true);
	answer(w);
}

bool worker_failed(const struct worker *w)
{
	return atomic_load(&w->failed);
}

struct queue *worker_queue(const struct worker *w)
{
	return w->queue;
}

bool worker_count(struct worker *w, struct worker_counters *ret)
{
	struct timespec deadline = clock_in_ms(ANSWER_MS);
	bool told;

	pthread_mutex_lock(&w->lock);
	if (w->started && !atomic_load(&w->failed)) {
		atomic_store(&w->asked, true);
		wake(w);
	}
	while (atomic_load(&w->asked))
		if (pthread_cond_timedwait(&w->answered, &w->lock, &deadline) != 0)
			break;
	told = !atomic_load(&w->asked);
	*ret = w->answer;
	pthread_mutex_unlock(&w->lock);
	return told;
}
