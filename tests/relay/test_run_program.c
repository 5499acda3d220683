/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that print, fail, print too much and do not end. */
#include "relay/run_program.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

Test(run_program, output)
{
	char *text = run_program("echo", "a b", "c", NULL);

	cr_assert_str_eq(text, "a b c\n");
	free(text);
	text = run_program("true", NULL);
	cr_assert_str_eq(text, "");
	free(text);
}

Test(run_program, more_than_a_pipe_holds)
{
	char *text = run_program("seq", "100000", NULL);

	cr_assert_not_null(text);
	cr_assert_eq(strlen(text), 588895);
	free(text);
}

Test(run_program, failures)
{
	cr_assert_null(run_program("false", NULL));
	cr_assert_null(run_program("no-such-program-anywhere", NULL));
	cr_assert_null(run_program("yes", NULL), "more than it may print");
}

Test(run_program, one_that_does_not_end_is_ended, .timeout = 20)
{
	struct timespec began, ended;

	clock_gettime(CLOCK_MONOTONIC, &began);
	cr_assert_null(run_program("sleep", "60", NULL));
	clock_gettime(CLOCK_MONOTONIC, &ended);
	cr_assert_leq(ended.tv_sec - began.tv_sec, 5);
}

/* It sees neither our environment nor our standard input. */
Test(run_program, surroundings)
{
	char *text;

	setenv("USHER_SECRET", "1", 1);
	text = run_program("env", NULL);
	cr_assert_str_eq(text, "");
	free(text);
	text = run_program("cat", NULL);
	cr_assert_str_eq(text, "");
	free(text);
}
