/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides that there are several workers: opening is all or nothing, stopping and counting are sums.
 */
#include "relay/workers.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The queue of the process before, if it has left it, with what waits in it; else a new one. */
static int open_queue(struct queue **ret, const struct queue_options *o,
	const struct worker_shared *shared, char *err, size_t cap)
{
	int fd = shared->store != NULL ? store_fetch(shared->store, o->number) : -1;
	int rc = fd >= 0 ? queue_adopt(ret, o, fd) : -ENOENT;

	if (rc == 0) {
		log_info("queue %u: taken over from the usher before", o->number);
		return 0;
	}
	if (fd >= 0)
		log_warning("queue %u: what was kept of it is of no use: %s", o->number,
			strerror(-rc));
	return queue_open(ret, o, err, cap);
}

static int open_one(struct workers *ws, const struct queue_options *o,
	const struct worker_shared *shared, char *err, size_t cap)
{
	struct queue *q;
	int rc = open_queue(&q, o, shared, err, cap);
	size_t rcvbuf;

	if (rc != 0)
		return rc;
	ws->all[ws->count] = worker_new(shared, ws->count, q);
	if (ws->all[ws->count] == NULL) {
		snprintf(err, cap, "queue %u: no memory for a worker", o->number);
		queue_close(q);
		return -ENOMEM;
	}
	ws->count++;
	rcvbuf = queue_rcvbuf(q);
	if (rcvbuf < o->rcvbuf)
		log_warning("queue %u: receive buffer is %zu KiB instead of %zu: give usher "
			"CAP_NET_ADMIN in the first user namespace, or raise net.core.rmem_max",
			o->number, rcvbuf / 1024, o->rcvbuf / 1024);
	return 0;
}

int workers_open(struct workers *ws, const struct config *c, const struct worker_shared *shared,
	char *err, size_t cap)
{
	struct queue_options o = {
		.fail_open = c->fail_open, .maxlen = c->queue_length, .rcvbuf = c->receive_buffer,
		.mark = c->mark, .mask = c->mark_mask, .repeat = shared->keeper != NULL,
	};
	int rc = 0;

	ws->count = 0;
	for (unsigned n = c->queue_first; rc == 0 && n <= c->queue_last; n++) {
		o.number = (uint16_t)n;
		rc = open_one(ws, &o, shared, err, cap);
	}
	if (rc != 0)
		workers_close(ws);
	return rc;
}

bool workers_keep(const struct workers *ws, const struct store *s)
{
	bool kept = ws->count > 0;

	for (size_t i = 0; i < ws->count; i++) {
		const struct queue *q = worker_queue(ws->all[i]);

		kept = store_keep(s, queue_number(q), queue_fd(q)) && kept;
	}
	return kept;
}

void workers_forget(const struct workers *ws, const struct store *s)
{
	for (size_t i = 0; i < ws->count; i++)
		store_forget(s, queue_number(worker_queue(ws->all[i])));
}

int workers_start(struct workers *ws)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < ws->count; i++)
		err = worker_start(ws->all[i]);
	return err;
}

static void add(void *to, const void *from, size_t size)
{
	uint64_t *t = to;
	const uint64_t *f = from;

	for (size_t i = 0; i < size / sizeof(*t); i++)
		t[i] += f[i];
}

size_t workers_count(struct workers *ws, struct worker_counters *ret)
{
	struct worker_counters one;
	size_t silent = 0;

	_Static_assert(offsetof(struct worker_counters, servers) % sizeof(uint64_t) == 0,
		"counters are nothing but uint64_t");
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < ws->count; i++) {
		silent += !worker_count(ws->all[i], &one);
		add(ret, &one, offsetof(struct worker_counters, servers));
		servers_add(&ret->servers, &one.servers);
	}
	return silent;
}

void workers_nudge(struct workers *ws)
{
	for (size_t i = 0; i < ws->count; i++)
		worker_nudge(ws->all[i]);
}

void workers_answer(struct workers *ws, const struct source_answer *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].asker < ws->count)
			worker_answer(ws->all[all[i].asker], &all[i]);
}

void workers_stop(struct workers *ws)
{
	for (size_t i = 0; i < ws->count; i++)
		worker_stop(ws->all[i]);
	for (size_t i = 0; i < ws->count; i++)
		worker_join(ws->all[i]);
}

void workers_close(struct workers *ws)
{
	workers_stop(ws);
	for (size_t i = 0; i < ws->count; i++) {
		queue_close(worker_queue(ws->all[i]));
		worker_free(ws->all[i]);
	}
	ws->count = 0;
}

bool workers_failed(const struct workers *ws)
{
	for (size_t i = 0; i < ws->count; i++)
		if (worker_failed(ws->all[i]))
			return true;
	return false;
}
