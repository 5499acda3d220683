/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/source_file.h"
#include "tests/registry/make.h"
#include "tests/registry/world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* R5, R6: something else in its place. */
Test(reload_faults, r5_r6_something_else)
{
	struct world w;

	world_begin(&w, U("01") U("02"));
	unlink(w.t.path);
	cr_assert_eq(symlink("/etc/shadow", w.t.path), 0);
	world_pass(&w);
	world_settle(&w);
	world_said(&w, "F: a symbolic link, expected the file itself|");
	unlink(w.t.path);
	cr_assert_eq(mkfifo(w.t.path, 0644), 0);
	world_pass(&w);
	world_settle(&w);
	world_said(&w, "F: not a regular file|");
	unlink(w.t.path);
	cr_assert_eq(mkdir(w.t.path, 0755), 0);
	world_pass(&w);
	world_settle(&w);
	world_said(&w, "");
	rmdir(w.t.path);
	cr_assert_str_eq(world_users(&w), "01 02 ");
	cr_assert_eq(w.published, 1);
	temp_replace(&w.t, U("03"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "03 ");
	world_said(&w, "R|");
	world_end(&w);
}

/* R7: too large. */
Test(reload_faults, r7_huge)
{
	struct world w;

	world_begin(&w, U("01") U("02"));
	temp_put(w.t.other, "");
	cr_assert_eq(truncate(w.t.other, (off_t)10 << 30), 0);
	cr_assert_eq(rename(w.t.other, w.t.path), 0);
	cr_assert_eq(world_pass(&w), REG_E_SIZE);
	world_said(&w, "F: 10737418240 bytes, larger than the size limit of 4294967296 bytes|");
	cr_assert_str_eq(world_users(&w), "01 02 ");
	temp_replace(&w.t, U("03"));
	world_pass(&w);
	world_said(&w, "R|");
	world_end(&w);
}

/* R9: a bad line is said once, with its place; so is another one; and the recovery. */
Test(reload_faults, r9_bad_lines)
{
	static const struct {
		const char *text, *say;
	} rows[] = {
		{ U("01") "{}\n", "F:2: no \"type\", expected \"HW_ADDR\" or \"DUID\"|" },
		{ U("01") U("02") U("01"), "F:3: user HW_ADDR=01 is given twice, first on line 1|" },
		{ U("01") "\xff\n", "F:2: a name or text must stand in double quotes|" },
		{ U("01") "{\"type\":\"HW_ADDR\",\"id\":\"02\",\"a\":\"\\u0000\"}\n",
		  "F:2: contains a NUL byte|" },
		{ "[]\n", "F:1: expected an object: {\"type\": \"HW_ADDR\", \"id\": \"...\"}|" },
	};
	struct world w;

	world_begin(&w, U("01") U("02"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		temp_put(w.t.path, rows[i].text);
		world_pass(&w);
		world_said(&w, rows[i].say);
		temp_replace(&w.t, rows[i].text);
		world_pass(&w);
		world_said(&w, "");
		cr_assert_str_eq(world_users(&w), "01 02 ");
	}
	temp_put(w.t.path, U("01") U("02"));
	world_pass(&w);
	world_said(&w, "R|");
	world_pass(&w);
	world_said(&w, "");
	/* A bad line added, and taken away again: what is in force never was anything else. */
	temp_append(w.t.path, "x\n");
	world_pass(&w);
	world_said(&w, "F:3: a name or text must stand in double quotes|");
	temp_put(w.t.path, U("01") U("02"));
	world_pass(&w);
	world_said(&w, "R|");
	world_end(&w);
}

Test(reload_faults, r9_bad_lines_left_out)
{
	struct reg_error err;
	struct world w;

	cr_assert_eq(world_begin_as(&w, U("01") U("02"), true, false, &err), REG_OK);
	temp_append(w.t.path, "x\n" U("03"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 02 03 ");
	world_said(&w, "W:3: a name or text must stand in double quotes|");
	temp_replace(&w.t, U("01") "bad\n" U("02"));
	world_pass(&w);
	world_said(&w, "W:2: a name or text must stand in double quotes|");
	temp_replace(&w.t, U("01") "bad\n" U("04"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 04 ");
	world_said(&w, "");
	temp_replace(&w.t, U("01") "{\"type");
	world_pass(&w);
	world_settle(&w);
	cr_assert_str_eq(world_users(&w), "01 04 ", "an unfinished file is not a bad line");
	world_said(&w, "F:2: last line is unfinished: it ends too early: a bracket or a quote is not closed|");
	world_end(&w);
}

/* What holds nobody, and does not say that it is meant so. */
static const struct {
	const char *text;
	bool skip_bad, empty;
} blanks[] = {
	{ "", false, true },
	{ "\n", false, true },
	{ "\r\n", false, true },
	{ "\r\n\r\n\r\n", false, true },
	{ " \t\n\n   ", false, true },
	{ "\xef\xbb\xbf", false, true },
	{ "\xef\xbb\xbf\r\n\r\n", false, true },
	{ "#\n", false, false },
	{ "\xef\xbb\xbf# nobody\r\n", false, false },
	{ "\n\n  # nobody", false, false },
	{ "\r\n", true, true },
	{ "<?xml version='1.0'?>\n<users/>\n", true, true },
	{ "# nobody\nbad\n", true, true },
	{ "# nobody\n", true, false },
};

Test(reload_faults, r9_nothing_at_all)
{
	for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
		struct reg_error err;
		struct world w;

		cr_assert_eq(world_begin_as(&w, U("01") U("02"), blanks[i].skip_bad, false, &err), REG_OK);
		temp_replace(&w.t, blanks[i].text);
		cr_assert_eq(world_pass(&w), blanks[i].empty ? REG_E_EMPTY : REG_OK, "row %zu", i);
		cr_assert_str_eq(world_users(&w), blanks[i].empty ? "01 02 " : "", "row %zu", i);
		cr_assert_eq(reload_pass(&w.reload, true, NULL), REG_OK, "row %zu", i);
		cr_assert_str_eq(world_users(&w), "", "row %zu: somebody insists", i);
		world_end(&w);
	}
}

/*
 * With bad_lines "skip" a last line that is only partly there is waited for: it is left out only
 * where there is nothing else to go by, or somebody insists. What becomes of it counts in any case.
 */
Test(reload_faults, r1_an_unfinished_line_where_bad_ones_are_left_out)
{
	static const char said[] =
		":3: last line is unfinished: it ends too early: a bracket or a quote is not closed|";
	struct reg_error err;
	char expect[256];
	struct world w;

	cr_assert_eq(world_begin_as(&w, U("01") "bad\n{\"type\":", true, false, &err), REG_OK);
	cr_assert_str_eq(world_users(&w), "01 ");
	snprintf(expect, sizeof(expect), "W:2: a name or text must stand in double quotes|W%s", said);
	world_said(&w, expect);
	temp_append(w.t.path, "\"HW_ADDR\",\"id\":\"02\"}\n" U("03"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 02 03 ");

	temp_replace(&w.t, U("01") U("04") "{\"type\":");
	cr_assert_eq(world_pass(&w), REG_E_UNFINISHED);
	world_settle(&w);
	cr_assert_str_eq(world_users(&w), "01 02 03 ");
	cr_assert_eq(reload_pass(&w.reload, true, NULL), REG_OK);
	cr_assert_str_eq(world_users(&w), "01 04 ");
	snprintf(expect, sizeof(expect), "F%sW%sR|", said, said);
	world_said(&w, expect);
	temp_append(w.t.path, "\"HW_ADDR\",\"id\":\"05\"}");
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 04 05 ", "without a line end, too");
	world_end(&w);
}

/* A line added in two writes: the lines before count, it follows when it is whole. */
Test(reload_faults, a_line_added_in_two_writes)
{
	struct world w;

	world_begin(&w, U("01"));
	temp_append(w.t.path, U("02") "{\"type\":\"HW_ADDR\",");
	cr_assert_eq(world_pass(&w), REG_E_UNFINISHED);
	cr_assert_str_eq(world_users(&w), "01 02 ");
	temp_append(w.t.path, "\"id\":\"03\"}");
	cr_assert_eq(world_pass(&w), REG_OK);
	cr_assert_str_eq(world_users(&w), "01 02 03 ");
	temp_append(w.t.path, "\n");
	world_pass(&w);
	cr_assert_eq(w.published, 3, "nothing new in a line end");
	world_said(&w, "");
	temp_append(w.t.path, "{\"type\"");
	world_pass(&w);
	world_settle(&w);
	world_said(&w, "F:4: last line is unfinished: it ends too early: a bracket or a quote is not closed|");
	chmod(w.t.path, 0600);
	world_pass(&w);
	world_said(&w, "");
	temp_append(w.t.path, ":\"HW_ADDR\",\"id\":\"04\"}\n");
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 02 03 04 ");
	world_said(&w, "R|");
	world_end(&w);
}

static int pread_errno;

static ssize_t failing_pread(int fd, void *buf, size_t n, off_t offset)
{
	if (pread_errno != 0) {
		errno = pread_errno;
		return -1;
	}
	return pread(fd, buf, n, offset);
}

static int plain_open(const char *path, int flags)
{
	return open(path, flags);
}

static const struct file_io failing_io = { .open = plain_open, .pread = failing_pread };

/* R8, M1: a disk or a memory that fails is tried again though the file has not changed. */
Test(reload_faults, r8_failures_that_pass)
{
	struct source_file_options file = { .settle_ms = WORLD_SETTLE, .watch = true, .io = &failing_io };
	struct reload_options options = { .settle_ms = WORLD_SETTLE, .publish = world_publish, .say = world_say };
	struct scarcity scarcity;
	struct reg_error err;
	struct world w;

	memset(&w, 0, sizeof(w));
	temp_make(&w.t);
	temp_put(w.t.path, U("01"));
	scarcity_init(&scarcity, SIZE_MAX);
	file.path = w.t.path;
	cr_assert_eq(source_file_new(&file, &w.source, &err), REG_OK);
	options.source = w.source;
	options.memory = &scarcity.memory;
	options.ctx = &w;
	cr_assert_eq(reload_first(&w.reload, &options, &err), REG_OK);

	pread_errno = EIO;
	temp_replace(&w.t, U("02"));
	cr_assert_eq(world_pass(&w), REG_E_READ);
	cr_assert_eq(world_pass(&w), REG_E_READ);
	world_said(&w, "F: Input/output error|");
	pread_errno = 0;
	cr_assert_eq(world_pass(&w), REG_OK);
	cr_assert_str_eq(world_users(&w), "02 ");
	world_said(&w, "R|");

	temp_replace(&w.t, U("03"));
	for (size_t refuse = 1;; refuse++) {
		enum reg_err e;

		scarcity_init(&scarcity, refuse);
		e = world_pass(&w);
		if (e == REG_OK)
			break;
		cr_assert_eq(e, REG_E_NOMEM);
		cr_assert_str_eq(world_users(&w), "02 ");
	}
	cr_assert_str_eq(world_users(&w), "03 ");
	world_said(&w, "F: out of memory|R|");
	world_end(&w);
}
