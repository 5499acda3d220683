/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libraries change in a packet. Each change that was made is noted as a deed, so that a packet
 * that was parked, and is run from the start, gets the same changes without a callout being called
 * twice. A query that was edited becomes the query as received: rules, steering and its checks of
 * size then see what the server will see.
 */
#include "relay/hook_parts.h"

#include "dhcpcodec/value.h"

#include <string.h>

enum { STEER_ROOM4 = 128 };

enum deed_op { DEED_SET, DEED_DELETE, DEED_VENDOR, DEED_VENDOR_GONE, DEED_FIELD, DEED_CHOOSE,
	DEED_LIMIT, DEED_MESSAGE, DEED_KEEP };

/* Followed by len bytes. */
struct deed {
	uint8_t kind, before, op;
	uint16_t len;
	uint32_t code, enterprise;
};

static bool note(struct hook_memory *m, const struct deed *d, const void *val)
{
	struct deed full = *d;

	if (sizeof(full) + d->len > sizeof(m->deeds) - m->deed_len)
		return false;
	full.kind = (uint8_t)m->callout.kind;
	full.before = m->callout.before;
	memcpy(m->deeds + m->deed_len, &full, sizeof(full));
	if (d->len > 0)
		memcpy(m->deeds + m->deed_len + sizeof(full), val, d->len);
	m->deed_len += sizeof(full) + d->len;
	return true;
}

/* --- doing them ------------------------------------------------------------------------------ */

/* An edit that did not fit has changed nothing, and others may. */
static int settle(enum dhcp_err *sticky)
{
	enum dhcp_err err = *sticky;

	*sticky = DHCP_OK;
	if (err == DHCP_OK)
		return USHER_OK;
	return err == DHCP_E_NOSPACE ? USHER_E_NO_SPACE : USHER_E_VALUE;
}

static int returned(enum dhcp_err err)
{
	return err == DHCP_OK ? USHER_OK : err == DHCP_E_NOSPACE ? USHER_E_NO_SPACE : USHER_E_VALUE;
}

static struct dhcp4_edit *begin4(struct packet *p)
{
	size_t max = p->policy->treat.max_ip4 - p->frame.pay_off - STEER_ROOM4;

	if (p->response)
		packet_budget4(p);
	else
		dhcp4_edit_limit(packet_edit4(p), max);
	return packet_edit4(p);
}

static struct dhcp6_edit *begin6(struct packet *p)
{
	size_t max = packet_longest(p) - p->frame.pay_off;

	dhcp6_edit_limit(packet_edit6(p), p->frame.pay_len > max ? p->frame.pay_len : max);
	return packet_edit6(p);
}

static int do_option4(struct packet *p, const struct deed *d, const uint8_t *val)
{
	struct dhcp4_edit *e = begin4(p);
	uint8_t code = (uint8_t)d->code;
	int rc;

	if (e->err != DHCP_OK)
		return USHER_E_NO_SPACE;
	if (d->op == DEED_VENDOR || d->op == DEED_VENDOR_GONE)
		rc = returned(dhcp4_edit_vendor(e, d->enterprise, code,
			d->op == DEED_VENDOR ? val : NULL, d->len));
	else if (d->op == DEED_DELETE)
		dhcp4_edit_del(e, code), rc = settle(&e->err);
	else
		dhcp4_edit_set(e, code, val, d->len), rc = settle(&e->err);
	dhcp4_edit_limit(e, SLOT_OUT);
	return rc;
}

static int do_option6(struct packet *p, const struct deed *d, const uint8_t *val)
{
	struct dhcp6_edit *e = begin6(p);
	uint16_t code = (uint16_t)d->code;
	int rc;

	if (e->err != DHCP_OK)
		return USHER_E_NO_SPACE;
	if (d->op == DEED_VENDOR || d->op == DEED_VENDOR_GONE)
		rc = returned(dhcp6_edit_vendor(e, d->enterprise, code,
			d->op == DEED_VENDOR ? val : NULL, d->len, d->op == DEED_VENDOR));
	else if (d->op == DEED_DELETE)
		dhcp6_edit_del(e, code), rc = settle(&e->err);
	else
		dhcp6_edit_set(e, code, val, d->len), rc = settle(&e->err);
	dhcp6_edit_limit(e, SLOT_OUT);
	return rc;
}

static int do_field(struct packet *p, const struct deed *d, const uint8_t *val)
{
	static const struct {
		uint8_t at, size;
	} fields[] = {
		[USHER_SIADDR] = { DHCP4_SIADDR, 4 },
		[USHER_SNAME] = { DHCP4_SNAME, DHCP4_SNAME_LEN },
		[USHER_FILE] = { DHCP4_FILE, DHCP4_FILE_LEN },
	};
	struct dhcp4_edit *e = packet_edit4(p);
	uint8_t *at = e->msg + fields[d->code].at;
	size_t size = fields[d->code].size;

	if (d->len > size || (d->code == USHER_SIADDR && d->len != 4))
		return USHER_E_VALUE;
	if (d->code != USHER_SIADDR && !dhcp4_edit_unoverload(e))
		return USHER_E_NO_SPACE;
	memset(at, 0, size);
	memcpy(at, val, d->len);
	return USHER_OK;
}

static int do_choose(struct packet *p, const char *name, size_t len)
{
	const struct subnet *s = len > 0 ? subnet_named(&p->policy->subnets, name, len) : NULL;

	if (len > 0 && s == NULL)
		return USHER_E_NOT_FOUND;
	p->decision.subnet = s;
	p->decision.by_query = true;
	p->state.subnet = s != NULL ? s->id : 0;
	return USHER_OK;
}

static int do_limit(struct packet *p, uint32_t seconds)
{
	if (p->decision.max_lease == 0 || p->decision.max_lease > seconds)
		p->decision.max_lease = seconds;
	return USHER_OK;
}

static int perform(struct hook_memory *m, const struct deed *d, const uint8_t *val)
{
	struct packet *p = m->p;

	switch ((enum deed_op)d->op) {
	case DEED_CHOOSE:
		return do_choose(p, (const char *)val, d->len);
	case DEED_LIMIT:
		return do_limit(p, d->code);
	case DEED_MESSAGE:
		memcpy(m->scratch, val, d->len);
		return hook_replace_query(p, d->len) ? USHER_OK : USHER_E_NO_SPACE;
	case DEED_KEEP:
		m->kept |= UINT64_C(1) << d->code;
		return USHER_OK;
	case DEED_SET:
	case DEED_DELETE:
	case DEED_VENDOR:
	case DEED_VENDOR_GONE:
	case DEED_FIELD:
		break;
	}
	m->edited = m->changed = true;
	if (d->op == DEED_FIELD)
		return do_field(p, d, val);
	return p->v6 ? do_option6(p, d, val) : do_option4(p, d, val);
}

static int act(struct hook_memory *m, const struct deed *d, const void *val)
{
	size_t before = m->deed_len;
	int rc;

	if (!note(m, d, val))
		return USHER_E_NO_SPACE;
	/* The note is a copy: what the library gives may lie within the message. */
	rc = perform(m, d, m->deeds + before + sizeof(*d));
	if (rc != USHER_OK)
		m->deed_len = before;
	else
		m->editor = m->callout.library;
	return rc;
}

void hook_redo(struct hook_memory *m, enum hook_kind kind, bool before)
{
	struct deed d;

	for (size_t at = 0; at < m->deed_len; at += sizeof(d) + d.len) {
		memcpy(&d, m->deeds + at, sizeof(d));
		if (d.kind == kind && d.before == before)
			(void)perform(m, &d, m->deeds + at + sizeof(d));
	}
}

bool hook_note_message(struct hook_memory *m, size_t len)
{
	struct deed d = { .op = DEED_MESSAGE, .len = (uint16_t)len };

	return len <= UINT16_MAX && note(m, &d, m->scratch);
}

int hook_choose(struct hook_memory *m, const char *subnet)
{
	struct deed d = { .op = DEED_CHOOSE, .len = (uint16_t)strnlen(subnet, UINT16_MAX) };

	return act(m, &d, subnet);
}

int hook_limit(struct hook_memory *m, uint32_t seconds)
{
	struct deed d = { .op = DEED_LIMIT, .code = seconds };

	return act(m, &d, NULL);
}

/* --- the edited query ------------------------------------------------------------------------ */

/* The identity may lie in the bytes that go away. */
static void keep_identity(struct hook_memory *m, struct packet *p)
{
	if (p->id == NULL || p->id_len > sizeof(m->id))
		return;
	memmove(m->id, p->id, p->id_len);
	if (p->state.id == p->id)
		p->state.id = m->id;
	p->id = m->id;
}

bool hook_commit(struct packet *p)
{
	struct hook_memory *m = p->hooks;
	size_t off = p->frame.pay_off;

	m->edited = false;
	if (!p->editing)
		return true;
	if ((p->v6 ? stage_seal6(p) : stage_seal4(p)) != STEP_NEXT)
		return false;
	keep_identity(m, p);
	memcpy(m->in, p->slot->out, p->slot->out_len);
	p->in = m->in;
	p->in_len = p->slot->out_len;
	p->replaced = true;
	p->editing = false;
	p->err = frame_parse(&p->frame, p->in, p->in_len, 0);
	if (p->err == DHCP_OK && p->v6)
		p->err = dhcp6_view_init(&p->view6, p->in + off, p->frame.pay_len);
	else if (p->err == DHCP_OK)
		p->err = dhcp4_view_init(&p->view4, p->in + off, p->frame.pay_len);
	return p->err == DHCP_OK;
}

bool hook_keep_lease(struct hook_memory *m)
{
	struct deed d = { .op = DEED_KEEP, .code = (uint32_t)m->callout.lease };

	return m->p->v6 && !m->p->auth && m->callout.lease < 64 && act(m, &d, NULL) == USHER_OK;
}

static bool lease_at(
	const struct packet *p, size_t index, struct dhcp6_ia *ret_ia, struct dhcp6_lease *ret)
{
	struct dhcp6_walk w = dhcp6_walk(dhcp6_edit_inner(&p->edit6));

	while (dhcp6_walk_next(&w, ret))
		if (index-- == 0) {
			*ret_ia = w.ia;
			return true;
		}
	return false;
}

/*
 * RFC 8415 18.3.7, 18.3.8: "After all the addresses have been processed, the server generates a
 * Reply message and includes a Status Code option with the value Success"; also if there was none.
 */
bool hook_cut_leases(struct packet *p)
{
	struct hook_memory *m = p->hooks;
	struct dhcp6_lease lease;
	struct dhcp6_ia ia;

	if (m->kept == 0)
		return true;
	packet_edit6(p);
	/* From the last one, so that the others keep their numbers. */
	for (size_t i = 64; i-- > 0;)
		if ((m->kept >> i & 1) != 0 && lease_at(p, i, &ia, &lease))
			dhcp6_edit_cut_lease(&p->edit6, &ia, &lease);
	m->changed = true;
	return hook_commit(p);
}

/* --- what libraries call --------------------------------------------------------------------- */

/*
 * Whether options may be edited now. A NAK carries none, and a MAC covers all of them; the query of
 * an answer has left.
 */
static int may_edit(const struct usher_packet *packet)
{
	const struct hook_memory *m = packet->memory;
	const struct packet *p = m->p;

	if (p == NULL || packet != &m->packet || p->auth ||
		(hook_point(m->callout.kind)->rights & HOOK_OPTIONS) == 0)
		return USHER_E_READ_ONLY;
	if (!p->v6 && p->response && (p->type == DHCPNAK || p->cause == CAUSE_moved))
		return USHER_E_READ_ONLY;
	return USHER_OK;
}

/* What names the client, the transaction, the lease or the way: of a query. */
static bool speaks_for_query(const struct packet *p, unsigned code)
{
	static const uint8_t codes4[] = { DHO_OVERLOAD, DHO_MESSAGE_TYPE, DHO_SERVER_ID,
		DHO_CLIENT_ID, DHO_AGENT_OPTIONS, DHO_AUTHENTICATION, DHO_SUBNET_SELECTION };
	static const uint8_t codes6[] = { D6O_CLIENTID, D6O_SERVERID, D6O_IA_NA, D6O_IA_TA,
		D6O_RELAY_MSG, D6O_AUTH, D6O_INTERFACE_ID, D6O_IA_PD };
	const uint8_t *codes = p->v6 ? codes6 : codes4;
	size_t count = p->v6 ? sizeof(codes6) : sizeof(codes4);

	return code < 256 && memchr(codes, (int)code, count) != NULL;
}

static int may_set(const struct usher_packet *packet, unsigned code)
{
	const struct packet *p = packet->p;
	const struct dhcp_option_def *def;
	int rc = may_edit(packet);

	if (rc != USHER_OK)
		return rc;
	if (code == 0 || code > (p->v6 ? 65535U : 254U))
		return USHER_E_VALUE;
	if (!p->response)
		return speaks_for_query(p, code) ? USHER_E_FORBIDDEN : USHER_OK;
	def = dhcp_option_by_code(p->v6 ? 6 : 4, code);
	return def != NULL && def->override != DHCP_FREE ? USHER_E_FORBIDDEN : USHER_OK;
}

int usher_set_option(struct usher_packet *packet, unsigned code, const uint8_t *val, size_t len)
{
	struct hook_memory *m = packet->memory;
	struct deed d = { .op = DEED_SET, .code = code, .len = (uint16_t)len };
	int rc = may_set(packet, code);

	if (rc == USHER_OK && len > HOOK_DEEDS)
		rc = USHER_E_NO_SPACE;
	return rc == USHER_OK ? act(m, &d, val) : rc;
}

int usher_delete_option(struct usher_packet *packet, unsigned code)
{
	struct hook_memory *m = packet->memory;
	struct deed d = { .op = DEED_DELETE, .code = code };
	int rc = may_set(packet, code);

	return rc == USHER_OK ? act(m, &d, NULL) : rc;
}

int usher_set_vendor(struct usher_packet *packet, uint32_t enterprise, unsigned sub,
	const uint8_t *val, size_t len)
{
	struct hook_memory *m = packet->memory;
	struct deed d = { .op = val != NULL ? DEED_VENDOR : DEED_VENDOR_GONE, .code = sub,
		.enterprise = enterprise, .len = val != NULL ? (uint16_t)len : 0 };
	int rc = may_edit(packet);

	if (rc != USHER_OK)
		return rc;
	if (sub == 0 || sub > (m->p->v6 ? 65535U : 255U) || len > HOOK_DEEDS)
		return USHER_E_VALUE;
	return act(m, &d, val);
}

int usher_set_option_text(struct usher_packet *packet, const char *name, const char *text)
{
	struct hook_memory *m = packet->memory;
	struct dhcp_option_def def;
	uint8_t value[HOOK_DEEDS];
	size_t len;
	enum dhcp_err err;

	if (m->p == NULL)
		return USHER_E_READ_ONLY;
	if (!dhcp_option_find(m->p->v6 ? 6 : 4, name, strlen(name), &def))
		return USHER_E_NOT_FOUND;
	err = dhcp_value_encode(&def, text, strlen(text), value, sizeof(value), &len);
	if (err != DHCP_OK)
		return err == DHCP_E_NOSPACE ? USHER_E_NO_SPACE : USHER_E_VALUE;
	if (def.suboption != 0)
		return usher_set_vendor(packet, def.enterprise, def.suboption, value, len);
	return usher_set_option(packet, def.code, value, len);
}

int usher_set_field(
	struct usher_packet *packet, enum usher_field field, const uint8_t *val, size_t len)
{
	struct hook_memory *m = packet->memory;
	struct deed d = { .op = DEED_FIELD, .code = field, .len = (uint16_t)len };
	int rc = may_edit(packet);

	if (rc != USHER_OK)
		return rc;
	if (m->p->v6 || !m->p->response ||
		(field != USHER_SIADDR && field != USHER_SNAME && field != USHER_FILE))
		return USHER_E_FORBIDDEN;
	return len <= DHCP4_FILE_LEN ? act(m, &d, val) : USHER_E_VALUE;
}
