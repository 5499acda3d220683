/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first stages: is this a DHCP message that we understand, which way does it go, and may it
 * come from where it comes from. The tables of PROTOCOL A.1 and B.1 in their order; every refusal
 * has its cause. Looks nobody up and edits nothing.
 */
#include "relay/relay.h"

enum {
	PORT_DHCP4_SERVER = 67,
	PORT_DHCP4_CLIENT = 68,
	PORT_PXE = 4011,             /* proxyDHCP: PXE specification 2.1, section 2.2 */
	PORT_DHCP6_CLIENT = 546,
	PORT_DHCP6_SERVER = 547,
};

/* Without a side that says otherwise a query is from where clients live. */
static void read_side(struct packet *p)
{
	p->side = SIDE_UNKNOWN;
	if (p->pl->side_of != NULL)
		p->side = p->pl->side_of(p->pl->ctx, p->slot, &p->interface);
	if (p->interface == NULL)
		p->interface = "";
	p->untrusted = p->side != SIDE_SERVER;
}

static bool own_address(const struct packet *p, const uint8_t *addr, size_t len)
{
	return p->pl->own_address != NULL && p->pl->own_address(p->pl->ctx, addr, len);
}

/* A fragment or a datagram behind extension headers, by what its ports say, if it has any. */
static bool looks_like_query(const struct packet *p)
{
	const struct frame *f = &p->frame;

	if (!f->has_ports)
		return true;
	return f->family == 4 ? f->dport != PORT_DHCP4_CLIENT : f->dport == PORT_DHCP6_SERVER;
}

static const enum cause frame_causes[DHCP_E_COUNT] = {
	[DHCP_E_SHORT] = CAUSE_bad_ip,     [DHCP_E_VERSION] = CAUSE_bad_ip,
	[DHCP_E_IHL] = CAUSE_bad_ip,       [DHCP_E_IPLEN] = CAUSE_bad_ip,
	[DHCP_E_UDPLEN] = CAUSE_bad_ip,    [DHCP_E_FRAGMENT] = CAUSE_fragment,
	[DHCP_E_EXTHDR] = CAUSE_ext_header, [DHCP_E_PROTO] = CAUSE_not_dhcp,
	[DHCP_E_CSUM] = CAUSE_bad_csum,
};

enum step stage_frame(struct packet *p)
{
	const struct treatment *t = &p->policy->treat;
	/*
	 * CHECKSUM_PARTIAL: the field holds the pseudo header's sum only, there is nothing to
	 * verify.
	 */
	unsigned flags = (p->slot->skb_info & SLOT_CSUM_NOT_READY) != 0 ? 0 : FRAME_VERIFY;
	const struct frame *f = &p->frame;
	bool ours;

	if (p->slot->cap_len > p->in_len)
		return packet_end(p, STEP_PASS, CAUSE_truncated);
	p->err = frame_parse(&p->frame, p->in, p->in_len, flags);
	p->v6 = f->family == 6;
	read_side(p);
	if (p->err == DHCP_E_FRAGMENT || p->err == DHCP_E_EXTHDR) {
		enum treat treat = p->err == DHCP_E_FRAGMENT ? t->fragments : t->ext_headers;

		if (!p->untrusted || (p->side == SIDE_UNKNOWN && !looks_like_query(p)))
			treat = TREAT_PASS;
		return packet_treat(p, treat, frame_causes[p->err]);
	}
	if (p->err != DHCP_OK)
		return packet_end(p, STEP_PASS, frame_causes[p->err]);
	/* RFC 8357: a relay may send from, and be answered at, any port. */
	ours = p->v6 ? f->dport == PORT_DHCP6_SERVER || f->dport == PORT_DHCP6_CLIENT ||
			       f->sport == PORT_DHCP6_SERVER
		     : f->dport == PORT_DHCP4_SERVER || f->dport == PORT_DHCP4_CLIENT ||
			       f->sport == PORT_DHCP4_SERVER || f->sport == PORT_PXE ||
			       f->dport == PORT_PXE;
	return ours ? STEP_NEXT : packet_end(p, STEP_PASS, CAUSE_not_dhcp);
}

static enum step malformed(struct packet *p, bool response)
{
	const struct treatment *t = &p->policy->treat;

	if (response)
		return packet_treat(p, t->malformed_response, CAUSE_malformed);
	return packet_treat(p, p->untrusted ? t->malformed_query : TREAT_PASS, CAUSE_malformed);
}

/*
 * RFC 2131 4.3.2 has neither option 54 nor 50 in a renewal, and no ciaddr in SELECTING.
 * NetworkManager 1.42, once refused, leaves the address that it had in ciaddr when it accepts the
 * next offer: servers go by option 50.
 */
static bool selects_with_ciaddr(const struct packet *p)
{
	const uint8_t *requested = dhcp4_get_addr(&p->view4, DHO_REQUESTED_ADDRESS);

	return dhcp4_has(&p->view4, DHO_SERVER_ID) && requested != NULL &&
		memcmp(requested, packet_msg(p) + DHCP4_CIADDR, 4) != 0;
}

/* PROTOCOL A.1: DISCOVER to REBINDING are told apart by 50, 54 and ciaddr. */
static enum kind kind_of4(const struct packet *p)
{
	static const enum kind kinds[] = {
		[DHCPDISCOVER] = KIND_DISCOVER, [DHCPDECLINE] = KIND_DECLINE,
		[DHCPRELEASE] = KIND_RELEASE, [DHCPINFORM] = KIND_INFORM,
	};
	const uint8_t *msg = packet_msg(p), *dst = p->in + p->frame.dst_off;

	if (p->type != DHCPREQUEST)
		return p->type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[p->type] : KIND_UNKNOWN;
	if (be32_get(msg + DHCP4_CIADDR) != 0) {
		if (be32_get(dst) != UINT32_MAX && be32_get(msg + DHCP4_GIADDR) == 0)
			return KIND_RENEWING;
		return selects_with_ciaddr(p) ? KIND_SELECTING : KIND_REBINDING;
	}
	return dhcp4_has(&p->view4, DHO_SERVER_ID) ? KIND_SELECTING : KIND_INIT_REBOOT;
}

/*
 * RFC 3118 section 5: with authentication everything but hops, giaddr and option 82 is under the
 * MAC. Protocol 0 is a token and RFC 6704's key delivery (protocol 3, first byte 1) has no MAC
 * either.
 */
static bool authenticated4(const struct packet *p)
{
	struct tlv t;

	if (!dhcp4_get(&p->view4, DHO_AUTHENTICATION, &t))
		return false;
	return !(p->policy->treat.auth_key_delivery && t.len >= 12 && t.val[0] == 3 &&
		t.val[11] == 1);
}

/*
 * RFC 4030 section 4: with this sub-option the server's answer to the relay is under a MAC as a
 * whole. We have left such a query alone, and so its answer.
 */
static bool relay_authenticated4(const struct packet *p)
{
	uint8_t buf[512];
	size_t len = 0;
	struct tlv t;
	const uint8_t *val =
		dhcp4_concat(&p->view4, DHO_AGENT_OPTIONS, buf, sizeof(buf), &len);

	return val != NULL && agent_get(val, len, RAI_AUTH, &t);
}

static enum step check_relayed4(struct packet *p)
{
	const struct treatment *t = &p->policy->treat;
	const uint8_t *giaddr = packet_msg(p) + DHCP4_GIADDR;

	/*
	 * RFC 3046 2.1.1: a giaddr of our own in a query that did not pass us is a loop or a lie.
	 */
	if (own_address(p, giaddr, 4))
		return packet_end(p, STEP_DROP, CAUSE_own_address);
	if (p->untrusted && !prefixes_hold(t->relays4, t->relay_count4, giaddr) &&
		!prefixes_hold(t->relays4, t->relay_count4, p->in + p->frame.src_off))
		return packet_end(p, STEP_DROP, CAUSE_spoofed_giaddr);
	p->untrusted = false;
	return STEP_NEXT;
}

static enum step check_direct4(struct packet *p)
{
	const uint8_t *msg = packet_msg(p);
	const struct slot *s = p->slot;

	/*
	 * The frame's source is the client only on its own link: a bridge port, or one we relay
	 * for.
	 */
	if ((s->physindev == 0 && (!p->relay || p->kind == KIND_RENEWING)) || s->hw_len != 6 ||
		msg[DHCP4_HLEN] != 6 || memcmp(s->hw, msg + DHCP4_CHADDR, 6) == 0)
		return STEP_NEXT;
	packet_event(p, EVENT_chaddr_differs);
	if (p->untrusted && p->policy->treat.strict_chaddr)
		return packet_end(p, STEP_DROP, CAUSE_chaddr_mismatch);
	return STEP_NEXT;
}

/* Without a message type it is BOOTP; one of 0 is a type that nobody knows. */
static bool is_bootp(const struct packet *p)
{
	return p->type == DHCP4_BOOTP && !dhcp4_has(&p->view4, DHO_MESSAGE_TYPE);
}

static enum step check_query4(struct packet *p)
{
	const struct treatment *t = &p->policy->treat;
	const uint8_t *msg = packet_msg(p);
	enum step step;

	/* A server does not send queries: what comes from its side is not ours to steer. */
	if (p->side == SIDE_SERVER)
		return packet_end(p, STEP_PASS, CAUSE_untouched);
	p->relayed = be32_get(msg + DHCP4_GIADDR) != 0;
	p->relay = relay_takes(p) && !p->pxe;
	/* RFC 1542 4.1.1: "MUST silently discard" above the limit, 16 at most; we would add one. */
	if (msg[DHCP4_HOPS] > t->max_hops - p->relay)
		return packet_end(p, STEP_DROP, CAUSE_hops);
	p->kind = kind_of4(p);
	if (t->relay.on && !p->relay)
		relay_note_passing4(p);
	step = p->relayed ? check_relayed4(p) : check_direct4(p);
	if (step == STEP_NEXT && p->relay)
		step = relay_take_query4(p);
	if (step != STEP_NEXT)
		return step;
	if (is_bootp(p)) {
		/* Who relays a client's word about where it is answers for it. */
		step = p->relay ? stage_strip4(p) : STEP_NEXT;
		return step == STEP_NEXT ? packet_treat(p, t->bootp, CAUSE_bootp) : step;
	}
	if (p->type == DHCPLEASEQUERY || p->type == DHCPBULKLEASEQUERY ||
		p->type == DHCPACTIVELEASEQUERY)
		return packet_treat(p, p->untrusted ? t->leasequery : TREAT_PASS, CAUSE_leasequery);
	return STEP_NEXT;
}

static bool holds_state(const struct packet *p)
{
	return state_within(p->policy->treat.enterprise, packet_msg(p), p->frame.pay_len);
}

enum step stage_view4(struct packet *p)
{
	const uint8_t *msg = packet_msg(p);
	enum step step;

	p->err = dhcp4_view_init(&p->view4, msg, p->frame.pay_len);
	if (p->err == DHCP_E_SHORT || p->err == DHCP_E_OP)
		return packet_end(p, STEP_PASS, CAUSE_not_dhcp);
	/* The op field decides, never the ports: relays speak from 67 to 67. */
	p->response = msg[DHCP4_OP] == BOOTREPLY;
	if (p->response && p->side == SIDE_CLIENT)
		return packet_end(p, STEP_DROP, CAUSE_rogue_reply);
	/* Nothing of ours reaches anybody, and what cannot be read cannot be put right. */
	if (p->err != DHCP_OK && p->response && holds_state(p))
		return packet_end(p, STEP_DROP, CAUSE_malformed);
	if (p->err != DHCP_OK)
		return malformed(p, p->response);
	p->type = p->view4.type;
	/* By the server's port: its own the client may choose. */
	p->pxe = (p->response ? p->frame.sport : p->frame.dport) == PORT_PXE;
	p->auth = authenticated4(p);
	if (!p->response)
		return check_query4(p);
	p->relayed = be32_get(msg + DHCP4_GIADDR) != 0;
	p->auth |= p->relayed && relay_authenticated4(p);
	if (p->policy->treat.relay.on && relay_take_response4(p) == STEP_DROP)
		return STEP_DROP;
	if (is_bootp(p))
		return packet_end(p, STEP_PASS, CAUSE_bootp);
	if (packet_is_answer4(p))
		return STEP_NEXT;
	/* RFC 4388 6.4.2: the option 82 that was stored with the lease is the one that we wrote. */
	step = holds_state(p) ? stage_restore4(p) : STEP_NEXT;
	return step == STEP_NEXT ? packet_end(p, STEP_PASS, CAUSE_other_type) : step;
}

/* PROTOCOL B.1: which way a message type goes. Types not here are unknown, and passed. */
enum way { WAY_UNKNOWN, WAY_UP, WAY_DOWN };
static const uint8_t ways[] = {
	[1] = WAY_UP, [2] = WAY_DOWN, [3] = WAY_UP, [4] = WAY_UP, [5] = WAY_UP, [6] = WAY_UP,
	[7] = WAY_DOWN, [8] = WAY_UP, [9] = WAY_UP, [10] = WAY_DOWN, [11] = WAY_UP, [12] = WAY_UP,
	[13] = WAY_DOWN, [14] = WAY_UP, [15] = WAY_DOWN, [16] = WAY_DOWN, [17] = WAY_DOWN,
	[18] = WAY_UP, [19] = WAY_DOWN, [20] = WAY_UP, [21] = WAY_DOWN, [22] = WAY_UP,
	[36] = WAY_UP, [37] = WAY_DOWN,
};

static enum way way_of(uint8_t type)
{
	return type < sizeof(ways) ? (enum way)ways[type] : WAY_UNKNOWN;
}

/* What of a client's query is steered; the others are not ours (PROTOCOL B.3). */
static bool steered6(uint8_t type)
{
	return (type >= DHCPV6_SOLICIT && type <= DHCPV6_INFORMATION_REQUEST &&
		way_of(type) == WAY_UP) || type == DHCPV6_ADDR_REG_INFORM;
}

/*
 * RFC 8415 20.4: protocol 2 is the obsolete delayed authentication; protocol 3 (reconfigure key)
 * carries the key itself (type 1) in a Reply, without a MAC, or an HMAC (type 2).
 */
static bool authenticated6(const struct packet *p)
{
	struct tlv t;

	if (!dhcp6_get(&p->view6, D6O_AUTH, &t))
		return false;
	return !(t.val[0] == 3 && t.len >= 12 && t.val[11] == 1);
}

/*
 * PROTOCOL B.1: a message for servers that comes from where they are is on the wrong side. What
 * this host sends itself is on no side, and a trusted relay may stand on any.
 */
static enum step refuse_query6(struct packet *p)
{
	const struct treatment *t = &p->policy->treat;

	if (p->slot->hook == HOOK_LOCAL_OUT ||
		prefixes_hold(t->relays6, t->relay_count6, p->in + p->frame.src_off))
		return packet_end(p, STEP_PASS, CAUSE_untouched);
	return packet_end(p, STEP_DROP, CAUSE_rogue_query);
}

static enum step check_query6(struct packet *p)
{
	const struct treatment *t = &p->policy->treat;
	const struct dhcp6_view *v = &p->view6;

	if (p->side == SIDE_SERVER)
		return refuse_query6(p);
	p->relayed = v->outer_type == DHCPV6_RELAY_FORW;
	if (p->relayed) {
		if (p->untrusted &&
			!prefixes_hold(t->relays6, t->relay_count6, p->in + p->frame.src_off))
			return packet_end(p, STEP_DROP, CAUSE_spoofed_relay);
		p->untrusted = false;
		/* RFC 8415 19.1.2: "If ... the hop-count value is greater than or equal to
		 * HOP_COUNT_LIMIT, the relay agent discards the received message." */
		if (v->msg[DHCP6_HOPS] >= t->max_hops6 || v->depth == DHCP6_LAYERS)
			return packet_end(p, STEP_DROP, CAUSE_hops);
	}
	if (relay_takes(p) && relay_take_query6(p) == STEP_DROP)
		return STEP_DROP;
	if (!steered6(p->type))
		return packet_end(p, STEP_PASS, CAUSE_other_type);
	/* RFC 8415 16: servers discard one "that does not include a Client Identifier option". */
	if (p->type != DHCPV6_INFORMATION_REQUEST && !dhcp6_has(v, D6O_CLIENTID))
		return malformed(p, false);
	p->kind = p->type < KIND6_OTHER ? (enum kind)p->type : KIND6_OTHER;
	return STEP_NEXT;
}

/* Whether a layer of ours is whole, whatever is wrong with what it holds. */
static bool is_wrapped(const struct packet *p)
{
	const uint8_t *msg = packet_msg(p);
	size_t len = p->frame.pay_len;
	struct tlv t;

	return msg[0] == DHCPV6_RELAY_REPL && len >= DHCP6_RELAY_HEAD &&
		tlv_find(&TLV_DHCP6, msg + DHCP6_RELAY_HEAD, len - DHCP6_RELAY_HEAD, D6O_RELAY_MSG,
			&t) &&
		tlv_find(&TLV_DHCP6, msg + DHCP6_RELAY_HEAD, len - DHCP6_RELAY_HEAD,
			D6O_INTERFACE_ID, &t) &&
		state_within(p->policy->treat.enterprise, t.val, t.len);
}

enum step stage_view6(struct packet *p)
{
	const uint8_t *msg = packet_msg(p);
	enum way way;

	if (p->frame.pay_len < 1)
		return packet_end(p, STEP_PASS, CAUSE_not_dhcp);
	way = way_of(msg[0]);
	p->response = way == WAY_DOWN;
	/*
	 * RFC 8415 19.1: a relay agent relays what it does not know; who stands in the path lets it
	 * pass.
	 */
	if (way == WAY_UNKNOWN && !(relay_takes(p) && p->side == SIDE_CLIENT))
		return packet_end(p, STEP_PASS, CAUSE_other_type);
	if (p->response && p->side == SIDE_CLIENT)
		return packet_end(p, STEP_DROP, CAUSE_rogue_reply);
	p->err = dhcp6_view_init(&p->view6, msg, p->frame.pay_len);
	/*
	 * A Relay-forward of a client's own is refused before anybody asks whether it is well made.
	 */
	if (p->err != DHCP_OK && msg[0] == DHCPV6_RELAY_FORW && p->untrusted &&
		!prefixes_hold(p->policy->treat.relays6, p->policy->treat.relay_count6,
			p->in + p->frame.src_off))
		return packet_end(p, STEP_DROP, CAUSE_spoofed_relay);
	if (p->err != DHCP_OK && p->response && is_wrapped(p))
		return packet_end(p, STEP_DROP, CAUSE_malformed);
	if (p->err != DHCP_OK)
		return malformed(p, p->response);
	p->type = p->view6.type;
	p->auth = authenticated6(p);
	if (!p->response)
		return check_query6(p);
	p->relayed = p->view6.depth > 0;
	if (p->policy->treat.relay.on && relay_take_response6(p) != STEP_NEXT)
		return p->cause == CAUSE_other_type ? STEP_PASS : STEP_DROP;
	if (p->type == DHCPV6_ADVERTISE || p->type == DHCPV6_REPLY || p->relayed)
		return STEP_NEXT;
	return packet_end(p, STEP_PASS, CAUSE_other_type);
}
