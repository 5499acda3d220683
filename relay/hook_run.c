/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how callouts are called: in order, all of them, each step seen by the next (USER_CHK.md
 * 6.2); what an error costs, and how one is found that takes too long. The clock is read once a
 * packet, not once a callout, and what usher itself does between two points does not count beside
 * milliseconds; when a packet was slow, callouts are timed one by one for a while. One that is
 * alone at its point always is.
 */
#include "relay/hook_parts.h"

#include <time.h>
#include <unistd.h>

enum { PRECISE_CALLS = 1000, NS = 1000000000 };

/* Good to some milliseconds, for an eighth of the price. */
static int64_t coarse_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void count(const struct hook_memory *m, enum event e)
{
	if (m->p != NULL)
		packet_event(m->p, e);
}

static void say_slow(const struct hook_memory *m, struct usher_library *lib, int64_t took)
{
	uint64_t so_far = atomic_fetch_add(&lib->slow, 1) + 1;

	count(m, EVENT_library_slow);
	log_limited(&lib->slow_site, LEVEL_WARNING,
		"hook library %s: %s took %lld ms, and packets waited (%llu times so far): let it "
		"park the packet instead",
		lib->name, usher_point(&m->callout), (long long)took, (unsigned long long)so_far);
}

static void failed(struct hook_memory *m, struct usher_library *lib, int rc)
{
	uint64_t so_far = atomic_fetch_add(&lib->calls_failed, 1) + 1;

	count(m, EVENT_library_failed);
	log_limited(&lib->failed_site, LEVEL_ERROR,
		"hook library %s: %s returned %d (%llu errors so far): the packet %s", lib->name,
		usher_point(&m->callout), rc, (unsigned long long)so_far,
		lib->drop_on_error ? "is dropped, as on_error says" : "goes on");
	if (lib->drop_on_error)
		m->callout.step = USHER_DROP;
}

void hook_refused(struct usher_library *lib, const char *point, const char *why)
{
	uint64_t so_far = atomic_fetch_add(&lib->refused, 1) + 1;

	log_limited(&lib->refused_site, LEVEL_WARNING,
		"hook library %s: %s: an edit was refused: %s (%llu times so far)", lib->name, point,
		why, (unsigned long long)so_far);
}

static void call(struct hook_memory *m, const struct hook_callout *e)
{
	int rc;

	m->callout.library = e->library;
	rc = e->fn(&m->callout);
	if (__builtin_expect(rc != 0, 0))
		failed(m, e->library, rc);
}

static int64_t elapsed(struct hook_memory *m)
{
	int64_t took = -m->clock_ms;

	m->clock_ms = coarse_ms();
	return took + m->clock_ms;
}

/* The points with several callouts that a packet came by since the clock was read. */
static void judge_untimed(struct hook_memory *m)
{
	int64_t took;

	if (!m->untimed)
		return;
	m->untimed = false;
	took = elapsed(m);
	if (took < m->hooks->slow_ms)
		return;
	count(m, EVENT_library_slow);
	for (size_t k = 0; k < HOOK_KINDS; k++)
		for (size_t i = 0; i < 4; i++)
			atomic_store_explicit(&m->hooks->lists[k][i / 2][i % 2].precise,
				PRECISE_CALLS, memory_order_relaxed);
	log_warning("hook libraries: the callouts up to %s took %lld ms together: they are timed one by "
		"one now",
		usher_point(&m->callout), (long long)took);
}

static void call_timed(struct hook_memory *m, struct hook_list *list)
{
	judge_untimed(m);
	for (size_t i = 0; i < list->count; i++) {
		int64_t took;

		call(m, &list->all[i]);
		took = elapsed(m);
		if (took >= m->hooks->slow_ms)
			say_slow(m, list->all[i].library, took);
	}
	if (list->count > 1)
		atomic_fetch_sub_explicit(&list->precise, 1, memory_order_relaxed);
}

static void call_all(struct hook_memory *m, struct hook_list *list)
{
	const struct hook_callout *end = list->all + list->count;

	if (list->count == 1 || atomic_load_explicit(&list->precise, memory_order_relaxed) > 0) {
		call_timed(m, list);
		return;
	}
	for (const struct hook_callout *e = list->all; e < end; e++)
		call(m, e);
	m->untimed = true;
}

static void begin(struct hook_memory *m, enum hook_kind kind, bool v6, bool before)
{
	struct usher_callout *c = &m->callout;

	c->kind = kind;
	c->v6 = v6;
	c->before = before;
	c->step = USHER_CONTINUE;
	c->answer = NULL;
	m->edited = false;
}

/* What the callouts have said, once all of them were called. */
static enum step finish(struct packet *p, struct hook_memory *m)
{
	const struct hook_point *point = hook_point(m->callout.kind);
	enum hook_meaning means = point->means[m->callout.step];
	enum step step;

	if (m->edited && !p->response && !hook_commit(p))
		return packet_end(p, STEP_DROP, CAUSE_no_space);
	if (m->ticket != 0) {
		step = hook_park_finish(m, means == MEANS_PARK);
		if (step == STEP_PARK) {
			packet_event(p, EVENT_parked);
			judge_untimed(m);
		}
		if (step != STEP_NEXT)
			return step;
	}
	if (means == MEANS_KEEP && hook_keep_lease(m))
		return STEP_NEXT;
	if (means == MEANS_DROP || means == MEANS_KEEP)
		return packet_end(p, STEP_DROP, CAUSE_by_library);
	return means == MEANS_PASS ? packet_end(p, STEP_PASS, CAUSE_by_library) : STEP_NEXT;
}

enum step hook_run(struct packet *p, enum hook_kind kind, bool before, size_t lease)
{
	struct hook_memory *m = p->hooks;
	struct hook_list *list = &m->hooks->lists[kind][p->v6][before];

	if (list->count == 0)
		return STEP_NEXT;
	begin(m, kind, p->v6, before);
	m->callout.lease = lease;
	if (!p->again) {
		call_all(m, list);
		return finish(p, m);
	}
	hook_redo(m, kind, before);
	if (!before && hook_park_arrived(m, kind, &m->callout.step))
		p->again = false;
	return finish(p, m);
}

void hook_run_lease(struct hook_memory *m, enum hook_kind kind, const struct usher_lease *lease)
{
	struct hook_list *list = &m->hooks->lists[kind][lease->family == 6][0];

	m->p = NULL;
	m->clock_ms = coarse_ms();
	m->callout.gone = lease;
	begin(m, kind, lease->family == 6, false);
	m->context_begun = 0;
	if (list->count > 0)
		call_all(m, list);
	judge_untimed(m);
	hook_contexts_end(m);
	m->callout.gone = NULL;
}

/* --- one packet ------------------------------------------------------------------------------ */

void hook_batch(const struct pipeline *pl)
{
	pl->snapshot->hooks->memory[pl->number]->clock_ms = coarse_ms();
}

struct hook_memory *hook_begin(struct packet *p)
{
	struct hook_memory *m = p->pl->snapshot->hooks->memory[p->pl->number];
	uint64_t ticket = p->slot->park;

	m->p = m->packet.p = p;
	m->query_asked = m->query_known = false;
	m->changed = m->leases_known = m->committed = false;
	m->editor = NULL;
	m->kept = 0;
	m->records = p->pl->records != NULL ? p->pl->records->len : 0;
	m->json = p->pl->json != NULL ? p->pl->json->len : 0;
	m->ticket = 0;
	m->deed_len = 0;
	m->context_begun = 0;
	p->slot->park = 0;
	if (ticket != 0)
		p->again = hook_park_resume(m, ticket);
	return m;
}

static void follow_leases(struct hook_memory *m)
{
	struct usher_lease l;

	for (size_t i = 0; hook_lease_at(m->p, i, &l); i++) {
		l.since = m->p->slot->time_ns / 1000000000;
		if (l.valid > 0)
			hook_leases_granted(m->hooks->leases, &l);
	}
}

/* Of a lease that the client does not get after all. */
static void forget_records(struct packet *p, const struct hook_memory *m)
{
	if (p->pl->records != NULL)
		p->pl->records->len = m->records;
	if (p->pl->json != NULL)
		p->pl->json->len = m->json;
}

/* Those of a query go on to its answer, if it has left, or was sent on as a relay agent does. */
static void end_contexts(struct hook_memory *m)
{
	const struct slot *s = m->p->slot;

	if (m->p->response)
		hook_exchange_return(m);
	else if (s->verdict == SLOT_ACCEPT || s->send_count > 0)
		hook_exchange_keep(m);
	hook_contexts_end(m);
}

void hook_let_go(struct packet *p)
{
	hook_contexts_end(hook_begin(p));
	p->again = false;
}

void hook_end(struct packet *p)
{
	struct hook_memory *m = p->hooks;
	struct slot *s = p->slot;

	if (s->verdict == SLOT_ACCEPT && !s->edited && p->replaced) {
		memcpy(s->out, p->in, p->in_len);
		s->out_len = (uint32_t)p->in_len;
		s->edited = true;
	}
	/* No edit of ours makes such a thing; a library that writes where it must not may. */
	if (m->changed && s->edited && !hook_whole(p)) {
		hook_refused(m->editor, "what leaves", "it cannot be read again: dropped");
		packet_event(p, EVENT_library_refused);
		s->verdict = SLOT_DROP;
		s->edited = false;
		p->cause = CAUSE_internal;
	}
	if (m->committed && s->verdict == SLOT_ACCEPT && m->hooks->leases != NULL)
		follow_leases(m);
	if (s->verdict == SLOT_DROP)
		forget_records(p, m);
	end_contexts(m);
	judge_untimed(m);
	m->p = m->packet.p = NULL;
}

/* Returns when it wants to be called again, in seconds since the epoch; 0: not before a packet. */
static int64_t tell_leases(struct hooks *h, size_t number, int64_t now_s)
{
	struct usher_lease l;
	int64_t next;

	if (h->leases == NULL)
		return 0;
	while (hook_leases_due(h->leases, now_s, &l, &next)) {
		hook_run_lease(h->memory[number], HOOK_LEASE_EXPIRE, &l);
		if (l.declined)
			hook_run_lease(h->memory[number], HOOK_LEASE_RECOVER, &l);
	}
	return next;
}

int hooks_tick(struct hooks *h, size_t number, int64_t now_s)
{
	int64_t next, old;

	if (h == NULL)
		return -1;
	next = tell_leases(h, number, now_s);
	old = (hook_exchanges_age(h->memory[number], now_s * NS) + NS - 1) / NS;
	if (next == 0 || (old != 0 && old < next))
		next = old;
	if (next == 0)
		return -1;
	return next - now_s < 3600 ? (int)(next - now_s) * 1000 : 3600 * 1000;
}
