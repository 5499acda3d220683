/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how options are replaced in place, split (RFC 3396), taken out of overloaded fields and
 * closed by END. Writes no length or checksum of an outer header: that is frame_seal()'s. Works
 * only on messages that dhcp4_view_init() accepted, so its walks cannot fail.
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
	if (v->end < DHCP4_OPTIONS)
		e->err = DHCP_E_COOKIE;
	else if (v->end >= cap)
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

static struct tlv_iter begin_main(const struct dhcp4_edit *e)
{
	return tlv_begin(e->msg + DHCP4_OPTIONS, e->len - DHCP4_OPTIONS);
}

static bool find_main(const struct dhcp4_edit *e, uint8_t code, struct tlv *ret)
{
	return tlv_find(&TLV_DHCP4, e->msg + DHCP4_OPTIONS, e->len - DHCP4_OPTIONS, code, ret);
}

static bool fits(const struct dhcp4_edit *e, size_t old, size_t new)
{
	return new <= old || new - old <= dhcp4_edit_room(e);
}

/* The only function that makes room: n bytes at pos, unwritten. The caller knows that they fit. */
static uint8_t *insert(struct dhcp4_edit *e, size_t pos, size_t n)
{
	memmove(e->msg + pos + n, e->msg + pos, e->len - pos);
	e->len += n;
	return e->msg + pos;
}

/*
 * The only function that closes gaps: takes all instances of an option out of area[len], each byte
 * moved once however many there are; returns the new length.
 */
static size_t squeeze(uint8_t *area, size_t len, uint8_t code)
{
	struct tlv_iter it = tlv_begin(area, len);
	const uint8_t *from = area;
	uint8_t *to = area;
	struct tlv t;

	while (tlv_next(&TLV_DHCP4, &it, &t)) {
		if (t.code != code)
			continue;
		memmove(to, from, (size_t)(t.at - from));
		to += t.at - from;
		from = it.pos;
	}
	memmove(to, from, (size_t)(area + len - from));
	return (size_t)(to - area) + (size_t)(area + len - from);
}

/* Removes an option from file or sname; what is left is closed by END and zeros (RFC 2131 4.1). */
static void del_field(uint8_t *field, size_t size, uint8_t code)
{
	struct tlv_iter it = tlv_begin(field, size);
	size_t len = 0, left;
	struct tlv t;

	while (tlv_next(&TLV_DHCP4, &it, &t))
		len = (size_t)(it.pos - field);
	left = squeeze(field, len, code);
	if (left == len)
		return;
	memset(field + left, 0, size - left);
	field[left] = DHO_END;
}

static void del_fields(struct dhcp4_edit *e, uint8_t code)
{
	if ((e->overload & 1) != 0)
		del_field(e->msg + DHCP4_FILE, DHCP4_FILE_LEN, code);
	if ((e->overload & 2) != 0)
		del_field(e->msg + DHCP4_SNAME, DHCP4_SNAME_LEN, code);
}

static void del_main(struct dhcp4_edit *e, uint8_t code)
{
	e->len = DHCP4_OPTIONS + squeeze(e->msg + DHCP4_OPTIONS, e->len - DHCP4_OPTIONS, code);
}

void dhcp4_edit_del(struct dhcp4_edit *e, uint8_t code)
{
	if (e->err != DHCP_OK)
		return;
	del_main(e, code);
	del_fields(e, code);
}

/* What one walk over the options field tells of an option. */
struct survey {
	struct tlv first;        /* its first instance; code 0 if there is none */
	size_t bytes;            /* that all its instances take */
	size_t tail;             /* where an option goes that is not there yet */
};

/*
 * RFC 3046 2.1: a relay agent adds its option "as the last option (but before 'End Option' 255, if
 * present)"; so one that is last stays last, and the tail is before it.
 */
static struct survey survey(const struct dhcp4_edit *e, uint8_t code)
{
	struct survey s = { .first.code = 0 };
	struct tlv_iter it = begin_main(e);
	const uint8_t *agent = NULL;
	struct tlv t;

	while (tlv_next(&TLV_DHCP4, &it, &t)) {
		if (t.code != DHO_AGENT_OPTIONS)
			agent = NULL;
		else if (agent == NULL)
			agent = t.at;
		if (t.code != code)
			continue;
		if (s.bytes == 0)
			s.first = t;
		s.bytes += tlv_size(&TLV_DHCP4, &t);
	}
	s.tail = agent != NULL ? (size_t)(agent - e->msg) : e->len;
	return s;
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
		if (n == 0)
			return;
		memcpy(at, val, n);
		at += n;
		val += n;
		len -= n;
	} while (len > 0);
}

void dhcp4_edit_set(struct dhcp4_edit *e, uint8_t code, const uint8_t *val, size_t len)
{
	size_t pos, size = wire_size(len);
	struct survey now;

	if (e->err != DHCP_OK)
		return;
	now = survey(e, code);
	if (code == DHO_PAD || code == DHO_END)
		e->err = DHCP_E_RANGE;
	else if (!fits(e, now.bytes, size))
		e->err = DHCP_E_NOSPACE;
	if (e->err != DHCP_OK)
		return;
	if (now.bytes > 0)
		pos = (size_t)(now.first.at - e->msg);
	else
		pos = code == DHO_AGENT_OPTIONS ? e->len : now.tail;
	del_fields(e, code);
	/* One instance of the same length, the usual case: nothing moves. */
	if (now.bytes != size || tlv_size(&TLV_DHCP4, &now.first) != size) {
		if (now.bytes > 0)
			del_main(e, code);
		insert(e, pos, size);
	}
	put(e->msg + pos, code, val, len);
}

void dhcp4_edit_append(struct dhcp4_edit *e, uint8_t code, const uint8_t *val, size_t len)
{
	if (e->err != DHCP_OK)
		return;
	if (len > MAX_INSTANCE || code == DHO_PAD || code == DHO_END)
		e->err = DHCP_E_RANGE;
	else if (!fits(e, 0, 2 + len))
		e->err = DHCP_E_NOSPACE;
	else
		put(insert(e, e->len, 2 + len), code, val, len);
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

static void zero_fields(struct dhcp4_edit *e)
{
	if ((e->overload & 1) != 0)
		memset(e->msg + DHCP4_FILE, 0, DHCP4_FILE_LEN);
	if ((e->overload & 2) != 0)
		memset(e->msg + DHCP4_SNAME, 0, DHCP4_SNAME_LEN);
	e->overload = 0;
}

bool dhcp4_edit_unoverload(struct dhcp4_edit *e)
{
	const uint8_t *file = e->msg + DHCP4_FILE, *sname = e->msg + DHCP4_SNAME;
	size_t nfile = 0, nsname = 0;
	uint8_t *at;

	if (e->err != DHCP_OK || e->overload == 0)
		return e->err == DHCP_OK;
	if ((e->overload & 1) != 0)
		nfile = gather(file, DHCP4_FILE_LEN, NULL);
	if ((e->overload & 2) != 0)
		nsname = gather(sname, DHCP4_SNAME_LEN, NULL);
	if (!fits(e, survey(e, DHO_OVERLOAD).bytes, nfile + nsname))
		return false;
	del_main(e, DHO_OVERLOAD);
	at = insert(e, survey(e, DHO_OVERLOAD).tail, nfile + nsname);
	if (nfile > 0)
		gather(file, DHCP4_FILE_LEN, at);
	if (nsname > 0)
		gather(sname, DHCP4_SNAME_LEN, at + nfile);
	zero_fields(e);
	return true;
}

void dhcp4_edit_clear(struct dhcp4_edit *e)
{
	if (e->err != DHCP_OK)
		return;
	e->len = DHCP4_OPTIONS;
	zero_fields(e);
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
