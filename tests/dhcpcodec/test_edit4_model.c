/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random edits of random DHCPv4 messages, each also made on a plain list of options. After every
 * step the message must have grown by what the list has grown, close and parse again, and hold
 * exactly the options of the list.
 */
#include "dhcpcodec/edit4.h"
#include "tests/build.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { POISON = 0xa5, CAP = 1200, LIST_MAX = 400, ROUNDS = 10000, STEPS = 14 };

struct option {
	uint8_t code, len, val[255];
};

struct list {
	size_t n;
	struct option o[LIST_MAX];
};

/* main, file, sname */
static struct list model[3];
static struct build msg;

static size_t below(size_t n)
{
	return (size_t)rand() % n;
}

static uint8_t random_code(void)
{
	static const uint8_t codes[] = { 1, 12, 43, 55, 61, 67, 82, 82, 118, 254 };

	return codes[below(sizeof(codes))];
}

static size_t random_len(void)
{
	static const size_t lens[] = { 0, 1, 1, 2, 3, 4, 7, 40, 254, 255, 256, 300, 520 };

	return lens[below(sizeof(lens) / sizeof(lens[0]))];
}

static void random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)below(POISON);
}

static struct option *list_insert(struct list *l, size_t at)
{
	cr_assert_lt(l->n, LIST_MAX);
	memmove(&l->o[at + 1], &l->o[at], (l->n - at) * sizeof(l->o[0]));
	l->n++;
	return &l->o[at];
}

/* Returns the bytes taken out; ret_at: where the first one was. */
static size_t list_remove(struct list *l, uint8_t code, size_t *ret_at)
{
	size_t kept = 0, bytes = 0;

	*ret_at = SIZE_MAX;
	for (size_t i = 0; i < l->n; i++) {
		if (l->o[i].code != code) {
			l->o[kept++] = l->o[i];
			continue;
		}
		if (*ret_at == SIZE_MAX)
			*ret_at = kept;
		bytes += 2 + (size_t)l->o[i].len;
	}
	l->n = kept;
	return bytes;
}

static size_t list_bytes(const struct list *l, int code)
{
	size_t bytes = 0;

	for (size_t i = 0; i < l->n; i++)
		if (code < 0 || l->o[i].code == code)
			bytes += 2 + (size_t)l->o[i].len;
	return bytes;
}

static size_t list_tail(const struct list *l)
{
	size_t at = l->n;

	while (at > 0 && l->o[at - 1].code == DHO_AGENT_OPTIONS)
		at--;
	return at;
}

/* A random option into the message and into the list, if the field has room for it. */
static void build_random(struct list *l, size_t room)
{
	struct option *o;
	size_t len = below(12);

	if (len + 2 > room)
		return;
	o = list_insert(l, l->n);
	o->code = random_code();
	o->len = (uint8_t)len;
	random_bytes(o->val, len);
	build_fill(&msg, o->code, 1);
	build_fill(&msg, o->len, 1);
	build_bytes(&msg, o->val, len);
}

/* file and sname are built behind the message first, then put where they belong. */
static void build_field(struct list *l, size_t at, size_t size)
{
	size_t from = msg.len;

	for (size_t i = below(12); i > 0; i--) {
		if (below(4) == 0 && msg.len - from < size)
			build_fill(&msg, 0, 1);
		build_random(l, size - (msg.len - from));
	}
	if (msg.len - from < size)
		build_fill(&msg, DHO_END, 1);
	memcpy(msg.b + at, msg.b + from, msg.len - from);
	msg.len = from;
}

static void build_message(void)
{
	uint8_t overload = (uint8_t)below(4);

	msg.len = model[0].n = model[1].n = model[2].n = 0;
	build_dhcp4(&msg, BOOTREPLY);
	if ((overload & 1) != 0)
		build_field(&model[1], DHCP4_FILE, DHCP4_FILE_LEN);
	if ((overload & 2) != 0)
		build_field(&model[2], DHCP4_SNAME, DHCP4_SNAME_LEN);
	for (size_t i = below(10); i > 0; i--) {
		build_fill(&msg, 0, below(3));
		build_random(&model[0], SIZE_MAX);
	}
	if (overload != 0) {
		*list_insert(&model[0], model[0].n) = (struct option){ DHO_OVERLOAD, 1, { overload } };
		build_hex(&msg, "3401");
		build_fill(&msg, overload, 1);
	}
	build_random(&model[0], SIZE_MAX);
	if (below(4) != 0) {
		build_fill(&msg, DHO_END, 1);
		build_fill(&msg, POISON, below(60));
	}
}

static void model_set(uint8_t code, const uint8_t *val, size_t len)
{
	struct list *l = &model[0];
	size_t at, gone;

	list_remove(&model[1], code, &gone);
	list_remove(&model[2], code, &gone);
	list_remove(l, code, &at);
	if (at == SIZE_MAX)
		at = code == DHO_AGENT_OPTIONS ? l->n : list_tail(l);
	do {
		struct option *o = list_insert(l, at++);
		size_t n = len < 255 ? len : 255;

		o->code = code;
		o->len = (uint8_t)n;
		memcpy(o->val, val, n);
		val += n;
		len -= n;
	} while (len > 0);
}

static void model_unoverload(void)
{
	size_t at;

	list_remove(&model[0], DHO_OVERLOAD, &at);
	at = list_tail(&model[0]);
	for (size_t f = 1; f <= 2; f++) {
		for (size_t i = 0; i < model[f].n; i++)
			*list_insert(&model[0], at++) = model[f].o[i];
		model[f].n = 0;
	}
}

/* One random edit of both; what it may not do for want of room it must not do. */
static void step(struct dhcp4_edit *e)
{
	uint8_t code = random_code(), val[600];
	size_t n = random_len(), room = dhcp4_edit_room(e), before = e->len, old, new, at;
	bool fits;

	random_bytes(val, n);
	switch (below(12)) {
	case 0:
		dhcp4_edit_limit(e, 240 + below(CAP));
		return;
	case 1:
		old = list_bytes(&model[0], DHO_OVERLOAD);
		new = e->overload == 0 ? 0 : list_bytes(&model[1], -1) + list_bytes(&model[2], -1);
		fits = e->overload == 0 || new <= old || new - old <= room;
		cr_assert_eq(dhcp4_edit_unoverload(e), fits);
		if (fits && old > 0) {
			model_unoverload();
			cr_assert_eq(e->len, before - old + new);
		}
		cr_assert_eq(e->err, DHCP_OK);
		return;
	case 2:
		if (below(10) == 0) {
			dhcp4_edit_clear(e);
			model[0].n = model[1].n = model[2].n = 0;
			cr_assert_eq(e->len, DHCP4_OPTIONS);
		}
		return;
	case 3:
	case 4:
		dhcp4_edit_append(e, code, val, n);
		if (n > 255)
			cr_assert_eq(e->err, DHCP_E_RANGE);
		else
			cr_assert_eq(e->err, 2 + n > room ? DHCP_E_NOSPACE : DHCP_OK);
		if (e->err == DHCP_OK) {
			struct option *o = list_insert(&model[0], model[0].n);

			o->code = code;
			o->len = (uint8_t)n;
			memcpy(o->val, val, n);
			cr_assert_eq(e->len, before + 2 + n);
		}
		return;
	case 5:
	case 6:
	case 7:
		dhcp4_edit_del(e, code);
		list_remove(&model[1], code, &at);
		list_remove(&model[2], code, &at);
		cr_assert_eq(e->len, before - list_remove(&model[0], code, &at));
		return;
	default:
		old = list_bytes(&model[0], code);
		new = n + 2 * (n == 0 ? 1 : (n + 254) / 255);
		dhcp4_edit_set(e, code, val, n);
		cr_assert_eq(e->err, new > old && new - old > room ? DHCP_E_NOSPACE : DHCP_OK);
		if (e->err == DHCP_OK) {
			model_set(code, val, n);
			cr_assert_eq(e->len, before - old + new);
		}
	}
}

static void compare(const uint8_t *p, size_t len)
{
	size_t n[3] = { 0, 0, 0 };
	struct dhcp4_iter it;
	struct dhcp4_view v;
	struct tlv t;

	cr_assert_eq(dhcp4_view_init(&v, p, len), DHCP_OK);
	for (it = dhcp4_begin(&v); dhcp4_next(&it, &t);) {
		const struct option *o = &model[it.field].o[n[it.field]];

		cr_assert_lt(n[it.field], model[it.field].n);
		cr_assert(o->code == t.code && o->len == t.len);
		cr_assert_eq(memcmp(o->val, t.val, t.len), 0);
		n[it.field]++;
	}
	for (size_t f = 0; f < 3; f++)
		cr_assert_eq(n[f], model[f].n);
}

Test(edit4_model, random_edits)
{
	uint8_t *p = guard_copy(NULL, CAP), was[CAP];

	srand(3396);
	for (int round = 0; round < ROUNDS; round++) {
		struct dhcp4_edit e;
		struct dhcp4_view v;
		size_t len;

		build_message();
		cr_assert_eq(dhcp4_view_init(&v, msg.b, msg.len), DHCP_OK);
		memset(p, POISON, CAP);
		memcpy(p, msg.b, v.end);
		dhcp4_edit_init(&e, &v, p, CAP);
		for (int i = 0; i < STEPS; i++) {
			size_t before = e.len;

			memcpy(was, p, before);
			step(&e);
			cr_assert_lt(e.len, CAP);
			if (dhcp4_edit_finish(&e, DHCP4_PAD_RESPONSE, &len) != DHCP_OK) {
				cr_assert(e.len == before && memcmp(was, p, before) == 0);
				break;
			}
			cr_assert(len > e.len && len <= CAP);
			cr_assert_null(memchr(p, POISON, len));
			compare(p, len);
		}
	}
	guard_free(p, CAP);
}
