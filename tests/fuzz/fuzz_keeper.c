/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker that was taken over against the keeper's checks. Verdict, whether edited, out_len, how
 * many packets to send and their rows, the length of the packet, the packet; then what the worker
 * wants to go out: edits of the packet, three bytes each, or bytes of its own. What is let through
 * is judged by code that shares none with the check.
 */
#include "relay/keeper_check.h"
#include "relay/quarantine.h"
#include "relay/servers.h"
#include "relay/verdict.h"
#include "tests/fuzz/fuzz.h"

static struct slot to, from;

/* One link, two upstreams of each family, one of them by multicast; an address of ours beside. */
static struct fence fence = {
	.on = true,
	.links = {
		.count = 1,
		.all = { { .index = 7, .has4 = true, .has6 = true, .has_local = true, .addr4 = { 192, 0, 2, 1 },
			.addr6 = { 0x20, 1, [15] = 1 }, .local6 = { 0xfe, 0x80, [15] = 1 } } },
		.multicast = { 9 },
	},
	.count4 = 2, .count6 = 2, .own_count = 1,
	.upstreams4 = { { 10, 0, 0, 2 }, { 10, 0, 0, 3 } },
	.upstreams6 = { { 0x20, 1, [15] = 2 }, { 0x20, 1, [15] = 3 } },
	.own4 = { { 192, 0, 2, 77 } },
};

static uint32_t take16(struct input *in)
{
	uint32_t high = take_byte(in);

	return high << 8 | take_byte(in);
}

static uint32_t at16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/*
 * The packet as it came, and as the worker leaves its slot. Returns how much of out[] it has
 * written.
 */
static size_t set_slots(struct input *in, uint8_t how)
{
	size_t n = take16(in) % 2048;

	to.in_off = to.in_len = 0;
	if (n > in->n)
		n = in->n;
	to.in_off = SLOT_RAW - (uint32_t)n;
	to.in_len = (uint32_t)n;
	memcpy(to.raw + to.in_off, in->p, n);
	memcpy(from.out, in->p, n);
	in->p += n;
	in->n -= n;
	if ((how & 1) != 0) {
		n = in->n < SLOT_OUT ? in->n : SLOT_OUT;
		memcpy(from.out, in->p, n);
		return n;
	}
	while (in->n >= 3) {
		size_t at = take16(in);

		from.out[at % 2048] = take_byte(in);
	}
	return n;
}

static void judge_ports(const uint8_t *was, const uint8_t *is, bool v6)
{
	uint32_t source = at16(is), target = at16(is + 2);

	MUST(source == at16(was) || (v6 && at16(was) == 546 && source == 547));
	MUST(target == at16(was + 2) || (v6 && at16(was + 2) == 547 && target == 546));
}

/* RFC 791 3.1, RFC 8200 3, RFC 768: one datagram of UDP with the addresses that the packet had. */
static void judge_edit(void)
{
	const uint8_t *was = to.raw + to.in_off, *is = to.out;
	bool v6 = is[0] >> 4 == 6;
	size_t head = v6 ? 40 : (is[0] & 15u) * 4, len = to.out_len;

	MUST(len >= 28 && len <= VERDICT_MOST && len <= to.in_len + KEEPER_GROWTH);
	MUST(is[0] == was[0] && (v6 || is[0] >> 4 == 4));
	MUST(head >= 20 && head + 8 <= len && head + 4 <= to.in_len);
	MUST(is[v6 ? 6 : 9] == 17 && was[v6 ? 6 : 9] == 17);
	MUST((v6 ? at16(is + 4) + 40 : at16(is + 2)) == len);
	MUST(at16(is + head + 4) + head == len);
	MUST(v6 ? memcmp(is + 8, was + 8, 32) == 0 : memcmp(is + 12, was + 12, 8) == 0);
	MUST(v6 || (at16(is + 6) & 0x3fff) == 0);
	judge_ports(was + head, is + head, v6);
}

static bool is_written(const void *bytes, size_t n)
{
	return memmem(to.raw + to.in_off, to.in_len, bytes, n) != NULL;
}

static void judge_send4(const uint8_t *p, const struct slot_send *s)
{
	const uint8_t *dst = p + 16;
	bool known = memcmp(dst, "\x0a\0\0\2", 4) == 0 || memcmp(dst, "\x0a\0\0\3", 4) == 0;
	uint32_t port = at16(p + 22);

	MUST((p[0] & 15) == 5 && p[9] == 17 && at16(p + 2) == s->len && at16(p + 24) + 20 == s->len);
	MUST(at16(p + 20) == 67 && (port == 67 || port == 68));
	MUST(memcmp(p + 12, "\xc0\0\2\1", 4) == 0 || memcmp(p + 12, "\xc0\0\2\x4d", 4) == 0 ||
		memcmp(p + 12, to.raw + to.in_off + 16, 4) == 0);
	if (s->kind == SEND_LINK)
		MUST(s->ifindex == 7 && port == 68);
	else
		MUST(s->ifindex == 0 && ((known && port == 67) || (is_written(dst, 4) && dst[0] < 224)));
}

static void judge_send6(const uint8_t *p, const struct slot_send *s)
{
	static const uint8_t all_servers[16] = { 0xff, 5, [13] = 1, [15] = 3 };
	const uint8_t *dst = p + 24;
	uint32_t port = at16(p + 42);

	MUST(s->kind == SEND_ROUTED && p[6] == 17 && at16(p + 4) + 40 == s->len);
	MUST(at16(p + 40) == 547 && at16(p + 44) + 40 == s->len);
	MUST(memcmp(p + 8, fence.links.all[0].addr6, 16) == 0 ||
		memcmp(p + 8, fence.links.all[0].local6, 16) == 0);
	MUST(port == 546 || port == 547 || is_written(p + 42, 2));
	if (dst[0] == 0xff)
		MUST(s->ifindex == 9 && port == 547 && memcmp(dst, all_servers, 16) == 0);
	else if (dst[0] == 0xfe && (dst[1] & 0xc0) == 0x80)
		MUST(s->ifindex == 7 && is_written(dst, 16));
	else
		MUST(s->ifindex == 0 && (is_written(dst, 16) || (port == 547 &&
			(memcmp(dst, fence.upstreams6[0], 16) == 0 || memcmp(dst, fence.upstreams6[1], 16) == 0))));
}

static void judge_sends(void)
{
	MUST(to.send_count == 0 || (to.verdict == SLOT_DROP && to.send_count <= SLOT_SENDS));
	for (size_t i = 0; i < to.send_count; i++) {
		const struct slot_send *s = &to.sends[i];
		const uint8_t *p = to.out + s->off;

		MUST(s->len >= 28 && s->len <= to.in_len + KEEPER_GROWTH && s->off <= SLOT_OUT - s->len);
		if (p[0] >> 4 == 4)
			judge_send4(p, s);
		else
			judge_send6(p, s);
	}
}

/* What is to be sent: how many, and of each six bytes. */
static void set_sends(struct input *in, uint8_t how)
{
	from.send_count = (how & 8) != 0 ? take_byte(in) : 0;
	for (size_t i = 0; i < from.send_count && i < SLOT_SENDS; i++) {
		from.sends[i].off = take16(in);
		from.sends[i].len = take16(in);
		from.sends[i].ifindex = take_byte(in);
		from.sends[i].kind = take_byte(in);
	}
}

static void try_slot(struct input *in)
{
	uint8_t how = take_byte(in), verdict = take_byte(in), edited = take_byte(in);
	uint32_t len = take16(in);
	enum keeper_fault fault;
	size_t n;

	set_sends(in, how);
	fence.ask_ms = (how & 64) != 0 ? 1000 : 0;
	from.ask = (how & 64) != 0 ? take_byte(in) : 0;
	n = set_slots(in, how);
	memcpy(&from.verdict, &verdict, 1);
	memcpy(&from.edited, &edited, 1);
	to.ask = 0;
	from.out_len = (how & 2) != 0 ? (uint32_t)n : (how & 4) != 0 ? len << 16 | len : len;
	to.verdict = SLOT_PARK;
	to.edited = false;
	to.send_count = 0;
	fault = keeper_take(&to, &from, &fence);
	if (fault != KEEPER_OK) {
		MUST(to.verdict == SLOT_PARK && !to.edited && to.send_count == 0);
		return;
	}
	MUST(to.verdict == verdict && edited <= 1);
	MUST((to.ask != 0) == (verdict == SLOT_PARK));
	if (verdict == SLOT_PARK)
		MUST(fence.ask_ms > 0 && to.ask <= REG_ID_TYPES && to.out_len > 0 && to.out_len <= REG_ID_MAX &&
			memcmp(to.out, from.out, to.out_len) == 0);
	else
		MUST(verdict <= SLOT_DROP);
	MUST(to.edited == (verdict == SLOT_ACCEPT && edited == 1));
	if (to.edited)
		judge_edit();
	judge_sends();
	quarantine_verdict(&(struct quarantine){ .query = TREAT_DROP }, &to);
}

/* What it says of servers, which is printed one day. */
static void try_servers(const struct input *in)
{
	static struct servers said, taken, sum;
	char text[SERVER_TEXT_MAX];

	memset(&said, 0, sizeof(said));
	memset(&sum, 0, sizeof(sum));
	memcpy(&said, in->p, in->n < sizeof(said) ? in->n : sizeof(said));
	servers_take(&taken, &said);
	servers_add(&sum, &taken);
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		MUST(taken.all[i].len <= SERVER_ID_MAX);
		MUST(strlen(server_text(&taken.all[i], text)) < sizeof(text));
		MUST(strlen(server_text(&sum.all[i], text)) < sizeof(text));
	}
}

int fuzz_one(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (size > 0)
		try_servers(&in);
	try_slot(&in);
	return 0;
}
