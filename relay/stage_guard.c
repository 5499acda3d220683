/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard: is the server's answer in a subnet that the user is entitled to? An OFFER or ADVERTISE
 * elsewhere is dropped, for new leases are refused before they begin; an ACK elsewhere is turned
 * into a NAK in place, and a DHCPv6 address elsewhere loses its lifetimes: so a client that still
 * sits there is moved whatever its server thinks. PROTOCOL A.8, B.5.
 */
#include "relay/packet.h"

static const char nak_text[] = "address not allowed for this client";

/* An option that the NAK takes over from the ACK; copied, since the options are cleared between. */
struct kept {
	uint8_t code;
	bool present;
	size_t len;
	uint8_t val[255];
};

static void keep(struct kept *k, uint8_t code, const uint8_t *val, size_t len)
{
	k->code = code;
	k->present = val != NULL && len <= sizeof(k->val);
	k->len = len;
	if (k->present)
		memcpy(k->val, val, len);
}

static void keep_option(const struct packet *p, struct kept *k, uint8_t code)
{
	uint8_t buf[255];
	size_t len = 0;
	const uint8_t *val = dhcp4_concat(&p->view4, code, buf, sizeof(buf), &len);

	keep(k, code, val, len);
}

/* RFC 2131 table 3: in a DHCPNAK secs, ciaddr, yiaddr and siaddr are 0, sname and file unused. */
static void nak_header(uint8_t *msg)
{
	msg[DHCP4_OP] = BOOTREPLY;
	memset(msg + DHCP4_SECS, 0, 2);
	memset(msg + DHCP4_CIADDR, 0, 12);
	memset(msg + DHCP4_SNAME, 0, DHCP4_SNAME_LEN + DHCP4_FILE_LEN);
	/* RFC 2131 4.3.2: "If 'giaddr' is set ... the server MUST set the broadcast bit in the
	 * DHCPNAK, so that the relay agent will broadcast the DHCPNAK to the client". */
	if (be32_get(msg + DHCP4_GIADDR) != 0)
		msg[DHCP4_FLAGS] |= 0x80;
}

enum step packet_make_nak(struct packet *p, const uint8_t server_id[static 4])
{
	static const uint8_t nak = DHCPNAK;
	struct dhcp4_edit *e = packet_edit4(p);
	struct kept kept[3];
	const uint8_t *agent;
	size_t len = 0;

	/* Option 82 as restore has left it, the others as they came. */
	agent = dhcp4_edit_value(e, DHO_AGENT_OPTIONS, &len);
	keep(&kept[2], DHO_AGENT_OPTIONS, agent, len);
	keep_option(p, &kept[0], DHO_SERVER_ID);
	if (!kept[0].present)
		keep(&kept[0], DHO_SERVER_ID, server_id, 4);
	keep_option(p, &kept[1], DHO_CLIENT_ID);
	nak_header(e->msg);
	dhcp4_edit_clear(e);
	dhcp4_edit_append(e, DHO_MESSAGE_TYPE, &nak, 1);
	dhcp4_edit_append(e, DHO_MESSAGE, (const uint8_t *)nak_text, sizeof(nak_text) - 1);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i].present)
			dhcp4_edit_append(e, kept[i].code, kept[i].val, kept[i].len);
	return e->err == DHCP_OK ? STEP_NEXT : STEP_FAIL;
}

enum step stage_guard4(struct packet *p)
{
	const uint8_t *yiaddr = packet_msg(p) + DHCP4_YIADDR;

	if (p->pxe || p->decision.pass || p->type == DHCPNAK || be32_get(yiaddr) == 0)
		return STEP_NEXT;
	p->found = subnet_of4(&p->policy->subnets, yiaddr);
	if (packet_allows(p, p->found))
		return STEP_NEXT;
	if (p->decision.enforce == ENFORCE_LOG) {
		packet_event(p, EVENT_guard_logged);
		return STEP_NEXT;
	}
	/*
	 * dhclient ignores a NAK in SELECTING: a new lease is refused at its OFFER (PROTOCOL 0.15).
	 */
	if (p->type == DHCPOFFER)
		return packet_end(p, STEP_DROP, CAUSE_wrong_subnet);
	if (p->auth) {
		packet_event(p, EVENT_guard_auth);
		return STEP_NEXT;
	}
	p->cause = CAUSE_moved;
	return packet_make_nak(p, p->in + p->frame.src_off);
}

const struct subnet *packet_subnet_of6(const struct packet *p, const struct dhcp6_lease *l)
{
	return l->is_prefix ? subnet_of_pd(&p->policy->subnets, l->addr, l->prefix_len)
			    : subnet_of6(&p->policy->subnets, l->addr);
}

/* Zeroes the lifetimes of what the client may not have. */
static void withdraw(struct packet *p)
{
	struct dhcp6_edit *e = packet_edit6(p);
	struct dhcp6_walk w = dhcp6_walk(dhcp6_edit_inner(e));
	struct dhcp6_lease l;

	while (dhcp6_walk_next(&w, &l))
		if (l.valid > 0 && !packet_allows(p, packet_subnet_of6(p, &l)))
			memset(dhcp6_edit_at(e, l.times), 0, 8);
	p->cause = CAUSE_moved;
}

enum step stage_guard6(struct packet *p)
{
	struct dhcp6_walk w = dhcp6_walk(dhcp6_inner(&p->view6));
	struct dhcp6_lease l;
	bool wrong = false;

	if (p->decision.pass || (p->type != DHCPV6_ADVERTISE && p->type != DHCPV6_REPLY))
		return STEP_NEXT;
	while (dhcp6_walk_next(&w, &l)) {
		const struct subnet *of = packet_subnet_of6(p, &l);

		if (p->found == NULL)
			p->found = of;
		if (l.valid > 0 && !packet_allows(p, of))
			wrong = true;
	}
	if (!wrong)
		return STEP_NEXT;
	if (p->decision.enforce == ENFORCE_LOG) {
		packet_event(p, EVENT_guard_logged);
		return STEP_NEXT;
	}
	if (p->type == DHCPV6_ADVERTISE)
		return packet_end(p, STEP_DROP, CAUSE_wrong_subnet);
	if (p->auth) {
		packet_event(p, EVENT_guard_auth);
		return STEP_NEXT;
	}
	withdraw(p);
	return STEP_NEXT;
}
