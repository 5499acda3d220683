/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is learned of servers: when an upstream is down, and when a subnet seems not to be configured. */
#include "relay/learned_say.h"

#include "tests/relay/relay_rig.h"

#include <criterion/criterion.h>

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

/* `asked` queries for subnet 7 within `seconds`, and `others` answers for subnet 8. */
static bool suspects(struct learned *l, int asked, int others, int seconds)
{
	uint32_t n = 0;
	uint64_t m = 0;
	bool yes;

	for (int i = 0; i < asked; i++)
		learned_hinted(l, false, 7, start + i);
	for (int i = 0; i < others; i++)
		learned_answered(l, false, 8);
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
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct learned *l = learned_new();

		cr_expect_eq(suspects(l, rows[i].asked, rows[i].others, rows[i].seconds),
			rows[i].suspect, "%zu", i);
		learned_free(l);
	}
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
	cr_expect_eq(r->learned->subnets[0][id].asked, 3);
	cr_expect_eq(r->learned->answers[0], 0);
	relay_answer4(r, &(struct answer4){ .type = 2, .from = "10.0.0.2", .yiaddr = "198.51.100.9" });
	cr_expect_eq(r->learned->subnets[0][id].asked, 0);
	cr_expect_eq(r->learned->answers[0], 1);
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
