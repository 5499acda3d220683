/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/load.h"
#include "registry/source_file.h"
#include "tests/registry/make.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HW(id, rest) "{\"type\":\"HW_ADDR\",\"id\":\"" id "\"" rest "}\n"

/* The files of user_chk's own tests. */
static const char users_1[] =
	"{ \"type\" : \"HW_ADDR\", \"id\" : \"01AC00F03344\", \"opt1\" : \"true\" }\n"
	"{ \"type\" : \"HW_ADDR\", \"id\" : \"01:AC:00:F0:33:45\", \"opt1\" : \"true\" }\n"
	"{ \"type\" : \"DUID\", \"id\" : \"225060de0a0b\", \"opt1\" : \"true\" }\n"
	"{ \"type\" : \"DUID\", \"id\" : \"22:50:60:de:0a:0c\", \"opt1\" : \"true\" }\n";
static const char users_err[] =
	"{ \"type\" : \"DUID\", \"id\" : \"777777777777\", \"opt1\" : \"true\" }\n"
	"{ \"type\" : \"BOGUS\", \"id\" : \"01AC00F03344\", \"opt1\" : \"true\" }\n";

/* UserFile.readFile, UserRegistry.refreshFromFile. */
Test(load, the_first_file_of_user_chk)
{
	static const char *const ids[] = { "HW_ADDR=01ac00f03344", "HW_ADDR=01ac00f03345",
		"DUID=225060de0a0b", "DUID=225060de0a0c" };
	const struct reg_user *user = NULL;
	struct load_result result;
	struct reg_error err;
	struct temp t;
	char buf[1024];

	temp_make(&t);
	temp_put(t.path, users_1);
	cr_assert_eq(registry_load_file(t.path, false, NULL, &result, &err), REG_OK);
	cr_assert_eq(result.stats.users, 4);
	cr_assert_eq(result.stats.read, 4);
	cr_assert_eq(result.stats.bad, 0);
	for (size_t i = 0; i < 4; i++) {
		user = registry_next(result.registry, user);
		cr_assert_eq(user, find_user(result.registry, ids[i]));
		cr_assert_str_eq(attrs_text(user, buf), "opt1=true;");
	}
	cr_assert_null(registry_next(result.registry, user));
	registry_free(result.registry);
	temp_remove(&t);
}

/* UserFile.openFile, UserRegistry.refreshFail. */
Test(load, errors_name_file_and_line)
{
	static const struct {
		const char *text, *expect;
		enum reg_err err;
	} rows[] = {
		{ users_err, ":2: unknown type \"BOGUS\", expected \"HW_ADDR\" or \"DUID\"", REG_E_TYPE },
		{ HW("01", "") "\n" HW("01", ""),
		  ":3: user HW_ADDR=01 is given twice, first on line 1", REG_E_DUPLICATE },
		{ HW("01", ",\"routers\":\"x\""), ":1: routers: expected an IPv4 address such as "
		  "192.0.2.1, got \"x\"", REG_E_OPTION },
		{ HW("01", "") "{\"type\"", ":2: last line is unfinished: it ends too early: a bracket or a quote is not closed",
		  REG_E_UNFINISHED },
	};
	struct load_result result;
	struct reg_error err;
	struct temp t;

	temp_make(&t);
	cr_assert_eq(registry_load_file(t.path, false, NULL, &result, &err), REG_E_OPEN);
	cr_assert_str_eq(err.text + strlen(t.path), ": No such file or directory");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reg_report report = { 0 };

		temp_put(t.path, rows[i].text);
		cr_assert_eq(registry_load_file(t.path, false, &report, &result, &err), rows[i].err);
		cr_assert_str_eq(err.text + strlen(t.path), rows[i].expect);
		cr_assert_eq(registry_load_file(t.path, false, NULL, &result, &err), rows[i].err);
		cr_assert_str_eq(err.text + strlen(t.path), rows[i].expect);
		cr_assert_eq(report.count, rows[i].err == REG_E_UNFINISHED ? 0 : 1);
	}
	temp_remove(&t);
}

Test(load, bad_lines_can_be_left_out)
{
	struct reg_report report = { 0 };
	struct load_result result;
	struct reg_error err;
	struct temp t;

	temp_make(&t);
	temp_put(t.path, HW("01", "") "bad\n" HW("02", "") HW("02", "") HW("03", ",\"routers\":\"x\"")
		HW("04", "") "{\"type\"");
	cr_assert_eq(registry_load_file(t.path, true, &report, &result, &err), REG_OK);
	cr_assert_eq(result.stats.users, 3);
	cr_assert_eq(result.stats.bad, 4);
	cr_assert_eq(report.count, 4);
	cr_assert_not_null(strstr(report.first[0].text, ":2: "));
	cr_assert_not_null(strstr(report.first[1].text, ":5: routers"));
	cr_assert_not_null(strstr(report.first[2].text, ":7: last line is unfinished"));
	cr_assert_not_null(strstr(report.first[3].text, ":4: user HW_ADDR=02 is given twice"));
	cr_assert_not_null(find_user(result.registry, "04"));
	cr_assert_null(find_user(result.registry, "03"));
	registry_free(result.registry);

	FILE *f = fopen(t.path, "w");

	for (int i = 0; i < 500; i++)
		fprintf(f, "bad %d\n", i);
	fclose(f);
	report.count = 0;
	cr_assert_eq(registry_load_file(t.path, true, &report, &result, &err), REG_OK);
	cr_assert_eq(result.stats.users, 0);
	cr_assert_eq(report.count, 500);
	cr_assert_eq(reg_report_kept(&report), REG_REPORT_KEEP);
	registry_free(result.registry);
	temp_remove(&t);
}

Test(load, can_be_given_up)
{
	struct source_file_options file = { 0 };
	atomic_bool cancel = true;
	struct load_options options = { .cancel = &cancel };
	struct load_result result;
	struct reg_error err;
	struct source *s;
	struct temp t;

	temp_make(&t);
	temp_put(t.path, users_1);
	file.path = t.path;
	cr_assert_eq(source_file_new(&file, &s, &err), REG_OK);
	cr_assert_eq(registry_load(s, &options, NULL, &result, &err), REG_E_STOPPED);
	cancel = false;
	cr_assert_eq(registry_load(s, &options, NULL, &result, &err), REG_OK);
	s->ops->close(s, true);
	registry_free(result.registry);
	s->ops->free(s);
	temp_remove(&t);
}

/* M1: the n-th request for memory fails, for all n. */
Test(load, memory_runs_out_at_every_step)
{
	struct reg_report report;
	struct temp t;

	temp_make(&t);
	FILE *f = fopen(t.path, "w");

	for (int i = 0; i < 8000; i++)
		fprintf(f, "{\"type\":\"HW_ADDR\",\"id\":\"%06x\",\"n%d\":\"%d and some more\"}\n", i,
			i % 200, i);
	fclose(f);
	for (size_t refuse = 1;; refuse++) {
		struct scarcity scarcity;
		struct source_file_options file = { .path = t.path, .memory = &scarcity.memory };
		struct load_options options = { .memory = &scarcity.memory, .skip_bad = refuse % 2 };
		struct load_result result = { 0 };
		struct reg_error err = { "" };
		struct source *s = NULL;
		enum reg_err e;

		report.count = 0;
		scarcity_init(&scarcity, refuse);
		e = source_file_new(&file, &s, &err);
		if (e == REG_OK)
			e = registry_load(s, &options, &report, &result, &err);
		if (e == REG_OK) {
			cr_assert_eq(result.stats.users, 8000);
			cr_assert_gt(refuse, 10);
			s->ops->close(s, true);
			s->ops->free(s);
			registry_free(result.registry);
			break;
		}
		cr_assert_eq(e, REG_E_NOMEM, "%s", err.text);
		cr_assert_eq(strncmp(err.text, t.path, strlen(t.path)), 0);
		cr_assert_not_null(strstr(err.text, ": out of memory"));
		if (s != NULL)
			s->ops->free(s);
	}
	temp_remove(&t);
}
