/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which upstream servers get a query, and what hint that asks for. A query that names its server
 * goes to that one; else the rule says who may be asked and the config how many of them are.
 * Remembers nothing itself: who is down is in relay/learned.h, and who is asked follows from the
 * packet.
 */
#include "relay/relay.h"

#include "relay/learned.h"
#include "registry/siphash.h"

static size_t set_size(upstream_set set)
{
	return (size_t)__builtin_popcount(set);
}

/* The one with `nth` others before it in the set. */
static size_t set_nth(upstream_set set, size_t nth)
{
	while (nth-- > 0)
		set &= (upstream_set)(set - 1);
	return (size_t)__builtin_ctz(set);
}

static upstream_set candidates(const struct packet *p)
{
	upstream_set set = upstreams_of_family(&p->policy->upstreams, p->v6 ? 6 : 4);

	return p->decision.upstreams != 0 ? set & p->decision.upstreams : set;
}

/*
 * RFC 2131 4.3.2: a client names its server by option 54, or by whom it unicasts to; where we stand
 * in for the server with an alias that is the alias. Without aliases and with all asked, the others
 * must hear of it too: "all other servers" take back their offers (3.1 step 4).
 */
static const struct upstream *named4(const struct packet *p)
{
	const struct upstreams *s = &p->policy->upstreams;
	const uint8_t *id = dhcp4_get_addr(&p->view4, DHO_SERVER_ID);
	const struct upstream *u = upstream_with_alias(s, p->in + p->frame.dst_off);

	if (u == NULL && id != NULL)
		u = upstream_with_alias(s, id);
	if (u == NULL && id != NULL && p->policy->treat.relay.choose != CHOOSE_ALL)
		u = upstream_with_id(s, id);
	return u;
}

/* From place `from` of the set around to the first one that is up; if none is, the one there. */
static upstream_set first_up(const struct packet *p, upstream_set set, size_t from)
{
	size_t count = set_size(set);

	for (size_t i = 0; i < count; i++) {
		size_t u = set_nth(set, (from + i) % count);

		if (learned_up(p->pl->learned, p->v6, u, p->slot->time_ns))
			return (upstream_set)(1u << u);
	}
	return (upstream_set)(1u << set_nth(set, from));
}

upstream_set relay_choose(const struct packet *p)
{
	const struct treatment *t = &p->policy->treat;
	const struct upstream *named = p->v6 ? NULL : named4(p);
	upstream_set set = candidates(p), one = 0;

	if (named != NULL)
		one = set & upstream_bit(&p->policy->upstreams, named);
	if (one != 0 || set_size(set) <= 1)
		return one != 0 ? one : set;
	switch (t->relay.choose) {
	case CHOOSE_FIRST:
		return first_up(p, set, 0);
	case CHOOSE_HASH:
		return first_up(p, set,
			p->id == NULL ? 0 : siphash13(t->digest_key, p->id, p->id_len) % set_size(set));
	case CHOOSE_ALL:
		break;
	}
	return set;
}

unsigned relay_hint(const struct packet *p)
{
	const struct upstreams *s = &p->policy->upstreams;
	unsigned hint = HINT_NONE;

	if (p->decision.own_hint)
		return p->decision.hint;
	for (size_t i = 0; i < s->count; i++)
		if ((p->upstreams >> i & 1) != 0)
			hint |= s->all[i].has_hint ? s->all[i].hint : p->decision.hint;
	return hint;
}

void relay_note_asked(struct packet *p, const struct upstream *u)
{
	const struct relaying *relay = &p->policy->treat.relay;

	if (learned_asked(p->pl->learned, p->v6, (size_t)(u - p->policy->upstreams.all),
		    p->slot->time_ns, relay->dead_after_ms, relay->dead_for_ms))
		packet_event(p, EVENT_upstream_down);
}
