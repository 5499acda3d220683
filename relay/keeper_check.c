/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the checks. Everything is copied first and then checked, because the worker's memory may
 * change between a look and the next. An edit keeps version, protocol, addresses and ports; where
 * packets of our own may go in relay mode is fence.c's.
 */
#include "relay/keeper_check.h"

#include "dhcpcodec/frame.h"

#include "registry/clock.h"
#include "registry/user_id.h"

#include "relay/verdict.h"

#include <netinet/in.h>
#include <string.h>

enum { IP4_PROTOCOL = 9, IP4_ADDRESSES = 12, IP6_NEXT = 6, IP6_HEAD = 40,
	CLIENT6 = 546, SERVER6 = 547 };

/* A byte that somebody else may write at the same time is read once. */
static uint8_t once8(const void *p)
{
	return *(const volatile uint8_t *)p;
}

static uint32_t once32(const uint32_t *p)
{
	return *(const volatile uint32_t *)p;
}

static uint64_t once64(const uint64_t *p)
{
	return *(const volatile uint64_t *)p;
}

static bool same(const struct slot *s, size_t off, size_t n)
{
	return memcmp(s->out + off, s->raw + s->in_off + off, n) == 0;
}

/* RFC 791 3.1: total length; nothing but one whole UDP datagram with the header that came. */
static enum keeper_fault check4(const struct slot *s, const struct frame *f)
{
	if (f->ip_len != s->out_len)
		return KEEPER_LENGTH;
	if (!same(s, 0, 2) || !same(s, 4, IP4_PROTOCOL + 1 - 4) ||
		!same(s, IP4_ADDRESSES, f->udp_off - IP4_ADDRESSES) || !same(s, f->udp_off, 4))
		return KEEPER_HEADER;
	return KEEPER_OK;
}

/* A port of a message in a relay's envelope is the relay's: RFC 8415 19.1.1, 19.3, steer6.c. */
static bool port_may_become(const struct slot *s, size_t off, uint16_t from, uint16_t to)
{
	uint16_t was = be16_get(s->raw + s->in_off + off), is = be16_get(s->out + off);

	return is == was || (was == from && is == to);
}

/* RFC 8200 3: payload length; no extension header between it and UDP. */
static enum keeper_fault check6(const struct slot *s, const struct frame *f)
{
	if (f->ip_len != s->out_len)
		return KEEPER_LENGTH;
	if (f->udp_off != IP6_HEAD || !same(s, 0, 4) || !same(s, IP6_NEXT, IP6_HEAD - IP6_NEXT))
		return KEEPER_HEADER;
	if (!port_may_become(s, IP6_HEAD, CLIENT6, SERVER6) ||
		!port_may_become(s, IP6_HEAD + 2, SERVER6, CLIENT6))
		return KEEPER_HEADER;
	return KEEPER_OK;
}

static enum keeper_fault check_edit(const struct slot *s)
{
	struct frame f;

	if (s->in_len < VERDICT_LEAST || frame_parse(&f, s->out, s->out_len, 0) != DHCP_OK)
		return KEEPER_HEADER;
	if (f.udp_off + 4 > s->in_len)
		return KEEPER_HEADER;
	if (f.pay_off + f.pay_len != s->out_len)
		return KEEPER_LENGTH;
	return f.family == 4 ? check4(s, &f) : check6(s, &f);
}

/* All are copied before the first is checked, for they may lie one over the other. */
static enum keeper_fault copy_sends(struct slot *to, const struct slot *from, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct slot_send *s = &to->sends[i];

		*s = *(const volatile struct slot_send *)&from->sends[i];
		if (s->len < VERDICT_LEAST || s->len > to->in_len + KEEPER_GROWTH ||
			s->off > SLOT_OUT || s->len > SLOT_OUT - s->off)
			return KEEPER_LENGTH;
		memcpy(to->out + s->off, from->out + s->off, s->len);
	}
	return KEEPER_OK;
}

/* One whole datagram of UDP without IP options and extension headers. */
static enum keeper_fault check_send(
	const struct slot *s, const struct slot_send *send, const struct fence *f)
{
	struct frame frame;

	if (frame_parse(&frame, s->out + send->off, send->len, 0) != DHCP_OK ||
		frame.pay_off != (frame.family == 4 ? FRAME_HEAD4 : FRAME_HEAD6))
		return KEEPER_HEADER;
	if (frame.ip_len != send->len || frame.pay_off + frame.pay_len != send->len)
		return KEEPER_LENGTH;
	return fence_lets(f, s, send, &frame) ? KEEPER_OK : KEEPER_SEND;
}

static enum keeper_fault take_sends(
	struct slot *to, const struct slot *from, size_t count, const struct fence *f)
{
	enum keeper_fault fault = copy_sends(to, from, count);

	for (size_t i = 0; fault == KEEPER_OK && i < count; i++)
		fault = check_send(to, &to->sends[i], f);
	return fault;
}

/*
 * A packet without a verdict is not edited either; how long it may wait is not the worker's to say.
 */
static void take_parked(
	struct slot *to, const struct slot *from, const struct fence *f, uint8_t ask)
{
	uint32_t ms = ask != 0 ? f->ask_ms : f->park_ms;

	to->park = once64(&from->park);
	if (ask == 0 || to->asked == 0)
		to->park_until_ns = clock_now_ns() + (int64_t)ms * 1000000;
}

/* Nothing is parked without a reason that there is. */
static bool may_park(const struct fence *f, uint8_t ask, uint32_t len)
{
	if (ask == 0)
		return f->park_ms > 0;
	return f->ask_ms > 0 && ask <= REG_ID_TYPES && len > 0 && len <= REG_ID_MAX;
}

enum keeper_fault keeper_take(struct slot *to, const struct slot *from, const struct fence *f)
{
	uint8_t verdict = once8(&from->verdict), edited = once8(&from->edited);
	uint8_t sends = once8(&from->send_count), ask = once8(&from->ask);
	uint32_t len = once32(&from->out_len);
	enum keeper_fault fault = KEEPER_OK;

	/* What is sent is sent in the place of the packet that came. */
	if (verdict > SLOT_PARK || (verdict == SLOT_PARK && !may_park(f, ask, len)) || edited > 1 ||
		sends > (verdict == SLOT_DROP ? SLOT_SENDS : 0))
		return KEEPER_VERDICT;
	if (verdict != SLOT_PARK)
		ask = 0;
	if (verdict == SLOT_ACCEPT && edited) {
		if (len < VERDICT_LEAST || len > VERDICT_MOST || len > to->in_len + KEEPER_GROWTH)
			return KEEPER_LENGTH;
		memcpy(to->out, from->out, len);
		to->out_len = len;
		fault = check_edit(to);
	}
	if (sends > 0)
		fault = take_sends(to, from, sends, f);
	if (fault != KEEPER_OK)
		return fault;
	if (verdict == SLOT_PARK)
		take_parked(to, from, f, ask);
	if (ask != 0) {
		memcpy(to->out, from->out, len);
		to->out_len = len;
	}
	to->ask = ask;
	to->verdict = verdict;
	to->edited = verdict == SLOT_ACCEPT && edited;
	to->send_count = sends;
	return KEEPER_OK;
}

const char *keeper_fault_text(enum keeper_fault fault)
{
	static const char *const texts[KEEPER_FAULTS] = {
		[KEEPER_OK] = "did nothing wrong",
		[KEEPER_VERDICT] = "wrote no verdict that there is",
		[KEEPER_LENGTH] = "wrote an edit of a wrong length",
		[KEEPER_HEADER] = "wrote other addresses, ports or protocols than the packet had",
		[KEEPER_SEND] = "wanted to send what the config does not say",
	};

	return (unsigned)fault < KEEPER_FAULTS ? texts[fault] : "did something unknown";
}
