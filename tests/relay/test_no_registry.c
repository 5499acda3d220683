/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As long as no registry was read (registry.mysql.on_unavailable "pass") packets pass as they are,
 * but for what is never let through: hints of a client's own towards the server, our state towards
 * the client.
 */
#include "tests/answer.h"
#include "tests/build.h"
#include "tests/rig.h"

#include <criterion/criterion.h>
#include <string.h>

enum { IP4 = 20 + 8 };

static const char config[] =
	"{ \"control\": \"\", \"subnets\": ["
	"    { \"name\": \"reg\", \"prefixes\": [\"10.1.0.0/24\", \"2001:db8:1::/64\"] },"
	"    { \"name\": \"unreg\", \"prefixes\": [\"10.99.0.0/24\", \"2001:db8:99::/64\"] } ] }";

static const struct slot *ask4(struct rig *rig, const char *options)
{
	static struct build msg, packet;

	msg.len = packet.len = 0;
	build_message4(&msg, 1, options);
	build_ip4(&packet, "", 68, 67, msg.b, msg.len);
	return rig_run(rig, &(struct rig_packet){
		.bytes = packet.b, .len = packet.len, .side = SIDE_CLIENT });
}

Test(no_registry, queries_pass)
{
	static struct build msg, packet;
	struct rig *rig = rig_new(config, "");
	const struct slot *s;
	const char *shown;

	rig->snapshot.registry = NULL;
	s = ask4(rig, "350101 ff");
	cr_expect(s->verdict == SLOT_ACCEPT && !s->edited);
	cr_expect_eq(rig->counters.causes[CAUSE_no_registry], 1);

	s = ask4(rig, "350101 5206 0504c0000200 ff");
	cr_assert(s->verdict == SLOT_ACCEPT && s->edited);
	shown = show4(s->out + IP4, s->out_len - IP4);
	cr_expect_null(strstr(shown, "82="), "%s", shown);
	cr_expect_eq(rig->counters.causes[CAUSE_no_registry], 1);
	cr_expect_eq(rig->counters.events[EVENT_stripped], 1);

	build_dhcp6(&msg, 1);
	build_hex(&msg, "0001 000a 0003000102000000000c");
	build_ip6(&packet, 17, "", 546, 547, msg.b, msg.len);
	s = rig_run(rig, &(struct rig_packet){
		.bytes = packet.b, .len = packet.len, .side = SIDE_CLIENT });
	cr_expect(s->verdict == SLOT_ACCEPT && !s->edited);
	cr_expect_eq(rig->counters.causes[CAUSE_no_registry], 1);
	rig_free(rig);
}

/* The query was steered before a restart, and its answer comes after. */
Test(no_registry, answers_are_restored)
{
	static uint8_t answer[ANSWER_MAX];
	struct rig *rig = rig_new(config, "");
	const struct slot *s = ask4(rig, "350101 ff");
	const char *shown;
	size_t len;

	cr_assert(s->edited);
	cr_assert_not_null(strstr(show4(s->out + IP4, s->out_len - IP4), "82="));
	len = answer4(s->out, s->out_len, ECHO_VERBATIM, SIZE_MAX, answer);
	rig->snapshot.registry = NULL;
	s = rig_run(rig, &(struct rig_packet){
		.bytes = answer, .len = len, .side = SIDE_SERVER });
	cr_assert(s->verdict == SLOT_ACCEPT && s->edited);
	shown = show4(s->out + IP4, s->out_len - IP4);
	cr_expect_null(strstr(shown, "82="), "%s", shown);
	cr_expect_eq(rig->counters.causes[CAUSE_no_registry], 1);
	cr_expect_eq(rig->counters.events[EVENT_restored], 1);
	rig_free(rig);
}
