/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how options are replaced in place, split (RFC 3396), taken out of overloaded fields and
 * closed by END. Writes no length or checksum of an outer header: that is frame_seal()'s. Works only
 * on messages that dhcp4_view_init() accepted, so its walks cannot fail.
 */
#include "dhcpcodec/edit4.h"

static const size_t MAX_INSTANCE = 255;

void dhcp4_edit_init(struct dhcp4_edit *e, const struct dhcp4_view *v, uint8_t *msg, size_t cap)
{
	*e = (struct dhcp4_edit){
		.msg = msg,
		.len = v->end,
		.cap = cap,
		.limit = cap,
		.orig_len = v->len,
		.padded = v->len > v->end + 1,
		.overload = v->overload,
	};
	if (v->end < DHCP4_OPTIONS || v->end >= cap)
		e->err = DHCP_E_NOSPACE;
}

void dhcp4_edit_limit(struct dhcp4_edit *e, size_t limit)
{
	e->limit = limit < e->cap ? limit : e->cap;
}

size_t dhcp4_edit_room(const struct dhcp4_edit *e)
{
	return e->err == DHCP_OK && e->limit > e->len ? e->limit - e->len - 1 : 0;
}

/* The only function that moves bytes: old bytes at pos make room for new ones, not yet written. */
static bool splice(struct dhcp4_edit *e, size_t pos, size_t old, size_t new)
{
	if (e->err != DHCP_OK)
		return false;
	if (new > old && new - old > dhcp4_edit_room(e)) {
		e->err = DHCP_E_NOSPACE;
		return false;
	}
	memmove(e->msg + pos + new, e->msg + pos + old, e->len - pos - old);
	e->len = e->len - old + new;
	return true;
}

static struct tlv_iter begin_main(const struct dhcp4_edit *e)
{
	return tlv_begin(e->msg + DHCP4_OPTIONS, e->len - DHCP4_OPTIONS);
}

static bool find_main(const struct dhcp4_edit *e, uint8_t code, struct tlv *ret)
{
	return tlv_find(&TLV_DHCP4, e->msg + DHCP4_OPTIONS, e->len - DHCP4_OPTIONS, code, ret);
}

/* Removes an option from file or sname; what is left is closed by END and zeros (RFC 2131 4.1). */
static void del_field(uint8_t *field, size_t len, uint8_t code)
{
	struct tlv_iter it = tlv_begin(field, len);
	uint8_t *to = field;
	bool found = false;
	struct tlv t;

	while (tlv_next(&TLV_DHCP4, &it, &t)) {
		if (t.code == code) {
			found = true;
			continue;
		}
		memmove(to, t.at, tlv_size(&TLV_DHCP4, &t));
		to += tlv_size(&TLV_DHCP4, &t);
	}
	if (!found)
		return;
	memset(to, 0, len - (size_t)(to - field));
	*to = DHO_END;
}

static void del_fields(struct dhcp4_edit *e, uint8_t code)
{
	if ((e->overload & 1) != 0)
		del_field(e->msg + DHCP4_FILE, DHCP4_FILE_LEN, code);
	if ((e->overload & 2) != 0)
		del_field(e->msg + DHCP4_SNAME, DHCP4_SNAME_LEN, code);
}

void dhcp4_edit_del(struct dhcp4_edit *e, uint8_t code)
{
	struct tlv_iter it;
	struct tlv t;

	if (e->err != DHCP_OK)
		return;
	for (it = begin_main(e); tlv_next(&TLV_DHCP4, &it, &t);) {
		if (t.code != code)
			continue;
		splice(e, (size_t)(t.at - e->msg), tlv_size(&TLV_DHCP4, &t), 0);
		it.pos = t.at;
		it.end = e->msg + e->len;
	}
	del_fields(e, code);
}

/* Bytes on the wire of a value, split if need be; an empty value is one empty instance. */
static size_t wire_size(size_t len)
{
	return len + 2 * (len == 0 ? 1 : (len + MAX_INSTANCE - 1) / MAX_INSTANCE);
}

static void put(uint8_t *at, uint8_t code, const uint8_t *val, size_t len)
{
	do {
		size_t n = len < MAX_INSTANCE ? len : MAX_INSTANCE;

		*at++ = code;
		*at++ = (uint8_t)n;
		if (n > 0)
			memcpy(at, val, n);
		at += n;
		val += n;
		len -= n;
	} while (len > 0);
}

/* Bytes that all instances of an option take in the options field; the first is given back. */
static size_t taken(const struct dhcp4_edit *e, uint8_t code, struct tlv *first)
{
	struct tlv_iter it = begin_main(e);
	size_t sum = 0;
	struct tlv t;

	while (tlv_next(&TLV_DHCP4, &it, &t)) {
		if (t.code != code)
			continue;
		if (sum == 0)
			*first = t;
		sum += tlv_size(&TLV_DHCP4, &t);
	}
	return sum;
}

void dhcp4_edit_set(struct dhcp4_edit *e, uint8_t code, const uint8_t *val, size_t len)
{
	struct tlv first = { 0 };
	size_t old, pos, size = wire_size(len);

	if (e->err != DHCP_OK)
		return;
	old = taken(e, code, &first);
	if (size > old && size - old > dhcp4_edit_room(e)) {
		e->err = DHCP_E_NOSPACE;
		return;
	}
	if (old == tlv_head(&TLV_DHCP4) + len && len <= MAX_INSTANCE) {
		/* One instance of the same length, the usual case: nothing moves. */
		put(e->msg + (first.at - e->msg), code, val, len);
		del_fields(e, code);
		return;
	}
	/* RFC 3046 2.1: the relay agent's option is the last one, so others go before it. */
	if (old > 0)
		pos = (size_t)(first.at - e->msg);
	else if (code != DHO_AGENT_OPTIONS && find_main(e, DHO_AGENT_OPTIONS, &first))
		pos = (size_t)(first.at - e->msg);
	else
		pos = e->len;
	dhcp4_edit_del(e, code);
	if (splice(e, pos, 0, size))
		put(e->msg + pos, code, val, len);
}

void dhcp4_edit_append(struct dhcp4_edit *e, uint8_t code, const uint8_t *val, size_t len)
{
	size_t pos = e->len;

	if (len > MAX_INSTANCE && e->err == DHCP_OK)
		e->err = DHCP_E_RANGE;
	if (splice(e, pos, 0, 2 + len))
		put(e->msg + pos, code, val, len);
}

uint8_t *dhcp4_edit_value(struct dhcp4_edit *e, uint8_t code, size_t *ret_len)
{
	struct tlv t;

	if (e->err != DHCP_OK || !find_main(e, code, &t))
		return NULL;
	*ret_len = t.len;
	return e->msg + (t.val - e->msg);
}

/* Bytes of the options in a field, END and PAD left out; copied to `to` unless that is NULL. */
static size_t gather(const uint8_t *field, size_t len, uint8_t *to)
{
	struct tlv_iter it = tlv_begin(field, len);
	size_t sum = 0;
	struct tlv t;

	while (tlv_next(&TLV_DHCP4, &it, &t)) {
		if (to != NULL)
			memcpy(to + sum, t.at, tlv_size(&TLV_DHCP4, &t));
		sum += tlv_size(&TLV_DHCP4, &t);
	}
	return sum;
}

bool dhcp4_edit_unoverload(struct dhcp4_edit *e)
{
	uint8_t *file = e->msg + DHCP4_FILE, *sname = e->msg + DHCP4_SNAME;
	size_t nfile = 0, nsname = 0, pos;
	struct tlv t;

	if (e->err != DHCP_OK || e->overload == 0)
		return e->err == DHCP_OK;
	if ((e->overload & 1) != 0)
		nfile = gather(file, DHCP4_FILE_LEN, NULL);
	if ((e->overload & 2) != 0)
		nsname = gather(sname, DHCP4_SNAME_LEN, NULL);
	if (nfile + nsname > dhcp4_edit_room(e) + 3)
		return false;
	pos = e->len;
	if (find_main(e, DHO_AGENT_OPTIONS, &t))
		pos = (size_t)(t.at - e->msg);
	if (find_main(e, DHO_OVERLOAD, &t)) {
		size_t at = (size_t)(t.at - e->msg);

		splice(e, at, 3, 0);
		if (at < pos)
			pos -= 3;
	}
	if (!splice(e, pos, 0, nfile + nsname))
		return false;
	if (nfile > 0)
		gather(file, DHCP4_FILE_LEN, e->msg + pos);
	if (nsname > 0)
		gather(sname, DHCP4_SNAME_LEN, e->msg + pos + nfile);
	if ((e->overload & 1) != 0)
		memset(file, 0, DHCP4_FILE_LEN);
	if ((e->overload & 2) != 0)
		memset(sname, 0, DHCP4_SNAME_LEN);
	e->overload = 0;
	return true;
}

void dhcp4_edit_clear(struct dhcp4_edit *e)
{
	if (e->err == DHCP_OK)
		e->len = DHCP4_OPTIONS;
	e->overload = 0;
}

enum dhcp_err dhcp4_edit_finish(struct dhcp4_edit *e, enum dhcp4_pad pad, size_t *ret_len)
{
	size_t len;

	if (e->err != DHCP_OK)
		return e->err;
	e->msg[e->len] = DHO_END;
	len = e->len + 1;
	if (len < DHCP4_MIN_LEN && DHCP4_MIN_LEN <= e->cap)
		len = DHCP4_MIN_LEN;
	if (len < e->orig_len && e->orig_len <= e->cap && (pad == DHCP4_PAD_QUERY || e->padded))
		len = e->orig_len;
	memset(e->msg + e->len + 1, 0, len - e->len - 1);
	*ret_len = len;
	return DHCP_OK;
}
