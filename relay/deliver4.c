/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a relayed DHCPv4 message is addressed: a query from our address on the client's link to
 * each upstream, an answer to a client that perhaps has no address yet, by its hardware address or
 * by broadcast. Nothing is sent here; slot->sends says what is to be. RFC 2131 section 4.1, RFC
 * 1542 section 4.1.2.
 */
#include "relay/relay.h"

enum { PORT_SERVER = 67, PORT_CLIENT = 68, TTL = 64, BROADCAST_FLAG = 0x80, ETHERNET = 1 };

static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

bool relay_send(struct packet *p, const struct slot_send *send)
{
	struct slot *s = p->slot;

	if (s->send_count == SLOT_SENDS)
		return false;
	s->sends[s->send_count++] = *send;
	return true;
}

/*
 * The message as it is to be sent, at out[pay_off..): what was edited, or else what was received.
 */
static bool close_message(struct packet *p, size_t *ret_len)
{
	size_t off = p->frame.pay_off;

	if (p->editing) {
		p->err = dhcp4_edit_finish(&p->edit4,
			p->response || p->refused ? DHCP4_PAD_RESPONSE : DHCP4_PAD_QUERY, ret_len);
		return p->err == DHCP_OK;
	}
	memcpy(p->slot->out + off, p->in + off, p->frame.pay_len);
	*ret_len = p->frame.pay_len;
	return true;
}

/* Where option 54 has its value, if it is an address; BOOTP has no options. */
static uint8_t *server_id(const struct packet *p, uint8_t *msg, size_t len)
{
	struct tlv t;

	if (p->auth || p->type == DHCP4_BOOTP || len < DHCP4_OPTIONS ||
		!tlv_find(
			&TLV_DHCP4, msg + DHCP4_OPTIONS, len - DHCP4_OPTIONS, DHO_SERVER_ID, &t) ||
		t.len != 4)
		return NULL;
	return msg + (t.val - msg);
}

/* What the config says may be of any interface, if only the state knows the link. */
const uint8_t *relay_giaddr(const struct packet *p)
{
	if (p->hinted == NULL || p->link == NULL)
		return NULL;
	if (p->hinted->has_giaddr && !relay_by_giaddr(p))
		return p->hinted->giaddr;
	return link_addr4_in(p->link, p->hinted);
}

/* One that knows giaddr alone is told the subnet by it: our own address there. */
static const uint8_t *giaddr_for(const struct packet *p, const struct upstream *u)
{
	unsigned hint = p->decision.hint;
	const uint8_t *addr;

	if (u->has_hint && !p->decision.own_hint)
		hint = u->hint;
	addr = (hint & HINT_GIADDR) != 0 ? relay_giaddr(p) : NULL;
	return addr != NULL ? addr : p->link->addr4;
}

/* Where a query came from that has no link of its own: another relay agent's, from anywhere. */
static const struct client_link *any_link4(const struct packet *p)
{
	const struct links *l = p->pl->links;

	if (p->link != NULL && p->link->has4)
		return p->link;
	for (size_t i = 0; i < l->count; i++)
		if (l->all[i].has4)
			return &l->all[i];
	return NULL;
}

/* A copy of the datagram for one upstream at out[at..); 0 if it cannot be. */
static size_t put_query(struct packet *p, const struct client_link *link,
	const struct upstream *u, size_t at, size_t len)
{
	uint8_t *pkt = p->slot->out + at, *msg = pkt + FRAME_HEAD4, *id;
	struct frame_route r = { link->addr4, u->addresses4[0], PORT_SERVER, PORT_SERVER, TTL };

	if ((p->state.way & WAY_GIADDR) != 0) {
		r.src = giaddr_for(p, u);
		memcpy(msg + DHCP4_GIADDR, r.src, 4);
	}
	id = server_id(p, msg, len);
	if (id != NULL && u->has_alias && memcmp(id, u->alias, 4) == 0)
		memcpy(id, u->server_id, 4);
	return frame_put(pkt, 4, &r, len);
}

static enum step send_query(struct packet *p, size_t len)
{
	const struct upstreams *s = &p->policy->upstreams;
	size_t first = p->frame.pay_off - FRAME_HEAD4, at = first, size = FRAME_HEAD4 + len;
	const struct client_link *link = any_link4(p);
	uint8_t *msg = p->slot->out + p->frame.pay_off;

	if (link == NULL)
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	msg[DHCP4_HOPS]++;
	if ((p->state.flags & STATE_BROADCAST) != 0)
		msg[DHCP4_FLAGS] |= BROADCAST_FLAG;
	if (p->upstreams == 0)
		p->upstreams = relay_choose(p);
	for (size_t i = 0; i < s->count; i++) {
		struct slot_send send = { .kind = SEND_ROUTED, .off = (uint32_t)at };

		if ((p->upstreams >> i & 1) == 0)
			continue;
		if (size > SLOT_OUT - at)
			return packet_end(p, STEP_DROP, CAUSE_no_space);
		if (at != first)
			memcpy(p->slot->out + at, p->slot->out + first, size);
		send.len = (uint32_t)put_query(p, link, &s->all[i], at, len);
		if (send.len == 0 || !relay_send(p, &send))
			return packet_end(p, STEP_DROP, CAUSE_no_space);
		relay_note_asked(p, &s->all[i]);
		at = (at + size + 63) & ~(size_t)63;
	}
	return p->slot->send_count > 0 ? STEP_NEXT : packet_end(p, STEP_DROP, CAUSE_no_upstream);
}

/*
 * RFC 5107 would have the server do this, but Kea and ISC do not: the client is to see an address
 * of ours as its server, so that its renewals come back to us. Only where the query can be put
 * right again.
 */
static const uint8_t *put_alias(struct packet *p, uint8_t *msg, size_t len)
{
	const struct upstreams *s = &p->policy->upstreams;
	uint8_t *id = server_id(p, msg, len);

	for (size_t i = 0; i < s->count; i++) {
		const struct upstream *u = &s->all[i];

		if ((p->upstreams >> i & 1) == 0 || !u->has_alias || id == NULL)
			continue;
		if (memcmp(id, u->server_id, 4) != 0) {
			packet_event(p, EVENT_server_id_odd);
			continue;
		}
		memcpy(id, u->alias, 4);
		return u->alias;
	}
	return NULL;
}

/*
 * RFC 2131 4.1: to ciaddr if there is one and the client did not ask for broadcast; by broadcast if
 * it did, or a NAK; else to yiaddr and the client's hardware address, since it cannot answer ARP
 * before it has configured the address. RFC 4390 and others: without a hardware address there is
 * only broadcast. A NAK to a renewal goes to the address that it came from: some clients listen
 * nowhere else. Where no state says which that is, one that was an ACK goes where that was to go.
 */
static const uint8_t *target4(const struct packet *p, const uint8_t *msg, bool nak)
{
	const uint8_t *came = packet_msg(p);
	bool broadcast = ((nak ? came : msg)[DHCP4_FLAGS] & BROADCAST_FLAG) != 0 ||
		(p->state.flags & STATE_BROADCAST) != 0 ||
		(relay_by_giaddr(p) && p->policy->treat.relay.force_broadcast);

	if (nak && (p->state.way & WAY_UNICAST) != 0)
		return p->state.peer4;
	if (nak && !p->has_state && p->cause == CAUSE_moved && !broadcast &&
		be32_get(came + DHCP4_CIADDR) != 0)
		return came + DHCP4_CIADDR;
	if (nak)
		return everybody;
	if (broadcast)
		return everybody;
	if (be32_get(msg + DHCP4_CIADDR) != 0)
		return msg + DHCP4_CIADDR;
	if (msg[DHCP4_HTYPE] != ETHERNET || msg[DHCP4_HLEN] != 6 ||
		be32_get(msg + DHCP4_YIADDR) == 0)
		return everybody;
	return msg + DHCP4_YIADDR;
}

/* A client beyond another router is reached by its address only. */
static bool is_routed(const struct packet *p, const uint8_t *msg, const uint8_t *target)
{
	if (target == everybody || target == msg + DHCP4_YIADDR)
		return false;
	return (p->state.relayed && (p->state.way & WAY_ON_LINK) == 0) ||
		msg[DHCP4_HTYPE] != ETHERNET || msg[DHCP4_HLEN] != 6;
}

static enum step send_to_client(struct packet *p, size_t len)
{
	uint8_t *msg = p->slot->out + p->frame.pay_off, *pkt = msg - FRAME_HEAD4;
	bool nak = p->type == DHCPNAK || p->cause == CAUSE_moved || p->refused;
	const uint8_t *alias = p->response ? put_alias(p, msg, len) : NULL;
	struct slot_send send = { .off = (uint32_t)(p->frame.pay_off - FRAME_HEAD4) };
	struct frame_route r = { NULL, target4(p, msg, nak), PORT_SERVER, PORT_CLIENT, TTL };

	if (p->link == NULL || !p->link->has4)
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	r.src = alias != NULL ? alias : p->link->addr4;
	if (p->refused && (p->state.way & WAY_UNICAST) != 0)
		r.src = p->in + p->frame.dst_off;
	send.kind = is_routed(p, msg, r.dst) ? SEND_ROUTED : SEND_LINK;
	if (send.kind == SEND_LINK)
		send.ifindex = p->link->index;
	memcpy(send.hw, r.dst == everybody ? everybody : msg + DHCP4_CHADDR, sizeof(send.hw));
	send.len = (uint32_t)frame_put(pkt, 4, &r, len);
	if (send.len == 0 || !relay_send(p, &send))
		return packet_end(p, STEP_DROP, CAUSE_no_space);
	return STEP_NEXT;
}

/*
 * RFC 1542 4.1.2 in the other direction: a NAK of our own for a client behind another relay agent.
 */
static enum step send_to_relay(struct packet *p, size_t len)
{
	uint8_t *msg = p->slot->out + p->frame.pay_off;
	const struct client_link *link = any_link4(p);
	struct frame_route r = { NULL, msg + DHCP4_GIADDR, PORT_SERVER, PORT_SERVER, TTL };
	struct slot_send send = { .kind = SEND_ROUTED };

	if (link == NULL)
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	r.src = link->addr4;
	send.off = (uint32_t)(p->frame.pay_off - FRAME_HEAD4);
	send.len = (uint32_t)frame_put(p->slot->out + send.off, 4, &r, len);
	if (send.len == 0 || !relay_send(p, &send))
		return packet_end(p, STEP_DROP, CAUSE_no_space);
	return STEP_NEXT;
}

enum step relay_deliver4(struct packet *p)
{
	enum step step;
	size_t len = 0;

	if (p->pl->links == NULL || p->pl->links->count == 0)
		return packet_end(p, STEP_DROP, CAUSE_no_link);
	if (!close_message(p, &len))
		return packet_end(p, STEP_DROP, CAUSE_no_space);
	/* An answer that nobody edited has not been restored either: BOOTP. */
	if (p->response && !p->editing)
		relay_restore_header4(p, p->slot->out + p->frame.pay_off);
	if (p->response && p->has_state && p->state.link != 0)
		p->link = link_with_hash(p->pl->links, p->state.link);
	if (p->response || (p->refused && !p->relayed))
		step = send_to_client(p, len);
	else if (p->refused)
		step = send_to_relay(p, len);
	else
		step = send_query(p, len);
	if (step == STEP_NEXT && (p->cause == CAUSE_rewritten || p->cause == CAUSE_untouched))
		p->cause = CAUSE_relayed;
	return STEP_DROP;
}
