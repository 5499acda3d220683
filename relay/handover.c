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
#include <time.h>

enum {
	LIMIT_MS = 10,
	LOOK_PART = 16,          /* of the deadline: one that does what it should is back by then */
	LATE_PART = 4,           /* of the deadline: so late is one that has to wait for a CPU */
	MORE_PART = 2,           /* of the deadline: what a worker gets that is waited for anew */
	BUSY_PART = 4,           /* of the time: so much of a CPU has one that loops */
	GRANTS = 4,              /* so often is a worker waited for anew */
};

/* What was seen of a worker that takes long. */
struct look {
	bool waited;             /* long enough for one that does what it should */
	int64_t at_ns;           /* when, 0: not yet */
	int64_t ran_ns;          /* so long had it been on a CPU */
	unsigned grants;
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
 * How long a process has been on a CPU, by the clock that clock_getcpuclockid(3) knows. 0: it is
 * gone, or the spawner has not said yet which it is.
 */
static int64_t time_on_cpu(pid_t pid)
{
	clockid_t clock = (clockid_t)(~(unsigned)pid << 3 | 2);
	struct timespec ts;

	if (pid <= 0 || clock_gettime(clock, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 * NS_PER_MS + ts.tv_nsec;
}

static void take_look(const struct keeper *k, struct look *l)
{
	l->at_ns = clock_now_ns();
	l->ran_ns = time_on_cpu(k->hand.pid);
}

/*
 * It goes on, a little at a time. Who waits in a system call or was stopped does not; who loops has
 * more.
 */
static bool gets_little(const struct keeper *k, const struct look *l)
{
	int64_t ran = time_on_cpu(k->hand.pid) - l->ran_ns;

	return l->at_ns != 0 && ran > 0 && ran < (clock_now_ns() - l->at_ns) / BUSY_PART;
}

/*
 * Whether the time that is up was the machine's doing: the worker runs, but hardly gets a CPU, or
 * who waits for it was itself woken much too late, or took long for what takes no time. A new
 * worker, which has to be started, would take longer still. This one has some time more: one that
 * hangs is still found soon.
 */
static bool is_starved(struct keeper *k, int64_t late, struct look *l)
{
	int64_t deadline = (int64_t)k->shared->deadline_ms * NS_PER_MS;
	bool late_too = late >= deadline / LATE_PART, slow = k->took_ns >= deadline / LOOK_PART;
	int64_t more = late_too ? 2 * late : late + deadline / MORE_PART;

	if (l->grants >= GRANTS || (!late_too && !slow && !gets_little(k, l)))
		return false;
	log_limited(&k->starved_site, LEVEL_WARNING,
		"queue %u: worker %d gets no CPU, or hardly any: it is waited for %lld ms more",
		k->queue, (int)k->hand.pid, (long long)((more - late) / NS_PER_MS));
	l->grants++;
	take_look(k, l);
	k->until += more;
	k->last += more;
	return true;
}

/* How long to wait, of what is left: until it is time for a look, and then all of it. In ns. */
static int64_t time_to_wait(const struct keeper *k, int64_t left, struct look *l)
{
	int64_t soon = (int64_t)k->shared->deadline_ms * NS_PER_MS / LOOK_PART;

	if (!l->waited && left > soon) {
		l->waited = true;
		return soon;
	}
	if (l->at_ns == 0)
		take_look(k, l);
	return left;
}

/* 0 when it came back, -ETIMEDOUT, or what shows that the worker is dead or mad. */
static int await_back(struct keeper *k)
{
	struct look look = { .waited = false };
	struct handback back;
	int err;

	for (;;) {
		int64_t left = k->until - clock_now_ns();

		if (left <= 0 && !is_starved(k, -left, &look))
			return -ETIMEDOUT;
		if (left <= 0)
			continue;        /* with another deadline */
		err = limit(k, time_to_wait(k, left, &look)) ?
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
