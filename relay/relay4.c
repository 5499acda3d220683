/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv4 in relay mode, up to what is written into the message: what we take for ours to relay, the
 * NAK we give ourselves, our sub-options, and the header of an answer as it would be without us.
 * How packets are addressed is deliver4.c's. RFC 1542 section 4.1, RFC 3046 section 2.1, RFC 5010;
 * PROTOCOL A.9.
 */
#include "relay/relay.h"

#include "relay/learned.h"

enum { RELAY_UNICAST = 0x80, BROADCAST_FLAG = 0x80 }; /* RFC 5010 section 3, RFC 2131 figure 2 */

bool relay_takes(const struct packet *p)
{
	return p->policy->treat.relay.on && p->slot->hook != HOOK_FORWARD &&
		p->slot->hook != HOOK_LOCAL_OUT;
}

static bool by_unicast(const struct packet *p)
{
	return be32_get(p->in + p->frame.dst_off) != UINT32_MAX;
}

/* Whether the frame came from the client itself, so that its hardware address is on this link. */
static bool on_link(const struct packet *p)
{
	const uint8_t *msg = packet_msg(p);

	return !by_unicast(p) || (p->slot->hw_len == 6 && msg[DHCP4_HLEN] == 6 &&
		memcmp(p->slot->hw, msg + DHCP4_CHADDR, 6) == 0);
}

/* Finds the client's link and the way back to it; false if a client of ours has none. */
static bool find_way(struct packet *p)
{
	struct state *s = &p->state;
	const uint8_t *msg = packet_msg(p);

	p->link = link_with_index(p->pl->links, p->slot->indev);
	if (!p->relayed && (p->link == NULL || !p->link->has4))
		return false;
	s->link = p->link != NULL ? p->link->hash : 0;
	if (!p->relayed)
		s->way |= WAY_GIADDR;
	if ((msg[DHCP4_FLAGS] & BROADCAST_FLAG) != 0)
		s->way |= WAY_BROADCAST;
	if (!p->relayed && on_link(p))
		s->way |= WAY_ON_LINK;
	if (!p->relayed && by_unicast(p) && be32_get(msg + DHCP4_CIADDR) != 0) {
		s->way |= WAY_UNICAST;
		memcpy(s->peer4, msg + DHCP4_CIADDR, sizeof(s->peer4));
	}
	return true;
}

enum step relay_take_query4(struct packet *p)
{
	if (!find_way(p))
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	p->state.relayed = true;
	return STEP_NEXT;
}

void relay_note_passing4(struct packet *p)
{
	const struct upstreams *s = &p->policy->upstreams;
	const struct upstream *u = upstream_with_address(s, p->in + p->frame.dst_off, 4);

	if (u != NULL)
		p->upstreams = upstream_bit(s, u);
}

/* Whether an address is one that we have put, or can have put, into giaddr. */
static bool is_giaddr(const struct packet *p, const uint8_t *giaddr)
{
	const struct subnets *s = &p->policy->subnets;

	if (link_with_addr4(p->pl->links, giaddr) != NULL)
		return true;
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].has_giaddr && memcmp(s->all[i].giaddr, giaddr, 4) == 0)
			return true;
	return false;
}

enum step relay_take_response4(struct packet *p)
{
	const uint8_t *giaddr = packet_msg(p) + DHCP4_GIADDR;
	const struct upstreams *s = &p->policy->upstreams;
	const struct upstream *u = upstream_with_address(s, p->in + p->frame.src_off, 4);

	if (u == NULL)
		return packet_end(p, STEP_DROP, CAUSE_unknown_server);
	p->upstreams = upstream_bit(s, u);
	learned_heard(p->pl->learned, p->v6, (size_t)(u - s->all));
	if (!relay_takes(p) || p->pxe)
		return STEP_NEXT;
	/* RFC 3046 2.1: what is not for one of our own addresses is another relay agent's. */
	if (!is_giaddr(p, giaddr))
		return packet_end(p, STEP_DROP, CAUSE_foreign_giaddr);
	/* Leasequery is between a server and a relay agent (RFC 4388), and not for a client. */
	if (p->type > DHCPFORCERENEW)
		return STEP_NEXT;
	p->relay = true;
	p->relayed = false;
	p->link = link_with_addr4(p->pl->links, giaddr);
	if (relay_by_giaddr(p) && p->link != NULL)
		p->interface = p->link->name;
	return STEP_NEXT;
}

/*
 * A client that asks for, or holds, an address of a subnet that it is not entitled to. Who relays
 * need not ask the server first, which would only extend a lease that is then refused.
 */
static bool to_refuse(const struct packet *p)
{
	const uint8_t *addr = NULL;

	if (p->kind == KIND_SELECTING || p->kind == KIND_INIT_REBOOT || p->kind == KIND_RENEWING ||
		p->kind == KIND_REBINDING)
		addr = packet_followed4(p);
	return addr != NULL && !p->auth && p->policy->treat.on_mismatch == MISMATCH_INJECT &&
		p->decision.enforce == ENFORCE_NAK &&
		!decision_allows(&p->decision, subnet_of4(&p->policy->subnets, addr));
}

/* What the client calls its server where it does not say: the one it unicasts to, or our first. */
static enum step refuse(struct packet *p)
{
	const struct upstreams *s = &p->policy->upstreams;
	const uint8_t *id = p->link != NULL ? p->link->addr4 : p->in + p->frame.dst_off;
	enum step step;

	if (p->kind == KIND_RENEWING)
		id = p->in + p->frame.dst_off;
	else if (s->count > 0 && s->all[0].has_alias)
		id = s->all[0].alias;
	else if (s->count > 0 && s->all[0].count4 > 0)
		id = s->all[0].addresses4[0];
	step = packet_make_nak(p, id);
	if (step != STEP_NEXT)
		return step;
	p->edit4.msg[DHCP4_HOPS] = 0;
	p->refused = true;
	p->cause = CAUSE_refused;
	return STEP_NEXT;
}

enum step stage_relay4(struct packet *p)
{
	const struct treatment *t = &p->policy->treat;

	/*
	 * A renewal that is only forwarded here is refused here as well, before the server hears of
	 * it.
	 */
	if (t->relay.on && p->slot->hook == HOOK_FORWARD && !p->relayed && to_refuse(p) &&
		find_way(p)) {
		p->relay = true;
		return refuse(p);
	}
	if (!p->relay)
		return STEP_NEXT;
	/*
	 * RFC 1542 4.1.1: "the relay agent MAY use [secs] as a factor in deciding whether to
	 * relay".
	 */
	if (be16_get(packet_msg(p) + DHCP4_SECS) < t->relay.min_secs &&
		(p->kind == KIND_DISCOVER || p->kind == KIND_INIT_REBOOT ||
			p->kind == KIND_REBINDING))
		return packet_end(p, STEP_DROP, CAUSE_too_early);
	if (to_refuse(p))
		return refuse(p);
	p->upstreams = relay_choose(p);
	if (p->upstreams == 0)
		return packet_end(p, STEP_DROP, CAUSE_no_upstream);
	/* Without a state nobody could take the flag back: there broadcast is only how we deliver. */
	if (t->relay.force_broadcast && (p->state.way & WAY_GIADDR) != 0 &&
		(p->state.way & WAY_BROADCAST) == 0 && !p->auth && !relay_by_giaddr(p))
		p->state.flags |= STATE_BROADCAST;
	return STEP_NEXT;
}

/* The format's own characters were looked at when the config was read. */
static size_t circuit_id(const struct packet *p, char *out, size_t cap)
{
	size_t n = 0;

	for (const char *at = p->policy->treat.relay.circuit_id; *at != '\0' && n < cap; at++) {
		if (at[0] == '%' && at[1] == 'i') {
			size_t len = strnlen(p->interface, cap - n);

			memcpy(out + n, p->interface, len);
			n += len;
			at++;
		} else {
			out[n++] = *at;
			at += at[0] == '%';
		}
	}
	return n;
}

void relay_put_agent4(const struct packet *p, struct agent_writer *w)
{
	uint8_t flags = (p->state.way & WAY_UNICAST) != 0 ? RELAY_UNICAST : 0;
	char text[128];
	size_t len = circuit_id(p, text, sizeof(text));

	if (len > 0)
		agent_put(w, RAI_CIRCUIT_ID, (const uint8_t *)text, len);
	if (p->policy->treat.relay.relay_flags)
		agent_put(w, RAI_RELAY_FLAGS, &flags, 1);
}

void relay_restore_header4(const struct packet *p, uint8_t *msg)
{
	const struct state *s = &p->state;

	/* Servers copy hops (RFC 2131 table 3 says 0), so there is one to be taken back or none. */
	if (msg[DHCP4_HOPS] > 0)
		msg[DHCP4_HOPS]--;
	if (!s->relayed || (s->way & WAY_GIADDR) != 0)
		memset(msg + DHCP4_GIADDR, 0, 4);
	if (!s->relayed || (s->way & WAY_GIADDR) == 0)
		return;
	/*
	 * RFC 2131 4.3.2 has servers set it in a NAK for a relay agent, which the client never
	 * asked for.
	 */
	msg[DHCP4_FLAGS] &= (uint8_t)~BROADCAST_FLAG;
	if ((s->way & WAY_BROADCAST) != 0)
		msg[DHCP4_FLAGS] |= BROADCAST_FLAG;
}
