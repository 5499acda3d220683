/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline's half of parking: what libraries have done to a packet so far, and what they say of
 * it later, from any thread. The packet itself is kept by the queue's half (park.h), and comes back
 * to be run from the start, with the registry and policy of then: nothing is borrowed across. The
 * deeds are done again and the callouts are not called again. A ticket says who and where; late
 * ones find nothing.
 */
#include "relay/hook_parts.h"

#include "registry/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* What one library has to do with a parked packet. */
struct part {
	usher_callout_fn *resume;
	bool parked, answered;
	uint8_t step;            /* enum usher_step */
	uint16_t len;
	uint8_t answer[USHER_ANSWER_MAX];
};

struct entry {
	uint64_t ticket;         /* 0: free */
	unsigned waiting;        /* parts without an answer */
	enum hook_kind kind;
	bool drop;               /* one of them says so: the others need not be waited for */
	struct park_board *board;
	int wake;
	uint64_t context_begun;
	size_t deed_len;
	uint8_t deeds[HOOK_DEEDS];
	/* then the parts, one for each library, and the contexts */
};

struct hook_park {
	struct hooks *hooks;
	size_t worker, count, entry_size, size;
	uint64_t serial;
	pthread_mutex_t lock;    /* of the entries */
	struct entry *resumed;   /* a copy of what the packet in hand was parked with */
	uint8_t *entries;
};

static struct entry *entry_at(const struct hook_park *park, size_t i)
{
	return (void *)(park->entries + i * park->entry_size);
}

static struct part *part_of(struct entry *e, const struct usher_library *lib)
{
	return (struct part *)(void *)(e + 1) + lib->index;
}

static uint8_t *contexts_of(const struct hook_park *park, struct entry *e)
{
	return (uint8_t *)(e + 1) + park->hooks->library_count * sizeof(struct part);
}

struct hook_park *hook_park_new(struct hooks *h, size_t worker)
{
	struct hook_park *park = calloc(1, sizeof(*park));
	struct timespec ts;

	if (park == NULL)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &ts);
	/* Another set's tickets, from before a reload, are not ours. */
	park->serial = ((uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000) & 0xffffffffff;
	park->hooks = h;
	park->worker = worker;
	park->count = h->park_packets;
	park->entry_size = (sizeof(struct entry) + h->library_count * sizeof(struct part) +
		h->context_bytes + 63) & ~(size_t)63;
	park->size = (park->count + 1) * park->entry_size;
	pthread_mutex_init(&park->lock, NULL);
	park->entries = mmap(NULL, park->size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (park->entries == MAP_FAILED) {
		free(park);
		return NULL;
	}
	park->resumed = entry_at(park, park->count);
	return park;
}

struct hook_park *hook_park_free(struct hook_park *park)
{
	if (park != NULL) {
		munmap(park->entries, park->size);
		pthread_mutex_destroy(&park->lock);
		free(park);
	}
	return NULL;
}

void hook_park_forget(struct hook_park *park)
{
	for (size_t i = 0; park != NULL && i < park->count; i++) {
		struct entry *e = entry_at(park, i);

		if (e->ticket != 0)
			hook_contexts_destroy(park->hooks, contexts_of(park, e), e->context_begun);
		e->context_begun = 0;
	}
}

/* --- the worker's thread --------------------------------------------------------------------- */

/* The ticket of a free place, or 0. With the lock. */
static uint64_t take_place(struct hook_park *park)
{
	for (size_t i = 0; i < park->count; i++) {
		struct entry *e = entry_at(park, i);

		if (e->ticket != 0)
			continue;
		memset(e + 1, 0, park->hooks->library_count * sizeof(struct part));
		park->serial = (park->serial + 1) & 0xffffffffff;
		e->ticket = park->serial << 24 | (uint64_t)park->worker << 16 | i;
		e->waiting = 0;
		e->drop = false;
		return e->ticket;
	}
	return 0;
}

static bool can_park(const struct usher_callout *c)
{
	const struct packet *p = c->memory->p;

	return p != NULL && hook_point(c->kind)->means[USHER_PARK] == MEANS_PARK && !c->before &&
		!p->again && p->pl->board != NULL && p->slot->in_len <= PARK_BYTES && !c->resuming;
}

uint64_t usher_park(struct usher_callout *c, usher_callout_fn *resume)
{
	struct hook_memory *m = c->memory;
	struct hook_park *park = m->park;
	struct entry *e;
	struct part *part;

	if (!can_park(c))
		return 0;
	pthread_mutex_lock(&park->lock);
	if (m->ticket == 0)
		m->ticket = take_place(park);
	if (m->ticket != 0) {
		e = entry_at(park, park_index(m->ticket));
		part = part_of(e, c->library);
		e->kind = c->kind;
		e->board = m->p->pl->board;
		e->wake = m->p->pl->wake;
		e->waiting += !part->parked;
		part->parked = true;
		part->resume = resume;
		c->step = USHER_PARK;
	}
	pthread_mutex_unlock(&park->lock);
	atomic_fetch_add(&c->library->parked, m->ticket != 0);
	return m->ticket;
}

/* Written where the queue's half looks. With the lock. */
static void let_go(const struct entry *e)
{
	const uint64_t one = 1;

	atomic_store_explicit(&e->board->ready[park_index(e->ticket)], e->ticket,
		memory_order_release);
	(void)!write(e->wake, &one, sizeof(one));
}

enum step hook_park_finish(struct hook_memory *m, bool parks)
{
	struct hook_park *park = m->park;
	struct entry *e = entry_at(park, park_index(m->ticket));
	struct slot *s = m->p->slot;

	pthread_mutex_lock(&park->lock);
	if (!parks) {
		e->ticket = m->ticket = 0;
		pthread_mutex_unlock(&park->lock);
		return STEP_NEXT;
	}
	s->park = m->ticket;
	s->park_until_ns = clock_now_ns() + (int64_t)m->hooks->park_ms * 1000000;
	e->context_begun = m->context_begun;
	memcpy(contexts_of(park, e), m->contexts, m->hooks->context_bytes);
	e->deed_len = m->deed_len;
	memcpy(e->deeds, m->deeds, m->deed_len);
	/* It may have been answered already. */
	if (e->waiting == 0 || e->drop)
		let_go(e);
	m->ticket = 0;
	pthread_mutex_unlock(&park->lock);
	return STEP_PARK;
}

bool hook_park_resume(struct hook_memory *m, uint64_t ticket)
{
	struct hook_park *park = m->park;
	struct entry *e = NULL;
	bool known = false;

	pthread_mutex_lock(&park->lock);
	if (park_index(ticket) < park->count)
		e = entry_at(park, park_index(ticket));
	if (e != NULL && e->ticket == ticket) {
		memcpy(park->resumed, e, park->entry_size);
		e->ticket = 0;
		known = true;
	}
	pthread_mutex_unlock(&park->lock);
	if (!known)
		return false;
	e = park->resumed;
	m->context_begun = e->context_begun;
	memcpy(m->contexts, contexts_of(park, e), m->hooks->context_bytes);
	m->deed_len = e->deed_len;
	memcpy(m->deeds, e->deeds, e->deed_len);
	return true;
}

static void say_late(struct hook_memory *m, struct usher_library *lib)
{
	uint64_t so_far = atomic_fetch_add(&lib->late, 1) + 1;

	packet_event(m->p, EVENT_park_late);
	log_limited(&lib->late_site, LEVEL_WARNING,
		"hook library %s: %s: a parked packet was not decided on within %u ms (%llu times so "
		"far): it %s", lib->name, usher_point(&m->callout), m->hooks->park_ms,
		(unsigned long long)so_far, m->hooks->park_drop ? "is dropped" : "goes on");
}

static void resume(struct hook_memory *m, struct usher_library *lib, struct part *part)
{
	struct usher_callout *c = &m->callout;

	c->library = lib;
	c->answer = part->answered ? part->answer : NULL;
	c->answer_len = part->answered ? part->len : 0;
	if (!part->answered) {
		say_late(m, lib);
		part->step = m->hooks->park_drop ? USHER_DROP : USHER_CONTINUE;
	}
	/* A drop that another library has asked for stands. */
	if (c->step != USHER_DROP)
		c->step = (enum usher_step)part->step;
	if (part->resume != NULL && part->resume(c) != 0 && lib->drop_on_error)
		c->step = USHER_DROP;
	c->answer = NULL;
}

bool hook_park_arrived(struct hook_memory *m, enum hook_kind kind, enum usher_step *ret)
{
	struct entry *e = m->park->resumed;

	if (e->kind != kind)
		return false;
	m->p->again = false;
	m->callout.resuming = true;
	*ret = USHER_CONTINUE;
	for (size_t i = 0; i < m->hooks->library_count; i++) {
		struct usher_library *lib = &m->hooks->libraries[i];

		if (part_of(e, lib)->parked && !(e->drop && !part_of(e, lib)->answered))
			resume(m, lib, part_of(e, lib));
	}
	m->callout.resuming = false;
	return true;
}

/* --- any thread ------------------------------------------------------------------------------ */

int usher_unpark(struct usher_library *lib, uint64_t ticket, enum usher_step step,
	const void *answer, size_t len)
{
	struct hooks *h = lib->hooks;
	size_t worker = ticket >> 16 & 0xff;
	struct hook_park *park;
	struct part *part;
	struct entry *e;
	int rc = USHER_E_GONE;

	if ((unsigned)step > USHER_DROP || len > USHER_ANSWER_MAX)
		return USHER_E_VALUE;
	if (ticket == 0 || worker >= h->workers || park_index(ticket) >= h->park_packets)
		return USHER_E_GONE;
	park = h->memory[worker]->park;
	pthread_mutex_lock(&park->lock);
	e = entry_at(park, park_index(ticket));
	part = part_of(e, lib);
	if (e->ticket == ticket && part->parked && !part->answered) {
		part->answered = true;
		part->step = (uint8_t)step;
		part->len = (uint16_t)len;
		if (len > 0)
			memcpy(part->answer, answer, len);
		e->drop |= step == USHER_DROP;
		e->waiting--;
		if (e->waiting == 0 || e->drop)
			let_go(e);
		rc = USHER_OK;
	}
	pthread_mutex_unlock(&park->lock);
	return rc;
}
