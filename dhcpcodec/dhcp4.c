/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how options are spread over the options field and, with option 52, over file and sname, and
 * how several instances of one make one value. Decides nothing about a message's meaning. A filter
 * is strict: where a client's parser may read on after a broken option, this one reports an error,
 * since what we overlook somebody may use. RFC 2131, RFC 2132, RFC 3396.
 */
#include "dhcpcodec/dhcp4.h"

static const uint8_t cookie[4] = { 99, 130, 83, 99 }; /* RFC 1497 */

/*
 * Walks one field, notes which codes it has, and takes 52 and 53 from it. RFC 2132 9.3 knows the
 * values 1 to 3 of option 52; servers test its two lowest bits whatever the others are, so those
 * decide here too, or 7 would hide options from us that the server reads.
 */
static enum dhcp_err scan(
	struct dhcp4_view *v, const uint8_t *area, size_t len, uint64_t has[4], const uint8_t **end)
{
	struct tlv_iter it = tlv_begin(area, len);
	struct tlv t;

	while (tlv_next(&TLV_DHCP4, &it, &t)) {
		if (t.code == DHO_MESSAGE_TYPE || t.code == DHO_OVERLOAD) {
			if (dhcp4_has(v, (uint8_t)t.code))
				return DHCP_E_REPEAT;
			if (t.len != 1)
				return DHCP_E_OPTSIZE;
			if (t.code == DHO_MESSAGE_TYPE)
				v->type = t.val[0];
			else
				v->overload = t.val[0] & 3;
		}
		has[t.code >> 6] |= UINT64_C(1) << (t.code & 63);
	}
	*end = it.pos;
	return it.err;
}

enum dhcp_err dhcp4_view_init(struct dhcp4_view *ret, const uint8_t *msg, size_t len)
{
	struct dhcp4_view v = { .msg = msg, .len = len };
	const uint8_t *end;
	enum dhcp_err err;
	uint8_t overload;

	if (len < DHCP4_COOKIE)
		return DHCP_E_SHORT;
	if (msg[DHCP4_OP] != BOOTREQUEST && msg[DHCP4_OP] != BOOTREPLY)
		return DHCP_E_OP;
	if (msg[DHCP4_HLEN] > DHCP4_CHADDR_LEN)
		return DHCP_E_HLEN;
	v.end = DHCP4_COOKIE;
	if (len < DHCP4_OPTIONS || memcmp(msg + DHCP4_COOKIE, cookie, sizeof(cookie)) != 0) {
		*ret = v;
		return DHCP_OK;
	}
	err = scan(&v, msg + DHCP4_OPTIONS, len - DHCP4_OPTIONS, v.main_has, &end);
	if (err != DHCP_OK)
		return err;
	v.end = (size_t)(end - msg);
	overload = v.overload;
	if ((overload & 1) != 0)
		err = scan(&v, msg + DHCP4_FILE, DHCP4_FILE_LEN, v.field_has, &end);
	if (err == DHCP_OK && (overload & 2) != 0)
		err = scan(&v, msg + DHCP4_SNAME, DHCP4_SNAME_LEN, v.field_has, &end);
	if (err != DHCP_OK)
		return err;
	*ret = v;
	return DHCP_OK;
}

static struct tlv_iter begin_field(const struct dhcp4_view *v, uint8_t field)
{
	if (field == 1 && (v->overload & 1) != 0)
		return tlv_begin(v->msg + DHCP4_FILE, DHCP4_FILE_LEN);
	if (field == 2 && (v->overload & 2) != 0)
		return tlv_begin(v->msg + DHCP4_SNAME, DHCP4_SNAME_LEN);
	return tlv_begin(v->msg, 0);
}

struct dhcp4_iter dhcp4_begin(const struct dhcp4_view *v)
{
	struct dhcp4_iter it = { .view = v, .field = 0 };
	size_t from = v->end < DHCP4_OPTIONS ? v->end : DHCP4_OPTIONS;

	it.it = tlv_begin(v->msg + from, v->end - from);
	return it;
}

bool dhcp4_next(struct dhcp4_iter *it, struct tlv *ret)
{
	while (!tlv_next(&TLV_DHCP4, &it->it, ret)) {
		if (it->field == 2)
			return false;
		it->field++;
		it->it = begin_field(it->view, it->field);
	}
	return true;
}

bool dhcp4_get(const struct dhcp4_view *v, uint8_t code, struct tlv *ret)
{
	struct dhcp4_iter it;

	if (!dhcp4_has(v, code))
		return false;
	it = dhcp4_begin(v);
	while (dhcp4_next(&it, ret))
		if (ret->code == code)
			return true;
	return false;
}

const uint8_t *dhcp4_concat(
	const struct dhcp4_view *v, uint8_t code, uint8_t *buf, size_t cap, size_t *ret_len)
{
	struct dhcp4_iter it;
	struct tlv t, first = { 0 };
	size_t len = 0, instances = 0;

	if (!dhcp4_has(v, code))
		return NULL;
	for (it = dhcp4_begin(v); dhcp4_next(&it, &t);) {
		if (t.code != code)
			continue;
		if (t.len > cap - len)
			return NULL;
		if (instances == 0)
			first = t;
		if (instances == 1)
			memcpy(buf, first.val, first.len);
		if (instances > 0)
			memcpy(buf + len, t.val, t.len);
		len += t.len;
		instances++;
	}
	*ret_len = len;
	return instances == 1 ? first.val : buf;
}

const uint8_t *dhcp4_get_addr(const struct dhcp4_view *v, uint8_t code)
{
	struct tlv t;

	return dhcp4_get(v, code, &t) && t.len == 4 ? t.val : NULL;
}

bool dhcp4_get32(const struct dhcp4_view *v, uint8_t code, uint32_t *ret)
{
	const uint8_t *val = dhcp4_get_addr(v, code);

	if (val == NULL)
		return false;
	*ret = be32_get(val);
	return true;
}
