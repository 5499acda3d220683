/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outcome: what was granted, refused or given back on the wire, told from the message that says
 * so. How a record looks is record.c's, when and how it gets to the disk is outcome.c's.
 * USER_CHK.md section 4, PROTOCOL D.
 */
#include "relay/record.h"

static void tell(struct packet *p, enum event counter, const struct record *r)
{
	packet_event(p, counter);
	record_put(p, r);
}

/* A server has answered. server: its identifier, NULL if the answer has none. */
static void note_answer(struct packet *p, const uint8_t *server, size_t len)
{
	if (p->answer_us >= 0)
		histogram_add(&p->pl->counters->answers, (uint64_t)p->answer_us, 1);
	if (server != NULL && p->pl->servers != NULL)
		servers_count(p->pl->servers, p->v6 ? 6 : 4, server, len, 1);
}

/*
 * RFC 2131 4.4.4, 4.4.6: DECLINE names the address in option 50, RELEASE in ciaddr; neither is
 * answered.
 */
static void query4(struct packet *p)
{
	struct record r = { .event = RECORD_released, .addr = packet_msg(p) + DHCP4_CIADDR };

	if (p->type == DHCPRELEASE)
		tell(p, EVENT_outcome_released, &r);
	/* Relay mode: our own NAK takes the address away. */
	if (p->cause == CAUSE_refused) {
		r.event = RECORD_moved;
		r.addr = packet_followed4(p);
		record_put(p, &r);
	}
	r.event = RECORD_declined;
	r.addr = dhcp4_get_addr(&p->view4, DHO_REQUESTED_ADDRESS);
	if (p->type == DHCPDECLINE)
		tell(p, EVENT_outcome_declined, &r);
}

/* The servers copy ciaddr into the ACK to a renewal, so that the state is not needed to tell. */
static bool renewal4(const struct packet *p)
{
	if (p->has_state)
		return p->kind == KIND_RENEWING || p->kind == KIND_REBINDING;
	return be32_get(packet_msg(p) + DHCP4_CIADDR) != 0;
}

enum step stage_outcome4(struct packet *p)
{
	const uint8_t *msg = packet_msg(p), *yiaddr = msg + DHCP4_YIADDR;
	struct record r = { .addr = yiaddr, .granted = p->granted, .sent = p->sent };

	if (!p->response) {
		query4(p);
		return STEP_NEXT;
	}
	if (p->pxe)
		return STEP_NEXT;
	note_answer(p, dhcp4_get_addr(&p->view4, DHO_SERVER_ID), 4);
	if (p->cause == CAUSE_moved) {
		r.event = RECORD_moved;
		record_put(p, &r);
		return STEP_NEXT;
	}
	if (p->type == DHCPNAK) {
		r = (struct record){ .event = RECORD_refused };
		tell(p, EVENT_outcome_refused, &r);
		return STEP_NEXT;
	}
	/* The ACK to an INFORM has no yiaddr; dnsmasq may send it option 51, so that is no sign. */
	r.event = RECORD_offered;
	if (p->type != DHCPACK || be32_get(yiaddr) == 0) {
		record_put(p, &r);
		return STEP_NEXT;
	}
	r.event = renewal4(p) ? RECORD_renewed : RECORD_granted;
	tell(p, EVENT_outcome_granted, &r);
	return STEP_NEXT;
}

/* One record of each address and prefix; of an IA without any, as it stands for itself. */
static void given_up6(struct packet *p, enum event counter, enum record_event event)
{
	struct dhcp6_walk w = dhcp6_walk(dhcp6_inner(&p->view6));
	struct record r = { .event = event };
	struct dhcp6_lease lease;
	bool any = false;

	for (; dhcp6_walk_next(&w, &lease); any = true) {
		r.addr = lease.addr;
		r.prefix_len = lease.prefix_len;
		r.is_prefix = lease.is_prefix;
		tell(p, counter, &r);
	}
	if (!any)
		tell(p, counter, &r);
}

static void query6(struct packet *p)
{
	/* A library has kept all of them. */
	if (!dhcp6_has(&p->view6, D6O_IA_NA) && !dhcp6_has(&p->view6, D6O_IA_TA) &&
		!dhcp6_has(&p->view6, D6O_IA_PD))
		return;
	if (p->type == DHCPV6_RELEASE)
		given_up6(p, EVENT_outcome_released, RECORD_released);
	if (p->type == DHCPV6_DECLINE)
		given_up6(p, EVENT_outcome_declined, RECORD_declined);
}

/* was: the same lease as the server sent it. */
static struct record record_of(
	const struct packet *p, const struct dhcp6_lease *lease, const struct dhcp6_lease *was)
{
	struct record r = {
		.event = RECORD_offered,
		.addr = lease->addr,
		.prefix_len = lease->prefix_len,
		.is_prefix = lease->is_prefix,
		.granted = was->valid,
		.sent = lease->valid,
	};

	if (p->type == DHCPV6_REPLY)
		r.event = p->kind == (enum kind)DHCPV6_RENEW || p->kind == (enum kind)DHCPV6_REBIND
			? RECORD_renewed : RECORD_granted;
	return r;
}

/*
 * An address that the guard has taken away, or the server itself, in a REPLY that moves the client.
 */
static void withdrawn6(struct packet *p, const struct dhcp6_lease *lease)
{
	struct record r = record_of(p, lease, lease);

	if (p->type != DHCPV6_REPLY)
		return;
	r.event = RECORD_moved;
	r.granted = 0;
	record_put(p, &r);
}

static void lease6(struct packet *p, const struct dhcp6_lease *lease, const struct dhcp6_lease *was,
	bool moves)
{
	struct record r = record_of(p, lease, was);

	if (moves && r.event == RECORD_renewed)
		r.event = RECORD_granted;
	if (lease->valid == 0)
		withdrawn6(p, lease);
	else if (p->type == DHCPV6_REPLY)
		tell(p, EVENT_outcome_granted, &r);
	else
		record_put(p, &r);
}

/*
 * RFC 8415 18.3.4: a server that moves a client answers its Renew with the old address at 0/0 and a
 * new one beside it, which is no renewal.
 */
static bool moves(const struct dhcp6_ia *ia)
{
	struct tlv_iter sub = dhcp6_ia_begin(ia);
	struct dhcp6_lease lease;

	while (dhcp6_next_lease(&sub, &lease))
		if (lease.valid == 0)
			return true;
	return false;
}

/*
 * A lease is granted by a REPLY without a status at the top or in the IA, whose valid lifetime is
 * not zero: an address at 0/0 is one taken back. Read from what leaves, after guard and clamp,
 * beside what came: no edit adds or removes an IA or what is in one.
 */
static void leases6(struct packet *p)
{
	struct tlv_iter was = dhcp6_inner(&p->view6);
	struct tlv_iter it = p->editing ? dhcp6_edit_inner(&p->edit6) : was;
	struct record refused = { .event = RECORD_refused };
	struct dhcp6_lease lease, lease_was;
	struct dhcp6_ia ia, ia_was;

	while (dhcp6_next_ia(&it, &ia) && dhcp6_next_ia(&was, &ia_was)) {
		struct tlv_iter sub = dhcp6_ia_begin(&ia), sub_was = dhcp6_ia_begin(&ia_was);

		if (dhcp6_status(ia.sub, ia.sub_len) != 0) {
			tell(p, EVENT_outcome_refused, &refused);
			continue;
		}
		while (dhcp6_next_lease(&sub, &lease) && dhcp6_next_lease(&sub_was, &lease_was))
			lease6(p, &lease, &lease_was, moves(&ia));
	}
}

enum step stage_outcome6(struct packet *p)
{
	struct record refused = { .event = RECORD_refused };
	bool named;
	struct tlv t;

	if (!p->response) {
		query6(p);
		return STEP_NEXT;
	}
	named = dhcp6_get(&p->view6, D6O_SERVERID, &t);
	note_answer(p, named ? t.val : NULL, named ? t.len : 0);
	/* A lease is a DUID's, whatever the user is found by. */
	if (!dhcp6_has(&p->view6, D6O_CLIENTID) ||
		(p->type != DHCPV6_REPLY && p->type != DHCPV6_ADVERTISE))
		return STEP_NEXT;
	/* The REPLY to a Release or Decline confirms what the query was recorded for. */
	if (p->has_state && (p->kind == (enum kind)DHCPV6_RELEASE ||
				    p->kind == (enum kind)DHCPV6_DECLINE))
		return STEP_NEXT;
	if (dhcp6_top_status(&p->view6) != 0)
		tell(p, EVENT_outcome_refused, &refused);
	else
		leases6(p);
	return STEP_NEXT;
}
