/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hook points in the stage table: which packets are ones for which point. Kea runs
 * subnet4_select for DISCOVER, REQUEST and INFORM only, subnet6_select for every message of a
 * client; a lease is selected, renewed or rebound when the answer that says so comes by, since only
 * that shows it (USER_CHK.md 6.4).
 */
#include "relay/hook_parts.h"

static bool looks_like_query(const struct packet *p)
{
	static const uint32_t up = 1U << DHCPV6_SOLICIT | 1U << DHCPV6_REQUEST |
				   1U << DHCPV6_CONFIRM | 1U << DHCPV6_RENEW | 1U << DHCPV6_REBIND |
				   1U << DHCPV6_RELEASE | 1U << DHCPV6_DECLINE |
				   1U << DHCPV6_INFORMATION_REQUEST | 1U << DHCPV6_RELAY_FORW;
	const uint8_t *msg = packet_msg(p);

	if (p->frame.pay_len == 0 || p->side == SIDE_SERVER)
		return false;
	return p->v6 ? msg[0] < 32 && (up >> msg[0] & 1) != 0 : msg[0] == BOOTREQUEST;
}

enum step hook_buffer_receive(struct packet *p)
{
	return looks_like_query(p) ? hook_run(p, HOOK_BUFFER_RECEIVE, false, 0) : STEP_NEXT;
}

enum step hook_before_receive(struct packet *p)
{
	if (p->response)
		return STEP_NEXT;
	hook_exchange_expect(p->hooks->hooks->exchanges);
	return hook_run(p, HOOK_PKT_RECEIVE, true, 0);
}

enum step hook_pkt_receive(struct packet *p)
{
	return p->response ? STEP_NEXT : hook_run(p, HOOK_PKT_RECEIVE, false, 0);
}

static bool selects(const struct packet *p)
{
	return !p->response && (p->v6 || p->type == DHCPDISCOVER || p->type == DHCPREQUEST ||
		p->type == DHCPINFORM);
}

enum step hook_before_select(struct packet *p)
{
	return selects(p) ? hook_run(p, HOOK_SUBNET_SELECT, true, 0) : STEP_NEXT;
}

/* What the query was is known to its answer only by the state, so the state must travel. */
static void let_state_travel(struct packet *p)
{
	const struct hooks *h = p->hooks->hooks;

	for (int k = HOOK_LEASE_SELECT; k <= HOOK_LEASES_COMMITTED; k++)
		if (h->lists[k][p->v6][0].count > 0)
			p->decision.by_query = true;
	if (h->leases != NULL)
		p->decision.by_query = true;
}

enum step hook_subnet_select(struct packet *p)
{
	if (p->response)
		return STEP_NEXT;
	let_state_travel(p);
	return selects(p) ? hook_run(p, HOOK_SUBNET_SELECT, false, 0) : STEP_NEXT;
}

static void forget_leases(const struct packet *p, bool declined)
{
	struct hook_leases *t = p->hooks->hooks->leases;
	struct usher_lease l;

	for (size_t i = 0; t != NULL && hook_lease_at(p, i, &l); i++) {
		if (declined)
			hook_leases_declined(t, &l, p->slot->time_ns / 1000000000);
		else
			hook_leases_released(t, &l);
	}
}

enum step hook_lease_end(struct packet *p)
{
	bool release = p->type == (p->v6 ? (int)DHCPV6_RELEASE : (int)DHCPRELEASE);
	bool decline = p->type == (p->v6 ? (int)DHCPV6_DECLINE : (int)DHCPDECLINE);
	struct usher_lease l;
	enum step step = STEP_NEXT;

	if (p->response || (!release && !decline))
		return STEP_NEXT;
	for (size_t i = 0; step == STEP_NEXT && hook_lease_at(p, i, &l); i++)
		step = hook_run(p, release ? HOOK_LEASE_RELEASE : HOOK_LEASE_DECLINE, false, i);
	if (step == STEP_NEXT && !hook_cut_leases(p))
		step = packet_end(p, STEP_DROP, CAUSE_no_space);
	if (step == STEP_NEXT)
		step = hook_run(p, HOOK_LEASES_COMMITTED, false, 0);
	if (step == STEP_NEXT)
		forget_leases(p, decline);
	return step;
}

/*
 * Which point the lease of an ACK is one for; HOOK_KINDS: none. INIT-REBOOT is about an old lease.
 */
static enum hook_kind lease_kind4(const struct packet *p)
{
	const uint8_t *msg = packet_msg(p);

	if (p->pxe || p->cause == CAUSE_moved || be32_get(msg + DHCP4_YIADDR) == 0)
		return HOOK_KINDS;
	if (p->type == DHCPOFFER)
		return HOOK_LEASE_SELECT;
	if (p->type != DHCPACK || (p->has_state && p->kind == KIND_INFORM))
		return HOOK_KINDS;
	if (p->has_state)
		return p->kind == KIND_SELECTING || p->kind == KIND_DISCOVER ? HOOK_LEASE_SELECT
									     : HOOK_LEASE_RENEW;
	return be32_get(msg + DHCP4_CIADDR) != 0 ? HOOK_LEASE_RENEW : HOOK_LEASE_SELECT;
}

static enum hook_kind lease_kind6(const struct packet *p)
{
	if (p->type == DHCPV6_ADVERTISE)
		return HOOK_LEASE_SELECT;
	if (p->type != DHCPV6_REPLY)
		return HOOK_KINDS;
	if (!p->has_state || p->kind == (enum kind)DHCPV6_REQUEST ||
		p->kind == (enum kind)DHCPV6_SOLICIT)
		return HOOK_LEASE_SELECT;
	if (p->kind == (enum kind)DHCPV6_RENEW)
		return HOOK_LEASE_RENEW;
	return p->kind == (enum kind)DHCPV6_REBIND ? HOOK_LEASE_REBIND : HOOK_KINDS;
}

static enum hook_kind lease_kind(const struct packet *p)
{
	if (!p->response)
		return HOOK_KINDS;
	return p->v6 ? lease_kind6(p) : lease_kind4(p);
}

/*
 * They are looked for once: no stage behind hook_lease() takes one away, and the way through them
 * is not a short one.
 */
static uint64_t leases_in(const struct packet *p)
{
	struct hook_memory *m = p->hooks;

	if (!m->leases_known)
		m->leases = hook_leases_in(p);
	m->leases_known = true;
	return m->leases;
}

/* Each lease of its own, as in Kea. One that is taken back is none. */
enum step hook_lease(struct packet *p)
{
	enum hook_kind kind = lease_kind(p);
	enum step step = STEP_NEXT;

	if (kind == HOOK_KINDS || p->hooks->hooks->lists[kind][p->v6][0].count == 0)
		return STEP_NEXT;
	for (uint64_t left = leases_in(p); step == STEP_NEXT && left != 0; left &= left - 1)
		step = hook_run(p, kind, false, (size_t)__builtin_ctzll(left));
	return step;
}

static bool grants(const struct packet *p)
{
	return lease_kind(p) != HOOK_KINDS &&
		p->type != (p->v6 ? (int)DHCPV6_ADVERTISE : (int)DHCPOFFER) && leases_in(p) != 0;
}

enum step hook_committed(struct packet *p)
{
	const struct hooks *h = p->hooks->hooks;

	if (h->leases == NULL && h->lists[HOOK_LEASES_COMMITTED][p->v6][0].count == 0)
		return STEP_NEXT;
	if (!grants(p))
		return STEP_NEXT;
	p->hooks->committed = true;
	return hook_run(p, HOOK_LEASES_COMMITTED, false, 0);
}

static bool is_sent(const struct packet *p)
{
	return p->response && (!p->v6 || p->type == DHCPV6_ADVERTISE || p->type == DHCPV6_REPLY);
}

enum step hook_before_send(struct packet *p)
{
	return is_sent(p) ? hook_run(p, HOOK_PKT_SEND, true, 0) : STEP_NEXT;
}

enum step hook_pkt_send(struct packet *p)
{
	return is_sent(p) ? hook_run(p, HOOK_PKT_SEND, false, 0) : STEP_NEXT;
}

enum step hook_buffer_send(struct packet *p)
{
	return is_sent(p) ? hook_run(p, HOOK_BUFFER_SEND, false, 0) : STEP_NEXT;
}
