/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is learned of servers: when an upstream is down, and when a subnet seems not to be
 * configured.
 */
#include "relay/learned_say.h"

#include "tests/relay/relay_rig.h"

#include <criterion/criterion.h>
#include <string.h>

#define S INT64_C(1000000000)
static const int64_t start = 1700000000 * S;

Test(learned, an_upstream_is_down_when_it_is_silent_for_long)
{
	struct learned *l = learned_new();

	cr_assert_not_null(l);
	cr_expect_not(learned_asked(l, false, 1, start, 2000, 5000));
	cr_expect_not(learned_asked(l, false, 1, start + 1999999999, 2000, 5000));
	cr_expect(learned_up(l, false, 1, start + 2 * S));
	cr_expect(learned_asked(l, false, 1, start + 2 * S, 2000, 5000));
	cr_expect_not(learned_up(l, false, 1, start + 3 * S));
	cr_expect(learned_up(l, true, 1, start + 3 * S), "the other protocol is another server");
	cr_expect(learned_up(l, false, 0, start + 3 * S));
	cr_expect(learned_up(l, false, 1, start + 7 * S), "tried again");
	learned_free(l);
}

Test(learned, an_answer_makes_it_up_again)
{
	struct learned *l = learned_new();

	learned_asked(l, true, 0, start, 2000, 5000);
	learned_heard(l, true, 0);
	cr_expect_not(learned_asked(l, true, 0, start + 60 * S, 2000, 5000), "nothing was open");
	cr_expect(learned_asked(l, true, 0, start + 63 * S, 2000, 5000));
	cr_expect_not(learned_up(l, true, 0, start + 64 * S));
	learned_heard(l, true, 0);
	cr_expect(learned_up(l, true, 0, start + 64 * S));
	learned_free(l);
}

Test(learned, a_clock_set_back_begins_anew)
{
	struct learned *l = learned_new();

	learned_asked(l, false, 0, start, 2000, 5000);
	cr_expect_not(learned_asked(l, false, 0, start - 100 * S, 2000, 5000));
	cr_expect_not(learned_asked(l, false, 0, start - 99 * S, 2000, 5000));
	cr_expect(learned_asked(l, false, 0, start - 98 * S, 2000, 5000));
	learned_free(l);
}

/* `asked` queries for subnet 7 within `seconds`, and `others` answers for subnet 8, by turns. */
static bool suspects(struct learned *l, int asked, int others, int seconds)
{
	uint32_t n = 0;
	uint64_t m = 0;
	bool yes;

	for (int i = 0; i < asked || i < others; i++) {
		if (i < asked)
			learned_hinted(l, false, 7, start + i);
		if (i < others)
			learned_answered(l, false, 8);
	}
	yes = learned_suspects(l, false, 7, start + seconds * S, &n, &m);
	cr_expect(!yes || (n == (uint32_t)asked && m == (uint64_t)others));
	return yes;
}

Test(learned, a_subnet_is_suspect_when_only_its_queries_go_unanswered)
{
	static const struct {
		int asked, others, seconds;
		bool suspect;
	} rows[] = {
		{ 5, 5, 30, true },
		{ 4, 5, 30, false },         /* too few to tell */
		{ 5, 4, 30, false },         /* perhaps the server is down */
		{ 5, 5, 29, false },         /* perhaps it is slow */
		{ 500, 0, 3000, false },
		{ 500, 4, 3000, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct learned *l = learned_new();

		cr_expect_eq(suspects(l, rows[i].asked, rows[i].others, rows[i].seconds),
			rows[i].suspect, "%zu", i);
		learned_free(l);
	}
}

/*
 * A server that was down has others waiting too: they may be answered before those of one subnet.
 */
Test(learned, what_was_asked_of_a_server_that_was_down_does_not_count)
{
	struct learned *l = learned_new();
	uint32_t n;
	uint64_t m;

	learned_answered(l, false, 8);
	for (int i = 0; i < 100; i++)
		learned_hinted(l, false, 7, start + i * S);
	for (int i = 0; i < 100; i++)
		learned_answered(l, false, 8);
	cr_expect_not(learned_suspects(l, false, 7, start + 101 * S, &n, &m));
	learned_free(l);
}

Test(learned, it_is_said_once_and_an_answer_ends_it)
{
	struct learned *l = learned_new();
	uint64_t m;
	uint32_t n;

	cr_assert(suspects(l, 5, 5, 30));
	cr_expect_not(learned_suspects(l, false, 7, start + 31 * S, &n, &m));
	cr_expect(learned_suspects(l, false, 7, start + (30 + LEARNED_SAY_SECONDS) * S, &n, &m));
	learned_answered(l, false, 7);
	cr_expect_not(learned_suspects(l, false, 7, start + 9999 * S, &n, &m));
	learned_free(l);
}

Test(learned, without_memory_everybody_is_up_and_nothing_is_said)
{
	cr_expect(learned_up(NULL, false, 0, start));
	cr_expect_not(learned_asked(NULL, false, 0, start, 1, 1));
	learned_heard(NULL, false, 0);
	learned_hinted(NULL, false, 0, start);
	learned_answered(NULL, false, 0);
	learned_say(NULL, NULL, start);
	cr_expect_null(learned_free(NULL));
}

/* In both modes: the pipeline tells it of DISCOVERs with a hint, and of answers. */
Test(learned, the_pipeline_learns_in_relay_mode)
{
	struct rig *r = relay_rig("", "");
	uint8_t id = rig_subnet_id(r, "restricted");

	for (int i = 0; i < 3; i++)
		relay_query4(r, &(struct query4){ .type = 1 });
	cr_expect_eq(r->learned->subnets[0][id].asked, 1, "nobody was answered in between");
	cr_expect_eq(r->learned->answers[0], 0);
	relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2", .yiaddr = "198.51.100.9" });
	cr_expect_eq(r->learned->subnets[0][id].asked, 0);
	cr_expect_eq(r->learned->answers[0], 1);
	rig_free(r);
}

Test(learned, giaddr_is_a_hint_too)
{
	struct rig *r = relay_rig("relay:\"agent_option\": false,\n", "");
	uint8_t id = rig_subnet_id(r, "restricted");

	relay_query4(r, &(struct query4){ .type = 1 });
	cr_expect_eq(r->learned->subnets[0][id].asked, 0, "eth1 has no address there");
	memcpy(r->links.all[0].all4[0], (uint8_t[]){ 198, 51, 100, 1 }, 4);
	r->links.all[0].count4 = 1;
	relay_query4(r, &(struct query4){ .type = 1 });
	cr_expect_eq(r->learned->subnets[0][id].asked, 1);
	rig_free(r);
}

Test(learned, and_inline)
{
	struct rig *r = rig_new("{ \"subnets\": [{ \"name\": \"a\", \"prefixes\": \"192.0.2.0/24\" }] }", "");
	uint8_t id = rig_subnet_id(r, "a");

	relay_query4(r, &(struct query4){ .type = 1 });
	cr_expect_eq(r->learned->subnets[0][id].asked, 1);
	rig_free(r);
}

#define RESTRICTED_BY_B \
	"\"rules\": [{\"when\": {\"registered\": false}, \"subnet\": \"restricted\", \"upstream\": \"b\"}],"

/* Where one upstream is silent and others answer, it is not the subnet's fault. */
Test(learned, a_subnet_is_not_to_blame_for_its_upstream)
{
	struct rig *r = relay_rig(RESTRICTED_BY_B, "");
	uint8_t id = rig_subnet_id(r, "restricted");

	for (int i = 0; i < 3; i++) {
		relay_query4(r, &(struct query4){ .type = 1 });
		learned_heard(r->learned, false, 0);
		learned_answered(r->learned, false, 0);
		r->time_ns += S;
	}
	cr_expect_eq(r->learned->subnets[0][id].asked, 1);
	learned_heard(r->learned, false, 1);
	relay_query4(r, &(struct query4){ .type = 1 });
	cr_expect_eq(r->learned->subnets[0][id].asked, 2, "it answers somebody");
	rig_free(r);
}

/* A server that drops option 82 says by its address which subnet it has. */
Test(learned, an_answer_without_state_counts_for_the_subnet_it_gives)
{
	struct rig *r = relay_rig("", "");
	uint8_t id = rig_subnet_id(r, "restricted");

	relay_query4(r, &(struct query4){ .type = 1 });
	cr_expect_eq(r->learned->subnets[0][id].asked, 1);
	relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2", .yiaddr = "198.51.100.9",
				 .no_echo = true });
	cr_expect_eq(r->learned->subnets[0][id].asked, 0);
	rig_free(r);
}

#define CLIENT6 "0001000a 00030001 02000000000a "
#define SERVER6 "0002000a 00030001 020000000001 "

/*
 * RFC 8415 18.3.9: "the server MUST include ... Status Code option NoAddrsAvail"; RFC 3315 has it
 * beside the IA.
 */
Test(learned, an_advertise_without_an_address_is_no_answer)
{
	static const struct {
		const char *message;
		uint32_t asked;
	} rows[] = {
		{ "02 010203" CLIENT6 SERVER6 "00030012 00000007 00000000 00000000 000d0002 0002", 1 },
		{ "02 010203" CLIENT6 SERVER6 "000d0002 0002", 1 },
		{ "02 010203" CLIENT6 SERVER6 "00030028 00000007 00000000 00000000 00050018 "
		  "30000000000000000000000000000100 00000e10 00000e10", 0 },
		{ "07 010203" CLIENT6 SERVER6, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig *r = relay_rig("", "");
		uint8_t id = rig_subnet_id(r, "restricted");

		relay_query6(r, "01 010203" CLIENT6 "0003000c 00000007 00000000 00000000", "", 546);
		relay_answer6(r, "2001:db8::2", rows[i].message, 0, true);
		cr_expect_eq(r->learned->subnets[1][id].asked, rows[i].asked, "%zu", i);
		cr_expect_eq(r->learned->answers[1], rows[i].asked == 0, "%zu", i);
		rig_free(r);
	}
}
