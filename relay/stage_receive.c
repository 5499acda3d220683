/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pkt_receive and subnet_select: who is the client, and what does the policy say of it. Pure
 * look-ups; nothing is edited here. The same two stages serve queries and responses: a response
 * names its client by chaddr or by the client identifier option, so that it needs no memory of the
 * query.
 */
#include "relay/identity.h"
#include "relay/park.h"

#include "registry/clock.h"
#include "registry/siphash.h"

/* A query leaves the time it was seen, for its answer to find. */
static void note_time(struct packet *p)
{
	const uint8_t *xid = p->v6 ? p->view6.msg + p->view6.inner + 1 : packet_msg(p) + DHCP4_XID;
	uint64_t key = (uint64_t)p->v6 << 32 | (p->v6 ? be32_get(xid - 1) & 0xffffff : be32_get(xid));

	key = answer_key(key, p->id, p->id_len);
	if (!p->response)
		answer_times_query(p->pl->answers, key, p->slot->time_ns);
	else
		p->answer_us = answer_times_since(p->pl->answers, key, p->slot->time_ns);
}

/* Nobody has said in time who it is, or can be asked. */
static enum step give_up(struct packet *p)
{
	p->again = false;
	packet_event(p, EVENT_lookup_unanswered);
	if (p->pl->demand.late == LATE_DROP)
		return packet_end(p, STEP_DROP, CAUSE_no_answer);
	if (p->pl->demand.late == LATE_PASS)
		return packet_end(p, STEP_PASS, CAUSE_no_answer);
	p->ask = NULL;
	p->given_up = true;
	identity_find(p);
	return STEP_NEXT;
}

/*
 * The packet is kept by the queue's half, and all of it is run once more when there is an answer.
 */
static enum step inquire(struct packet *p)
{
	struct slot *s = p->slot;

	/* Libraries that a reload has brought park in a way of their own. */
	if (s->asked > s->answered || !p->pl->demand.may_ask || p->in_len > PARK_BYTES ||
		p->hooks != NULL)
		return give_up(p);
	packet_event(p, EVENT_lookup_asked);
	s->ask = (uint8_t)(p->ask_type + 1);
	s->out_len = (uint32_t)p->ask_len;
	memcpy(s->out, p->ask, p->ask_len);
	if (s->asked == 0)
		s->park_until_ns = clock_now_ns() + (int64_t)p->pl->demand.wait_ms * 1000000;
	return STEP_PARK;
}

static void note_lookup(struct packet *p)
{
	p->again = false;
	if (p->user != NULL && p->slot->asked == 0)
		packet_event(p, EVENT_lookup_hit);
	if (p->user == NULL && p->slot->known)
		packet_event(p, EVENT_lookup_negative);
}

enum step stage_receive(struct packet *p)
{
	enum step step = STEP_NEXT;

	p->answer_us = -1;
	if (p->registry == NULL)
		return packet_end(p, STEP_PASS, CAUSE_no_registry);
	identity_find(p);
	if (p->ask != NULL)
		step = inquire(p);
	if (step != STEP_NEXT)
		return step;
	if (p->pl->demand.on)
		note_lookup(p);
	if (p->pl->answers != NULL)
		note_time(p);
	if (p->id == NULL)
		packet_event(p, EVENT_no_identity);
	packet_event(p, p->user != NULL ? EVENT_registered : EVENT_unregistered);
	return STEP_NEXT;
}

struct facts packet_facts(const struct packet *p)
{
	struct facts f = {
		.family = p->v6 ? 6 : 4,
		.type = p->type,
		.user = p->user,
		.view4 = p->v6 ? NULL : &p->view4,
		.view6 = p->v6 ? &p->view6 : NULL,
		.id = p->id,
		.id_len = p->id_len,
		.id_type = p->id_type,
		.interface = p->interface,
		.now = p->slot->time_ns / 1000000000,
		.untrusted = p->untrusted,
		.strange = identity_strange_layers(p),
	};

	return f;
}

/*
 * A response does not hold all that a rule may have looked at in its query (vendor class, the
 * relay's options), so the state names the rule. Under another policy than the query's the number
 * means nothing, and the rules are asked again with what the response shows.
 */
static void decide(struct packet *p)
{
	struct facts f = packet_facts(p);

	if (p->has_state && (p->state.flags & STATE_RULE) != 0 &&
		p->state.generation == p->policy->generation)
		policy_decision_of(p->policy, p->state.rule, p->user, &p->decision);
	else
		policy_decide(p->policy, &f, &p->decision);
}

enum step stage_select(struct packet *p)
{
	decide(p);
	if (p->decision.drop)
		return packet_end(p, STEP_DROP, CAUSE_by_rule);
	/* Its answer does not show why, so the query has to say which rule it was. */
	if (p->decision.pass && !p->response && !p->decision.by_query)
		return packet_end(p, STEP_PASS, CAUSE_by_rule);
	if (p->response)
		return STEP_NEXT;
	p->state.subnet = p->decision.subnet != NULL && !p->decision.pass
		? p->decision.subnet->id : 0;
	p->state.kind = (uint8_t)p->kind;
	p->state.generation = p->policy->generation;
	if (p->id != NULL)
		p->state.digest =
			(uint32_t)siphash13(p->policy->treat.digest_key, p->id, p->id_len);
	if (identity_hidden(p)) {
		p->state.id_type = (uint8_t)p->id_type;
		p->state.id = p->id;
		p->state.id_len = (uint8_t)p->id_len;
	}
	return STEP_NEXT;
}
