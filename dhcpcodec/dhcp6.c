/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the nesting of DHCPv6: relay layers around a message, IAs within it, addresses and prefixes
 * within those. The descent into relay layers is a loop with a limit, the descent into IAs follows
 * a grammar of three levels; neither can be made deeper by a sender. RFC 8415 sections 7 to 9 and
 * 21.
 */
#include "dhcpcodec/dhcp6.h"

/* What must hold of an option: its least and greatest length, and where options begin within it. */
struct shape {
	uint16_t code, min, max;
	uint16_t nested;              /* offset of its options, 0: none are read */
	const struct shape *inside;
	uint8_t inside_count;
	bool once;
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct shape status_shape[] = {
	{ .code = D6O_STATUS_CODE, .min = 2, .max = UINT16_MAX },
};
static const struct shape ia_shapes[] = {
	{ D6O_IAADDR, 24, UINT16_MAX, 24, status_shape, COUNT(status_shape), false },
	{ D6O_IAPREFIX, 25, UINT16_MAX, 25, status_shape, COUNT(status_shape), false },
	{ .code = D6O_STATUS_CODE, .min = 2, .max = UINT16_MAX },
};
static const struct shape top_shapes[] = {
	{ .code = D6O_CLIENTID, .min = DHCP6_DUID_MIN, .max = DHCP6_DUID_MAX, .once = true },
	{ D6O_IA_NA, 12, UINT16_MAX, 12, ia_shapes, COUNT(ia_shapes), false },
	{ D6O_IA_TA, 4, UINT16_MAX, 4, ia_shapes, COUNT(ia_shapes), false },
	{ D6O_IA_PD, 12, UINT16_MAX, 12, ia_shapes, COUNT(ia_shapes), false },
	{ .code = D6O_AUTH, .min = 11, .max = UINT16_MAX },
	{ .code = D6O_STATUS_CODE, .min = 2, .max = UINT16_MAX },
};

static const struct shape *shape_of(const struct shape *shapes, size_t count, uint16_t code)
{
	for (size_t i = 0; i < count; i++)
		if (shapes[i].code == code)
			return &shapes[i];
	return NULL;
}

/* Checks one row of options against its shapes; descends as far as the shapes do. */
static enum dhcp_err check_area(
	const uint8_t *area, size_t len, const struct shape *shapes, size_t count, uint64_t *has)
{
	struct tlv_iter it = tlv_begin(area, len);
	struct tlv t;

	while (tlv_next(&TLV_DHCP6, &it, &t)) {
		const struct shape *s = shape_of(shapes, count, t.code);
		enum dhcp_err err;
		bool again = false;

		if (has != NULL && t.code < 192) {
			again = (has[t.code >> 6] >> (t.code & 63) & 1) != 0;
			has[t.code >> 6] |= UINT64_C(1) << (t.code & 63);
		}
		if (s == NULL)
			continue;
		if (t.len < s->min || t.len > s->max || (s->once && again))
			return s->code == D6O_CLIENTID ? DHCP_E_DUID : DHCP_E_OPTSIZE;
		if (s->nested == 0)
			continue;
		err = check_area(t.val + s->nested, (size_t)t.len - s->nested, s->inside,
			s->inside_count, NULL);
		if (err != DHCP_OK)
			return err;
	}
	return it.err;
}

/* Of the IANA registry of message types: 1 to 37 but for 12 and 13, which the layers have taken. */
static bool has_options(uint8_t type)
{
	enum { LAST_KNOWN = 37 };

	return type >= DHCPV6_SOLICIT && type <= LAST_KNOWN;
}

/* RFC 8415 19.1.1, 20: a relay layer holds exactly one Relay Message option. */
static enum dhcp_err read_layer(
	const uint8_t *msg, size_t at, size_t end, struct dhcp6_layer *ret, size_t *ret_len)
{
	struct tlv_iter it;
	bool found = false;
	struct tlv t;

	if (end - at < DHCP6_RELAY_HEAD)
		return DHCP_E_SHORT;
	ret->at = at;
	ret->end = end;
	it = tlv_begin(msg + at + DHCP6_RELAY_HEAD, end - at - DHCP6_RELAY_HEAD);
	while (tlv_next(&TLV_DHCP6, &it, &t)) {
		if (t.code != D6O_RELAY_MSG)
			continue;
		if (found)
			return DHCP_E_RELAY;
		found = true;
		ret->relay_msg = (size_t)(t.val - msg);
		*ret_len = t.len;
	}
	if (it.err != DHCP_OK)
		return it.err;
	return found ? DHCP_OK : DHCP_E_RELAY;
}

enum dhcp_err dhcp6_view_init(struct dhcp6_view *ret, const uint8_t *msg, size_t len)
{
	struct dhcp6_view v = { .msg = msg, .len = len, .inner_len = len };
	enum dhcp_err err;

	if (len < DHCP6_HEAD)
		return DHCP_E_SHORT;
	v.outer_type = msg[0];
	while (dhcp6_is_relay(msg[v.inner])) {
		if (msg[v.inner] != v.outer_type)
			return DHCP_E_RELAY;
		if (v.depth == DHCP6_LAYERS)
			return DHCP_E_DEPTH;
		err = read_layer(
			msg, v.inner, v.inner + v.inner_len, &v.layers[v.depth], &v.inner_len);
		if (err != DHCP_OK)
			return err;
		v.inner = v.layers[v.depth++].relay_msg;
		if (v.inner_len < DHCP6_HEAD)
			return DHCP_E_SHORT;
	}
	v.type = msg[v.inner];
	/* RFC 7283 3: what nobody knows need not hold options, and is to be passed on all the same. */
	if (!has_options(v.type)) {
		*ret = v;
		return DHCP_OK;
	}
	v.options_len = v.inner_len - DHCP6_HEAD;
	err = check_area(msg + v.inner + DHCP6_HEAD, v.options_len, top_shapes,
		COUNT(top_shapes), v.has);
	if (err != DHCP_OK)
		return err;
	*ret = v;
	return DHCP_OK;
}

void dhcp6_view_unwrap(struct dhcp6_view *v)
{
	size_t off = v->layers[0].relay_msg;

	v->len = v->depth > 1 ? v->layers[1].end - off : v->inner_len;
	v->msg += off;
	v->inner -= off;
	v->depth--;
	for (unsigned i = 0; i < v->depth; i++) {
		v->layers[i] = v->layers[i + 1];
		v->layers[i].at -= off;
		v->layers[i].end -= off;
		v->layers[i].relay_msg -= off;
	}
	v->outer_type = v->msg[0];
}

bool dhcp6_get(const struct dhcp6_view *v, unsigned code, struct tlv *ret)
{
	if (code < 192 && !dhcp6_has(v, code))
		return false;
	return tlv_find(&TLV_DHCP6, v->msg + v->inner + DHCP6_HEAD, v->options_len, code, ret);
}

bool dhcp6_layer_get(const struct dhcp6_view *v, unsigned layer, unsigned code, struct tlv *ret)
{
	const struct dhcp6_layer *l = &v->layers[layer];

	return tlv_find(&TLV_DHCP6, v->msg + l->at + DHCP6_RELAY_HEAD,
		l->end - l->at - DHCP6_RELAY_HEAD, code, ret);
}

struct tlv_iter dhcp6_inner(const struct dhcp6_view *v)
{
	return tlv_begin(v->msg + v->inner + DHCP6_HEAD, v->options_len);
}

bool dhcp6_next_ia(struct tlv_iter *it, struct dhcp6_ia *ret)
{
	struct tlv t;

	while (tlv_next(&TLV_DHCP6, it, &t)) {
		size_t head = t.code == D6O_IA_TA ? 4 : 12;

		if (t.code != D6O_IA_NA && t.code != D6O_IA_TA && t.code != D6O_IA_PD)
			continue;
		ret->code = t.code;
		ret->val = t.val;
		ret->sub = t.val + head;
		ret->sub_len = t.len - head;
		return true;
	}
	return false;
}

struct tlv_iter dhcp6_ia_begin(const struct dhcp6_ia *ia)
{
	return tlv_begin(ia->sub, ia->sub_len);
}

bool dhcp6_next_lease(struct tlv_iter *it, struct dhcp6_lease *ret)
{
	struct tlv t;

	while (tlv_next(&TLV_DHCP6, it, &t)) {
		if (t.code != D6O_IAADDR && t.code != D6O_IAPREFIX)
			continue;
		ret->is_prefix = t.code == D6O_IAPREFIX;
		ret->addr = ret->is_prefix ? t.val + 9 : t.val;
		ret->prefix_len = ret->is_prefix ? t.val[8] : 128;
		ret->times = ret->is_prefix ? t.val : t.val + 16;
		ret->preferred = be32_get(ret->times);
		ret->valid = be32_get(ret->times + 4);
		return true;
	}
	return false;
}

uint16_t dhcp6_status(const uint8_t *options, size_t len)
{
	struct tlv t;

	return tlv_find(&TLV_DHCP6, options, len, D6O_STATUS_CODE, &t) ? be16_get(t.val) : 0;
}

uint16_t dhcp6_top_status(const struct dhcp6_view *v)
{
	struct tlv t;

	return dhcp6_get(v, D6O_STATUS_CODE, &t) ? be16_get(t.val) : 0;
}

const uint8_t *dhcp6_first_addr(const struct dhcp6_view *v)
{
	struct dhcp6_walk w = dhcp6_walk(dhcp6_inner(v));
	struct dhcp6_lease lease;

	while (dhcp6_walk_next(&w, &lease))
		if (!lease.is_prefix)
			return lease.addr;
	return NULL;
}
