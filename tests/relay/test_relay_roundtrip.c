/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The promise of transparency in relay mode: a client sees what it would see if it had asked the
 * server directly, a relay agent below us what it would see if we only forwarded. A server of our
 * own (tests/answer.h) answers what was asked and what usher sent; what usher delivers of the
 * latter must be the former. Each query of the corpus, with each echo of option 82.
 */
#include "tests/answer.h"
#include "tests/build.h"
#include "tests/corpus.h"
#include "tests/rig.h"
#include "tests/seen.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The answers of tests/answer.h come from 10.1.0.1. Nobody has options of his own, no lease is too
 * long.
 */
static const char config_format[] =
	"{ \"control\": \"\", \"mode\": \"relay\", \"hint\": \"%s\", \"client_interfaces\": [\"eth1\"],"
	"  \"upstreams\": [ { \"name\": \"a\", \"address\": [\"10.1.0.1\", \"2001:db8:5::1\"] } ],"
	"  \"relay\": { \"agent_option\": %s, \"links\": [ { \"interface\": \"eth1\", \"address4\": \"192.0.2.1\","
	"    \"address6\": \"2001:db8:1::1\" } ] },"
	"  \"subnets\": [ { \"name\": \"reg\", \"prefixes\": [\"192.0.2.0/24\", \"2001:db8:1::/64\"] },"
	"    { \"name\": \"unreg\", \"prefixes\": [\"10.99.0.0/24\", \"2001:db8:99::/64\"] } ],"
	"  \"malformed\": { \"query\": \"pass\" }, \"trusted_relays\": [\"0.0.0.0/0\", \"::/0\"] }";
static const char users[] =
	"{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\" }\n"
	"{ \"type\": \"DUID\", \"id\": \"0003000102000000000c\" }\n";
static const char *const hints[] = { "link-selection", "subnet-selection", "both", "giaddr" };
static const uint8_t zero[4] = { 0 };

enum { MESSAGE_MAX = 1400 };

struct run {
	struct rig *rig;
	const char *name, *hint;
	enum echo_style style;
	bool alone;                  /* by giaddr alone: relay.agent_option is false */
	size_t compared;
};

static struct run run_begin(const char *hint)
{
	static const uint8_t local[16] = { 0xfe, 0x80, [15] = 1 };
	struct run r = { .hint = hint, .alone = strcmp(hint, "giaddr") == 0 };
	char config[2048];

	snprintf(config, sizeof(config), config_format, hint, r.alone ? "false" : "true");
	r.rig = rig_new(config, users);
	memcpy(r.rig->links.all[0].local6, local, sizeof(local));
	r.rig->links.all[0].has_local = true;
	return r;
}

/* The one packet that usher sends instead of what it was given; false if it sends none. */
static bool take_sent(const struct run *r, const struct slot *s, uint8_t *ret, size_t *ret_len)
{
	cr_assert_leq(s->send_count, 1, "%s: %u packets to one upstream", r->name, s->send_count);
	if (s->send_count == 0 || s->sends[0].len > ANSWER_MAX)
		return false;
	cr_assert_eq(s->verdict, SLOT_DROP, "%s: the original goes on as well", r->name);
	*ret_len = s->sends[0].len;
	memcpy(ret, s->out + s->sends[0].off, *ret_len);
	return true;
}

/* --- DHCPv4 ---------------------------------------------------------------------------------- */

static void differ(const struct run *r, const char *what, const uint8_t *want, size_t want_len,
	const uint8_t *got, size_t got_len)
{
	char text[2][2048];
	const uint8_t *bytes[2] = { want, got };
	size_t len[2] = { want_len, got_len };

	for (size_t i = 0; i < 2; i++) {
		text[i][0] = '\0';
		for (size_t k = 0, n = 0; k < len[i] && n + 3 < sizeof(text[i]); k++)
			n += (size_t)snprintf(text[i] + n, 3, "%02x", bytes[i][k]);
	}
	cr_expect(false, "%s, hint %s, echo %s: %s\n  without usher %s\n  with usher    %s", r->name,
		r->hint, echo_names[r->style], what, text[0], text[1]);
}

/* own_select: the query had an option 118 of its own. */
static void compare4(struct run *r, bool relayed, bool own_select, const uint8_t *want,
	size_t want_len, uint8_t *got, size_t got_len)
{
	struct seen4 a, b;

	r->compared++;
	if (!look4(want, want_len, &a) || !look4(got, got_len, &b) || !well_formed4(got, got_len)) {
		differ(r, "not well formed", want, want_len, got, got_len);
		return;
	}
	if (!relayed)
		a.agent_len = SIZE_MAX;
	/*
	 * The 118 that dnsmasq adds of its own accord is nobody's; of one that is not given back
	 * nothing is known.
	 */
	if (r->style == ECHO_DNSMASQ && !own_select && !(r->alone && relayed))
		a.select_len = SIZE_MAX;
	if (r->style == ECHO_DROPPED || (r->alone && !relayed))
		a.select_len = b.select_len;
	/* Nor, below a relay agent, that we had added one to its hops. */
	if (relayed && (r->style == ECHO_DROPPED || r->alone))
		got[IP4 + 3] = want[IP4 + 3];
	if (memcmp(want + IP4, got + IP4, 240) != 0)
		differ(r, "header", want + IP4, 240, got + IP4, 240);
	else if (!same_options(a.others, a.other_count, b.others, b.other_count))
		differ(r, "options", want, want_len, got, got_len);
	else if (!same_bytes(a.select, a.select_len, b.select, b.select_len))
		differ(r, "option 118", want, want_len, got, got_len);
	else if (!same_agent(&a, &b))
		differ(r, "option 82", want, want_len, got, got_len);
}

/* The answer as the client, or the relay agent below, gets it. */
static bool come_back4(struct run *r, bool relayed, const uint8_t *answer, size_t len, uint8_t *ret,
	size_t *ret_len)
{
	const struct slot *s = rig_run(r->rig, &(struct rig_packet){ .bytes = answer, .len = len,
		.side = SIDE_SERVER, .hook = relayed ? HOOK_FORWARD : HOOK_INPUT });

	if (!relayed)
		return take_sent(r, s, ret, ret_len);
	cr_assert_eq(s->send_count, 0, "%s", r->name);
	if (s->verdict != SLOT_ACCEPT)
		return false;
	*ret_len = s->edited ? s->out_len : len;
	memcpy(ret, s->edited ? s->out : answer, *ret_len);
	return true;
}

/* A query as it reaches us: a client's by broadcast, a relay agent's sent to us. */
static void round_trip4(struct run *r, const uint8_t *msg, size_t msg_len)
{
	static uint8_t up[ANSWER_MAX], want[ANSWER_MAX], back[ANSWER_MAX], got[ANSWER_MAX];
	static struct build b;
	bool relayed = memcmp(msg + 24, zero, 4) != 0, own_select, as_it_came;
	const uint8_t head[IP4] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, [20] = 0, relayed ? 67 : 68, 0, 67 };
	size_t up_len, want_len, got_len;
	struct seen4 seen;

	b.len = 0;
	build_bytes(&b, head, sizeof(head));
	build_bytes(&b, msg, msg_len);
	memcpy(b.b + 12, relayed ? msg + 24 : msg + 12, 4);
	memcpy(b.b + 16, relayed ? "\xc0\0\2\1" : "\xff\xff\xff\xff", 4);
	answer_seal(b.b, msg_len);
	if (!take_sent(r, rig_run(r->rig, &(struct rig_packet){ .bytes = b.b, .len = b.len,
			.side = SIDE_CLIENT, .indev = 1, .hw = msg + 28, .hw_len = 6,
			.hook = relayed ? HOOK_INPUT : HOOK_PREROUTING }), up, &up_len) ||
		r->rig->counters.causes[CAUSE_refused] > 0)
		return;
	/*
	 * What cannot be edited is relayed with nothing of ours in it: there is no way back to be
	 * found, unless giaddr is all that there ever is.
	 */
	as_it_came = up_len == b.len &&
		memcmp(up + IP4 + 240, b.b + IP4 + 240, up_len - IP4 - 240) == 0;
	if (as_it_came && !r->alone)
		return;
	cr_expect(as_it_came || well_formed4(up, up_len), "%s: the query is not well formed", r->name);
	cr_expect_eq(up[IP4 + 3], msg[3] + 1, "%s: hops", r->name);
	want_len = answer4(b.b, b.len, ECHO_VERBATIM, SIZE_MAX, want);
	own_select = look4(want, want_len, &seen) && seen.select_len != SIZE_MAX;
	for (r->style = 0; r->style < ECHO_STYLES; r->style++) {
		size_t back_len = answer4(up, up_len, r->style, SIZE_MAX, back);

		want_len = answer4(b.b, b.len, r->style, SIZE_MAX, want);
		/* What the server could not read if asked directly is not compared. */
		if (want_len == 0 && back_len == 0)
			continue;
		if (come_back4(r, relayed, back, back_len, got, &got_len))
			compare4(r, relayed, own_select, want, want_len, got, got_len);
		else
			cr_expect(false, "%s, hint %s, echo %s: no answer", r->name, r->hint,
				echo_names[r->style]);
	}
}

/* The message without the option 82 it has, with this one instead. */
static size_t with_agent(const struct corpus_message *m, const char *agent, uint8_t *msg)
{
	struct answer_option all[ANSWER_OPTIONS];
	size_t at = 240, count, n = strlen(agent) / 2;

	if (!answer_options(m->bytes + 240, m->len - 240, false, all, &count))
		return 0;
	memcpy(msg, m->bytes, 240);
	memcpy(msg + 24, "\xc6\x33\x64\x4d", 4);
	for (size_t i = 0; i < count; i++)
		if (all[i].code != 82 && all[i].code != 52) {
			memcpy(msg + at, all[i].val - 2, all[i].len + 2);
			at += all[i].len + 2;
		}
	if (n > 0) {
		msg[at++] = 82;
		msg[at++] = (uint8_t)n;
		at += hex_read(agent, msg + at, n);
	}
	msg[at++] = 255;
	while (at < 300)
		msg[at++] = 0;
	return at;
}

/* Ethernet, since that is where usher finds a client by its hardware address. */
static bool is_query4(const struct corpus_message *m)
{
	return m->len >= 241 && m->len <= 1200 && m->bytes[0] == 1 && m->bytes[1] == 1 &&
		m->bytes[2] == 6 && m->bytes[3] < 16;
}

Test(relay_roundtrip, v4_as_if_the_server_had_been_asked_directly)
{
	struct corpus *c = corpus_read(4);

	for (size_t h = 0; h < sizeof(hints) / sizeof(hints[0]); h++) {
		struct run r = run_begin(hints[h]);

		for (size_t i = 0; i < c->count; i++) {
			uint8_t msg[MESSAGE_MAX];

			if (!is_query4(&c->messages[i]))
				continue;
			r.name = c->messages[i].name;
			memcpy(msg, c->messages[i].bytes, c->messages[i].len);
			memset(msg + 24, 0, 4);
			round_trip4(&r, msg, c->messages[i].len);
		}
		cr_expect_gt(r.compared, 250, "%zu", r.compared);
		rig_free(r.rig);
	}
	corpus_free(c);
}

Test(relay_roundtrip, v4_a_relay_agent_below_us_as_if_we_only_forwarded)
{
	static const char *const agents[] = {
		"", "0103636964", "01036369640206000102030405", "0504c0000200010178", "0b040a010001",
		"0103636964090b0000118b06010203040506", "060161", "0a0180",
	};
	struct corpus *c = corpus_read(4);

	for (size_t h = 0; h < sizeof(hints) / sizeof(hints[0]); h++) {
		struct run r = run_begin(hints[h]);

		for (size_t i = 0; i < c->count; i++)
			for (size_t a = 0; a < sizeof(agents) / sizeof(agents[0]); a++) {
				uint8_t msg[MESSAGE_MAX + 64];
				size_t len = is_query4(&c->messages[i]) ?
					with_agent(&c->messages[i], agents[a], msg) : 0;

				r.name = c->messages[i].name;
				if (len > 0)
					round_trip4(&r, msg, len);
			}
		cr_expect_gt(r.compared, 2000, "%zu", r.compared);
		rig_free(r.rig);
	}
	corpus_free(c);
}

/* --- DHCPv6 ---------------------------------------------------------------------------------- */

/* The message, and where it goes: address and port. */
static void compare6(struct run *r, const uint8_t *want, size_t want_len, const uint8_t *got, size_t got_len)
{
	r->compared++;
	if (want_len != got_len || memcmp(want + IP6, got + IP6, want_len - IP6) != 0)
		differ(r, "message", want + IP6, want_len - IP6, got + IP6, got_len - IP6);
	else if (memcmp(want + 24, got + 24, 16) != 0 || memcmp(want + 40, got + 40, 4) != 0)
		differ(r, "destination", want + 24, 24, got + 24, 24);
}

static void round_trip6(struct run *r, const struct corpus_message *m)
{
	static const uint8_t upstream[16] = { 0x20, 1, 0xd, 0xb8, 0, 5, [15] = 1 };
	static uint8_t up[ANSWER_MAX], want[ANSWER_MAX], back[ANSWER_MAX], got[ANSWER_MAX];
	static struct build b;
	uint8_t head[IP6] = { 0x60, [6] = 17, 64, 0xfe, 0x80, [23] = 0xb, [24] = 0xff, 2, [37] = 1, 0, 2,
		547 >> 8, m->bytes[0] == 12 ? 547 & 255 : 546 & 255, 547 >> 8, 547 & 255 };
	size_t up_len, want_len, back_len, got_len;

	b.len = 0;
	build_bytes(&b, head, sizeof(head));
	build_bytes(&b, m->bytes, m->len);
	answer_seal(b.b, m->len);
	if (!take_sent(r, rig_run(r->rig, &(struct rig_packet){ .bytes = b.b, .len = b.len,
			.side = SIDE_CLIENT, .indev = 1 }), up, &up_len))
		return;
	for (r->style = 0; r->style < ECHO_DROPPED; r->style++) {
		want_len = answer6(b.b, b.len, r->style, want);
		back_len = answer6(up, up_len, r->style, back);
		cr_assert(back_len > 0, "%s: what usher sent cannot be read", r->name);
		/* What the server could not read if asked directly is not compared. */
		if (want_len == 0)
			continue;
		memcpy(back + 8, upstream, 16);
		answer_seal(back, back_len - IP6);
		if (take_sent(r, rig_run(r->rig, &(struct rig_packet){ .bytes = back, .len = back_len,
				.side = SIDE_SERVER, .hook = HOOK_INPUT }), got, &got_len))
			compare6(r, want, want_len, got, got_len);
		else
			cr_expect(false, "%s, echo %s: no answer", r->name, echo_names[r->style]);
	}
}

Test(relay_roundtrip, v6_as_if_the_server_had_been_asked_directly)
{
	struct corpus *c = corpus_read(6);
	struct run r = run_begin(hints[0]);

	for (size_t i = 0; i < c->count; i++) {
		r.name = c->messages[i].name;
		if (c->messages[i].len >= 4 && c->messages[i].len <= 1200)
			round_trip6(&r, &c->messages[i]);
	}
	cr_expect_gt(r.compared, 50, "%zu", r.compared);
	rig_free(r.rig);
	corpus_free(c);
}
