/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The promise of transparency: whatever usher writes into a query and whatever a server makes of it
 * in its answer, the client or relay is shown what it would have been shown without usher. A server
 * of our own (tests/answer.h) answers the query twice, as sent and as rewritten; the answer to the
 * second, restored, must be the answer to the first.
 */
#include "tests/answer.h"
#include "tests/assemble.h"
#include "tests/build.h"
#include "tests/corpus.h"
#include "tests/rig.h"
#include "tests/seen.h"
#include "tests/vector.h"

#include "relay/state.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nobody has options of his own, no lease is too long, every relay is believed. */
static const char config_format[] =
	"{ \"control\": \"\", \"hint\": \"%s\","
	"  \"subnets\": [ { \"name\": \"reg\", \"prefixes\": [\"10.1.0.0/24\", \"2001:db8:1::/64\"] },"
	"    { \"name\": \"unreg\", \"prefixes\": [\"10.99.0.0/24\", \"2001:db8:99::/64\"] } ],"
	"  \"rules\": [ { \"when\": { \"registered\": true }, \"subnet\": \"reg\" },"
	"    { \"when\": { \"registered\": false }, \"subnet\": \"unreg\" } ],"
	"  \"malformed\": { \"query\": \"pass\" },"
	"  \"trusted_relays\": [\"0.0.0.0/0\", \"::/0\"] }";
static const char users[] =
	"{ \"type\": \"HW_ADDR\", \"id\": \"02000000000a\" }\n"
	"{ \"type\": \"DUID\", \"id\": \"0003000102000000000c\" }\n";
static const char *const hints[] = { "link-selection", "subnet-selection", "both" };

enum { MESSAGE_MAX = 2048 };

struct run {
	struct rig *rig;
	enum rig_place place;    /* RIG_FLUSH_END costs system calls: not for thousands */
	const char *name, *hint;
	enum echo_style style;
	bool own_select;         /* the query in hand has an option 118 of its own */
	size_t queries, edited, compared;
};

static struct run run_begin(const char *hint, enum rig_place place)
{
	char config[2048];

	snprintf(config, sizeof(config), config_format, hint);
	return (struct run){ .rig = rig_new(config, users), .hint = hint, .place = place };
}

/* -- DHCPv4 ------------------------------------------------------------------------------------ */

static void show(char *text, size_t cap, const uint8_t *p, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 3 < cap; i++)
		n += (size_t)snprintf(text + n, cap - n, "%02x", p[i]);
	text[n] = '\0';
}

static void differ4(const struct run *r, const char *what, const uint8_t *want, size_t want_len,
	const uint8_t *got, size_t got_len)
{
	char a[1024], b[1024];

	show(a, sizeof(a), want + IP4 + 240, want_len - IP4 - 240);
	show(b, sizeof(b), got + IP4 + 240, got_len - IP4 - 240);
	cr_expect(false, "%s, hint %s, echo %s: %s\n  without usher %s\n  with usher    %s", r->name,
		r->hint, echo_names[r->style], what, a, b);
}

static void compare4(struct run *r, const uint8_t *query, const uint8_t *want, size_t want_len,
	const uint8_t *got, size_t got_len)
{
	static const uint8_t zero[4] = { 0 };
	struct seen4 a, b;

	r->compared++;
	if (!look4(want, want_len, &a) || !look4(got, got_len, &b) || !well_formed4(got, got_len)) {
		differ4(r, "not well formed", want, want_len, got, got_len);
		return;
	}
	/* A client's own option 82 is not its to send, and servers do not see it. */
	if (memcmp(query + IP4 + 24, zero, 4) == 0)
		a.agent_len = SIZE_MAX;
	/* The 118 that dnsmasq adds of its own accord is nobody's, with or without us. */
	if (r->style == ECHO_DNSMASQ && !r->own_select)
		a.select_len = SIZE_MAX;
	/*
	 * Without an echo nothing is known of the client's own 118, and the server has seen none.
	 */
	if (r->style == ECHO_DROPPED)
		a.select_len = b.select_len;
	if (memcmp(want + 12, got + 12, 8) != 0 || memcmp(want + 20, got + 20, 4) != 0)
		differ4(r, "addresses or ports", want, want_len, got, got_len);
	else if (memcmp(want + IP4, got + IP4, 240) != 0)
		differ4(r, "header", want, want_len, got, got_len);
	else if (!same_options(a.others, a.other_count, b.others, b.other_count))
		differ4(r, "options", want, want_len, got, got_len);
	else if (!same_bytes(a.select, a.select_len, b.select, b.select_len))
		differ4(r, "option 118", want, want_len, got, got_len);
	else if (!same_agent(&a, &b))
		differ4(r, "option 82", want, want_len, got, got_len);
}

/* The answer to `query` as the pipeline lets it go on; false if it does not. */
static bool come_back(struct run *r, const uint8_t *answer, size_t len, const uint8_t **ret, size_t *ret_len)
{
	const struct slot *s = rig_run(r->rig, &(struct rig_packet){
		.bytes = answer, .len = len, .side = SIDE_SERVER, .place = r->place });

	if (s->verdict != SLOT_ACCEPT) {
		cr_expect(false, "%s, hint %s, echo %s: the answer was dropped", r->name, r->hint,
			echo_names[r->style]);
		return false;
	}
	*ret = s->edited ? s->out : answer;
	*ret_len = s->edited ? s->out_len : len;
	return true;
}

/* What is asked; whether usher let it through, and as what. */
static bool go_up(struct run *r, const uint8_t *query, size_t len, uint8_t *ret, size_t *ret_len)
{
	const struct slot *s = rig_run(r->rig, &(struct rig_packet){
		.bytes = query, .len = len, .side = SIDE_CLIENT, .place = r->place });

	if (s->verdict != SLOT_ACCEPT || s->out_len > ANSWER_MAX)
		return false;
	r->queries++;
	r->edited += s->edited;
	*ret_len = s->edited ? s->out_len : len;
	memcpy(ret, s->edited ? s->out : query, *ret_len);
	return true;
}

/*
 * usher does not touch option 82 of a relay that it cannot read or that is authenticated; then it
 * does not know its own way back either. Such queries go through unedited and are not compared.
 */
static void round_trip4(struct run *r, const uint8_t *query, size_t len)
{
	static uint8_t up[ANSWER_MAX], want[ANSWER_MAX], back[ANSWER_MAX];
	size_t up_len, want_len, back_len, got_len, edited = r->edited;
	const uint8_t *got;
	struct seen4 seen;

	if (!go_up(r, query, len, up, &up_len) || r->edited == edited)
		return;
	/* Nor those that nobody answers, nor those that relay a state that a client has made up. */
	if ((look4(up, up_len, &seen) && seen.agent_len == SIZE_MAX && seen.select_len == SIZE_MAX) ||
		(be32_get(query + IP4 + 24) != 0 && state_within(32473, query, len)))
		return;
	cr_expect(well_formed4(up, up_len), "%s, hint %s: the query is not well formed", r->name, r->hint);
	want_len = answer4(query, len, ECHO_VERBATIM, SIZE_MAX, want);
	r->own_select = look4(want, want_len, &seen) && seen.select_len != SIZE_MAX;
	for (r->style = 0; r->style < ECHO_STYLES; r->style++) {
		want_len = answer4(query, len, r->style, SIZE_MAX, want);
		back_len = answer4(up, up_len, r->style, SIZE_MAX, back);
		cr_assert(want_len > 0 && back_len > 0, "%s: no answer", r->name);
		if (come_back(r, back, back_len, &got, &got_len))
			compare4(r, query, want, want_len, got, got_len);
	}
}

/* -- cut short: an option 82 of which the server gives back less than it got ------------------- */

static void cut_short4(struct run *r, const uint8_t *query, size_t len)
{
	static const uint8_t zero[4] = { 0 };
	static uint8_t up[ANSWER_MAX], want[ANSWER_MAX], back[ANSWER_MAX];
	bool direct = memcmp(query + IP4 + 24, zero, 4) == 0;
	size_t up_len, want_len, back_len, got_len, agent_len, edited = r->edited;
	const uint8_t *got;
	struct seen4 a, b;

	/* One that usher has left alone comes back as it is. */
	if (!go_up(r, query, len, up, &up_len) || r->edited == edited || !look4(up, up_len, &a) ||
		a.agent_len == SIZE_MAX)
		return;
	r->style = ECHO_VERBATIM;
	agent_len = a.agent_len;
	want_len = answer4(query, len, ECHO_DROPPED, 0, want);
	for (size_t cut = 0; cut < agent_len; cut++) {
		back_len = answer4(up, up_len, ECHO_VERBATIM, cut, back);
		if (!come_back(r, back, back_len, &got, &got_len) || !look4(want, want_len, &a) ||
			!look4(got, got_len, &b))
			continue;
		r->compared++;
		/* A direct client gets none of it; a relay gets what the server made of it. */
		if (direct && b.agent_len != SIZE_MAX)
			differ4(r, "a part of option 82", want, want_len, got, got_len);
		if (!same_options(a.others, a.other_count, b.others, b.other_count))
			differ4(r, "options, 82 cut", want, want_len, got, got_len);
		if (memcmp(want + IP4, got + IP4, 240) != 0)
			differ4(r, "header, 82 cut", want, want_len, got, got_len);
	}
}

/* -- DHCPv6 ------------------------------------------------------------------------------------ */

static void round_trip6(struct run *r, const uint8_t *query, size_t len)
{
	static uint8_t up[ANSWER_MAX], want[ANSWER_MAX], back[ANSWER_MAX];
	size_t up_len, want_len, back_len, got_len, edited = r->edited;
	char a[2048], b[2048];
	const uint8_t *got;

	if (!go_up(r, query, len, up, &up_len) || r->edited == edited)
		return;
	for (r->style = 0; r->style < ECHO_DROPPED; r->style++) {
		want_len = answer6(query, len, r->style, want);
		back_len = answer6(up, up_len, r->style, back);
		cr_assert(want_len > 0 && back_len > 0, "%s: no answer", r->name);
		if (!come_back(r, back, back_len, &got, &got_len))
			continue;
		r->compared++;
		if (want_len == got_len && memcmp(want, got, got_len) == 0)
			continue;
		show(a, sizeof(a), want, want_len);
		show(b, sizeof(b), got, got_len);
		cr_expect(false, "%s, echo %s:\n  without usher %s\n  with usher    %s", r->name,
			echo_names[r->style], a, b);
	}
	/* No Interface-ID, no state: what comes back is what the server said. */
	r->style = ECHO_DROPPED;
	back_len = answer6(up, up_len, ECHO_DROPPED, back);
	if (come_back(r, back, back_len, &got, &got_len))
		cr_expect(got_len == back_len && memcmp(got, back, got_len) == 0,
			"%s: changed without state", r->name);
}

/* -- where the queries come from --------------------------------------------------------------- */

typedef void trip_fn(struct run *r, const uint8_t *query, size_t len);

struct source {
	const struct vectors *vs;
	struct rig *rig;
};

static const char *fragment_of(void *ctx, const char *name)
{
	return vector_fragment(((struct source *)ctx)->vs, name);
}

static uint8_t subnet_of(void *ctx, const char *name)
{
	return rig_subnet_id(((struct source *)ctx)->rig, name);
}

/* Every query vector of a family whose IP header is the plain one. */
static void from_vectors(struct run *r, const struct vectors *vs, int family, trip_fn *trip)
{
	struct source src = { .vs = vs, .rig = r->rig };
	struct assemble_env env = { .fragment = fragment_of, .subnet_id = subnet_of, .ctx = &src };

	for (size_t i = 0; i < vs->count; i++) {
		const struct vector *v = &vs->all[i];
		struct assembled in;

		vector_packet(v, &v->in, &env, &in);
		r->name = v->id;
		if (v->side == VECTOR_SERVER || in.len < 48 || in.bytes[0] != (family == 4 ? 0x45 : 0x60) ||
			v->skb_info != 0 || v->cap_len != 0)
			continue;
		if (family == 4 && (in.len < IP4 + 240 || in.bytes[9] != 17 || in.bytes[28] != 1))
			continue;
		trip(r, in.bytes, in.len);
	}
}

static void put_ip4(struct build *b, const uint8_t *msg, size_t len)
{
	uint8_t head[IP4] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 1, 0, 77, 10, 1, 0, 1, 0, 67, 0, 67 };

	b->len = 0;
	build_bytes(b, head, sizeof(head));
	build_bytes(b, msg, len);
	answer_seal(b->b, len);
}

/* Option 82 as relays write it. */
static const char *const agents[] = {
	"", "0103636964", "01036369640206000102030405", "0504c0000200", "0504c0000200010178",
	"0101780504c0000200", "0101780504c00002000203726964", "0103636964090b0000118b06010203040506",
	"010363696409070000118b0201020203726964", "09070000118b020102010178",
	"09070000118b02010209060000000901aa", "0504c000020009070000118b020102010178",
	"060161", "0a0180", "0b040a010001", "970100", "980100", "01010001010100", "020000",
};

/* A message of the corpus that is a query, made a relayed one with each of the options 82 above. */
static void relay_corpus(struct run *r, const struct corpus_message *m, struct build *b)
{
	struct answer_option all[ANSWER_OPTIONS];
	uint8_t msg[MESSAGE_MAX];
	size_t count;

	if (m->len < 241 || m->len > 1200 || m->bytes[2] > 16 || m->bytes[3] > 16 ||
		!answer_options(m->bytes + 240, m->len - 240, false, all, &count))
		return;
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		size_t at = 240, n = strlen(agents[i]) / 2;

		memcpy(msg, m->bytes, 240);
		memcpy(msg + 24, "\x0a\x01\x00\x4d", 4);
		for (size_t j = 0; j < count; j++) {
			if (all[j].code == 82 || all[j].code == 52)
				continue;
			memcpy(msg + at, all[j].val - 2, all[j].len + 2);
			at += all[j].len + 2;
		}
		msg[at++] = 82;
		msg[at++] = (uint8_t)n;
		hex_read(agents[i], msg + at, n);
		at += n;
		msg[at++] = 255;
		while (at < 300)
			msg[at++] = 0;
		put_ip4(b, msg, at);
		r->name = agents[i];
		round_trip4(r, b->b, b->len);
	}
}

static void from_corpus4(struct run *r)
{
	struct corpus *c = corpus_read(4);
	struct build *b = calloc(1, sizeof(*b));

	for (size_t i = 0; i < c->count; i++) {
		const struct corpus_message *m = &c->messages[i];

		if (m->len < 240 || m->len > 1400 || m->bytes[0] != 1 || m->bytes[2] > 16)
			continue;
		r->name = m->name;
		put_ip4(b, m->bytes, m->len);
		round_trip4(r, b->b, b->len);
		if (r->hint == hints[0])
			cut_short4(r, b->b, b->len);
		relay_corpus(r, m, b);
	}
	free(b);
	corpus_free(c);
}

static void from_corpus6(struct run *r)
{
	static const uint8_t head[IP6] = { 0x60, 0, 0, 0, 0, 0, 17, 64, 0xfe, 0x80, [23] = 0xb, [24] = 0xff, 2,
		[37] = 1, 0, 2, 547 >> 8, 547 & 255, 547 >> 8, 547 & 255 };
	struct corpus *c = corpus_read(6);
	struct build *b = calloc(1, sizeof(*b));

	for (size_t i = 0; i < c->count; i++) {
		const struct corpus_message *m = &c->messages[i];

		if (m->len < 4 || m->len > 1200)
			continue;
		r->name = m->name;
		b->len = 0;
		build_bytes(b, head, sizeof(head));
		build_bytes(b, m->bytes, m->len);
		answer_seal(b->b, m->len);
		round_trip6(r, b->b, b->len);
	}
	free(b);
	corpus_free(c);
}

Test(roundtrip, vectors4)
{
	struct vectors *vs = vectors_read();

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		struct run r = run_begin(hints[i], RIG_FLUSH_END);

		from_vectors(&r, vs, 4, round_trip4);
		from_vectors(&r, vs, 4, cut_short4);
		cr_expect(r.edited > 80 && r.compared > 500, "%zu of %zu queries edited, %zu answers",
			r.edited, r.queries, r.compared);
		rig_free(r.rig);
	}
	vectors_free(vs);
}

Test(roundtrip, corpus4)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		struct run r = run_begin(hints[i], RIG_PLAIN);

		from_corpus4(&r);
		cr_expect(r.edited > 500 && r.compared > 4000, "%zu of %zu queries edited, %zu answers",
			r.edited, r.queries, r.compared);
		rig_free(r.rig);
	}
}

Test(roundtrip, vectors6)
{
	struct vectors *vs = vectors_read();
	struct run r = run_begin(hints[0], RIG_FLUSH_END);

	from_vectors(&r, vs, 6, round_trip6);
	cr_expect(r.edited > 15 && r.compared > 80, "%zu of %zu queries edited, %zu answers", r.edited,
		r.queries, r.compared);
	rig_free(r.rig);
	vectors_free(vs);
}

Test(roundtrip, corpus6)
{
	struct run r = run_begin(hints[0], RIG_FLUSH_END);

	from_corpus6(&r);
	cr_expect(r.edited > 10 && r.compared > 50, "%zu of %zu queries edited, %zu answers", r.edited,
		r.queries, r.compared);
	rig_free(r.rig);
}
