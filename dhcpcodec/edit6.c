/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides which length fields enclose the innermost message and keeps them right at every splice. Works
 * only on messages that dhcp6_view_init() accepted. Message bytes of a client on the way up are never
 * edited: authentication stays valid. RFC 8415 sections 9, 19 and 21, RFC 6939.
 */
#include "dhcpcodec/edit6.h"

enum { VENDOR_HEAD = 4, MAX_LEN = 65535 };

void dhcp6_edit_init(struct dhcp6_edit *e, const struct dhcp6_view *v, uint8_t *msg, size_t cap)
{
	*e = (struct dhcp6_edit){
		.msg = msg,
		.len = v->len,
		.cap = cap,
		.limit = cap,
		.inner = v->inner,
		.inner_len = v->inner_len,
		.depth = v->depth,
	};
	for (unsigned i = 0; i < v->depth; i++)
		e->relay_msg[i] = v->layers[i].relay_msg;
	if (v->len > cap)
		e->err = DHCP_E_NOSPACE;
}

void dhcp6_edit_limit(struct dhcp6_edit *e, size_t limit)
{
	e->limit = limit < e->cap ? limit : e->cap;
}

size_t dhcp6_edit_room(const struct dhcp6_edit *e)
{
	size_t limit = e->limit < MAX_LEN ? e->limit : MAX_LEN;

	return e->err == DHCP_OK && limit > e->len ? limit - e->len : 0;
}

/* Adds a difference to the length that stands two bytes before an option's value. */
static void adjust(uint8_t *val, size_t old, size_t new)
{
	be16_put(val - 2, (size_t)be16_get(val - 2) - old + new);
}

/* The only function that moves bytes: old bytes at pos, within the innermost message, become new. */
static bool splice(struct dhcp6_edit *e, size_t pos, size_t old, size_t new)
{
	if (e->err != DHCP_OK)
		return false;
	if (new > old && new - old > dhcp6_edit_room(e)) {
		e->err = DHCP_E_NOSPACE;
		return false;
	}
	memmove(e->msg + pos + new, e->msg + pos + old, e->len - pos - old);
	e->len = e->len - old + new;
	e->inner_len = e->inner_len - old + new;
	for (unsigned i = 0; i < e->depth; i++)
		adjust(e->msg + e->relay_msg[i], old, new);
	return true;
}

struct tlv_iter dhcp6_edit_inner(const struct dhcp6_edit *e)
{
	return tlv_begin(e->msg + e->inner + DHCP6_HEAD, e->inner_len - DHCP6_HEAD);
}

static void put(uint8_t *at, uint16_t code, const uint8_t *val, size_t len)
{
	be16_put(at, code);
	be16_put(at + 2, len);
	if (len > 0)
		memcpy(at + 4, val, len);
}

void dhcp6_edit_del(struct dhcp6_edit *e, uint16_t code)
{
	struct tlv_iter it;
	struct tlv t;

	if (e->err != DHCP_OK)
		return;
	for (it = dhcp6_edit_inner(e); tlv_next(&TLV_DHCP6, &it, &t);) {
		if (t.code != code)
			continue;
		splice(e, (size_t)(t.at - e->msg), tlv_size(&TLV_DHCP6, &t), 0);
		it.pos = t.at;
		it.end = e->msg + e->inner + e->inner_len;
	}
}

void dhcp6_edit_set(struct dhcp6_edit *e, uint16_t code, const uint8_t *val, size_t len)
{
	size_t pos = e->inner + e->inner_len, old = 0;
	struct tlv_iter it;
	struct tlv t;

	if (e->err != DHCP_OK)
		return;
	if (len > MAX_LEN) {
		e->err = DHCP_E_RANGE;
		return;
	}
	for (it = dhcp6_edit_inner(e); tlv_next(&TLV_DHCP6, &it, &t);) {
		if (t.code != code)
			continue;
		if (old == 0)
			pos = (size_t)(t.at - e->msg);
		old += tlv_size(&TLV_DHCP6, &t);
	}
	if (4 + len > old && 4 + len - old > dhcp6_edit_room(e)) {
		e->err = DHCP_E_NOSPACE;
		return;
	}
	dhcp6_edit_del(e, code);
	if (old == 0)
		pos = e->inner + e->inner_len;
	if (splice(e, pos, 0, 4 + len))
		put(e->msg + pos, code, val, len);
}

/* The vendor options of one enterprise. */
static bool find_vendor(const struct dhcp6_edit *e, uint32_t enterprise, struct tlv *ret)
{
	struct tlv_iter it = dhcp6_edit_inner(e);

	while (tlv_next(&TLV_DHCP6, &it, ret))
		if (ret->code == D6O_VENDOR_OPTS && ret->len >= VENDOR_HEAD &&
			be32_get(ret->val) == enterprise)
			return true;
	return false;
}

enum dhcp_err dhcp6_edit_vendor(struct dhcp6_edit *e, uint32_t enterprise, uint16_t sub,
	const uint8_t *val, size_t len, bool create)
{
	size_t at, pos, old = 0, size = val != NULL ? 4 + len : 0;
	struct tlv vendor, t;

	if (e->err != DHCP_OK)
		return e->err;
	if (!find_vendor(e, enterprise, &vendor)) {
		uint8_t head[VENDOR_HEAD];

		if (!create || val == NULL)
			return DHCP_E_ABSENT;
		if (4 + VENDOR_HEAD + 4 + len > dhcp6_edit_room(e))
			return e->err = DHCP_E_NOSPACE;
		at = e->inner + e->inner_len;
		be32_put(head, enterprise);
		if (splice(e, at, 0, 4 + sizeof(head)))
			put(e->msg + at, D6O_VENDOR_OPTS, head, sizeof(head));
		find_vendor(e, enterprise, &vendor);
	}
	if (!tlv_whole(&TLV_DHCP6, vendor.val + VENDOR_HEAD, (size_t)vendor.len - VENDOR_HEAD))
		return DHCP_E_OPTLEN;
	at = (size_t)(vendor.val - e->msg);
	pos = at + vendor.len;
	if (tlv_find(&TLV_DHCP6, vendor.val + VENDOR_HEAD, (size_t)vendor.len - VENDOR_HEAD, sub,
		    &t)) {
		pos = (size_t)(t.at - e->msg);
		old = tlv_size(&TLV_DHCP6, &t);
	}
	if (!splice(e, pos, old, size))
		return e->err;
	adjust(e->msg + at, old, size);
	if (val != NULL)
		put(e->msg + pos, sub, val, len);
	return DHCP_OK;
}

enum dhcp_err dhcp6_edit_finish(struct dhcp6_edit *e, size_t *ret_len)
{
	if (e->err == DHCP_OK)
		*ret_len = e->len;
	return e->err;
}

size_t dhcp6_wrap_size(const struct dhcp6_wrap *w)
{
	return DHCP6_RELAY_HEAD + 4 + w->interface_id_len + (w->mac != NULL ? 6 + w->mac_len : 0) + 4;
}

void dhcp6_wrap_put(const struct dhcp6_wrap *w, uint8_t *out, size_t msg_len)
{
	out[0] = DHCPV6_RELAY_FORW;
	out[DHCP6_HOPS] = w->hops;
	memset(out + DHCP6_LINK, 0, 16);
	if (w->link != NULL)
		memcpy(out + DHCP6_LINK, w->link, 16);
	memcpy(out + DHCP6_PEER, w->peer, 16);
	out += DHCP6_RELAY_HEAD;
	put(out, D6O_INTERFACE_ID, w->interface_id, w->interface_id_len);
	out += 4 + w->interface_id_len;
	if (w->mac != NULL) {
		/* RFC 6939 section 4: link-layer type (2), link-layer address. */
		be16_put(out, D6O_CLIENT_LINKLAYER_ADDR);
		be16_put(out + 2, 2 + w->mac_len);
		be16_put(out + 4, w->mac_type);
		memcpy(out + 6, w->mac, w->mac_len);
		out += 6 + w->mac_len;
	}
	be16_put(out, D6O_RELAY_MSG);
	be16_put(out + 2, msg_len);
}
