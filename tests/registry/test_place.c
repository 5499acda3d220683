/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/place.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(place, file_and_line)
{
	struct reg_error err;

	reg_error_set(&err, "a.jsonl", 12, "id: '%c' is bad", 'x');
	cr_assert_str_eq(err.text, "a.jsonl:12: id: 'x' is bad");
	reg_error_set(&err, "a.jsonl", 0, "gone");
	cr_assert_str_eq(err.text, "a.jsonl: gone");
	reg_error_set(&err, NULL, 7, "gone");
	cr_assert_str_eq(err.text, "gone");
	reg_error_set(NULL, "a", 1, "nothing happens");
}

Test(place, untrusted_bytes_are_made_harmless)
{
	struct reg_error err;
	char longer[1000];

	reg_error_set(&err, "a\nb", 1, "%s", "x\x1b[31m\x7f\ty");
	cr_assert_str_eq(err.text, "a?b:1: x?[31m??y");
	memset(longer, 'z', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	reg_error_set(&err, longer, 1, "%s", longer);
	cr_assert_eq(strlen(err.text), sizeof(err.text) - 1);
	reg_error_set(&err, "a", 1, "%s", longer);
	cr_assert_eq(strlen(err.text), sizeof(err.text) - 1);
}

Test(place, report_keeps_the_first_and_counts_all)
{
	struct reg_report report = { 0 };
	struct reg_error err;

	for (size_t i = 1; i <= 50; i++) {
		reg_error_set(&err, "f", i, "bad");
		reg_report_add(&report, &err);
		cr_assert_eq(report.count, i);
		cr_assert_eq(reg_report_kept(&report), i < 20 ? i : 20);
	}
	cr_assert_str_eq(report.first[0].text, "f:1: bad");
	cr_assert_str_eq(report.first[19].text, "f:20: bad");
	reg_report_add(NULL, &err);
}
