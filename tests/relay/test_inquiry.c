/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets about clients who are not in memory: the pipeline's half, which wants to know who they
 * are, and the queue's, which asks, keeps them and finds them again.
 */
#include "relay/inquiry.h"

#include "tests/build.h"
#include "tests/registry/make.h"
#include "tests/rig.h"

#include <criterion/criterion.h>
#include <string.h>

/* --- the pipeline's half --------------------------------------------------------------------- */

#define CONFIG(more) "{ \"control\": \"\", " more "\"subnets\": [" \
	"    { \"name\": \"reg\", \"prefixes\": [\"10.1.0.0/24\", \"2001:db8:1::/64\"] }," \
	"    { \"name\": \"unreg\", \"prefixes\": [\"10.99.0.0/24\", \"2001:db8:99::/64\"] } ] }"

static const char mac[] = "{ \"type\": \"HW_ADDR\", \"id\": \"020000000001\" }\n";
static const char duid[] = "{ \"type\": \"DUID\", \"id\": \"00030001020000000001\" }\n";
static struct rig *rig;
static struct registry *others;

static void setup_with(const char *config, const char *late_registry)
{
	rig = rig_new(config, "{ \"type\": \"HW_ADDR\", \"id\": \"00000000\" }\n");
	others = make_registry(late_registry, NULL, NULL, NULL, NULL, NULL);
	rig->pipeline.demand = (struct demand){ .on = true, .may_ask = true, .wait_ms = 1000 };
}

static void teardown(void)
{
	registry_free(others);
	rig_free(rig);
}

static struct slot *the_slot(void)
{
	return &rig->batch->slots[0];
}

/* A DISCOVER or SOLICIT of a client's as it comes. */
static struct slot *come(int family)
{
	static struct build msg, packet;
	struct slot *s = the_slot();

	msg.len = packet.len = 0;
	s->asked = s->answered = 0;
	s->park = 0;
	s->known = false;
	if (family == 4) {
		build_message4(&msg, 1, "350101 3d07 01020000000099 ff");
		build_ip4(&packet, "", 68, 67, msg.b, msg.len);
		memcpy(packet.b + 20 + 8 + 28, "\2\0\0\0\0\1", 6);
		packet.b[20 + 6] = packet.b[20 + 7] = 0;
	} else {
		build_dhcp6(&msg, 1);
		build_hex(&msg, "0001 000a 00030001020000000001");
		build_ip6(&packet, 17, "", 546, 547, msg.b, msg.len);
	}
	rig_run(rig, &(struct rig_packet){ .bytes = packet.b, .len = packet.len, .side = SIDE_CLIENT });
	return s;
}

/* The same packet once more, after so many answers to so many questions. */
static struct slot *again(uint8_t asked, uint8_t answered)
{
	struct slot *s = the_slot();

	s->asked = asked;
	s->answered = answered;
	s->verdict = SLOT_ACCEPT;
	pipeline_run(&rig->pipeline, rig->batch);
	return s;
}

static uint64_t events(enum event e)
{
	return rig->counters.events[e];
}

static void asks_for(const struct slot *s, enum reg_id_type type, const void *id, size_t len)
{
	cr_assert_eq(s->verdict, SLOT_PARK);
	cr_assert_eq(s->ask, type + 1);
	cr_assert_eq(s->out_len, len);
	cr_assert_arr_eq(s->out, (const uint8_t *)id, len);
	cr_expect_not(s->edited);
}

Test(inquiry, who_is_not_in_memory_is_asked_for, .fini = teardown)
{
	struct slot *s;

	setup_with(CONFIG(""), mac);
	s = come(4);
	asks_for(s, REG_HW_ADDR, "\2\0\0\0\0\1", 6);
	cr_expect_eq(rig->counters.packets, 0, "it counts when it is decided on");
	cr_expect_eq(events(EVENT_lookup_asked), 1);
	rig->snapshot.registry = others;
	s = again(1, 1);
	cr_expect_eq(s->verdict, SLOT_ACCEPT);
	cr_expect_eq(s->ask, 0);
	cr_expect_eq(events(EVENT_registered), 1);
	cr_expect_eq(rig->counters.packets, 1);
	cr_expect_eq(events(EVENT_lookup_asked), 1);
	cr_expect_eq(events(EVENT_lookup_hit), 0);
	s = come(4);
	cr_expect_eq(s->verdict, SLOT_ACCEPT);
	cr_expect_eq(events(EVENT_lookup_hit), 1);
}

Test(inquiry, also_in_dhcpv6, .fini = teardown)
{
	struct slot *s;

	setup_with(CONFIG(""), duid);
	s = come(6);
	asks_for(s, REG_DUID, "\0\3\0\1\2\0\0\0\0\1", 10);
	rig->snapshot.registry = others;
	again(1, 1);
	cr_expect_eq(events(EVENT_registered), 1);
}

Test(inquiry, an_answer_without_a_user_is_a_stranger, .fini = teardown)
{
	struct slot *s;

	setup_with(CONFIG(""), mac);
	come(4);
	the_slot()->known = true;
	s = again(1, 1);
	cr_expect(s->verdict == SLOT_ACCEPT && s->edited, "he is steered");
	cr_expect_eq(events(EVENT_unregistered), 1);
	cr_expect_eq(events(EVENT_lookup_negative), 1);
	cr_expect_eq(events(EVENT_lookup_unanswered), 0);
}

Test(inquiry, no_answer_in_time, .fini = teardown)
{
	static const struct {
		enum demand_late late;
		enum slot_verdict verdict;
		uint64_t strangers;
	} rows[] = {
		{ LATE_DROP, SLOT_DROP, 0 },
		{ LATE_STRANGER, SLOT_ACCEPT, 1 },
		{ LATE_PASS, SLOT_ACCEPT, 0 },
	};

	setup_with(CONFIG(""), mac);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned may_ask = 0; may_ask < 2; may_ask++) {
			struct slot *s;

			rig->pipeline.demand.late = (uint8_t)rows[i].late;
			rig->pipeline.demand.may_ask = may_ask != 0;
			s = come(4);
			if (may_ask) {
				cr_assert_eq(s->verdict, SLOT_PARK);
				s = again(1, 0);
			}
			cr_expect_eq(s->verdict, rows[i].verdict);
			cr_expect_eq(s->edited, rows[i].strangers == 1);
			cr_expect_eq(events(EVENT_unregistered), rows[i].strangers);
			cr_expect_eq(events(EVENT_lookup_unanswered), 1);
			cr_expect_eq(rig->counters.causes[CAUSE_no_answer], 1 - rows[i].strangers);
		}
}

/* Each identity of the list is asked for in its turn, unless one before it is somebody. */
Test(inquiry, several_identities, .fini = teardown)
{
	struct slot *s;

	setup_with(CONFIG("\"identify\": [\"CLIENT_ID\", \"HW_ADDR\"], "), mac);
	s = come(4);
	asks_for(s, REG_CLIENT_ID, "\1\2\0\0\0\0\x99", 7);
	s = again(1, 1);
	asks_for(s, REG_HW_ADDR, "\2\0\0\0\0\1", 6);
	cr_expect_eq(events(EVENT_lookup_asked), 1, "one message, however many questions");
	again(2, 2);
	cr_expect_eq(events(EVENT_unregistered), 1);
	come(4);
	again(1, 1);
	rig->snapshot.registry = others;
	again(2, 2);
	cr_expect_eq(events(EVENT_registered), 1);
}

/* --- the queue's half ------------------------------------------------------------------------ */

static struct source_question sent[4];
static size_t sent_count;
static bool refuse;

static bool note_question(void *ctx, const struct source_question *q)
{
	cr_assert_eq(ctx, &refuse);
	sent[sent_count++ % 4] = *q;
	return !refuse;
}

/* A packet that wants to know who that is. */
static void want(struct batch *b, const char *id, size_t len)
{
	struct slot *s = &b->slots[b->count++];

	memset(s, 0, offsetof(struct slot, raw));
	s->id = (uint32_t)b->count;
	s->in_len = 28;
	s->verdict = SLOT_PARK;
	s->park_until_ns = 1000;
	s->ask = REG_DUID + 1;
	s->out_len = (uint32_t)len;
	memcpy(s->out, id, len);
}

Test(inquiry, an_answer_finds_its_packet)
{
	static struct inquiry q = { .ask = note_question, .ctx = &refuse, .asker = 3 };
	static struct park_board board;
	struct batch *b = batch_new(4);
	struct park *park = park_new(NULL);

	inquiry_init(&q);
	want(b, "first", 5);
	want(b, "second", 6);
	inquiry_send(&q, b);
	cr_assert_eq(park_keep(park, b), 2);
	cr_assert_eq(sent_count, 2);
	cr_expect(sent[1].asker == 3 && sent[1].id.type == REG_DUID && sent[1].id.len == 6 &&
		memcmp(sent[1].id.bytes, "second", 6) == 0);
	cr_expect_neq(sent[0].ticket, sent[1].ticket);
	cr_expect_eq(park_take(park, b, 4, 0), 0);

	inquiry_answer(&q, &(struct source_answer){ .ticket = sent[1].ticket, .known = true });
	inquiry_answer(&q, &(struct source_answer){ .ticket = sent[1].ticket + 1 });
	inquiry_take(&q, park);
	cr_expect_eq(park_wait_ms(park, 0), 0);
	cr_assert_eq(park_take(park, b, 4, 0), 1);
	cr_expect(b->slots[0].id == 2 && b->slots[0].asked == 1 && b->slots[0].answered == 1 && b->slots[0].known);

	/* another pipeline takes over: what waits for an answer goes on waiting */
	park_use(park, &board, 2);
	cr_expect_eq(park_take(park, b, 4, 0), 0);
	cr_assert_eq(park_take(park, b, 4, 1000), 1, "its time is up");
	cr_expect(b->slots[0].id == 1 && b->slots[0].asked == 1 && b->slots[0].answered == 0);
	inquiry_answer(&q, &(struct source_answer){ .ticket = sent[0].ticket });
	inquiry_take(&q, park);
	cr_expect_eq(park_count(park), 0);

	refuse = true;
	b->count = 0;
	want(b, "third", 5);
	inquiry_send(&q, b);
	park_keep(park, b);
	cr_assert_eq(park_take(park, b, 4, 0), 1, "it cannot be asked for");
	cr_expect(b->slots[0].asked == 1 && b->slots[0].answered == 0);
	inquiry_done(&q);
	park_free(park);
	batch_free(b, 4);
}
