/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how little is remembered: a time and a count each. Updates are plain loads and stores of
 * atomics, so that two workers may lose a count between them and never wait; what is decided by it
 * is whether to try another server first, and whether to say a line in the log. PROTOCOL A.2: a
 * server that does not know the subnet hinted at keeps silent, which nobody would otherwise be able
 * to tell from a lost packet.
 */
#include "relay/learned.h"

#include <sys/mman.h>

static const int64_t second = 1000000000;

struct learned *learned_new(void)
{
	void *l = mmap(NULL, sizeof(struct learned), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return l != MAP_FAILED ? l : NULL;
}

struct learned *learned_free(struct learned *l)
{
	if (l != NULL)
		munmap(l, sizeof(*l));
	return NULL;
}

#define GET(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define SET(field, v) atomic_store_explicit(&(field), (v), memory_order_relaxed)

bool learned_up(const struct learned *l, bool v6, size_t upstream, int64_t now_ns)
{
	return l == NULL || GET(l->upstreams[v6][upstream].dead_until_ns) <= now_ns;
}

bool learned_asked(struct learned *l, bool v6, size_t upstream, int64_t now_ns,
	uint32_t dead_after_ms, uint32_t dead_for_ms)
{
	struct learned_upstream *u;
	int64_t asked;

	if (l == NULL)
		return false;
	u = &l->upstreams[v6][upstream];
	asked = GET(u->asked_ns);
	/* A clock that was set back begins anew. */
	if (asked == 0 || now_ns < asked) {
		SET(u->asked_ns, now_ns);
		return false;
	}
	if (now_ns - asked < (int64_t)dead_after_ms * 1000000)
		return false;
	SET(u->dead_until_ns, now_ns + (int64_t)dead_for_ms * 1000000);
	SET(u->asked_ns, 0);
	SET(u->deaths, GET(u->deaths) + 1);
	return true;
}

void learned_heard(struct learned *l, bool v6, size_t upstream)
{
	struct learned_upstream *u;

	if (l == NULL)
		return;
	u = &l->upstreams[v6][upstream];
	if (GET(u->asked_ns) != 0)
		SET(u->asked_ns, 0);
	if (GET(u->dead_until_ns) != 0)
		SET(u->dead_until_ns, 0);
}

bool learned_answers(const struct learned *l, bool v6, size_t upstream, int64_t now_ns)
{
	int64_t asked;

	if (l == NULL)
		return true;
	asked = GET(l->upstreams[v6][upstream].asked_ns);
	return GET(l->upstreams[v6][upstream].dead_until_ns) == 0 &&
		(asked == 0 || asked == now_ns);
}

void learned_hinted(struct learned *l, bool v6, uint8_t subnet, int64_t now_ns)
{
	struct learned_subnet *s;
	uint64_t answers;
	uint32_t asked;

	if (l == NULL)
		return;
	s = &l->subnets[v6][subnet];
	asked = GET(s->asked);
	answers = GET(l->answers[v6]);
	if (asked == 0 || now_ns < GET(s->since_ns)) {
		SET(s->since_ns, now_ns);
		SET(s->others, answers);
		asked = 0;
	} else if (answers == GET(s->heard)) {
		return;
	}
	SET(s->heard, answers);
	if (asked < UINT32_MAX)
		SET(s->asked, asked + 1);
}

void learned_answered(struct learned *l, bool v6, uint8_t subnet)
{
	if (l == NULL)
		return;
	SET(l->answers[v6], GET(l->answers[v6]) + 1);
	if (GET(l->subnets[v6][subnet].asked) != 0)
		SET(l->subnets[v6][subnet].asked, 0);
}

bool learned_suspects(struct learned *l, bool v6, uint8_t subnet, int64_t now_ns,
	uint32_t *ret_asked, uint64_t *ret_others)
{
	struct learned_subnet *s = &l->subnets[v6][subnet];
	uint32_t asked = GET(s->asked);
	int64_t said = GET(s->said_ns);
	uint64_t others = GET(l->answers[v6]) - GET(s->others);

	if (asked < LEARNED_UNANSWERED || others < LEARNED_OTHERS ||
		now_ns - GET(s->since_ns) < LEARNED_SECONDS * second ||
		(said != 0 && now_ns - said < LEARNED_SAY_SECONDS * second))
		return false;
	*ret_asked = asked;
	*ret_others = others;
	return atomic_compare_exchange_strong(&s->said_ns, &said, now_ns);
}
