/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * While usher is paused every packet passes as it came, also what is refused otherwise; but our own
 * state never reaches a client.
 */
#include "tests/answer.h"
#include "tests/build.h"
#include "tests/rig.h"

#include <criterion/criterion.h>
#include <string.h>

enum { IP4 = 20 + 8, IP6 = 40 + 8 };

static const char config[] =
	"{ \"control\": \"\", \"client_interfaces\": [\"c\"], \"subnets\": ["
	"    { \"name\": \"reg\", \"prefixes\": [\"10.1.0.0/24\", \"2001:db8:1::/64\"] },"
	"    { \"name\": \"unreg\", \"prefixes\": [\"10.99.0.0/24\", \"2001:db8:99::/64\"] } ] }";

static struct build msg, packet;

static const struct slot *run(struct rig *rig, const uint8_t *bytes, size_t len, enum side side)
{
	return rig_run(rig, &(struct rig_packet){ .bytes = bytes, .len = len, .side = side });
}

static const struct slot *ask4(struct rig *rig, uint8_t op, const char *options)
{
	msg.len = packet.len = 0;
	build_message4(&msg, op, options);
	build_ip4(&packet, "", op == 1 ? 68 : 67, op == 1 ? 67 : 68, msg.b, msg.len);
	return run(rig, packet.b, packet.len, SIDE_CLIENT);
}

static const struct slot *ask6(struct rig *rig)
{
	msg.len = packet.len = 0;
	build_dhcp6(&msg, 1);
	build_hex(&msg, "0001 000a 0003000102000000000c");
	build_ip6(&packet, 17, "", 546, 547, msg.b, msg.len);
	return run(rig, packet.b, packet.len, SIDE_CLIENT);
}

static void passes(struct rig *rig, const struct slot *s)
{
	cr_expect(s->verdict == SLOT_ACCEPT && !s->edited);
	cr_expect_eq(rig->counters.causes[CAUSE_paused], 1);
	cr_expect_eq(rig->counters.packets, 1);
	cr_expect_eq(rig->records.len, 0);
}

Test(pause, everything_passes_as_it_came)
{
	struct rig *rig = rig_new(config, "");

	rig->pipeline.paused = true;
	passes(rig, ask4(rig, 1, "350101 ff"));
	passes(rig, ask6(rig));
	/* a hint of the client's own, a server on the client's side, a message that is none */
	passes(rig, ask4(rig, 1, "350101 5206 0504c0000200 ff"));
	passes(rig, ask4(rig, 2, "350102 ff"));
	passes(rig, ask4(rig, 1, "3501"));
	passes(rig, run(rig, packet.b, 7, SIDE_CLIENT));
	passes(rig, run(rig, (const uint8_t *)"", 0, SIDE_UNKNOWN));
	/* a lease: neither edited nor recorded */
	passes(rig, ask4(rig, 2, "350105 330400000e10 3604c0000201 ff"));
	rig_free(rig);
}

Test(pause, ends)
{
	struct rig *rig = rig_new(config, "");

	rig->pipeline.paused = true;
	passes(rig, ask4(rig, 1, "350101 ff"));
	rig->pipeline.paused = false;
	cr_expect(ask4(rig, 1, "350101 ff")->edited);
	cr_expect_eq(ask4(rig, 2, "350102 ff")->verdict, SLOT_DROP);
	cr_expect_eq(rig->counters.dropped[CAUSE_rogue_reply], 1);
	rig_free(rig);
}

/* The query was steered, then came the pause, then the answer. */
Test(pause, answers_lose_our_state)
{
	static uint8_t answer[ANSWER_MAX];
	struct rig *rig = rig_new(config, "");
	const struct slot *s = ask4(rig, 1, "350101 ff");
	const char *shown;
	size_t len;

	cr_assert(s->edited);
	len = answer4(s->out, s->out_len, ECHO_VERBATIM, SIZE_MAX, answer);
	cr_assert_not_null(strstr(show4(answer + IP4, len - IP4), "82="));
	rig->pipeline.paused = true;
	s = run(rig, answer, len, SIDE_SERVER);
	cr_assert(s->verdict == SLOT_ACCEPT && s->edited);
	shown = show4(s->out + IP4, s->out_len - IP4);
	cr_expect_null(strstr(shown, "82="), "%s", shown);
	cr_expect_eq(check_udp(s->out), 0);
	cr_expect_eq(rig->counters.causes[CAUSE_paused], 1);
	cr_expect_eq(rig->records.len, 0);

	rig->pipeline.paused = false;
	s = ask6(rig);
	cr_assert(s->edited && s->out[IP6] == 12);
	len = answer6(s->out, s->out_len, ECHO_VERBATIM, answer);
	rig->pipeline.paused = true;
	s = run(rig, answer, len, SIDE_SERVER);
	cr_assert(s->verdict == SLOT_ACCEPT && s->edited);
	cr_expect_eq(s->out[IP6], 7, "a Relay-reply would reach the client");
	cr_expect_eq(check_udp(s->out), 0);
	rig_free(rig);
}
