/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/questions.h"

#include <criterion/criterion.h>

static struct questions qs;

static bool put(uint64_t ticket, int64_t until)
{
	struct source_question q = { .ticket = ticket, .id = { .type = REG_HW_ADDR, .len = 6 } };

	return questions_put(&qs, &q, until);
}

Test(questions, so_many_and_no_more_in_their_order)
{
	static struct source_question got[QUESTIONS_MAX];

	questions_init(&qs);
	for (unsigned int round = 0; round < 3; round++) {
		cr_expect_not(questions_wait(&qs));
		for (uint64_t n = 0; n < QUESTIONS_MAX; n++)
			cr_assert(put(n, 100));
		cr_expect_not(put(QUESTIONS_MAX, 100));
		cr_assert_eq(questions_take(&qs, got, 10, 0), 10);
		cr_assert_eq(questions_take(&qs, got + 10, QUESTIONS_MAX, 0), QUESTIONS_MAX - 10);
		for (uint64_t n = 0; n < QUESTIONS_MAX; n++)
			cr_assert_eq(got[n].ticket, n);
		put(round, 100);
		cr_expect(questions_wait(&qs));
		cr_assert_eq(questions_take(&qs, got, 1, 0), 1, "the ring begins elsewhere");
	}
	questions_done(&qs);
}

Test(questions, nobody_is_asked_for_whom_nobody_waits)
{
	struct source_question got[4];

	questions_init(&qs);
	put(1, 10);
	put(2, 30);
	put(3, 20);
	put(4, 40);
	cr_assert_eq(questions_take(&qs, got, 4, 20), 2);
	cr_expect(got[0].ticket == 2 && got[1].ticket == 4);
	cr_expect_not(questions_wait(&qs));
	questions_done(&qs);
}
