/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that print, fail, print too much and do not end. */
#include "relay/run_program.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUN(...) run_program((char *[]){ __VA_ARGS__, NULL })

Test(run_program, output)
{
	char *text = RUN("echo", "a b", "c");

	cr_assert_str_eq(text, "a b c\n");
	free(text);
	text = RUN("true");
	cr_assert_str_eq(text, "");
	free(text);
}

Test(run_program, more_than_a_pipe_holds)
{
	char *text = RUN("seq", "100000");

	cr_assert_not_null(text);
	cr_assert_eq(strlen(text), 588895);
	free(text);
}

Test(run_program, failures)
{
	cr_assert_null(RUN("false"));
	cr_assert_null(RUN("no-such-program-anywhere"));
	cr_assert_null(RUN("yes"), "more than it may print");
}

Test(run_program, one_that_does_not_end_is_ended, .timeout = 20)
{
	struct timespec began, ended;

	clock_gettime(CLOCK_MONOTONIC, &began);
	cr_assert_null(RUN("sleep", "60"));
	clock_gettime(CLOCK_MONOTONIC, &ended);
	cr_assert_leq(ended.tv_sec - began.tv_sec, 5);
}

/* It sees neither our environment nor our standard input. */
Test(run_program, surroundings)
{
	char *text;

	setenv("USHER_SECRET", "1", 1);
	text = RUN("env");
	cr_assert_str_eq(text, "");
	free(text);
	text = RUN("cat");
	cr_assert_str_eq(text, "");
	free(text);
}
