/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one walker for everything that is a row of code, length, value: DHCPv4 options (RFC 2132
 * section 2), sub-options of option 82 (RFC 3046 section 2.0), DHCPv6 options at every level
 * (RFC 8415 section 21.1). What differs between them is data: struct tlv_family.
 */
#ifndef USHER_DHCPCODEC_TLV_H
#define USHER_DHCPCODEC_TLV_H

#include "dhcpcodec/bytes.h"
#include "dhcpcodec/err.h"

#include <stdbool.h>

struct tlv_family {
	bool wide;     /* code and length of two bytes each, else of one */
	bool pad_end;  /* has PAD (0) and END (255), both without a length */
};

static const struct tlv_family TLV_DHCP4 = { .wide = false, .pad_end = true };
static const struct tlv_family TLV_AGENT = { .wide = false, .pad_end = false };
static const struct tlv_family TLV_DHCP6 = { .wide = true, .pad_end = false };

/* One option; val borrows from the area walked, at is where its code stands. */
struct tlv {
	const uint8_t *at, *val;
	uint16_t code, len;
};

struct tlv_iter {
	const uint8_t *pos, *end;  /* pos stays on END when that was met */
	bool ended;                /* END was met */
	enum dhcp_err err;         /* DHCP_E_OPTLEN: the area is broken at pos */
};

/* A walk over area[len]; area may be NULL if len is 0. */
static inline struct tlv_iter tlv_begin(const uint8_t *area, size_t len)
{
	struct tlv_iter it = { .pos = area, .ended = false, .err = DHCP_OK };

	it.end = len > 0 ? area + len : area;
	return it;
}

/* Bytes before the value. */
static inline size_t tlv_head(const struct tlv_family *f)
{
	return f->wide ? 4 : 2;
}

/* Bytes of the whole option. */
static inline size_t tlv_size(const struct tlv_family *f, const struct tlv *t)
{
	return tlv_head(f) + t->len;
}

/*
 * The next option. False at END, at the end of the area, and where the area is broken (it->err).
 * Every step advances by at least one byte.
 */
static inline bool tlv_next(const struct tlv_family *f, struct tlv_iter *it, struct tlv *ret)
{
	size_t head = tlv_head(f);

	if (f->pad_end) {
		while (it->pos < it->end && *it->pos == 0)
			it->pos++;
		if (it->pos < it->end && *it->pos == 255) {
			it->ended = true;
			return false;
		}
	}
	if (it->pos == it->end)
		return false;
	if (head > (size_t)(it->end - it->pos)) {
		it->err = DHCP_E_OPTLEN;
		return false;
	}
	ret->at = it->pos;
	ret->val = it->pos + head;
	ret->code = f->wide ? be16_get(it->pos) : it->pos[0];
	ret->len = f->wide ? be16_get(it->pos + 2) : it->pos[1];
	if (ret->len > (size_t)(it->end - ret->val)) {
		it->err = DHCP_E_OPTLEN;
		return false;
	}
	it->pos = ret->val + ret->len;
	return true;
}

/* The first option of that code in the area, read up to where it is broken, if it is. */
static inline bool tlv_find(
	const struct tlv_family *f, const uint8_t *area, size_t len, unsigned code, struct tlv *ret)
{
	struct tlv_iter it = tlv_begin(area, len);

	while (tlv_next(f, &it, ret))
		if (ret->code == code)
			return true;
	return false;
}

/* Whether the area is a whole number of options. */
static inline bool tlv_whole(const struct tlv_family *f, const uint8_t *area, size_t len)
{
	struct tlv_iter it = tlv_begin(area, len);
	struct tlv t;

	while (tlv_next(f, &it, &t))
		;
	return it.err == DHCP_OK;
}

#endif
