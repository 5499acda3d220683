/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a batch gets to the worker process and how long it is waited for: a message there with
 * what the worker has not had yet, and one back. Its slots are in the channel already.
 */
#include "relay/keeper_parts.h"

#include "registry/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum {
	LIMIT_MS = 10,
	LATE_PART = 4,           /* of the deadline: so late is one that has to wait for a CPU */
	GRANTS = 3,              /* so often is a worker waited for anew */
};

/* Adds the descriptors that the worker has not had yet. */
static size_t bring(struct keeper *k, struct handoff *h, const struct depot_gift *gift,
	int fds[CHANNEL_FDS])
{
	size_t count = 0;

	*h = (struct handoff){
		.brings_channel = k->channel_fd >= 0, .brings_registry = gift->fd >= 0,
		.brings_layer = gift->layer >= 0, .no_registry = gift->none,
		.generation = gift->generation,
	};
	if (h->brings_channel) {
		fds[count++] = k->channel_fd;
		fds[count++] = k->wake;
	}
	if (h->brings_registry)
		fds[count++] = gift->fd;
	if (h->brings_layer)
		fds[count++] = gift->layer;
	return count;
}

static int send_in_time(
	const struct keeper *k, const struct handoff *h, const int *fds, size_t count)
{
	int err;

	do
		err = channel_send(k->hand.fd, h, sizeof(*h), fds, count);
	while (channel_again(err) && clock_now_ns() < k->until);
	return err;
}

static int hand_over(struct keeper *k, size_t count)
{
	struct depot_gift gift = { .generation = k->generation, .fd = -1, .layer = -1 };
	int fds[CHANNEL_FDS], err = 0;
	unsigned described = atomic_load_explicit(&k->shared->describe, memory_order_relaxed);
	struct handoff h;
	size_t n;

	if (atomic_load(&k->shared->depot->generation) != k->generation)
		err = depot_take(k->shared->depot, k->generation, &gift);
	if (err != 0 && k->generation == 0)
		return err;              /* it would take everybody for nobody */
	n = bring(k, &h, &gift, fds);
	h.number = ++k->number;
	h.count = (uint32_t)count;
	h.slots = (uint32_t)k->shared->slots;
	h.queue = k->queue;
	h.cpu = k->cpu.cpu;
	h.log_level = (uint8_t)log_level();
	h.paused = k->paused;
	h.park = !k->ending;
	h.describe = described != k->described;
	h.demand = k->shared->demand;
	h.demand.may_ask = k->may_ask && !k->ending;
	h.last = k->parting;
	h.json = k->shared->json != NULL;
	interface_table_copy(&k->channel->interfaces, &k->interfaces.table);
	if (links_tick(&k->hand.fence.links))
		k->channel->links = k->hand.fence.links;
	k->channel->records_len = k->channel->json_len = 0;
	atomic_store(&k->channel->at, 0);
	err = send_in_time(k, &h, fds, n);
	keeper_close(&gift.fd);
	keeper_close(&gift.layer);
	if (err != 0)
		return err;
	k->generation = h.generation;
	k->described = described;
	keeper_close(&k->channel_fd);
	return 0;
}

/*
 * A time limit of the socket instead of one of poll(2): the kernel keeps that by its coarse timers,
 * this one by programming the clock for every batch, which on a virtual machine costs more than the
 * batch.
 */
static bool limit(struct keeper *k, int64_t left)
{
	int64_t ms = (left / NS_PER_MS + LIMIT_MS) / LIMIT_MS * LIMIT_MS;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (ms == k->limit_ms)
		return true;
	if (setsockopt(k->hand.fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0)
		return false;
	k->limit_ms = ms;
	return true;
}

static void note_tick(struct keeper *k, int32_t ms)
{
	k->tick_ns = ms < 0 ? 0 : clock_now_ns() + (ms > 0 ? ms : 1) * (int64_t)NS_PER_MS;
}

/*
 * Whether the time that is up was the machine's doing: who waits for the worker was itself woken
 * much too late, so there is no CPU for either, and a new worker, which has to be started, would
 * take longer still. The worker has as long again as that was: one that hangs is still found soon.
 */
static bool is_starved(struct keeper *k, int64_t late, unsigned grants)
{
	int64_t deadline = (int64_t)k->shared->deadline_ms * NS_PER_MS;

	if (late < deadline / LATE_PART || grants >= GRANTS)
		return false;
	log_limited(&k->starved_site, LEVEL_WARNING,
		"queue %u: worker %d gets no CPU, nor did we for %lld ms: it is waited for",
		k->queue, (int)k->hand.pid, (long long)(late / NS_PER_MS));
	k->until += 2 * late;
	k->last += 2 * late;
	return true;
}

/* 0 when it came back, -ETIMEDOUT, or what shows that the worker is dead or mad. */
static int await_back(struct keeper *k)
{
	unsigned grants = 0;
	struct handback back;
	int err;

	for (;;) {
		int64_t left = k->until - clock_now_ns();

		if (left <= 0 && !is_starved(k, -left, grants++))
			return -ETIMEDOUT;
		if (left <= 0)
			continue;        /* with another deadline */
		err = limit(k, left) ?
			channel_receive_alone(k->hand.fd, &back, sizeof(back), 0) : -ENOBUFS;
		if (err == 0) {
			note_tick(k, back.tick_ms);
			return back.number == k->number ? 0 : -EPROTO;
		}
		if (channel_is_over(err))
			return err;
		if (err != -EAGAIN)
			clock_pause();
	}
}

bool keeper_exchange(struct keeper *k, size_t count)
{
	int err;

	err = hand_over(k, count);
	if (err == 0)
		err = await_back(k);
	if (err == 0)
		return true;
	if (channel_is_over(err))
		k->fell = k->hand.pid;
	if (err == -ETIMEDOUT)
		log_error("queue %u: worker %d hangs: it is replaced", k->queue, (int)k->hand.pid);
	return false;
}
