/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how an editor is shown to leave nothing of its buffer in a message: the same edit is made
 * in two buffers that were filled with different bytes, and the outcomes must be equal. Knows no
 * packet in particular.
 */
#include "tests/exercise.h"

#include "dhcpcodec/agent.h"
#include "dhcpcodec/edit4.h"
#include "dhcpcodec/edit6.h"
#include "dhcpcodec/frame.h"
#include "tests/build.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 700, BUF = 65536 + ROOM };

static uint8_t bufs[2][BUF];
static const uint8_t poison[2] = { 0xa5, 0x5a };

void exercise_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* Two buffers of cap bytes, differently filled, that begin with n bytes of the message. */
static void fill(const uint8_t *msg, size_t n, size_t cap)
{
	for (size_t i = 0; i < 2; i++) {
		memset(bufs[i], poison[i], cap);
		memcpy(bufs[i], msg, n);
	}
}

/* One edit a byte, the value's length in the next one. */
struct step {
	unsigned op, code;
	size_t len;
	uint8_t val[600];
};

static size_t read_step(struct step *s, const uint8_t *script, size_t n)
{
	static const uint16_t lens[] = { 0, 1, 4, 6, 27, 255, 256, 600 };
	static const uint16_t codes[] = { 82, 53, 12, 118, 61, 67, 43, 17, 3, 1, 59, 65535, 52, 90, 82, 25 };
	size_t take = n < 3 ? n : 3;
	uint8_t b[3] = { 0, 0, 0 };

	memcpy(b, script, take);
	s->op = b[0] & 7;
	s->len = lens[b[0] >> 3 & 7];
	s->code = codes[b[1] & 15];
	for (size_t i = 0; i < s->len; i++)
		s->val[i] = (uint8_t)(b[2] + i);
	return take;
}

/* -- DHCPv4 -- */

static void read4(const struct dhcp4_view *v)
{
	static uint8_t joined[BUF];
	struct dhcp4_iter it;
	struct agent_block block;
	struct tlv t, sub;
	size_t steps = 0, len;
	uint32_t number;

	MUST(v->end >= DHCP4_COOKIE && v->end <= v->len);
	for (it = dhcp4_begin(v); dhcp4_next(&it, &t); steps++) {
		MUST(t.at >= v->msg + DHCP4_SNAME && t.val + t.len <= v->msg + v->len);
		MUST(dhcp4_has(v, (uint8_t)t.code));
	}
	MUST(steps <= v->len / 2);
	for (unsigned code = 0; code < 256; code++) {
		const uint8_t *val = dhcp4_concat(v, (uint8_t)code, joined, sizeof(joined), &len);

		MUST((val != NULL) == dhcp4_has(v, (uint8_t)code));
		MUST(!dhcp4_get32(v, (uint8_t)code, &number) || len >= 4);
	}
	if (dhcp4_get(v, DHO_AGENT_OPTIONS, &t) && agent_get(t.val, t.len, RAI_VENDOR, &sub))
		agent_block(&sub, 32473, (const uint8_t *)"DX", 2, &block);
}

static void edit4(struct dhcp4_edit *e, const uint8_t *script, size_t n)
{
	struct step s;
	size_t len;
	uint8_t *val;

	for (size_t used; n > 0; script += used, n -= used) {
		used = read_step(&s, script, n);
		if (s.code == DHO_OVERLOAD || s.op == 7) {
			dhcp4_edit_unoverload(e);
		} else if (s.op < 3) {
			dhcp4_edit_set(e, (uint8_t)s.code, s.val, s.len);
		} else if (s.op < 5) {
			dhcp4_edit_del(e, (uint8_t)s.code);
		} else if (s.op == 5 && s.len > 0 && s.code != DHO_MESSAGE_TYPE) {
			dhcp4_edit_append(e, (uint8_t)s.code, s.val, s.len);
		} else if (s.op == 6) {
			dhcp4_edit_limit(e, s.len * 4);
			val = dhcp4_edit_value(e, (uint8_t)s.code, &len);
			if (val != NULL && len > 0 && s.code != DHO_MESSAGE_TYPE)
				val[0] ^= 1;
		}
	}
}

/* What was said last of an option must be so. */
static void check4(const struct dhcp4_view *v, const uint8_t *script, size_t n)
{
	static uint8_t joined[BUF];
	struct step s;
	size_t len;

	while (n > 3) {
		size_t used = read_step(&s, script, n);

		script += used;
		n -= used;
	}
	if (n == 0)
		return;
	read_step(&s, script, n);
	if (s.code == DHO_OVERLOAD || s.op == 7)
		return;
	if (s.op == 3 || s.op == 4)
		MUST(!dhcp4_has(v, (uint8_t)s.code));
	if (s.op < 3) {
		const uint8_t *val = dhcp4_concat(v, (uint8_t)s.code, joined, sizeof(joined), &len);

		MUST(val != NULL && len == s.len && memcmp(val, s.val, len) == 0);
	}
}

/* Message type and overload are of one byte and there once: else the outcome would not parse. */
static bool breaks4(const uint8_t *script, size_t n)
{
	struct step s;

	for (size_t used; n > 0; script += used, n -= used) {
		used = read_step(&s, script, n);
		if (s.code == DHO_MESSAGE_TYPE && s.op < 3 && s.len != 1)
			return true;
	}
	return false;
}

bool exercise4(const uint8_t *msg, size_t len, const uint8_t *script, size_t script_len)
{
	struct dhcp4_view v, again;
	size_t cap = len + ROOM, out[2];
	struct dhcp4_edit e;

	if (dhcp4_view_init(&v, msg, len) != DHCP_OK)
		return false;
	read4(&v);
	if (len > BUF - ROOM || breaks4(script, script_len))
		return true;
	fill(msg, v.end, cap);
	for (size_t i = 0; i < 2; i++) {
		enum dhcp4_pad pad = (script_len & 1) != 0 ? DHCP4_PAD_QUERY : DHCP4_PAD_RESPONSE;

		dhcp4_edit_init(&e, &v, bufs[i], cap);
		edit4(&e, script, script_len);
		if (dhcp4_edit_finish(&e, pad, &out[i]) != DHCP_OK)
			return true;
		MUST(out[i] <= cap && e.len < out[i]);
	}
	MUST(out[0] == out[1] && memcmp(bufs[0], bufs[1], out[0]) == 0);
	MUST(dhcp4_view_init(&again, bufs[0], out[0]) == DHCP_OK);
	MUST(again.end == e.len);
	read4(&again);
	check4(&again, script, script_len);
	/* Closed once more it is what it is. */
	dhcp4_edit_init(&e, &again, bufs[0], cap);
	MUST(dhcp4_edit_finish(&e, DHCP4_PAD_QUERY, &out[0]) == DHCP_OK);
	MUST(out[0] == out[1] && memcmp(bufs[0], bufs[1], out[0]) == 0);
	return true;
}

/* -- DHCPv6 -- */

static void read6(const struct dhcp6_view *v)
{
	struct tlv_iter it = dhcp6_inner(v), sub;
	struct dhcp6_view layer = *v;
	struct dhcp6_lease lease;
	const uint8_t *end = v->msg + v->len;
	struct dhcp6_ia ia;
	struct tlv t;

	while (dhcp6_next_ia(&it, &ia)) {
		MUST(ia.sub + ia.sub_len <= end);
		dhcp6_status(ia.sub, ia.sub_len);
		for (sub = dhcp6_ia_begin(&ia); dhcp6_next_lease(&sub, &lease);)
			MUST(lease.addr + 16 <= end && lease.times + 8 <= end);
	}
	for (unsigned code = 0; code < 200; code++)
		MUST(code >= 192 || dhcp6_get(v, code, &t) == dhcp6_has(v, code));
	dhcp6_top_status(v);
	dhcp6_first_addr(v);
	for (unsigned i = 0; i < v->depth; i++)
		dhcp6_layer_get(v, i, D6O_INTERFACE_ID, &t);
	while (layer.depth > 0) {
		struct dhcp6_view fresh;

		dhcp6_view_unwrap(&layer);
		MUST(dhcp6_view_init(&fresh, layer.msg, layer.len) == DHCP_OK);
		MUST(fresh.inner == layer.inner && fresh.inner_len == layer.inner_len);
		MUST(fresh.depth == layer.depth && fresh.outer_type == layer.outer_type);
	}
}

static void edit6(struct dhcp6_edit *e, const uint8_t *script, size_t n)
{
	struct step s;

	for (size_t used; n > 0; script += used, n -= used) {
		used = read_step(&s, script, n);
		if (s.op < 2)
			dhcp6_edit_set(e, (uint16_t)s.code, s.val, s.len);
		else if (s.op < 4)
			dhcp6_edit_del(e, (uint16_t)s.code);
		else if (s.op < 6)
			dhcp6_edit_vendor(e, 4491, (uint16_t)s.code, s.val, s.len, s.op == 4);
		else if (s.op == 6)
			dhcp6_edit_limit(e, s.len * 4);
		else
			dhcp6_edit_vendor(e, 4491, (uint16_t)s.code, NULL, 0, false);
	}
}

/* Options whose value our reader looks into may not be set to anything. */
static bool breaks6(const uint8_t *script, size_t n)
{
	struct step s;

	for (size_t used; n > 0; script += used, n -= used) {
		used = read_step(&s, script, n);
		if (s.op < 2 && (s.code == D6O_CLIENTID || s.code == D6O_IA_NA || s.code == D6O_IA_PD))
			return true;
	}
	return false;
}

static void check6(const struct dhcp6_view *v, const uint8_t *script, size_t n)
{
	struct step s;
	struct tlv t;

	while (n > 3) {
		size_t used = read_step(&s, script, n);

		script += used;
		n -= used;
	}
	if (n == 0)
		return;
	read_step(&s, script, n);
	if (s.op == 2 || s.op == 3)
		MUST(!dhcp6_get(v, s.code, &t));
	if (s.op < 2)
		MUST(dhcp6_get(v, s.code, &t) && t.len == s.len && memcmp(t.val, s.val, s.len) == 0);
}

bool exercise6(const uint8_t *msg, size_t len, const uint8_t *script, size_t script_len)
{
	size_t cap = len + ROOM, out[2];
	struct dhcp6_view v, again;
	struct dhcp6_edit e;

	if (dhcp6_view_init(&v, msg, len) != DHCP_OK)
		return false;
	read6(&v);
	/* A message of a type that nobody knows is never edited. */
	if (len > BUF - ROOM || breaks6(script, script_len) || v.type == 0 || v.type > 37)
		return true;
	fill(msg, len, cap);
	for (size_t i = 0; i < 2; i++) {
		dhcp6_edit_init(&e, &v, bufs[i], cap);
		edit6(&e, script, script_len);
		if (dhcp6_edit_finish(&e, &out[i]) != DHCP_OK)
			return true;
		MUST(out[i] <= cap);
	}
	MUST(out[0] == out[1] && memcmp(bufs[0], bufs[1], out[0]) == 0);
	MUST(dhcp6_view_init(&again, bufs[0], out[0]) == DHCP_OK);
	MUST(again.depth == v.depth && again.type == v.type && again.inner == v.inner);
	MUST(again.inner_len - v.inner_len == out[0] - len);
	for (unsigned i = 0; i < v.depth; i++)
		MUST(again.layers[i].end - v.layers[i].end == out[0] - len);
	read6(&again);
	check6(&again, script, script_len);
	return true;
}

/* -- the envelope -- */

bool exercise_frame(const uint8_t *pkt, size_t len)
{
	struct frame f, again;
	enum dhcp_err err = frame_parse(&f, pkt, len, FRAME_VERIFY);

	MUST(f.ip_len <= len);
	MUST(!f.has_ports || f.udp_off + 8 <= f.ip_len);
	if (err != DHCP_OK && (err != DHCP_E_CSUM || f.no_csum))
		return false;
	MUST(f.pay_off + f.pay_len <= f.ip_len);
	if (f.pay_off + f.pay_len > BUF)
		return true;
	memcpy(bufs[0], pkt, f.pay_off + f.pay_len);
	MUST(frame_seal(&f, bufs[0], f.pay_len) == f.pay_off + f.pay_len);
	MUST(frame_parse(&again, bufs[0], f.pay_off + f.pay_len, FRAME_VERIFY) == DHCP_OK);
	MUST(again.pay_off == f.pay_off && again.pay_len == f.pay_len);
	MUST(f.no_csum || check_udp(bufs[0]) == 0);
	MUST(f.family == 6 || check_ip4(bufs[0]) == 0);
	memcpy(bufs[1], bufs[0], f.pay_off + f.pay_len);
	frame_seal(&again, bufs[1], f.pay_len);
	MUST(memcmp(bufs[0], bufs[1], f.pay_off + f.pay_len) == 0);
	return err == DHCP_OK;
}
