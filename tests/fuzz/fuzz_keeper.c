/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker that was taken over against the keeper's checks. Verdict, whether edited, out_len, the length
 * of the packet, the packet; then what the worker wants to go out: edits of the packet, three bytes each,
 * or bytes of its own. What is let through is judged by code that shares none with the check.
 */
#include "relay/keeper_check.h"
#include "relay/quarantine.h"
#include "relay/servers.h"
#include "relay/verdict.h"
#include "tests/fuzz/fuzz.h"

static struct slot to, from;

static uint32_t take16(struct input *in)
{
	uint32_t high = take_byte(in);

	return high << 8 | take_byte(in);
}

static uint32_t at16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

/* The packet as it came, and as the worker leaves its slot. Returns how much of out[] it has written. */
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

static void try_slot(struct input *in)
{
	uint8_t how = take_byte(in), verdict = take_byte(in), edited = take_byte(in);
	uint32_t len = take16(in);
	enum keeper_fault fault;
	size_t n;

	n = set_slots(in, how);
	memcpy(&from.verdict, &verdict, 1);
	memcpy(&from.edited, &edited, 1);
	from.out_len = (how & 2) != 0 ? (uint32_t)n : (how & 4) != 0 ? len << 16 | len : len;
	to.verdict = SLOT_PARK;
	to.edited = false;
	fault = keeper_take(&to, &from);
	if (fault != KEEPER_OK) {
		MUST(to.verdict == SLOT_PARK && !to.edited);
		return;
	}
	MUST(to.verdict == verdict && verdict <= SLOT_DROP && edited <= 1);
	MUST(to.edited == (verdict == SLOT_ACCEPT && edited == 1));
	if (to.edited)
		judge_edit();
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
