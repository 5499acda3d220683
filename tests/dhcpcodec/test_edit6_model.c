/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random edits of random DHCPv6 messages inside random relay layers, each also made on a plain list
 * of options. After every step all lengths must enclose exactly what is in them, the layers be as
 * they were, and the innermost message hold exactly the options of the list.
 */
#include "dhcpcodec/edit6.h"
#include "tests/build.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { POISON = 0xa5, CAP = 1500, LIST_MAX = 64, VAL_MAX = CAP, ROUNDS = 10000, STEPS = 14 };

struct option {
	uint16_t code;
	size_t len;
	uint8_t val[VAL_MAX];
};

static struct list {
	size_t n;
	struct option o[LIST_MAX];
} model;

static struct build msg;
static unsigned depth;

static size_t below(size_t n)
{
	return (size_t)rand() % n;
}

static uint16_t random_code(void)
{
	static const uint16_t codes[] = { 2, 7, 12, 17, 23, 59, 82, 191, 192, 65535 };

	return codes[below(sizeof(codes) / sizeof(codes[0]))];
}

static uint32_t random_enterprise(void)
{
	static const uint32_t numbers[] = { 9, 4491, 32473 };

	return numbers[below(3)];
}

static size_t random_len(void)
{
	static const size_t lens[] = { 0, 1, 2, 3, 4, 7, 40, 255, 256, 700 };

	return lens[below(sizeof(lens) / sizeof(lens[0]))];
}

static void random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)below(POISON);
}

/* A vendor option has whole sub-options of a few codes, or is broken, or too short to have any. */
static void random_vendor(struct option *o)
{
	if (below(8) == 0) {
		random_bytes(o->val, o->len = below(8));
		return;
	}
	be32_put(o->val, random_enterprise());
	o->len = 4;
	for (size_t i = below(4); i > 0; i--) {
		size_t n = below(6);

		be16_put(o->val + o->len, 31 + below(4));
		be16_put(o->val + o->len + 2, n);
		random_bytes(o->val + o->len + 4, n);
		o->len += 4 + n;
	}
}

static void build_message(void)
{
	size_t opened[DHCP6_LAYERS], at;

	msg.len = model.n = 0;
	depth = (unsigned)below(DHCP6_LAYERS + 1);
	for (unsigned i = 0; i < depth; i++) {
		build_relay6(&msg, DHCPV6_RELAY_REPL, (uint8_t)i, (uint8_t)i, 1);
		at = build_open(&msg, D6O_INTERFACE_ID);
		build_fill(&msg, (uint8_t)i, below(5));
		build_close(&msg, at);
		opened[i] = build_open(&msg, D6O_RELAY_MSG);
	}
	build_dhcp6(&msg, DHCPV6_REPLY);
	for (size_t i = below(8); i > 0; i--) {
		struct option *o = &model.o[model.n++];

		o->code = random_code();
		if (o->code == D6O_VENDOR_OPTS)
			random_vendor(o);
		else
			random_bytes(o->val, o->len = below(20));
		at = build_open(&msg, o->code);
		build_bytes(&msg, o->val, o->len);
		build_close(&msg, at);
	}
	for (unsigned i = depth; i-- > 0;) {
		build_close(&msg, opened[i]);
		at = build_open(&msg, D6O_SUBSCRIBER_ID);
		build_fill(&msg, (uint8_t)i, below(5));
		build_close(&msg, at);
	}
}

/* Returns the bytes taken out; ret_at: where the first one was, else the end. */
static size_t model_remove(uint16_t code, size_t *ret_at)
{
	size_t kept = 0, bytes = 0;

	*ret_at = SIZE_MAX;
	for (size_t i = 0; i < model.n; i++) {
		if (model.o[i].code == code) {
			*ret_at = *ret_at == SIZE_MAX ? kept : *ret_at;
			bytes += 4 + model.o[i].len;
		} else {
			model.o[kept++] = model.o[i];
		}
	}
	model.n = kept;
	*ret_at = *ret_at == SIZE_MAX ? kept : *ret_at;
	return bytes;
}

static size_t model_bytes(uint16_t code)
{
	size_t bytes = 0;

	for (size_t i = 0; i < model.n; i++)
		bytes += model.o[i].code == code ? 4 + model.o[i].len : 0;
	return bytes;
}

static void model_insert(size_t at, uint16_t code, const uint8_t *val, size_t n)
{
	cr_assert_lt(model.n, LIST_MAX);
	memmove(&model.o[at + 1], &model.o[at], (model.n - at) * sizeof(model.o[0]));
	model.n++;
	model.o[at].code = code;
	model.o[at].len = n;
	memcpy(model.o[at].val, val, n);
}

/* The next vendor option of that enterprise, from o on. */
static struct option *model_vendor(struct option *o, uint32_t enterprise)
{
	for (; o < &model.o[model.n]; o++)
		if (o->code == D6O_VENDOR_OPTS && o->len >= 4 && be32_get(o->val) == enterprise)
			return o;
	return NULL;
}

/*
 * The vendor option with a sub-option set (or removed, val NULL), by rebuilding it: the one in
 * place of all of its code, where the first stood. False if it is not whole.
 */
static bool rebuild_vendor(const struct option *o, uint16_t sub, const uint8_t *val, size_t n,
	struct option *ret)
{
	bool done = val == NULL;
	size_t at = 4;

	ret->code = o->code;
	ret->len = 4;
	memcpy(ret->val, o->val, 4);
	while (at < o->len || !done) {
		bool end = at >= o->len, same = !end && o->len - at >= 4 && be16_get(o->val + at) == sub;

		if (!end && (o->len - at < 4 || be16_get(o->val + at + 2) > o->len - at - 4))
			return false;
		if ((same || end) && !done) {
			be16_put(ret->val + ret->len, sub);
			be16_put(ret->val + ret->len + 2, n);
			memcpy(ret->val + ret->len + 4, val, n);
			ret->len += 4 + n;
			done = true;
		}
		if (!end && !same) {
			memcpy(ret->val + ret->len, o->val + at, 4 + be16_get(o->val + at + 2));
			ret->len += 4 + (size_t)be16_get(o->val + at + 2);
		}
		if (!end)
			at += 4 + (size_t)be16_get(o->val + at + 2);
	}
	return true;
}

/* Bytes of a sub-option in all of an enterprise's from o on; SIZE_MAX if one is not whole. */
static size_t vendor_bytes(struct option *o, uint32_t enterprise, uint16_t sub)
{
	static struct option without;
	size_t sum = 0;

	for (o = model_vendor(o, enterprise); o != NULL; o = model_vendor(o + 1, enterprise)) {
		if (!rebuild_vendor(o, sub, NULL, 0, &without))
			return SIZE_MAX;
		sum += o->len - without.len;
	}
	return sum;
}

/* Takes it out of those from o on, and out of the list what has nothing in it. */
static void rebuild_others(struct option *o, uint32_t enterprise, uint16_t sub)
{
	static struct option without;

	while ((o = model_vendor(o, enterprise)) != NULL) {
		rebuild_vendor(o, sub, NULL, 0, &without);
		*o = without;
		if (o->len == 4)
			memmove(o, o + 1, (size_t)(&model.o[model.n--] - (o + 1)) * sizeof(*o));
		else
			o++;
	}
}

static void step_vendor(struct dhcp6_edit *e, const uint8_t *val, size_t n)
{
	static struct option fresh;
	uint32_t enterprise = random_enterprise();
	uint16_t sub = (uint16_t)(31 + below(4));
	size_t room = dhcp6_edit_room(e), old = vendor_bytes(model.o, enterprise, sub), size;
	bool create = below(2) == 0;
	struct option *o = model_vendor(model.o, enterprise);
	enum dhcp_err err;

	val = below(4) == 0 ? NULL : val;
	size = (val != NULL ? 4 + n : 0) + (o == NULL ? 8 : 0);
	err = dhcp6_edit_vendor(e, enterprise, sub, val, n, create);
	if (o == NULL && (!create || val == NULL)) {
		cr_assert_eq(err, DHCP_E_ABSENT);
		return;
	}
	if (old == SIZE_MAX) {
		cr_assert_eq(err, DHCP_E_OPTLEN);
		return;
	}
	cr_assert_eq(err, size > old && size - old > room ? DHCP_E_NOSPACE : DHCP_OK);
	if (err != DHCP_OK)
		return;
	if (o == NULL) {
		uint8_t head[4];

		be32_put(head, enterprise);
		model_insert(model.n, D6O_VENDOR_OPTS, head, 4);
		o = &model.o[model.n - 1];
	}
	rebuild_vendor(o, sub, val, n, &fresh);
	if (vendor_bytes(o + 1, enterprise, sub) > 0)
		rebuild_others(o + 1, enterprise, sub);
	*o = fresh;
}

static void step(struct dhcp6_edit *e)
{
	size_t n = random_len(), room = dhcp6_edit_room(e), before = e->len, old, at;
	uint16_t code = random_code();
	uint8_t val[700];

	random_bytes(val, n);
	switch (below(10)) {
	case 0:
		dhcp6_edit_limit(e, below(2 * CAP));
		return;
	case 1:
	case 2:
		dhcp6_edit_del(e, code);
		cr_assert_eq(e->len, before - model_remove(code, &at));
		return;
	case 3:
	case 4:
	case 5:
		step_vendor(e, val, n);
		return;
	default:
		old = model_bytes(code);
		dhcp6_edit_set(e, code, val, n);
		cr_assert_eq(e->err, 4 + n > old && 4 + n - old > room ? DHCP_E_NOSPACE : DHCP_OK);
		if (e->err == DHCP_OK) {
			cr_assert_eq(e->len, before - old + 4 + n);
			model_remove(code, &at);
			model_insert(at, code, val, n);
		}
	}
}

/* Every byte of the message is looked at here, so none of the poison behind it can have come in. */
static void compare(const uint8_t *p, size_t len)
{
	struct dhcp6_view v, was;
	struct tlv_iter it;
	size_t n = 0;
	struct tlv t;

	cr_assert_eq(dhcp6_view_init(&v, p, len), DHCP_OK);
	cr_assert_eq(dhcp6_view_init(&was, msg.b, msg.len), DHCP_OK);
	cr_assert_eq(v.depth, depth);
	for (unsigned i = 0; i < depth; i++) {
		const struct dhcp6_layer *l = &v.layers[i];

		cr_assert_eq(l->relay_msg, was.layers[i].relay_msg);
		cr_assert_eq(len - l->end, msg.len - was.layers[i].end);
		cr_assert_eq(memcmp(p + l->at, msg.b + l->at, l->relay_msg - 2 - l->at), 0);
	}
	cr_assert_eq(memcmp(p + v.inner, msg.b + v.inner, DHCP6_HEAD), 0);
	cr_assert_eq(len - v.inner - v.inner_len, msg.len - was.inner - was.inner_len);
	cr_assert_eq(memcmp(p + v.inner + v.inner_len, msg.b + was.inner + was.inner_len,
			     len - v.inner - v.inner_len), 0);
	for (it = dhcp6_inner(&v); tlv_next(&TLV_DHCP6, &it, &t); n++) {
		cr_assert_lt(n, model.n);
		cr_assert(model.o[n].code == t.code && model.o[n].len == t.len);
		cr_assert_eq(memcmp(model.o[n].val, t.val, t.len), 0);
	}
	cr_assert_eq(n, model.n);
}

Test(edit6_model, random_edits)
{
	uint8_t *p = guard_copy(NULL, CAP), was[CAP];

	srand(8415);
	for (int round = 0; round < ROUNDS; round++) {
		struct dhcp6_edit e;
		struct dhcp6_view v;
		size_t len;

		build_message();
		cr_assert_eq(dhcp6_view_init(&v, msg.b, msg.len), DHCP_OK);
		memset(p, POISON, CAP);
		memcpy(p, msg.b, msg.len);
		dhcp6_edit_init(&e, &v, p, CAP);
		for (int i = 0; i < STEPS; i++) {
			size_t before = e.len;

			memcpy(was, p, before);
			step(&e);
			cr_assert_leq(e.len, CAP);
			if (dhcp6_edit_finish(&e, &len) != DHCP_OK) {
				cr_assert(e.len == before && memcmp(was, p, before) == 0);
				e.err = DHCP_OK;
				len = e.len;
			}
			compare(p, len);
		}
	}
	guard_free(p, CAP);
}
