/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pkt_send for DHCPv6: the user's options go into the answer, inside whatever relay layers are
 * left, and lifetimes are cut to the subnet's limit. Hides the DOCSIS sub-options in which
 * user_chk's two attributes travel. USER_CHK.md 3.4, PROTOCOL B.5; RFC 8415 section 21,
 * CL-SP-CANN-DHCP-Reg.
 */
#include "relay/override.h"

#include <arpa/inet.h>

enum {
	ENTERPRISE_CABLELABS = 4491,
	CL_TFTP_SERVERS = 32,        /* a list of IPv6 addresses */
	CL_CONFIG_FILE_NAME = 33,    /* a string */
};

static bool has_lease(const struct dhcp6_view *v)
{
	struct dhcp6_walk w = dhcp6_walk(dhcp6_inner(v));
	struct dhcp6_lease l;

	return dhcp6_walk_next(&w, &l);
}

/*
 * Only answers that carry configuration are given any: ADVERTISE, and the REPLY to a Solicit,
 * Request, Renew, Rebind or Information-request. Without state a REPLY that has a status, or IAs
 * and nothing in them, answers a Confirm, Release or Decline.
 */
static bool takes_options(const struct packet *p)
{
	static const uint32_t kinds = 1U << DHCPV6_SOLICIT | 1U << DHCPV6_REQUEST |
		1U << DHCPV6_RENEW | 1U << DHCPV6_REBIND | 1U << DHCPV6_INFORMATION_REQUEST;
	const struct dhcp6_view *v = &p->view6;

	if (p->type == DHCPV6_ADVERTISE)
		return true;
	if (p->type != DHCPV6_REPLY)
		return false;
	if (p->has_state)
		return (kinds >> p->kind & 1) != 0;
	if (dhcp6_has(v, D6O_IA_NA) || dhcp6_has(v, D6O_IA_TA) || dhcp6_has(v, D6O_IA_PD))
		return has_lease(v);
	return !dhcp6_has(v, D6O_STATUS_CODE);
}

static void count_edit(struct packet *p, enum dhcp_err err)
{
	if (err == DHCP_E_NOSPACE)
		p->edit6.err = DHCP_OK;
	packet_event(p, err == DHCP_OK ? EVENT_overridden : EVENT_override_skipped);
}

static void set_vendor(struct packet *p, uint32_t enterprise, uint16_t sub, const uint8_t *val,
	size_t len, bool create)
{
	struct dhcp6_edit *e = packet_edit6(p);

	count_edit(p, dhcp6_edit_vendor(e, enterprise, sub, val, len, create));
}

/* The addresses of a text list, 16 bytes each; 0 if it is not a list of IPv6 addresses. */
static size_t parse_addresses(const char *text, size_t len, uint8_t *out, size_t cap)
{
	size_t n = 0, i = 0;

	while (i < len) {
		char one[INET6_ADDRSTRLEN];
		size_t from = i;

		while (i < len && text[i] != ',' && text[i] != ' ')
			i++;
		if (i == from) {
			i++;
			continue;
		}
		if (i - from >= sizeof(one) || 16 > cap - n)
			return 0;
		memcpy(one, text + from, i - from);
		one[i - from] = '\0';
		if (inet_pton(AF_INET6, one, out + n) != 1)
			return 0;
		n += 16;
	}
	return n;
}

/*
 * user_chk writes both as text and only where the answer already has option 17; we look for the
 * enterprise, make the option if asked to, and write addresses as addresses.
 */
static void override_boot(struct packet *p, const struct reg_user *user)
{
	const struct treatment *t = &p->policy->treat;
	uint8_t addrs[16 * 16];
	const char *val;
	size_t len, n;

	if (registry_known(user, REG_ATTR_BOOTFILE, &val, &len))
		set_vendor(p, ENTERPRISE_CABLELABS, CL_CONFIG_FILE_NAME, (const uint8_t *)val, len,
			t->vendor_create);
	if (!registry_known(user, REG_ATTR_TFTP_SERVER, &val, &len))
		return;
	n = t->docsis_string ? 0 : parse_addresses(val, len, addrs, sizeof(addrs));
	set_vendor(p, ENTERPRISE_CABLELABS, CL_TFTP_SERVERS, n > 0 ? addrs : (const uint8_t *)val,
		n > 0 ? n : len, t->vendor_create);
}

static void override_option(struct packet *p, const struct override *o)
{
	struct dhcp6_edit *e = packet_edit6(p);
	struct tlv t;

	if (o->suboption != 0) {
		set_vendor(p, o->enterprise, o->suboption,
			o->how == OPTION_REMOVE ? NULL : o->bytes, o->len, true);
		return;
	}
	if (o->how == OPTION_REMOVE) {
		dhcp6_edit_del(e, o->code);
	} else if (o->how != OPTION_DEFAULT || !dhcp6_get(&p->view6, o->code, &t)) {
		dhcp6_edit_set(e, o->code, o->bytes, o->len);
		count_edit(p, e->err);
	}
}

enum step stage_send6(struct packet *p)
{
	size_t limit = packet_longest(p) - p->frame.pay_off;
	const struct reg_user *user = override_user(p);
	struct override_iter it = override_begin(p);
	struct override o;

	if (p->decision.pass)
		return STEP_NEXT;
	if (p->auth) {
		if (takes_options(p) && override_any(p))
			packet_event(p, EVENT_override_skipped);
		return STEP_NEXT;
	}
	/* RFC 8415 21.12: a client that got it would go on by unicast, around us. */
	if ((p->type == DHCPV6_REPLY || p->type == DHCPV6_ADVERTISE) &&
		dhcp6_has(&p->view6, D6O_UNICAST))
		dhcp6_edit_del(packet_edit6(p), D6O_UNICAST);
	if (!takes_options(p) || !override_any(p))
		return STEP_NEXT;
	if (p->frame.pay_len > limit)
		limit = p->frame.pay_len;
	dhcp6_edit_limit(packet_edit6(p), limit);
	while (override_next(&it, &o))
		override_option(p, &o);
	if (user != NULL)
		override_boot(p, user);
	dhcp6_edit_limit(packet_edit6(p), SLOT_OUT);
	return p->edit6.err == DHCP_OK ? STEP_NEXT : STEP_FAIL;
}

static uint32_t limit_of(const struct packet *p, const struct dhcp6_lease *l)
{
	const struct subnet *of = packet_subnet_of6(p, l);
	uint32_t max = p->decision.max_lease;

	if (of != NULL && of->max_lease != 0 && (max == 0 || of->max_lease < max))
		max = of->max_lease;
	return max;
}

/* Whether anything in the answer is longer than it may be. */
static bool too_long(struct packet *p)
{
	struct dhcp6_walk w = dhcp6_walk(dhcp6_inner(&p->view6));
	bool found = false;
	struct dhcp6_lease l;

	while (dhcp6_walk_next(&w, &l)) {
		uint32_t max = limit_of(p, &l);

		if (p->granted == 0)
			p->granted = p->sent = l.valid;
		if (max != 0 && l.valid > max)
			found = true;
	}
	return found;
}

/*
 * RFC 8415 21.4: T1 and T2 are recommended at 0.5 and 0.8 of the shortest preferred lifetime; 0
 * means that the client decides and stays 0.
 */
static void clamp_timers(struct packet *p, const struct dhcp6_ia *ia, uint32_t preferred)
{
	static const uint8_t tenths[2] = { 5, 8 };
	uint8_t *val = dhcp6_edit_at(&p->edit6, ia->val);

	for (size_t i = 0; i < 2; i++) {
		uint32_t max = (uint32_t)((uint64_t)preferred * tenths[i] / 10);

		if (be32_get(val + 4 + 4 * i) > max)
			be32_put(val + 4 + 4 * i, max);
	}
}

static void clamp_ia(struct packet *p, const struct dhcp6_ia *ia)
{
	struct tlv_iter sub = dhcp6_ia_begin(ia);
	uint32_t shortest = UINT32_MAX, valid = UINT32_MAX;
	struct dhcp6_lease l;
	bool cut = false;

	while (dhcp6_next_lease(&sub, &l)) {
		uint32_t max = limit_of(p, &l), pref = l.preferred;
		uint8_t *times = dhcp6_edit_at(&p->edit6, l.times);

		if (max != 0 && l.valid > max) {
			be32_put(times + 4, max);
			pref = pref < max ? pref : max;
			be32_put(times, pref);
			p->sent = max;
			valid = max;
			cut = true;
		}
		if (pref > 0 && pref < shortest)
			shortest = pref;
	}
	if (cut && ia->code != D6O_IA_TA)
		clamp_timers(p, ia, shortest != UINT32_MAX ? shortest : valid);
}

enum step stage_clamp6(struct packet *p)
{
	struct dhcp6_ia ia;
	struct tlv_iter it;

	if ((p->type != DHCPV6_ADVERTISE && p->type != DHCPV6_REPLY) || !too_long(p) || p->auth ||
		p->decision.pass)
		return STEP_NEXT;
	it = dhcp6_edit_inner(packet_edit6(p));
	while (dhcp6_next_ia(&it, &ia))
		clamp_ia(p, &ia);
	packet_event(p, EVENT_clamped);
	return p->edit6.err == DHCP_OK ? STEP_NEXT : STEP_FAIL;
}
