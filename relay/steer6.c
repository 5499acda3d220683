/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steering of DHCPv6: wraps a direct client's message in a Relay-forward as a lightweight relay
 * agent would (RFC 6221), but with a link-address, which is the hint; rewrites the innermost
 * link-address of a relayed one and wraps it once more for the state; unwraps both on the way back.
 * A client's own bytes are never edited on the way up. RFC 8415 sections 9 and 19; PROTOCOL B.3,
 * B.4.
 */
#include "relay/relay.h"

enum { PORT_CLIENT = 546, PORT_SERVER = 547 };

/*
 * RFC 9686: an ADDR-REG-INFORM comes from the address that it registers, which a relay notes as the
 * peer-address (RFC 8415 19.1.1).
 */
static const uint8_t *client_source(const struct packet *p)
{
	const struct dhcp6_view *v = &p->view6;

	return v->depth > 0 ? v->msg + v->layers[v->depth - 1].at + DHCP6_PEER
			    : p->in + p->frame.src_off;
}

/*
 * PROTOCOL B.3: most messages name the subnet the user is entitled to, and servers then migrate the
 * client by themselves; those about an address name the address's, since ISC and dnsmasq look for
 * it there.
 */
static const struct subnet *subnet_to_name(const struct packet *p)
{
	const struct decision *d = &p->decision;
	const struct subnet *of = NULL;
	const uint8_t *addr = NULL;

	if (d->pass)
		return NULL;
	if (p->type == DHCPV6_RELEASE || p->type == DHCPV6_DECLINE)
		addr = dhcp6_first_addr(&p->view6);
	else if (p->type == DHCPV6_ADDR_REG_INFORM)
		addr = client_source(p);
	if (addr != NULL)
		of = subnet_of6(&p->policy->subnets, addr);
	if (of == NULL)
		return d->subnet;
	/* The server's own choice needs no hint, unless the address is one it may not choose. */
	return d->subnet != NULL || !decision_allows(d, of) ? of : NULL;
}

/* RFC 6939: on a bridge the frame's source is the client's own address. */
static void set_mac(const struct packet *p, struct dhcp6_wrap *w)
{
	static const uint8_t link_local[2] = { 0xfe, 0x80 };
	const struct slot *s = p->slot;

	if (p->relay && !p->policy->treat.relay.link_layer)
		return;
	if (s->hw_len != 6 || (s->physindev == 0 && !p->relay) ||
		memcmp(p->in + p->frame.src_off, link_local, sizeof(link_local)) != 0)
		return;
	w->mac = s->hw;
	w->mac_len = s->hw_len;
	w->mac_type = 1;
}

/*
 * RFC 8357: a server answers the port that it was asked from if the outermost relay says so; that
 * is us now, and the packet still leaves from the relay's port.
 */
static void set_port(const struct packet *p, struct dhcp6_wrap *w)
{
	struct tlv t;

	if (dhcp6_layer_get(&p->view6, 0, D6O_RELAY_SOURCE_PORT, &t))
		w->port = p->frame.sport;
}

/*
 * A message that came through two ushers of the same enterprise is a loop, or the second in a row.
 */
static bool already_ours(const struct packet *p)
{
	struct state s;
	struct tlv t;

	return p->relayed && dhcp6_layer_get(&p->view6, 0, D6O_INTERFACE_ID, &t) &&
		state6_get(&s, p->policy->treat.enterprise, t.val, t.len);
}

/*
 * RFC 8415 19.1.1: the server unicasts its Relay-reply to the source of the Relay-forward, port
 * 547; a source below that is kept, since servers answer to 547 whatever it was.
 */
static void set_ports(uint8_t *udp, uint16_t from, uint16_t to)
{
	if (be16_get(udp) == from)
		be16_put(udp, to);
}

/*
 * Without a hint a relay agent's own address on the link is what the server goes by: RFC 8415
 * 19.1.1.
 */
static const uint8_t *link_address(const struct packet *p)
{
	if (p->hinted != NULL)
		return p->hinted->hint6;
	return p->link != NULL && p->link->has6 ? p->link->addr6 : NULL;
}

enum step packet_wrap6(struct packet *p)
{
	uint8_t id[STATE6_MAX], *out = p->slot->out + p->frame.pay_off;
	const struct dhcp6_view *v = &p->view6;
	struct dhcp6_wrap w = { .interface_id = id };
	size_t size, innermost;

	if (!p->policy->default_rules) {
		p->state.flags |= STATE_RULE;
		p->state.rule = p->decision.rule_index;
	}
	innermost = p->relayed ? v->layers[v->depth - 1].at + DHCP6_LINK : 0;
	w.peer = p->in + p->frame.src_off;
	if (p->relayed) {
		w.hops = (uint8_t)(v->msg[DHCP6_HOPS] + 1);
		p->state.flags |= STATE_SAVED_82_5;
		p->state.depth = v->depth;
		memcpy(p->state.link6, v->msg + innermost, 16);
		if (!p->relay)
			set_port(p, &w);
	} else {
		w.link = link_address(p);
		set_mac(p, &w);
	}
	w.interface_id_len = state6_put(&p->state, p->policy->treat.enterprise, id);
	size = dhcp6_wrap_size(&w);
	if (p->frame.pay_off + size + v->len > p->policy->treat.max_ip6)
		return packet_treat(p, p->policy->treat.oversize, CAUSE_oversize);
	memcpy(p->slot->out, p->in, p->frame.pay_off);
	dhcp6_wrap_put(&w, out, v->len);
	memcpy(out + size, v->msg, v->len);
	if (p->relayed && p->hinted != NULL)
		memcpy(out + size + innermost, p->hinted->hint6, 16);
	if (!p->relayed && !p->relay)
		set_ports(p->slot->out + p->frame.udp_off, PORT_CLIENT, PORT_SERVER);
	p->edit6 = (struct dhcp6_edit){ .msg = out, .len = size + v->len, .cap = SLOT_OUT };
	p->editing = true;
	if (p->hinted != NULL)
		packet_event(p, EVENT_steered);
	return STEP_NEXT;
}

enum step stage_steer6(struct packet *p)
{
	unsigned hint = p->relay ? relay_hint(p) : p->decision.hint;

	if (already_ours(p))
		return packet_end(p, p->relay ? STEP_DROP : STEP_PASS, CAUSE_loop);
	p->hinted = subnet_to_name(p);
	if (p->hinted != NULL && (!p->hinted->has_hint6 || hint == HINT_NONE))
		p->hinted = NULL;
	/*
	 * A layer without a hint carries identity and rule only: link-address ::, as RFC 6221 has
	 * it.
	 */
	if (p->hinted == NULL && p->state.id_len == 0 && !p->decision.by_query && !p->relay)
		return STEP_NEXT;
	return packet_wrap6(p);
}

/* The innermost Relay-reply gets back the link-address by which its relay finds the interface. */
static void restore_link(struct packet *p)
{
	struct dhcp6_edit *e = packet_edit6(p);
	const struct dhcp6_view *v = &p->view6;

	memcpy(e->msg + v->layers[v->depth - 1].at + DHCP6_LINK, p->state.link6, 16);
}

enum step stage_restore6(struct packet *p)
{
	struct dhcp6_view *v = &p->view6;
	uint8_t *udp;
	struct tlv t;

	if (v->depth > 0 && dhcp6_layer_get(v, 0, D6O_INTERFACE_ID, &t))
		p->has_state = state6_get(&p->state, p->policy->treat.enterprise, t.val, t.len);
	if (!p->has_state) {
		packet_event(p, EVENT_state_missing);
		/* Relay-forwards of ours all have it, and RFC 8415 19.3 has servers return it. */
		return p->relay ? packet_end(p, STEP_DROP, CAUSE_foreign_answer) : STEP_NEXT;
	}
	/*
	 * RFC 8415 19.3: a server answers with the layers that it was asked with. Of another number
	 * of them it is not known where our link-address is, or who is answered.
	 */
	if (p->state.depth != v->depth - 1)
		return packet_end(p, STEP_DROP, CAUSE_malformed);
	p->kind = (enum kind)p->state.kind;
	dhcp6_view_unwrap(v);
	p->relayed = v->depth > 0;
	packet_edit6(p);
	if (p->relayed)
		restore_link(p);
	if (!p->relayed && !p->relay) {
		udp = p->slot->out + p->frame.udp_off;
		set_ports(udp + 2, PORT_SERVER, PORT_CLIENT);
	}
	packet_event(p, EVENT_restored);
	return p->edit6.err != DHCP_OK ? STEP_FAIL : STEP_NEXT;
}
