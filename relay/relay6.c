/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv6 in relay mode: what we take for ours to relay, and how it is addressed. The Relay-forward
 * itself is what steer6.c writes inline as well; here it gets headers of our own, and the answer
 * goes to the address that its outer layer names. RFC 8415 section 19, RFC 8357; PROTOCOL B.6.
 */
#include "relay/relay.h"

#include "relay/learned.h"

enum { PORT_CLIENT = 546, PORT_SERVER = 547, HOPS = 64 };
enum { MULTICAST_HOPS = 8 }; /* RFC 8415 section 19: to All_DHCP_Servers */

/* RFC 8415 section 7.1: All_DHCP_Servers */
static const uint8_t all_servers[16] = { 0xff, 0x05, [13] = 1, [15] = 3 };

static bool is_link_local(const uint8_t addr[static 16])
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

enum step relay_take_query6(struct packet *p)
{
	const uint8_t *src = p->in + p->frame.src_off;
	struct state *s = &p->state;
	struct tlv t;

	p->link = link_with_index(p->pl->links, p->slot->indev);
	/*
	 * A client, and whoever asks from a link-local address, is found again by its interface
	 * only.
	 */
	if (p->link == NULL && (!p->relayed || is_link_local(src)))
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	/* RFC 5007 4.2: LEASEQUERY is for relay agents and the like. */
	if (p->type == DHCPV6_LEASEQUERY && p->untrusted &&
		p->policy->treat.leasequery == TREAT_DROP)
		return packet_end(p, STEP_DROP, CAUSE_leasequery);
	p->relay = true;
	s->relayed = true;
	s->link = p->link != NULL ? p->link->hash : 0;
	/* RFC 8357 5.2: the answer goes to the port that a relay agent asked from if it said so. */
	if (p->relayed && p->frame.sport != PORT_SERVER &&
		dhcp6_layer_get(&p->view6, 0, D6O_RELAY_SOURCE_PORT, &t))
		s->port = p->frame.sport;
	return STEP_NEXT;
}

enum step relay_take_response6(struct packet *p)
{
	const struct upstreams *s = &p->policy->upstreams;
	const struct upstream *u = upstream_with_address(s, p->in + p->frame.src_off, 16);

	if (u == NULL)
		return packet_end(p, STEP_DROP, CAUSE_unknown_server);
	p->upstreams = upstream_bit(s, u);
	learned_heard(p->pl->learned, p->v6, (size_t)(u - s->all));
	if (!relay_takes(p))
		return STEP_NEXT;
	/* Not an answer to a relay agent: this host's own client's. */
	if (p->view6.depth == 0)
		return packet_end(p, STEP_PASS, CAUSE_other_type);
	p->relay = true;
	return STEP_NEXT;
}

enum step stage_relay6(struct packet *p)
{
	if (!p->relay)
		return STEP_NEXT;
	p->upstreams = relay_choose(p);
	return p->upstreams != 0 ? STEP_NEXT : packet_end(p, STEP_DROP, CAUSE_no_upstream);
}

/* Our address that servers answer to. */
static const uint8_t *source6(const struct packet *p)
{
	const struct links *l = p->pl->links;

	if (p->link != NULL && p->link->has6)
		return p->link->addr6;
	for (size_t i = 0; i < l->count; i++)
		if (l->all[i].has6)
			return l->all[i].addr6;
	return NULL;
}

/* A copy of the message for upstream i at out[at..), with headers; false if it cannot be. */
static bool put_query(struct packet *p, size_t i, size_t at, size_t len)
{
	const struct upstream *u = &p->policy->upstreams.all[i];
	struct frame_route r = { source6(p), u->addresses6[0], PORT_SERVER, PORT_SERVER, HOPS };
	struct slot_send send = { .kind = SEND_ROUTED, .off = (uint32_t)at };

	if (u->multicast[0] != '\0') {
		r.dst = all_servers;
		r.hops = MULTICAST_HOPS;
		send.ifindex = p->pl->links->multicast[i];
	}
	send.len = (uint32_t)frame_put(p->slot->out + at, 6, &r, len);
	return send.len > 0 && relay_send(p, &send);
}

static enum step send_query(struct packet *p, size_t len)
{
	size_t first = p->frame.pay_off - FRAME_HEAD6, at = first, size = FRAME_HEAD6 + len;
	const struct upstreams *s = &p->policy->upstreams;

	if (source6(p) == NULL)
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	for (size_t i = 0; i < s->count; i++) {
		if ((p->upstreams >> i & 1) == 0)
			continue;
		if (size > SLOT_OUT - at)
			return packet_end(p, STEP_DROP, CAUSE_no_space);
		if (at != first)
			memcpy(p->slot->out + at, p->slot->out + first, size);
		if (!put_query(p, i, at, len))
			return packet_end(p, STEP_DROP, CAUSE_no_space);
		relay_note_asked(p, &s->all[i]);
		at = (at + size + 63) & ~(size_t)63;
	}
	return p->slot->send_count > 0 ? STEP_NEXT : packet_end(p, STEP_DROP, CAUSE_no_upstream);
}

/*
 * RFC 8415 19.2: "the relay agent extracts the message from the Relay Message option and relays it
 * to the address contained in the peer-address field", out of the interface that the Interface-ID,
 * our state, says.
 */
static enum step send_back(struct packet *p, size_t len)
{
	const uint8_t *peer = packet_msg(p) + DHCP6_PEER;
	struct frame_route r = { NULL, peer, PORT_SERVER, PORT_CLIENT, HOPS };
	struct slot_send send = { .kind = SEND_ROUTED };

	if (p->view6.depth > 0)
		r.dport = p->state.port != 0 ? p->state.port : PORT_SERVER;
	p->link = link_with_hash(p->pl->links, p->state.link);
	if (is_link_local(peer)) {
		if (p->link == NULL || !p->link->has_local)
			return packet_end(p, STEP_DROP, CAUSE_no_link);
		r.src = p->link->local6;
		send.ifindex = p->link->index;
	} else {
		r.src = source6(p);
	}
	if (r.src == NULL || peer[0] == 0xff || bytes_zero(peer, 16))
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	send.off = (uint32_t)(p->frame.pay_off - FRAME_HEAD6);
	send.len = (uint32_t)frame_put(p->slot->out + send.off, 6, &r, len);
	if (send.len == 0 || !relay_send(p, &send))
		return packet_end(p, STEP_DROP, CAUSE_no_space);
	return STEP_NEXT;
}

/* What no stage has wrapped is relayed all the same, without a hint: RFC 8415 19.1. */
static enum step wrap_plain(struct packet *p)
{
	enum cause why = p->cause;
	enum step step;

	if (why == CAUSE_oversize)
		return STEP_DROP;
	if (p->upstreams == 0)
		p->upstreams = relay_choose(p);
	p->hinted = NULL;
	step = packet_wrap6(p);
	if (step == STEP_NEXT)
		p->cause = why;
	return step == STEP_NEXT ? STEP_NEXT : STEP_DROP;
}

enum step relay_deliver6(struct packet *p)
{
	enum step step = STEP_NEXT;
	size_t len = 0;

	if (p->pl->links == NULL || p->pl->links->count == 0)
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	if (!p->response && !p->editing)
		step = wrap_plain(p);
	if (step != STEP_NEXT)
		return STEP_DROP;
	p->err = dhcp6_edit_finish(&p->edit6, &len);
	if (p->err != DHCP_OK)
		return packet_end(p, STEP_DROP, CAUSE_no_space);
	step = p->response ? send_back(p, len) : send_query(p, len);
	if (step == STEP_NEXT && p->cause == CAUSE_rewritten)
		p->cause = CAUSE_relayed;
	return STEP_DROP;
}
