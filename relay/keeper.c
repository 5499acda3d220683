/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the handing over. It goes in lockstep, a batch there and back, so batches stay as full as
 * the kernel makes them and the price is two switches a batch. Each worker process has a channel of
 * its own that dies with it: one that was given up may still write into its own. After a death the
 * batch is handed over packet by packet, and a packet that was in hand at two deaths is put in
 * quarantine.
 */
#include "relay/keeper_parts.h"

#include "registry/clock.h"

#include "relay/keeper_check.h"
#include "relay/outcome_pair.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DEATHS = 2,
	PARDONS = 8,             /* in a batch: a kernel that kills for want of memory does it again */
	NEWS_MS = 50,            /* so long is waited for what a worker died of */
	CONFIG_WAIT_MS = 50,
};

enum result { BACK, DEAD, NOBODY };

struct keeper *keeper_new(const struct keeper_shared *shared, uint16_t queue,
	const struct tally_told *told, int wake)
{
	struct keeper *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->shared = shared;
	k->queue = queue;
	k->wake = wake;
	k->tally.told = *told;
	k->hand.fd = k->channel_fd = -1;
	same_cpu_init(&k->cpu);
	interfaces_init(&k->interfaces);
	return k;
}

/* --- the worker process at hand -------------------------------------------------------------- */

/* Sends the worker home, if there is one; what it counted stays. */
static void dismiss(struct keeper *k)
{
	if (k->hand.fd >= 0)
		crew_dismiss(k->shared->crew, &k->hand);
	tally_close(&k->tally);
	keeper_close(&k->channel_fd);
	k->channel = channel_free(k->channel, k->shared->slots);
}

static void set_until(struct keeper *k)
{
	k->until = clock_now_ns() + (int64_t)k->shared->deadline_ms * NS_PER_MS;
}

/* One that did nothing wrong may take its leave, if it has libraries that want to. */
static void part(struct keeper *k)
{
	k->parting = k->hand.fd >= 0 && k->hand.fence.park_ms > 0;
	set_until(k);
	if (k->parting)
		keeper_exchange(k, 0);
	k->parting = false;
	dismiss(k);
}

struct keeper *keeper_free(struct keeper *k)
{
	if (k == NULL)
		return NULL;
	part(k);
	interfaces_done(&k->interfaces);
	free(k);
	return NULL;
}

/* Want of memory passes. */
static struct channel *new_channel(struct keeper *k)
{
	struct channel *c;

	while ((c = channel_new(k->shared->slots, &k->channel_fd)) == NULL &&
		clock_now_ns() < k->until)
		clock_pause();
	return c;
}

/* Takes the worker over; false, and it is sent home, without memory to share with it. */
static bool equip(struct keeper *k, const struct hand *new)
{
	k->hand = *new;
	k->hand.fence.ask_ms = k->shared->demand.on ? k->shared->demand.wait_ms : 0;
	k->engaged++;
	k->tick_ns = 0;
	k->limit_ms = 0;
	k->channel = new_channel(k);
	k->generation = 0;
	if (k->channel != NULL) {
		k->channel->servers = *k->tally.told.servers;
		k->channel->links = k->hand.fence.links;
		return true;
	}
	log_limited(&k->nobody_site, LEVEL_ERROR, "queue %u: no memory to share with a worker: %s",
		k->queue, strerror(errno));
	dismiss(k);
	return false;
}

static bool engage(struct keeper *k)
{
	struct hand new;

	return k->hand.fd >= 0 ||
		(crew_take(k->shared->crew, &new, k->until) && equip(k, &new));
}

/* A worker with an older config is replaced as soon as there is another; once it is waited for. */
static void renew(struct keeper *k)
{
	uint64_t config = crew_config(k->shared->crew);
	int64_t wait = config != k->config ? (int64_t)CONFIG_WAIT_MS * NS_PER_MS : 0;
	struct hand new;

	k->config = config;
	if (k->hand.fd < 0 || k->hand.config == config ||
		!crew_take(k->shared->crew, &new, clock_now_ns() + wait))
		return;
	part(k);
	equip(k, &new);
}

/* --- what comes back ------------------------------------------------------------------------- */

/* The lengths are read once: the worker may change them. */
static void hand_over_records(struct keeper *k)
{
	const struct outcome_pair files = { k->shared->outcome, k->shared->json };
	const volatile struct channel *c = k->channel;
	uint32_t len = c->records_len, json_len = c->json_len;

	outcome_pair_put(&files, k->channel->records, len <= CHANNEL_RECORDS ? len : 0,
		k->channel->json, json_len <= CHANNEL_RECORDS ? json_len : 0);
}

/* All or nothing: the batch of a worker that did what it may not is another's to decide. */
static bool take_back(struct keeper *k, struct batch *b, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum keeper_fault fault = keeper_take(
			&b->slots[first + i], &k->channel->batch.slots[i], &k->hand.fence);

		if (fault == KEEPER_OK)
			continue;
		log_limited(&k->fault_site, LEVEL_ERROR,
			"queue %u: worker %d %s: it is replaced", k->queue, (int)k->hand.pid,
			keeper_fault_text(fault));
		k->strikes[first + i]++;
		return false;
	}
	hand_over_records(k);
	tally_add(&k->tally, k->channel);
	return true;
}

/*
 * Returns how many: fewer if the table of interfaces has no room for those that they name. Where
 * the packet goes is never read from memory that the worker can write: it may not be idle now.
 */
static size_t put_slots(struct keeper *k, const struct batch *b, size_t first, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct slot *from = &b->slots[first + i];
		struct slot *to = &k->channel->batch.slots[i];

		if (!interfaces_learn(&k->interfaces, from, i > 0))
			break;
		memcpy(to, from, offsetof(struct slot, raw));
		memcpy(to->raw + from->in_off, from->raw + from->in_off, from->in_len);
	}
	k->channel->batch.count = i;
	return i;
}

/* Whose fault a death was, as far as the worker said what it had in hand. */
static void blame(struct keeper *k, size_t first, size_t count)
{
	uint32_t at = atomic_load(&k->channel->at);

	if (at != 0 && count == 1)
		at = 1;
	if (at != 0 && at <= count)
		k->strikes[first + at - 1]++;
}

/*
 * One try at slots[first..first+*count), or fewer of them. What it takes us to prepare it is not
 * the worker's time: where there is hardly any CPU it could be all of that.
 */
static enum result attempt(struct keeper *k, struct batch *b, size_t first, size_t *count)
{
	int64_t began;

	k->fell = 0;
	if (!engage(k))
		return NOBODY;
	began = clock_now_ns();
	*count = put_slots(k, b, first, *count);
	k->took_ns = clock_now_ns() - began;
	k->until += k->took_ns;
	k->last += k->took_ns;
	if (keeper_exchange(k, *count)) {
		if (take_back(k, b, first, *count))
			return BACK;
	} else {
		blame(k, first, *count);
	}
	dismiss(k);
	return DEAD;
}

/* After a worker that hung another gets half of its time. */
static void extend(struct keeper *k)
{
	int64_t more = clock_now_ns() + (int64_t)k->shared->deadline_ms * NS_PER_MS / 2;

	k->until = more < k->last ? more : k->last;
}

/* Decides without a worker. */
static void judge(struct keeper *k, struct slot *s, enum cause cause)
{
	s->edited = false;
	s->send_count = 0;
	s->verdict = (uint8_t)quarantine_verdict(k->shared->quarantine, s);
	tally_judged(&k->tally, s->verdict, cause);
}

/* Whether the last death was not the packet's doing, though it was in hand. */
static bool was_killed(struct keeper *k)
{
	pid_t pid = k->fell;

	k->fell = 0;
	return pid != 0 && k->pardons++ < PARDONS &&
		crew_was_killed(k->shared->crew, pid, clock_now_ns() + NEWS_MS * NS_PER_MS);
}

/* Decides on slots[first..first+count), or on fewer of them, and returns how many. */
static size_t decide(struct keeper *k, struct batch *b, size_t first, size_t count)
{
	struct slot *s = &b->slots[first];

	if (k->strikes[first] >= DEATHS && was_killed(k))
		k->strikes[first]--;
	if (k->strikes[first] >= DEATHS) {
		quarantine_save(k->shared->quarantine, k->queue, s);
		judge(k, s, CAUSE_quarantined);
		/* The others of its batch have done nothing: it must not cost them their time. */
		k->until = k->last =
			clock_now_ns() + (int64_t)k->shared->deadline_ms * NS_PER_MS / 2;
		return 1;
	}
	switch (attempt(k, b, first, &count)) {
	case BACK:
		return count;
	case NOBODY:
		judge(k, s, CAUSE_unattended);
		return 1;
	case DEAD:
		k->alone = true;
		extend(k);
		break;
	}
	return 0;
}

/* For tests: what a keeper does that a packet has taken over. Not part of the program. */
void keeper_trap(const struct batch *b) __attribute__((weak));

void keeper_run(struct keeper *k, struct batch *b, bool paused)
{
	int64_t deadline = (int64_t)k->shared->deadline_ms * NS_PER_MS;

	k->paused = paused;
	if (k->shared->same_cpu)
		same_cpu_settle(&k->cpu);
	interfaces_tick(&k->interfaces);
	interfaces_learn_addresses(&k->interfaces);
	memset(k->strikes, 0, b->count);
	k->pardons = 0;
	if (keeper_trap != NULL)
		keeper_trap(b);
	renew(k);
	k->alone = false;
	k->until = clock_now_ns() + deadline;
	k->last = k->until + deadline / 4 * 3;
	for (size_t done = 0; done < b->count;)
		done += decide(k, b, done, k->alone ? 1 : b->count - done);
}

void keeper_rest(struct keeper *k)
{
	same_cpu_rest(&k->cpu);
}

/* One that has nothing in hand has nothing to say either. */
static void bury(struct keeper *k)
{
	struct handback back;
	int err;

	if (k->hand.fd < 0)
		return;
	err = channel_receive_alone(k->hand.fd, &back, sizeof(back), MSG_DONTWAIT);
	if (err == 0 || channel_is_over(err))
		dismiss(k);
}

int keeper_fd(const struct keeper *k)
{
	return k->hand.fd;
}

void keeper_may_ask(struct keeper *k, bool may)
{
	k->may_ask = may;
}

void keeper_end(struct keeper *k)
{
	k->ending = true;
}

int keeper_wait_ms(const struct keeper *k, int64_t now_ns)
{
	if (k->tick_ns == 0)
		return -1;
	return k->tick_ns <= now_ns ? 0 : (int)((k->tick_ns - now_ns) / NS_PER_MS + 1);
}

struct park_board *keeper_board(const struct keeper *k, uint64_t *ret_number)
{
	*ret_number = k->engaged;
	return k->channel != NULL ? &k->channel->board : NULL;
}

/* Whether the worker is to hear something without a packet. */
static bool has_news(const struct keeper *k)
{
	return atomic_load(&k->shared->depot->generation) != k->generation ||
		keeper_wait_ms(k, clock_now_ns()) == 0 ||
		(k->hand.fence.park_ms > 0 && atomic_load(&k->shared->describe) != k->described);
}

void keeper_idle(struct keeper *k, bool stirred)
{
	if (stirred)
		bury(k);
	renew(k);
	set_until(k);
	if (!engage(k) || !has_news(k))
		return;
	if (keeper_exchange(k, 0))
		tally_add(&k->tally, k->channel);
	else
		dismiss(k);
}
