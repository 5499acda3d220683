/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message as bytes, and what a library may put in its place: it must be one that we can read,
 * of the same client and transaction; an answer moreover grants nothing that it did not grant, and
 * goes the way it went. What is refused changes nothing.
 */
#include "relay/hook_parts.h"

#include <string.h>

static bool same_option4(
	const struct dhcp4_view *a, const struct dhcp4_view *b, uint8_t code)
{
	uint8_t buf[2][1024];
	size_t len[2] = { 0, 0 };
	const uint8_t *va = dhcp4_concat(a, code, buf[0], sizeof(buf[0]), &len[0]);
	const uint8_t *vb = dhcp4_concat(b, code, buf[1], sizeof(buf[1]), &len[1]);

	if (va == NULL || vb == NULL)
		return va == vb;
	return len[0] == len[1] && memcmp(va, vb, len[0]) == 0;
}

static bool grows4(const struct dhcp4_view *was, const struct dhcp4_view *now, uint8_t code)
{
	uint32_t a, b;

	if (!dhcp4_get32(now, code, &b))
		return dhcp4_has(now, code);
	return !dhcp4_get32(was, code, &a) || b > a;
}

static const char *check_answer4(const struct dhcp4_view *a, const struct dhcp4_view *b)
{
	static const uint8_t kept[] = { DHO_SERVER_ID, DHO_CLIENT_ID, DHO_AGENT_OPTIONS,
		DHO_SUBNET_SELECTION, DHO_AUTHENTICATION };
	static const uint8_t times[] = { DHO_LEASE_TIME, DHO_RENEWAL_TIME, DHO_REBINDING_TIME };

	/* ciaddr, yiaddr; siaddr between them and giaddr may change. */
	if (memcmp(a->msg + DHCP4_CIADDR, b->msg + DHCP4_CIADDR, 8) != 0)
		return "an address would change";
	for (size_t i = 0; i < sizeof(kept); i++)
		if (!same_option4(a, b, kept[i]))
			return "option 54, 61, 82, 90 or 118 would change";
	for (size_t i = 0; i < sizeof(times); i++)
		if (grows4(a, b, times[i]))
			return "a time would grow";
	if (dhcp4_has(a, DHO_LEASE_TIME) && !dhcp4_has(b, DHO_LEASE_TIME))
		return "the lease time would be gone";
	return NULL;
}

static const char *check4(bool response, const uint8_t *was, size_t was_len, const uint8_t *now,
	size_t len)
{
	struct dhcp4_view a, b;

	if (dhcp4_view_init(&b, now, len) != DHCP_OK)
		return "not a well made DHCPv4 message";
	/* A query may be malformed when it comes: then there is nothing to compare. */
	if (was_len < DHCP4_COOKIE || dhcp4_view_init(&a, was, was_len) != DHCP_OK)
		return response ? "not a well made DHCPv4 message" : NULL;
	/* op, htype and hlen; hops may change. */
	if (a.type != b.type || memcmp(was, now, 3) != 0 ||
		memcmp(was + DHCP4_XID, now + DHCP4_XID, 4) != 0 ||
		memcmp(was + DHCP4_CHADDR, now + DHCP4_CHADDR, DHCP4_CHADDR_LEN) != 0 ||
		memcmp(was + DHCP4_GIADDR, now + DHCP4_GIADDR, 4) != 0)
		return "another client, transaction, relay or type";
	return response ? check_answer4(&a, &b) : NULL;
}

static bool same_option6(const struct dhcp6_view *a, const struct dhcp6_view *b, unsigned code)
{
	struct tlv ta, tb;
	bool has_a = dhcp6_get(a, code, &ta), has_b = dhcp6_get(b, code, &tb);

	if (!has_a || !has_b)
		return has_a == has_b;
	return ta.len == tb.len && memcmp(ta.val, tb.val, ta.len) == 0;
}

static bool same_lease6(const struct dhcp6_lease *a, const struct dhcp6_lease *b)
{
	return a->is_prefix == b->is_prefix && a->prefix_len == b->prefix_len &&
		memcmp(a->addr, b->addr, 16) == 0 && b->valid <= a->valid &&
		b->preferred <= a->preferred;
}

/* The leases of an IA one by one, in their order; also the same number of them. */
static bool same_ia6(const struct dhcp6_ia *a, const struct dhcp6_ia *b)
{
	struct tlv_iter ia = dhcp6_ia_begin(a), ib = dhcp6_ia_begin(b);
	struct dhcp6_lease la, lb;
	bool more;

	if (a->code != b->code || memcmp(a->val, b->val, 4) != 0)
		return false;
	while ((more = dhcp6_next_lease(&ia, &la)) == dhcp6_next_lease(&ib, &lb))
		if (!more || !same_lease6(&la, &lb))
			return !more;
	return false;
}

static bool same_ias6(const struct dhcp6_view *a, const struct dhcp6_view *b)
{
	struct tlv_iter it = dhcp6_inner(a), other = dhcp6_inner(b);
	struct dhcp6_ia ia, ib;
	bool more;

	while ((more = dhcp6_next_ia(&it, &ia)) == dhcp6_next_ia(&other, &ib))
		if (!more || !same_ia6(&ia, &ib))
			return !more;
	return false;
}

static const char *check6(bool response, const uint8_t *was, size_t was_len, const uint8_t *now,
	size_t len)
{
	struct dhcp6_view a, b;

	if (dhcp6_view_init(&b, now, len) != DHCP_OK)
		return "not a well made DHCPv6 message";
	if (dhcp6_view_init(&a, was, was_len) != DHCP_OK)
		return response ? "not a well made DHCPv6 message" : NULL;
	/* The relay layers whole, and type and transaction of the message within. */
	if (a.depth != b.depth || a.inner != b.inner ||
		memcmp(was + a.inner, now + b.inner, DHCP6_HEAD) != 0 ||
		!same_option6(&a, &b, D6O_CLIENTID))
		return "another client, transaction, relay or type";
	if (!response)
		return NULL;
	if (!same_option6(&a, &b, D6O_SERVERID) || !same_option6(&a, &b, D6O_AUTH))
		return "option 2 or 11 would change";
	return same_ias6(&a, &b) ? NULL : "a lease would change, or a time grow";
}

const char *hook_check(bool v6, bool response, const uint8_t *was, size_t was_len,
	const uint8_t *now, size_t len)
{
	return v6 ? check6(response, was, was_len, now, len)
		  : check4(response, was, was_len, now, len);
}

bool hook_whole(const struct packet *p)
{
	struct dhcp4_view v4;
	struct dhcp6_view v6;
	struct frame f;
	const uint8_t *out = p->slot->out;

	if (frame_parse(&f, out, p->slot->out_len, FRAME_VERIFY) != DHCP_OK)
		return false;
	if (p->v6)
		return dhcp6_view_init(&v6, out + f.pay_off, f.pay_len) == DHCP_OK;
	return dhcp4_view_init(&v4, out + f.pay_off, f.pay_len) == DHCP_OK;
}

const uint8_t *hook_message(struct packet *p, size_t *ret_len)
{
	struct hook_memory *m = p->hooks;

	if (!p->editing) {
		*ret_len = p->v6 && p->type != 0 ? p->view6.len : p->frame.pay_len;
		return p->v6 && p->type != 0 ? p->view6.msg : packet_msg(p);
	}
	if (m->callout.kind == HOOK_BUFFER_SEND) {
		*ret_len = p->slot->out_len - p->frame.pay_off;
		return p->slot->out + p->frame.pay_off;
	}
	if (p->v6) {
		*ret_len = p->edit6.len;
		return p->edit6.msg;
	}
	/* The editor writes END last of all. */
	memcpy(m->scratch, p->edit4.msg, p->edit4.len);
	m->scratch[p->edit4.len] = DHO_END;
	*ret_len = p->edit4.len + 1;
	return m->scratch;
}

/* As if it had come so. */
bool hook_replace_query(struct packet *p, size_t len)
{
	struct hook_memory *m = p->hooks;
	size_t off = p->frame.pay_off, total;

	if (p->in != m->in)
		memcpy(m->in, p->in, off);
	memcpy(m->in + off, m->scratch, len);
	total = frame_seal(&p->frame, m->in, len);
	if (total == 0 || frame_parse(&p->frame, m->in, total, 0) != DHCP_OK)
		return false;
	p->in = m->in;
	p->in_len = total;
	p->replaced = true;
	return true;
}

/* An answer: the editor is begun anew on it, for those who look at what left. */
static bool replace_answer(struct packet *p, size_t len)
{
	size_t off = p->frame.pay_off, total;

	if (!p->editing)
		memcpy(p->slot->out, p->in, off);
	memcpy(p->slot->out + off, p->hooks->scratch, len);
	total = frame_seal(&p->frame, p->slot->out, len);
	if (total == 0)
		return false;
	p->slot->out_len = (uint32_t)total;
	if (p->v6 && dhcp6_view_init(&p->view6, p->slot->out + off, len) == DHCP_OK)
		dhcp6_edit_init(&p->edit6, &p->view6, p->slot->out + off, SLOT_OUT - off);
	p->editing = true;
	return true;
}

int usher_replace_message(struct usher_packet *packet, const uint8_t *bytes, size_t len)
{
	struct hook_memory *m = packet->memory;
	struct packet *p = m->p;
	struct usher_callout *c = &m->callout;
	const uint8_t *was;
	size_t was_len;
	const char *why;

	if ((hook_point(c->kind)->rights & HOOK_BYTES) == 0 || packet != &m->packet || p->auth)
		return USHER_E_READ_ONLY;
	if (len < DHCP6_HEAD || len > SLOT_OUT - p->frame.pay_off - 8)
		return USHER_E_NO_SPACE;
	memcpy(m->scratch, bytes, len);
	was = hook_message(p, &was_len);
	why = hook_check(p->v6, p->response, was, was_len, m->scratch, len);
	if (why != NULL) {
		packet_event(p, EVENT_library_refused);
		hook_refused(c->library, usher_point(c), why);
		return USHER_E_MALFORMED;
	}
	if (!p->response && !hook_note_message(m, len))
		return USHER_E_NO_SPACE;
	m->changed = true;
	m->editor = c->library;
	if (!(p->response ? replace_answer(p, len) : hook_replace_query(p, len)))
		return USHER_E_NO_SPACE;
	return USHER_OK;
}
