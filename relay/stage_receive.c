/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pkt_receive and subnet_select: who is the client, and what does the policy say of it. Pure look-ups;
 * nothing is edited here. The same two stages serve queries and responses: a response names its client
 * by chaddr or by the client identifier option, so that it needs no memory of the query.
 */
#include "relay/packet.h"

#include "registry/siphash.h"

/*
 * The identity as USER_CHK.md 3.1 has it: chaddr[0..hlen) or the DUID. An all-zero hardware address
 * is no identity: nobody may be taken for the default user by sending zeros.
 */
static void identify(struct packet *p)
{
	struct tlv t;

	if (p->v6) {
		p->id_type = REG_DUID;
		if (dhcp6_get(&p->view6, D6O_CLIENTID, &t)) {
			p->id = t.val;
			p->id_len = t.len;
		}
		return;
	}
	p->id_type = REG_HW_ADDR;
	p->id = packet_msg(p) + DHCP4_CHADDR;
	p->id_len = packet_msg(p)[DHCP4_HLEN];
	if (bytes_zero(p->id, p->id_len))
		p->id = NULL;
}

enum step stage_receive(struct packet *p)
{
	identify(p);
	if (p->id == NULL)
		packet_event(p, EVENT_no_identity);
	else
		p->user = registry_find(p->registry, p->id_type, p->id, p->id_len);
	packet_event(p, p->user != NULL ? EVENT_registered : EVENT_unregistered);
	return STEP_NEXT;
}

/*
 * A response does not hold all that a rule may have looked at in its query (vendor class, the relay's
 * options), so the state names the rule. Under another policy than the query's the number means
 * nothing, and the rules are asked again with what the response shows.
 */
static void decide(struct packet *p)
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
	};

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
	if (p->decision.pass && !p->response)
		return packet_end(p, STEP_PASS, CAUSE_by_rule);
	if (p->response)
		return STEP_NEXT;
	p->state.subnet = p->decision.subnet != NULL ? p->decision.subnet->id : 0;
	p->state.kind = (uint8_t)p->kind;
	p->state.generation = p->policy->generation;
	if (p->id != NULL)
		p->state.digest = (uint32_t)siphash13(p->policy->treat.digest_key, p->id, p->id_len);
	return STEP_NEXT;
}
