/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the writer: one thread, the only one that touches the disk, so that a disk that hangs holds
 * up nobody longer than a worker is willing to wait. A hand-over is copied into a ring and written
 * in one write(2) together with whatever else waits there; a failed write is tried again every 200
 * ms and after a reopen. While the disk is known to fail (stalled) nobody waits for it. Does not
 * know what a record says.
 */
#include "relay/outcome.h"

#include "registry/clock.h"

#include "relay/log.h"
#include "relay/outcome_file.h"
#include "relay/ring.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum {
	RETRY_MS = 200,
	WRITE_MAX = 1024 * 1024, /* bytes a write; more only delays those who wait for the first */
	KEEP = 256 * 1024,       /* memory kept after a backlog has been written */
};

struct outcome {
	struct outcome_options options;
	struct outcome_file file;        /* the writer's alone */
	pthread_t writer;
	pthread_mutex_t lock;            /* of everything below */
	pthread_cond_t work, done;
	struct ring ring;
	uint64_t put, taken;             /* bytes ever handed over and ever written */
	bool started;                    /* the writer; before anybody hands anything over */
	bool stalled, reopen, stop, ended;
	struct timespec stalled_since;
	uint64_t late_then, lost_then;   /* counters when it stalled */
	struct outcome_counters counters;
	uint64_t gap;                    /* records lost that the file does not tell of yet */
	struct timespec gap_since;       /* CLOCK_REALTIME */
	bool stall_said;
	struct log_site stall_site, lost_site, follow_site;
};

static double seconds_since(const struct timespec *then)
{
	struct timespec now = clock_in_ms(0);

	return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

/* Everybody stops waiting for the disk. */
static void begin_stall(struct outcome *o, const char *why)
{
	if (o->stalled)
		return;
	o->stalled = true;
	o->stalled_since = clock_in_ms(0);
	o->late_then = o->counters.late;
	o->lost_then = o->counters.lost;
	pthread_cond_broadcast(&o->done);
	o->stall_said = log_limited(&o->stall_site, LEVEL_ERROR,
		"outcome file %s: %s: leases go on, up to %zu KiB of records wait in memory until "
		"it can be written",
		o->options.path, why, o->ring.size / 1024);
}

static void end_stall(struct outcome *o)
{
	if (!o->stalled)
		return;
	o->stalled = false;
	if (!o->stall_said)
		return;
	log_warning("outcome file %s: written again after %.1f s: %llu records came late, %llu "
		"were lost",
		o->options.path, seconds_since(&o->stalled_since),
		(unsigned long long)(o->counters.late - o->late_then),
		(unsigned long long)(o->counters.lost - o->lost_then));
}

/* Sleeps until there is something to do; false when it is time to end. */
static bool await_work(struct outcome *o)
{
	struct timespec retry = clock_in_ms(RETRY_MS);

	if (o->stalled)
		while (!o->stop && !o->reopen &&
			pthread_cond_timedwait(&o->work, &o->lock, &retry) == 0)
			;
	else
		while (!o->stop && !o->reopen && o->ring.len == 0)
			pthread_cond_wait(&o->work, &o->lock);
	return !o->stop || o->ring.len > 0;
}

static size_t next_piece(struct outcome *o, const char **ret_text)
{
	size_t len = o->ring.len, whole;

	*ret_text = ring_oldest(&o->ring);
	if (len <= WRITE_MAX)
		return len;
	whole = outcome_file_whole(&o->file, *ret_text, WRITE_MAX);
	return whole > 0 ? whole : len;
}

/* Without the lock: brings the file up to date with its path, then appends. */
static int write_piece(struct outcome *o, bool force, const char *text, size_t len,
	size_t *ret_done, bool *ret_reopened)
{
	char err[512];
	int rc = outcome_file_follow(&o->file, force, err, sizeof(err));

	*ret_done = 0;
	*ret_reopened = rc > 0;
	if (rc < 0) {
		log_limited(&o->follow_site, LEVEL_ERROR,
			"%s: still writing to the file opened before", err);
		if (!outcome_file_reachable(&o->file))
			return rc;
	}
	return len > 0 ? outcome_file_append(&o->file, text, len, ret_done) : 0;
}

static size_t put_time(char *dst, size_t cap, const struct timespec *ts)
{
	struct tm tm;
	size_t n;

	gmtime_r(&ts->tv_sec, &tm);
	n = strftime(dst, cap, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)snprintf(dst + n, cap - n, ".%06ldZ", ts->tv_nsec / 1000);
}

/*
 * With the lock: if records were lost, says so where they would be, provided that `more` bytes fit
 * behind it. False: there is no room. The format of user_chk has no words for it.
 */
static bool record_gap(struct outcome *o, size_t more)
{
	char line[256], now_text[40], since[40];
	struct timespec now;
	size_t len;

	if (o->gap == 0)
		return true;
	if (!o->options.json) {
		o->gap = o->ring.size - o->ring.len >= more ? 0 : o->gap;
		return true;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	put_time(now_text, sizeof(now_text), &now);
	put_time(since, sizeof(since), &o->gap_since);
	len = (size_t)snprintf(line, sizeof(line),
		"{\"time\":\"%s\",\"event\":\"gap\",\"since\":\"%s\",\"lost\":%llu}\n", now_text, since,
		(unsigned long long)o->gap);
	if (o->ring.size - o->ring.len < len + more || !ring_put(&o->ring, line, len))
		return false;
	o->put += len;
	o->counters.records++;
	o->gap = 0;
	return true;
}

/* True: it is written, and who waits for it is to hear. */
static bool note_result(struct outcome *o, int err, size_t records, size_t done)
{
	ring_take(&o->ring, done);
	ring_trim(&o->ring, KEEP);
	o->taken += done;
	o->counters.written += records;
	if (err != 0) {
		o->counters.errors++;
		begin_stall(o, strerror(-err));
		return false;
	}
	end_stall(o);
	record_gap(o, 0);
	return true;
}

static void *write_records(void *arg)
{
	struct outcome *o = arg;

	prctl(PR_SET_NAME, "usher-outcome");
	pthread_mutex_lock(&o->lock);
	while (await_work(o)) {
		bool force = o->reopen, reopened, stopping = o->stop;
		const char *text;
		size_t len = next_piece(o, &text), done, records;
		int err;

		o->reopen = false;
		pthread_mutex_unlock(&o->lock);
		err = write_piece(o, force, text, len, &done, &reopened);
		records = outcome_file_records(&o->file, text, done);
		pthread_mutex_lock(&o->lock);
		o->counters.reopened += reopened;
		if (note_result(o, err, records, done)) {
			/* Who is woken with the lock in another's hand goes to sleep again. */
			pthread_mutex_unlock(&o->lock);
			pthread_cond_broadcast(&o->done);
			pthread_mutex_lock(&o->lock);
		}
		if (stopping && err != 0)
			break;
	}
	o->ended = true;
	pthread_cond_broadcast(&o->done);
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

/* Signals are the main thread's. */
int outcome_start(struct outcome *o)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&o->writer, NULL, write_records, o);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	o->started = err == 0;
	return -err;
}

static void init_waiting(struct outcome *o)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&o->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&o->work, &attr);
	pthread_cond_init(&o->done, &attr);
	pthread_condattr_destroy(&attr);
}

/* Of whatever has been opened so far. */
static void release(struct outcome *o)
{
	if (o->file.path != NULL)
		outcome_file_close(&o->file);
	ring_done(&o->ring);
	pthread_cond_destroy(&o->work);
	pthread_cond_destroy(&o->done);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

int outcome_new(struct outcome **ret, const struct outcome_options *options, char *err, size_t cap)
{
	struct outcome *o = calloc(1, sizeof(*o));
	int rc;

	if (o == NULL) {
		snprintf(err, cap, "outcome: out of memory");
		return -ENOMEM;
	}
	o->options = *options;
	init_waiting(o);
	rc = ring_init(&o->ring, options->backlog != 0 ? options->backlog : OUTCOME_BACKLOG);
	if (rc != 0)
		snprintf(err, cap, "outcome: no memory for the backlog: %s", strerror(-rc));
	if (rc == 0)
		rc = outcome_file_open(&o->file, options->path, options->json, err, cap);
	if (rc == 0 && options->write != NULL)
		o->file.write = options->write;
	if (rc != 0)
		release(o);
	else
		*ret = o;
	return rc;
}

/*
 * With the lock: waits until all bytes up to wish->until are written, or the disk proves too slow.
 */
static bool await_written(struct outcome *o, const struct outcome_wish *wish)
{
	if (o->options.wait_ms == 0)
		return false;
	while (o->taken < wish->until && !o->stalled)
		if (pthread_cond_timedwait(&o->done, &o->lock, &wish->deadline) == ETIMEDOUT
			&& o->taken < wish->until)
			begin_stall(o, "no answer from the disk");
	return o->taken >= wish->until;
}

static void lose(struct outcome *o, size_t records)
{
	if (o->gap == 0)
		clock_gettime(CLOCK_REALTIME, &o->gap_since);
	o->gap += records;
	o->counters.lost += records;
	log_limited(&o->lost_site, LEVEL_ERROR, "outcome: the backlog is full, %llu records lost so "
		"far", (unsigned long long)o->counters.lost);
}

struct outcome_wish outcome_give(struct outcome *o, const char *text, size_t len)
{
	struct outcome_wish wish = {
		.records = outcome_file_records(&o->file, text, len),
		.deadline = clock_in_ms(o->options.wait_ms),
	};
	bool work = false;

	pthread_mutex_lock(&o->lock);
	o->counters.records += wish.records;
	if (record_gap(o, len) && ring_put(&o->ring, text, len)) {
		o->put += len;
		wish.until = o->put;
		work = !o->stalled;
	} else {
		lose(o, wish.records);
		wish.records = 0;
	}
	pthread_mutex_unlock(&o->lock);
	if (work)
		pthread_cond_signal(&o->work);
	return wish;
}

bool outcome_wait(struct outcome *o, const struct outcome_wish *wish)
{
	bool written;

	if (wish->until == 0)
		return false;
	pthread_mutex_lock(&o->lock);
	written = await_written(o, wish);
	o->counters.late += written ? 0 : wish->records;
	pthread_mutex_unlock(&o->lock);
	return written;
}

bool outcome_put(struct outcome *o, const char *text, size_t len)
{
	struct outcome_wish wish = outcome_give(o, text, len);

	return outcome_wait(o, &wish);
}

void outcome_reopen(struct outcome *o)
{
	pthread_mutex_lock(&o->lock);
	o->reopen = true;
	pthread_cond_signal(&o->work);
	pthread_mutex_unlock(&o->lock);
}

void outcome_counters(struct outcome *o, struct outcome_counters *ret)
{
	pthread_mutex_lock(&o->lock);
	*ret = o->counters;
	ret->waiting = o->ring.len;
	ret->stalled = o->stalled;
	pthread_mutex_unlock(&o->lock);
}

size_t outcome_free(struct outcome *o, unsigned wait_ms)
{
	struct timespec deadline = clock_in_ms(wait_ms);
	size_t left;
	bool ended;

	if (o == NULL)
		return 0;
	if (!o->started) {
		release(o);
		return 0;
	}
	pthread_mutex_lock(&o->lock);
	o->stop = true;
	pthread_cond_signal(&o->work);
	while (!o->ended && pthread_cond_timedwait(&o->done, &o->lock, &deadline) == 0)
		;
	left = o->ring.len;
	ended = o->ended;
	pthread_mutex_unlock(&o->lock);
	if (ended) {
		pthread_join(o->writer, NULL);
		release(o);
	}
	return left;
}
