/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/change_log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "1-3 7- " */
static const char *asked(const struct change_log *l, int64_t now_ms, bool thorough)
{
	struct change_range ask[CHANGE_ASKS];
	static char text[1024];
	size_t count = change_log_ask(l, now_ms, thorough, ask), n = 0;

	for (size_t i = 0; i < count; i++) {
		n += (size_t)sprintf(text + n, "%llu-", (unsigned long long)ask[i].from);
		if (ask[i].to != UINT64_MAX)
			n += (size_t)sprintf(text + n, "%llu", (unsigned long long)ask[i].to);
		text[n++] = ' ';
		text[n] = '\0';
	}
	return text;
}

Test(change_log, numbers_in_order_leave_no_holes)
{
	static struct change_log l;

	change_log_init(&l);
	cr_assert_eq(change_log_top(&l), 0);
	cr_assert_str_eq(asked(&l, 0, false), "0- ");
	for (uint64_t i = 1; i <= 1000; i++)
		cr_assert(change_log_add(&l, i, 0));
	cr_assert_not(change_log_add(&l, 1000, 0));
	cr_assert_not(change_log_add(&l, 1, 0));
	cr_assert_eq(l.count, 1);
	cr_assert_str_eq(asked(&l, 0, false), "1000- ");
}

/* A transaction that began first commits last. */
Test(change_log, a_number_passed_over_is_asked_for_until_it_comes)
{
	static struct change_log l;

	change_log_init(&l);
	change_log_settle(&l, 10);
	cr_assert(change_log_add(&l, 12, 100));
	cr_assert(change_log_add(&l, 15, 200));
	cr_assert_str_eq(asked(&l, 200, false), "11-11 13-14 15- ");
	cr_assert(change_log_has(&l, 3));
	cr_assert(change_log_has(&l, 12));
	cr_assert_not(change_log_has(&l, 11));
	cr_assert_not(change_log_has(&l, 16));
	cr_assert(change_log_add(&l, 13, 300));
	cr_assert_str_eq(asked(&l, 300, false), "11-11 14-14 15- ");
	cr_assert(change_log_add(&l, 11, 300));
	cr_assert(change_log_add(&l, 14, 300));
	cr_assert_str_eq(asked(&l, 300, false), "15- ");
	cr_assert_eq(l.count, 1);
}

Test(change_log, a_hole_that_stays_is_given_up)
{
	static struct change_log l;

	change_log_init(&l);
	change_log_add(&l, 2, 1000);
	change_log_add(&l, 5, 2000);
	change_log_expire(&l, 1000 + CHANGE_HOLE_MS - 1);
	cr_assert_str_eq(asked(&l, 0, false), "1-1 3-4 5- ");
	change_log_expire(&l, 1000 + CHANGE_HOLE_MS);
	cr_assert_str_eq(asked(&l, 0, false), "3-4 5- ");
	cr_assert(change_log_has(&l, 1));
	/* the younger half of a hole is as old as the hole */
	change_log_add(&l, 3, 5000);
	change_log_expire(&l, 2000 + CHANGE_HOLE_MS);
	cr_assert_str_eq(asked(&l, 0, false), "5- ");
}

/* A cluster of three: this node sees every third number at once, the others' a little later. */
Test(change_log, more_holes_than_a_question_can_name)
{
	static struct change_log l;

	change_log_init(&l);
	for (uint64_t i = 1; i <= 100; i++)
		change_log_add(&l, 3 * i, (int64_t)i * 1000);
	cr_assert_str_eq(asked(&l, 100000, true), "1- ");
	cr_assert_str_eq(asked(&l, 100000, false), "286- ", "%s", asked(&l, 100000, false));
	cr_assert_str_eq(asked(&l, 200000, false), "300- ");
	for (uint64_t i = 1; i <= 100; i++) {
		cr_assert(change_log_add(&l, 3 * i - 1, 200000));
		cr_assert(change_log_add(&l, 3 * i - 2, 200000));
	}
	cr_assert_str_eq(asked(&l, 200000, false), "300- ");
}

Test(change_log, settling)
{
	static struct change_log l;

	change_log_init(&l);
	change_log_add(&l, 5, 0);
	change_log_add(&l, 9, 0);
	change_log_settle(&l, 4);
	cr_assert_str_eq(asked(&l, 0, false), "6-8 9- ");
	change_log_settle(&l, 7);
	cr_assert_str_eq(asked(&l, 0, false), "8-8 9- ");
	change_log_settle(&l, 20);
	cr_assert_str_eq(asked(&l, 0, false), "20- ");
	change_log_settle(&l, 3);
	cr_assert_eq(change_log_top(&l), 20);
}

/* Any order, against a plain array; what does not fit gives up the lowest holes only. */
Test(change_log, random_orders)
{
	enum { NUMBERS = 20000 };
	static struct change_log l;
	static bool seen[NUMBERS + 1];

	srand(3);
	for (unsigned int round = 0; round < 20; round++) {
		size_t window = (size_t)1 << (round % 10);

		memset(seen, 0, sizeof(seen));
		change_log_init(&l);
		for (size_t i = 1; i <= NUMBERS; i++) {
			size_t number = i + (size_t)rand() % window;

			if (number > NUMBERS)
				continue;
			if (change_log_add(&l, number, 0) && seen[number])
				cr_assert_fail("%zu was seen twice", number);
			seen[number] = true;
		}
		for (size_t i = 1; i <= NUMBERS; i++)
			cr_assert(change_log_has(&l, i) == seen[i] || i < l.ranges[0].to);
		for (size_t i = 1; i < l.count; i++)
			cr_assert(l.ranges[i - 1].to + 1 < l.ranges[i].from &&
				l.ranges[i].from <= l.ranges[i].to);
		cr_assert_leq(l.count, CHANGE_RANGES);
	}
}
