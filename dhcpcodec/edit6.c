/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides which length fields enclose the innermost message and keeps them right at every splice.
 * Works only on messages that dhcp6_view_init() accepted. Message bytes of a client on the way up
 * are never edited: authentication stays valid. RFC 8415 sections 9, 19 and 21, RFC 6939, RFC 8357.
 */
#include "dhcpcodec/edit6.h"

enum { OPTION_HEAD = 4, VENDOR_HEAD = 4, MAX_LEN = 65535 };

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

static bool fits(struct dhcp6_edit *e, size_t old, size_t new)
{
	if (e->err == DHCP_OK && new > old && new - old > dhcp6_edit_room(e))
		e->err = DHCP_E_NOSPACE;
	return e->err == DHCP_OK;
}

/*
 * The only function that changes the message's length: old bytes at pos, within the innermost
 * message, become new ones, not yet written. The caller knows that they fit.
 */
static void splice(struct dhcp6_edit *e, size_t pos, size_t old, size_t new)
{
	memmove(e->msg + pos + new, e->msg + pos + old, e->len - pos - old);
	e->len = e->len - old + new;
	e->inner_len = e->inner_len - old + new;
	for (unsigned i = 0; i < e->depth; i++)
		adjust(e->msg + e->relay_msg[i], old, new);
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

/* A row of options within the message. */
struct row {
	size_t at, len;
};

static struct row inner_row(const struct dhcp6_edit *e)
{
	return (struct row){ e->inner + DHCP6_HEAD, e->inner_len - DHCP6_HEAD };
}

/* What all options of one code in a row take, and where the first stands, or the row ends. */
struct hole {
	size_t at, bytes;
};

static struct hole taken(const struct dhcp6_edit *e, struct row r, uint16_t code)
{
	struct tlv_iter it = tlv_begin(e->msg + r.at, r.len);
	struct hole h = { .at = r.at + r.len };
	struct tlv t;

	while (tlv_next(&TLV_DHCP6, &it, &t)) {
		if (t.code != code)
			continue;
		if (h.bytes == 0)
			h.at = (size_t)(t.at - e->msg);
		h.bytes += tlv_size(&TLV_DHCP6, &t);
	}
	return h;
}

/* Takes all options of that code out of a row; each byte moves at most twice, however many. */
static void squeeze(struct dhcp6_edit *e, struct row r, uint16_t code)
{
	struct tlv_iter it = tlv_begin(e->msg + r.at, r.len);
	uint8_t *to = e->msg + r.at;
	struct tlv t;

	while (tlv_next(&TLV_DHCP6, &it, &t)) {
		if (t.code == code)
			continue;
		if (to != t.at)
			memmove(to, t.at, tlv_size(&TLV_DHCP6, &t));
		to += tlv_size(&TLV_DHCP6, &t);
	}
	splice(e, (size_t)(to - e->msg), r.at + r.len - (size_t)(to - e->msg), 0);
}

/*
 * Puts one option (size bytes of it, or none: 0) in the place of all of that code in a row. The
 * caller knows that it fits.
 */
static void replace(struct dhcp6_edit *e, struct row r, struct hole h, uint16_t code,
	const uint8_t *val, size_t size)
{
	if (h.bytes > 0)
		squeeze(e, r, code);
	if (size == 0)
		return;
	splice(e, h.at, 0, size);
	put(e->msg + h.at, code, val, size - OPTION_HEAD);
}

void dhcp6_edit_del(struct dhcp6_edit *e, uint16_t code)
{
	if (e->err == DHCP_OK)
		squeeze(e, inner_row(e), code);
}

void dhcp6_edit_set(struct dhcp6_edit *e, uint16_t code, const uint8_t *val, size_t len)
{
	struct hole h;

	if (e->err != DHCP_OK)
		return;
	if (len > MAX_LEN) {
		e->err = DHCP_E_RANGE;
		return;
	}
	h = taken(e, inner_row(e), code);
	if (fits(e, h.bytes, OPTION_HEAD + len))
		replace(e, inner_row(e), h, code, val, OPTION_HEAD + len);
}

static bool is_vendor(const struct tlv *t, uint32_t enterprise)
{
	return t->code == D6O_VENDOR_OPTS && t->len >= VENDOR_HEAD && be32_get(t->val) == enterprise;
}

/* The vendor options of one enterprise: what follows its number in the first of them. */
struct vendor {
	struct row first;
	struct hole in_first;        /* what a sub-option takes there, */
	size_t in_others;            /* and in the others */
};

/* Errors: ABSENT, OPTLEN. */
static enum dhcp_err find_vendor(
	const struct dhcp6_edit *e, uint32_t enterprise, uint16_t sub, struct vendor *ret)
{
	struct tlv_iter it = dhcp6_edit_inner(e);
	enum dhcp_err err = DHCP_E_ABSENT;
	struct tlv t;

	ret->in_others = 0;
	while (tlv_next(&TLV_DHCP6, &it, &t)) {
		struct row r;
		struct hole h;

		if (!is_vendor(&t, enterprise))
			continue;
		r.at = (size_t)(t.val - e->msg) + VENDOR_HEAD;
		r.len = (size_t)t.len - VENDOR_HEAD;
		if (!tlv_whole(&TLV_DHCP6, e->msg + r.at, r.len))
			return DHCP_E_OPTLEN;
		h = taken(e, r, sub);
		if (err == DHCP_OK) {
			ret->in_others += h.bytes;
			continue;
		}
		ret->first = r;
		ret->in_first = h;
		err = DHCP_OK;
	}
	return err;
}

/*
 * RFC 8415 21.17: "Servers and clients MUST NOT send more than one instance of the Vendor-specific
 * Information option with the same Enterprise Number." What comes all the same behind the first:
 * takes a sub-option out of it, and it out of the message if nothing else is in it.
 */
static void squeeze_vendors(struct dhcp6_edit *e, size_t from, uint32_t enterprise, uint16_t sub)
{
	size_t end = e->inner + e->inner_len;
	struct tlv_iter it = tlv_begin(e->msg + from, end - from), within;
	uint8_t *to = e->msg + from, *head;
	struct tlv t, s;

	while (tlv_next(&TLV_DHCP6, &it, &t)) {
		bool vendor = is_vendor(&t, enterprise);
		size_t size = vendor ? OPTION_HEAD + VENDOR_HEAD : tlv_size(&TLV_DHCP6, &t);

		head = to;
		memmove(to, t.at, size);
		to += size;
		if (!vendor)
			continue;
		within = tlv_begin(t.val + VENDOR_HEAD, (size_t)t.len - VENDOR_HEAD);
		while (tlv_next(&TLV_DHCP6, &within, &s)) {
			if (s.code == sub)
				continue;
			memmove(to, s.at, tlv_size(&TLV_DHCP6, &s));
			to += tlv_size(&TLV_DHCP6, &s);
		}
		be16_put(head + 2, (size_t)(to - head) - OPTION_HEAD);
		if (to == head + OPTION_HEAD + VENDOR_HEAD)
			to = head;
	}
	splice(e, (size_t)(to - e->msg), end - (size_t)(to - e->msg), 0);
}

/* Vendor options without any yet, at the end. The caller knows that they fit. */
static struct row create_vendor(struct dhcp6_edit *e, uint32_t enterprise)
{
	size_t at = e->inner + e->inner_len;
	uint8_t head[VENDOR_HEAD];

	be32_put(head, enterprise);
	splice(e, at, 0, 4 + VENDOR_HEAD);
	put(e->msg + at, D6O_VENDOR_OPTS, head, VENDOR_HEAD);
	return (struct row){ at + 4 + VENDOR_HEAD, 0 };
}

enum dhcp_err dhcp6_edit_vendor(struct dhcp6_edit *e, uint32_t enterprise, uint16_t sub,
	const uint8_t *val, size_t len, bool create)
{
	size_t before, size = val != NULL ? OPTION_HEAD + len : 0;
	struct vendor v;
	enum dhcp_err err;

	if (e->err != DHCP_OK)
		return e->err;
	err = find_vendor(e, enterprise, sub, &v);
	if (err == DHCP_E_ABSENT && create && val != NULL) {
		if (!fits(e, 0, OPTION_HEAD + VENDOR_HEAD + size))
			return e->err;
		v.first = create_vendor(e, enterprise);
		v.in_first = (struct hole){ .at = v.first.at };
	} else if (err != DHCP_OK) {
		return err;
	}
	if (!fits(e, v.in_first.bytes + v.in_others, size))
		return e->err;
	if (v.in_others > 0)
		squeeze_vendors(e, v.first.at + v.first.len, enterprise, sub);
	before = e->len;
	replace(e, v.first, v.in_first, sub, val, size);
	adjust(e->msg + v.first.at - VENDOR_HEAD, before, e->len);
	return e->err;
}

static bool is_alone(const struct dhcp6_ia *ia)
{
	struct tlv_iter it = dhcp6_ia_begin(ia);
	struct dhcp6_lease l;

	return dhcp6_next_lease(&it, &l) && !dhcp6_next_lease(&it, &l);
}

void dhcp6_edit_cut_lease(
	struct dhcp6_edit *e, const struct dhcp6_ia *ia, const struct dhcp6_lease *lease)
{
	const uint8_t *val = lease->is_prefix ? lease->times : lease->addr;
	size_t size;

	if (e->err != DHCP_OK)
		return;
	if (is_alone(ia))
		val = ia->val;
	size = OPTION_HEAD + be16_get(val - 2);
	if (val != ia->val)
		adjust(dhcp6_edit_at(e, ia->val), size, 0);
	splice(e, (size_t)(val - e->msg) - OPTION_HEAD, size, 0);
}

enum dhcp_err dhcp6_edit_finish(struct dhcp6_edit *e, size_t *ret_len)
{
	if (e->err == DHCP_OK)
		*ret_len = e->len;
	return e->err;
}

size_t dhcp6_wrap_size(const struct dhcp6_wrap *w)
{
	return DHCP6_RELAY_HEAD + 4 + w->interface_id_len + (w->mac != NULL ? 6 + w->mac_len : 0) +
		(w->port != 0 ? 6 : 0) + 4;
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
	if (w->port != 0) {
		be16_put(out, D6O_RELAY_SOURCE_PORT);
		be16_put(out + 2, 2);
		be16_put(out + 4, w->port);
		out += 6;
	}
	be16_put(out, D6O_RELAY_MSG);
	be16_put(out + 2, msg_len);
}
