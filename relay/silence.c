/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides which messages want an answer. A query that we dropped ourselves gets none, so no more
 * queries are counted than packets were sent on. One client that asks nobody's server in vain is no
 * silence: any answer to anybody ends it. RFC 2131 4.1, RFC 8415 15: clients retransmit within
 * seconds, at first.
 */
#include "relay/silence.h"

#include "dhcpcodec/message.h"

#define GET(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define SET(field, v) atomic_store_explicit(&(field), (v), memory_order_relaxed)

enum { WANTING = 4, ANSWERING = 3 };

static const uint8_t wanting[2][WANTING] = {
	{ DHCPDISCOVER, DHCPREQUEST },
	{ DHCPV6_SOLICIT, DHCPV6_REQUEST, DHCPV6_RENEW, DHCPV6_REBIND },
};
static const uint8_t answering[2][ANSWERING] = {
	{ DHCPOFFER, DHCPACK, DHCPNAK },
	{ DHCPV6_ADVERTISE, DHCPV6_REPLY },
};

/* Of the types in the row; 0 is none. */
static uint64_t sum(const uint64_t types[static 64], const uint8_t *row, size_t count)
{
	uint64_t n = 0;

	for (size_t i = 0; i < count && row[i] != 0; i++)
		n += types[row[i]];
	return n;
}

static const char *family_name(bool v6)
{
	return v6 ? "DHCPv6" : "DHCPv4";
}

static void say(struct silence_family *f, bool v6, int64_t now_ms)
{
	if (!log_may_speak_again(&f->site, SILENCE_SAY_SECONDS))
		return;
	SET(f->said, true);
	log_warning("no %s server answers: %llu queries were sent on in %lld s; is the server up, has it a "
		"subnet and free addresses for them, and do its answers come by here (usher-divert show)?",
		family_name(v6), (unsigned long long)GET(f->queries),
		(long long)(now_ms - GET(f->since_ms)) / 1000);
}

static void hear(struct silence_family *f, bool v6)
{
	bool yes = true;

	if (GET(f->queries) != 0)
		SET(f->queries, 0);
	if (GET(f->said) && atomic_compare_exchange_strong(&f->said, &yes, false)) {
		SET(f->site.next_ns, 0);
		log_info("a %s server answers again", family_name(v6));
	}
}

static void ask(struct silence_family *f, uint64_t queries, int64_t now_ms)
{
	uint64_t before = GET(f->queries);

	if (before == 0 || now_ms - GET(f->last_ms) > SILENCE_GAP_SECONDS * 1000) {
		SET(f->since_ms, now_ms);
		before = 0;
	}
	SET(f->last_ms, now_ms);
	SET(f->queries, before + queries);
}

void silence_look(struct silence *s, struct silence_seen *seen, const struct counters *c,
	bool paused, int64_t now_ms)
{
	uint64_t sent = c->verdicts[SLOT_ACCEPT] + c->causes[CAUSE_relayed];
	uint64_t room = sent - seen->sent;

	seen->sent = sent;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct silence_family *f = &s->families[v6];
		uint64_t queries = sum(c->types[v6][0], wanting[v6], WANTING);
		uint64_t answers = sum(c->types[v6][1], answering[v6], ANSWERING);
		uint64_t more = queries - seen->queries[v6];

		if (answers != seen->answers[v6])
			hear(f, v6 != 0);
		else if (paused)
			SET(f->queries, 0);
		else if (more > 0 && room > 0)
			ask(f, more < room ? more : room, now_ms);
		if (more > 0 && silence_reigns(s, v6 != 0, now_ms))
			say(f, v6 != 0, now_ms);
		seen->queries[v6] = queries;
		seen->answers[v6] = answers;
	}
}

uint64_t silence_queries(const struct silence *s, bool v6, int64_t now_ms, int64_t *ret_ms)
{
	const struct silence_family *f = &s->families[v6];
	uint64_t queries = GET(f->queries);

	if (now_ms - GET(f->last_ms) > SILENCE_GAP_SECONDS * 1000)
		queries = 0;
	*ret_ms = queries > 0 ? now_ms - GET(f->since_ms) : 0;
	return queries;
}

bool silence_reigns(const struct silence *s, bool v6, int64_t now_ms)
{
	int64_t ms;

	return silence_queries(s, v6, now_ms, &ms) >= SILENCE_QUERIES &&
	       ms >= SILENCE_SECONDS * 1000;
}
