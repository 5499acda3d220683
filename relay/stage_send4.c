/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pkt_send for DHCPv4: the user's options go into the answer, the lease is cut to the subnet's
 * limit. Hides what boot ROMs read where (options 66 and 67, the file, sname and siaddr fields) and
 * the size budget. An override that does not fit is left out whole; no option is ever truncated.
 * USER_CHK.md 3.3, PROTOCOL A.7, A.8; RFC 2131 section 4.1, RFC 2132, RFC 3396.
 */
#include "relay/override.h"

#include <arpa/inet.h>

/*
 * RFC 2131 section 2: a client must take 576 bytes, more only if it said so in option 57. What the
 * server sent is no longer than what the client takes.
 */
void packet_budget4(struct packet *p)
{
	size_t budget = OVERRIDE_MIN_DATAGRAM;

	if (p->has_state && p->state.max_size > budget)
		budget = p->state.max_size;
	if (p->frame.ip_len > budget)
		budget = p->frame.ip_len;
	if (budget > packet_longest(p))
		budget = packet_longest(p);
	dhcp4_edit_limit(packet_edit4(p), budget - p->frame.pay_off);
}

/* Sets an option, or counts that there was no room: dhcp4_edit_set then has changed nothing. */
static bool set(struct packet *p, uint8_t code, const uint8_t *val, size_t len)
{
	struct dhcp4_edit *e = packet_edit4(p);

	dhcp4_edit_set(e, code, val, len);
	if (e->err == DHCP_OK) {
		packet_event(p, EVENT_overridden);
		return true;
	}
	if (e->err == DHCP_E_NOSPACE) {
		e->err = DHCP_OK;
		packet_event(p, EVENT_override_skipped);
	}
	return false;
}

/*
 * The fixed field that mirrors an option, zero-filled, with room for max bytes of the value; a
 * value too long for it leaves it empty, so that no client reads half a name. Untouched while it
 * holds options.
 */
static void set_field(
	struct packet *p, size_t off, size_t size, size_t max, const char *val, size_t len)
{
	struct dhcp4_edit *e = packet_edit4(p);

	if (!dhcp4_edit_unoverload(e))
		return;
	memset(e->msg + off, 0, size);
	if (len <= max)
		memcpy(e->msg + off, val, len);
}

static bool pxe_auto(const struct packet *p, const struct reg_user *user)
{
	size_t len;
	const char *val;

	if (registry_known(user, REG_ATTR_PXE_FIELDS, &val, &len))
		return len == 4 && memcmp(val, "auto", 4) == 0;
	return p->policy->treat.pxe_auto;
}

/* PXE ROMs differ in which of option 66, sname and siaddr they read: keep them in step. */
static void set_tftp_fields(struct packet *p, const char *val, size_t len)
{
	char text[DHCP4_SNAME_LEN];
	uint8_t addr[4];

	if (len >= sizeof(text))
		return;
	memcpy(text, val, len);
	text[len] = '\0';
	if (inet_pton(AF_INET, text, addr) == 1)
		memcpy(packet_edit4(p)->msg + DHCP4_SIADDR, addr, sizeof(addr));
	else
		set_field(p, DHCP4_SNAME, DHCP4_SNAME_LEN, DHCP4_SNAME_LEN - 1, val, len);
}

/*
 * Option 67 and the file field say the same or are both left as they were. Where the option does
 * not fit, the field alone can say it: RFC 2132 9.5 has the option for messages whose field holds
 * options. A name of 128 bytes fills the field without a NUL, as with user_chk.
 */
static void set_boot_file(struct packet *p, const char *val, size_t len)
{
	struct dhcp4_edit *e = packet_edit4(p);
	bool plain = dhcp4_edit_unoverload(e);

	if (!set(p, DHO_BOOT_FILE_NAME, (const uint8_t *)val, len)) {
		if (!plain || len >= DHCP4_FILE_LEN)
			return;
		dhcp4_edit_del(e, DHO_BOOT_FILE_NAME);
	}
	set_field(p, DHCP4_FILE, DHCP4_FILE_LEN, DHCP4_FILE_LEN, val, len);
}

static void override_boot(struct packet *p, const struct reg_user *user)
{
	const char *val;
	size_t len;

	if (registry_known(user, REG_ATTR_BOOTFILE, &val, &len))
		set_boot_file(p, val, len);
	if (registry_known(user, REG_ATTR_TFTP_SERVER, &val, &len) &&
		set(p, DHO_TFTP_SERVER_NAME, (const uint8_t *)val, len) && pxe_auto(p, user))
		set_tftp_fields(p, val, len);
}

/* PXE fields in step with the options of the dictionary too, when that is asked for. */
static void mirror(struct packet *p, const struct override *o, const struct reg_user *user)
{
	if ((user != NULL && !pxe_auto(p, user)) ||
		(user == NULL && !p->policy->treat.pxe_auto))
		return;
	if (o->code == DHO_BOOT_FILE_NAME)
		set_field(p, DHCP4_FILE, DHCP4_FILE_LEN, DHCP4_FILE_LEN - 1,
			(const char *)o->bytes, o->len);
	else if (o->code == DHO_TFTP_SERVER_NAME)
		set_tftp_fields(p, (const char *)o->bytes, o->len);
}

static void override_option(struct packet *p, const struct override *o)
{
	struct dhcp4_edit *e = packet_edit4(p);

	if (o->suboption != 0) {
		/* Vendor options are merged by enterprise: RFC 3925 section 4. */
		enum dhcp_err err = dhcp4_edit_vendor(e, o->enterprise, (uint8_t)o->suboption,
			o->how == OPTION_REMOVE ? NULL : o->bytes, o->len);

		packet_event(p, err == DHCP_OK ? EVENT_overridden : EVENT_override_skipped);
		return;
	}
	if (o->how == OPTION_REMOVE)
		dhcp4_edit_del(e, (uint8_t)o->code);
	else if (o->how != OPTION_DEFAULT || !dhcp4_has(&p->view4, (uint8_t)o->code))
		if (set(p, (uint8_t)o->code, o->bytes, o->len))
			mirror(p, o, override_user(p));
}

enum step stage_send4(struct packet *p)
{
	const struct reg_user *user = override_user(p);
	struct override_iter it = override_begin(p);
	struct override o;

	if (p->type == DHCPNAK || p->cause == CAUSE_moved || p->decision.pass || !override_any(p))
		return STEP_NEXT;
	/* RFC 3118: the MAC covers the options. */
	if (p->auth) {
		packet_event(p, EVENT_override_skipped);
		return STEP_NEXT;
	}
	packet_budget4(p);
	while (override_next(&it, &o))
		override_option(p, &o);
	if (user != NULL)
		override_boot(p, user);
	/* What is still to come shortens or keeps: the budget has done its work. */
	dhcp4_edit_limit(packet_edit4(p), SLOT_OUT);
	return p->edit4.err == DHCP_OK ? STEP_NEXT : STEP_FAIL;
}

/* The lesser of two limits, 0 being none. */
static uint32_t least(uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/* Wherever it stands, be it in an overloaded field or more than once. */
static void clamp_option(struct packet *p, uint8_t code, uint32_t max)
{
	uint8_t val[4];
	uint32_t now;

	if (!dhcp4_get32(&p->view4, code, &now) || now <= max)
		return;
	be32_put(val, max);
	dhcp4_edit_set(packet_edit4(p), code, val, sizeof(val));
}

/*
 * A shorter lease bounds the time until a client hears of a change in the registry. T1 and T2 keep
 * the order T1 < T2 < lease (RFC 2131 4.4.5) by the defaults of 0.5 and 0.875 of the lease.
 */
enum step stage_clamp4(struct packet *p)
{
	uint32_t max = p->decision.max_lease, lease;

	if (p->type == DHCPNAK || p->cause == CAUSE_moved ||
		!dhcp4_get32(&p->view4, DHO_LEASE_TIME, &lease))
		return STEP_NEXT;
	p->granted = p->sent = lease;
	if (p->found != NULL)
		max = least(max, p->found->max_lease);
	if (max == 0 || lease <= max || p->auth || p->decision.pass)
		return STEP_NEXT;
	p->sent = max;
	clamp_option(p, DHO_LEASE_TIME, max);
	clamp_option(p, DHO_RENEWAL_TIME, max / 2);
	clamp_option(p, DHO_REBINDING_TIME, (uint32_t)((uint64_t)max * 7 / 8));
	packet_event(p, EVENT_clamped);
	return p->edit4.err == DHCP_OK ? STEP_NEXT : STEP_FAIL;
}
