/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the layout of option 125, a row of enterprise number (4), length (1) and sub-options: the
 * value is written anew with one sub-option changed, and set as one option. RFC 3925 section 4.
 */
#include "dhcpcodec/edit4.h"

enum { BLOCK_HEAD = 5, VALUE_MAX = 1024 };

/* The value under construction; len counts on past cap, which says that it does not fit. */
struct value {
	uint8_t bytes[VALUE_MAX];
	size_t len;
};

static void put_bytes(struct value *v, const uint8_t *bytes, size_t len)
{
	if (len > 0 && v->len <= VALUE_MAX && len <= VALUE_MAX - v->len)
		memcpy(v->bytes + v->len, bytes, len);
	v->len += len;
}

/* An enterprise's block with the sub-option replaced where it stood, or added at its end. */
static enum dhcp_err put_block(struct value *v, uint32_t enterprise, const uint8_t *data,
	size_t data_len, uint8_t sub, const uint8_t *val, size_t len)
{
	struct tlv_iter it = tlv_begin(data, data_len);
	uint8_t head[BLOCK_HEAD] = { 0 }, sub_head[2] = { sub, (uint8_t)len };
	size_t at = v->len;
	bool done = val == NULL;
	struct tlv t;

	be32_put(head, enterprise);
	put_bytes(v, head, sizeof(head));
	while (tlv_next(&TLV_AGENT, &it, &t)) {
		if (t.code != sub) {
			put_bytes(v, t.at, tlv_size(&TLV_AGENT, &t));
			continue;
		}
		if (!done) {
			put_bytes(v, sub_head, sizeof(sub_head));
			put_bytes(v, val, len);
		}
		done = true;
	}
	if (it.err != DHCP_OK)
		return it.err;
	if (!done) {
		put_bytes(v, sub_head, sizeof(sub_head));
		put_bytes(v, val, len);
	}
	if (v->len - at - BLOCK_HEAD > 255 || v->len > VALUE_MAX)
		return DHCP_E_RANGE;
	v->bytes[at + 4] = (uint8_t)(v->len - at - BLOCK_HEAD);
	if (v->len - at == BLOCK_HEAD)
		v->len = at;
	return DHCP_OK;
}

/* Adds the values of all options 125 of an area to old[*ret_len]; false if that is too small. */
static bool gather(const uint8_t *area, size_t area_len, uint8_t old[VALUE_MAX], size_t *ret_len)
{
	struct tlv_iter it = tlv_begin(area, area_len);
	struct tlv t;

	while (tlv_next(&TLV_DHCP4, &it, &t)) {
		if (t.code != DHO_VIVSO)
			continue;
		if (t.len > VALUE_MAX - *ret_len)
			return false;
		memcpy(old + *ret_len, t.val, t.len);
		*ret_len += t.len;
	}
	return true;
}

/* RFC 3396: what several instances hold is one value; section 5: options, then file, then sname. */
static bool gather_all(const struct dhcp4_edit *e, uint8_t old[VALUE_MAX], size_t *ret_len)
{
	*ret_len = 0;
	return gather(e->msg + DHCP4_OPTIONS, e->len - DHCP4_OPTIONS, old, ret_len) &&
		((e->overload & 1) == 0 ||
			gather(e->msg + DHCP4_FILE, DHCP4_FILE_LEN, old, ret_len)) &&
		((e->overload & 2) == 0 ||
			gather(e->msg + DHCP4_SNAME, DHCP4_SNAME_LEN, old, ret_len));
}

enum dhcp_err dhcp4_edit_vendor(struct dhcp4_edit *e, uint32_t enterprise, uint8_t sub,
	const uint8_t *val, size_t len)
{
	enum dhcp_err err = DHCP_OK;
	struct value v = { .len = 0 };
	uint8_t old[VALUE_MAX];
	size_t old_len, pos = 0;
	bool found = false;

	if (e->err != DHCP_OK || len > 253)
		return e->err != DHCP_OK ? e->err : DHCP_E_RANGE;
	if (!gather_all(e, old, &old_len))
		return DHCP_E_RANGE;
	while (pos < old_len && err == DHCP_OK) {
		size_t block;

		if (BLOCK_HEAD > old_len - pos || old[pos + 4] > old_len - pos - BLOCK_HEAD)
			return DHCP_E_OPTLEN;
		block = (size_t)BLOCK_HEAD + old[pos + 4];
		/* In the first, and then in none of the same enterprise. */
		if (be32_get(old + pos) == enterprise) {
			err = put_block(&v, enterprise, old + pos + BLOCK_HEAD, block - BLOCK_HEAD,
				sub, found ? NULL : val, len);
			found = true;
		} else {
			put_bytes(&v, old + pos, block);
		}
		pos += block;
	}
	if (err == DHCP_OK && !found && val != NULL)
		err = put_block(&v, enterprise, NULL, 0, sub, val, len);
	if (err != DHCP_OK || v.len > VALUE_MAX)
		return err != DHCP_OK ? err : DHCP_E_RANGE;
	if (v.len == 0) {
		dhcp4_edit_del(e, DHO_VIVSO);
		return DHCP_OK;
	}
	dhcp4_edit_set(e, DHO_VIVSO, v.bytes, v.len);
	if (e->err == DHCP_E_NOSPACE) {
		e->err = DHCP_OK;
		return DHCP_E_NOSPACE;
	}
	return e->err;
}
