/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a server took: known for the query it answers, and for no other. */
#include "relay/answer_time.h"

#include <criterion/criterion.h>
#include <stdbool.h>

static struct answer_times times;
static const uint8_t mac[] = { 2, 0, 0, 0, 0, 1 }, other[] = { 2, 0, 0, 0, 0, 2 };

enum { SECOND = 1000000000 };

Test(answer_time, from_the_query)
{
	uint64_t key = answer_key(0x12345678, mac, 6);
	int64_t t = (int64_t)1764294727 * SECOND;

	cr_expect_eq(answer_times_since(&times, key, t), -1);
	answer_times_query(&times, key, t);
	cr_expect_eq(answer_times_since(&times, key, t), 0);
	cr_expect_eq(answer_times_since(&times, key, t + 782000), 782);
	/* asked anew: the last query counts */
	answer_times_query(&times, key, t + 4LL * SECOND);
	cr_expect_eq(answer_times_since(&times, key, t + 5LL * SECOND), 1000000);
	cr_expect_eq(answer_times_since(&times, key, t + (4LL + ANSWER_MAX_S) * SECOND), 60000000);
	cr_expect_eq(answer_times_since(&times, key, t + (5LL + ANSWER_MAX_S) * SECOND), -1);
	/* the clock was set back */
	cr_expect_eq(answer_times_since(&times, key, t), -1);
}

Test(answer_time, of_that_transaction_only)
{
	int64_t t = (int64_t)1764294727 * SECOND;

	answer_times_query(&times, answer_key(1, mac, 6), t);
	cr_expect_eq(answer_times_since(&times, answer_key(2, mac, 6), t), -1);
	cr_expect_eq(answer_times_since(&times, answer_key(1, other, 6), t), -1);
	cr_expect_eq(answer_times_since(&times, answer_key(1ull << 32 | 1, mac, 6), t), -1);
	cr_expect_eq(answer_times_since(&times, answer_key(1, NULL, 0), t), -1);
	cr_expect_eq(answer_times_since(&times, answer_key(1, mac, 6), t), 0);
}

/*
 * A collision may forget a time, but must not be common: half as many clients as there are places.
 */
Test(answer_time, places_are_well_spread)
{
	static bool taken[ANSWER_TIMES];
	unsigned used = 0;

	for (uint32_t i = 0; i < ANSWER_TIMES / 2; i++) {
		uint8_t id[6] = { 2, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };
		uint64_t place = answer_key(7, id, 6) % ANSWER_TIMES;

		used += !taken[place];
		taken[place] = true;
	}
	/* thrown at random 1 - exp(-1/2) of the places are taken, 39 of 100 */
	cr_expect_gt(used, ANSWER_TIMES * 36 / 100, "%u", used);
}
