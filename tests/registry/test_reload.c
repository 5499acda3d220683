/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/registry/world.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(reload, first_reading)
{
	struct reg_error err;
	struct world w;

	cr_assert_eq(world_begin_as(&w, U("01") "bad\n", false, false, &err), REG_E_SYNTAX);
	cr_assert_eq(w.published, 0);
	world_said(&w, "");
	world_end(&w);
	cr_assert_eq(world_begin_as(&w, NULL, false, false, &err), REG_E_OPEN);
	world_end(&w);
	cr_assert_eq(world_begin_as(&w, "", false, false, &err), REG_OK, "empty is a registry at the start");
	cr_assert_str_eq(world_users(&w), "");
	world_end(&w);
	cr_assert_eq(world_begin_as(&w, U("01") "bad\n" U("02") "{", true, false, &err), REG_OK);
	cr_assert_str_eq(world_users(&w), "01 02 ");
	cr_assert_eq(w.stats.bad, 2);
	world_said(&w, "W:2: a name or text must stand in double quotes|"
		"W:4: last line is unfinished: it ends too early: a bracket or a quote is not closed|");
	world_end(&w);
}

Test(reload, good_edits_are_in_force_at_once)
{
	struct world w;

	world_begin(&w, U("01") U("02"));
	cr_assert_eq(world_pass(&w), REG_OK);
	cr_assert_eq(w.published, 1, "nothing happened");
	temp_append(w.t.path, U("03"));
	cr_assert_eq(world_pass(&w), REG_OK);
	cr_assert_str_eq(world_users(&w), "01 02 03 ");
	cr_assert(w.stats.added);
	cr_assert_eq(w.stats.read, 1);
	temp_put(w.t.path, U("04") U("05"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "04 05 ");
	cr_assert_not(w.stats.added);
	temp_replace(&w.t, U("06") U("07"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "06 07 ");
	chmod(w.t.path, 0600);
	world_pass(&w);
	cr_assert_eq(w.published, 4, "not for a change of mode");
	cr_assert_eq(reload_due(&w.reload), -1);
	world_said(&w, "");
	world_end(&w);
}

/*
 * R1: a file that is written anew in place, byte by byte, with the writer holding it open: the
 * users in force are the old ones until it is closed, or still for long enough.
 */
Test(reload, r1_half_written)
{
	static const char text[] = U("01") U("02") U("03") U("04");
	struct world w;
	int fd;

	world_begin(&w, U("01") U("02"));
	fd = open(w.t.path, O_WRONLY | O_TRUNC);
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		world_pass(&w);
		if (w.published == 1)
			cr_assert_str_eq(world_users(&w), "01 02 ");
		else
			cr_assert_eq(strncmp(world_users(&w), "01 02 ", 6), 0);
		cr_assert_eq(write(fd, text + n, 1), 1);
	}
	close(fd);
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 02 03 04 ");
	world_said(&w, "");
	world_end(&w);
}

/* The same, but opened and closed for each byte, as careless scripts do: no user is ever lost. */
Test(reload, r1_half_written_and_closed)
{
	static const char text[] = U("01") U("02") U("03") U("04") U("05") U("06");
	struct world w;

	world_begin(&w, text);
	temp_put(w.t.path, "");
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char byte[2] = { text[n], '\0' };

		world_pass(&w);
		if (n < 3 * (sizeof(U("01")) - 1) - 1)
			cr_assert_str_eq(world_users(&w), "01 02 03 04 05 06 ", "after %zu bytes", n);
		temp_append(w.t.path, byte);
	}
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 02 03 04 05 06 ");
	world_end(&w);
}

/* R2: cut at a line end and closed: believed at once if it is but a few, else after a while. */
Test(reload, r2_cut_at_every_line)
{
	static const char text[] = U("01") U("02") U("03") U("04") U("05") U("06");
	static const char *const parts[] = { "", "01 ", "01 02 ", "01 02 03 ", "01 02 03 04 ",
		"01 02 03 04 05 " };

	for (size_t kept = 0; kept < 6; kept++) {
		size_t n = kept * (sizeof(U("01")) - 1);
		char expect[64];
		struct world w;

		world_begin(&w, text);
		temp_write(w.t.path, text, n);
		world_pass(&w);
		cr_assert_str_eq(world_users(&w), kept >= 3 ? parts[kept] : "01 02 03 04 05 06 ");
		world_settle(&w);
		cr_assert_str_eq(world_users(&w), kept >= 1 ? parts[kept] : "01 02 03 04 05 06 ");
		snprintf(expect, sizeof(expect), "W: %zu users, there were 6|", kept);
		world_said(&w, kept == 0 ? "F: has no users any more|" : kept < 3 ? expect : "");
		temp_write(w.t.path, text, sizeof(text) - 1);
		world_pass(&w);
		cr_assert_str_eq(world_users(&w), "01 02 03 04 05 06 ");
		world_said(&w, kept == 0 ? "R|" : "");
		world_end(&w);
	}
}

/*
 * R2: written anew in place by somebody who rests at each line end for longer than what is closed
 * has to be still: as long as he has it open nobody is lost, and when he closes it, it counts.
 */
Test(reload, r2_cut_at_a_line_and_held_open)
{
	static const char text[] = U("04") U("01") U("02") U("03");
	const size_t line = sizeof(U("01")) - 1;
	struct world w;
	int fd;

	world_begin(&w, U("01") U("02") U("03"));
	fd = open(w.t.path, O_WRONLY | O_TRUNC);
	for (size_t n = 0; n < sizeof(text) - 1; n += line) {
		cr_assert_eq(write(fd, text + n, line), (ssize_t)line);
		world_pass(&w);
		temp_sleep_ms(WORLD_SETTLE + 5);
		world_pass(&w);
		cr_assert_str_eq(world_users(&w), "01 02 03 ", "after %zu lines", n / line + 1);
		cr_assert_eq(w.published, 1);
	}
	close(fd);
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "04 01 02 03 ");
	world_said(&w, "");
	world_end(&w);
}

/* One who never closes it is believed all the same, a while later; what he adds counts at once. */
Test(reload, r2_never_closed)
{
	struct world w;
	int fd;

	world_begin(&w, U("01") U("02") U("03"));
	fd = open(w.t.path, O_WRONLY | O_TRUNC);
	cr_assert_eq(write(fd, U("01") U("05"), 2 * sizeof(U("01")) - 2), 2 * sizeof(U("01")) - 2);
	world_pass(&w);
	temp_sleep_ms(WORLD_SETTLE + 5);
	world_pass(&w);
	cr_assert_eq(w.published, 1);
	world_settle(&w);
	cr_assert_str_eq(world_users(&w), "01 05 ");
	cr_assert_eq(write(fd, U("06"), sizeof(U("06")) - 1), sizeof(U("06")) - 1);
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 05 06 ", "without any wait");
	close(fd);
	world_said(&w, "");
	world_end(&w);
}

/* What was held back is dropped when the rest of the file follows. */
Test(reload, r2_the_rest_follows)
{
	struct world w;

	world_begin(&w, U("01") U("02") U("03") U("04") U("05"));
	temp_put(w.t.path, U("01"));
	world_pass(&w);
	cr_assert_geq(reload_due(&w.reload), 1);
	temp_append(w.t.path, U("02"));
	world_pass(&w);
	cr_assert_eq(w.published, 1);
	temp_append(w.t.path, U("06"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 02 06 ");
	cr_assert_eq(w.published, 2);
	cr_assert_eq(reload_due(&w.reload), -1);
	world_said(&w, "");
	/* Held, then broken: what is held is not believed while the file is bad. */
	temp_put(w.t.path, U("01"));
	world_pass(&w);
	temp_append(w.t.path, "bad\n");
	world_pass(&w);
	temp_sleep_ms(WORLD_SETTLE + 5);
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 02 06 ");
	temp_put(w.t.path, U("01"));
	world_settle(&w);
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 ");
	world_said(&w, "F:2: a name or text must stand in double quotes|R|W: 1 users, there were 3|");
	world_end(&w);
}

/* A file renamed to its place is complete, however few users it has; comments show intent. */
Test(reload, r2_fewer_on_purpose)
{
	struct world w;

	world_begin(&w, U("01") U("02") U("03") U("04") U("05"));
	temp_replace(&w.t, U("01"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 ");
	temp_replace(&w.t, "# nobody for now\n");
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "");
	temp_replace(&w.t, U("01"));
	world_pass(&w);
	temp_replace(&w.t, "");
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 ", "nothing at all is an accident");
	cr_assert_eq(reload_pass(&w.reload, true, NULL), REG_OK);
	cr_assert_str_eq(world_users(&w), "", "unless somebody insists");
	world_said(&w, "F: has no users any more|R|");
	world_end(&w);
}

/* R3: replaced again and again; the descriptors do not grow in number. */
Test(reload, r3_replaced)
{
	struct world w;
	int before, after;

	world_begin(&w, U("01"));
	before = open("/dev/null", O_RDONLY);
	close(before);
	for (unsigned int i = 0; i < 1000; i++) {
		char text[64], expect[8];

		snprintf(text, sizeof(text), "{\"type\":\"HW_ADDR\",\"id\":\"%02x\"}\n", i % 256);
		snprintf(expect, sizeof(expect), "%02x ", i % 256);
		temp_replace(&w.t, text);
		world_pass(&w);
		cr_assert_str_eq(world_users(&w), expect);
	}
	after = open("/dev/null", O_RDONLY);
	close(after);
	cr_assert_eq(before, after);
	world_end(&w);
}

/* R4: gone, its directory gone, both back. */
Test(reload, r4_gone_and_back)
{
	struct world w;

	world_begin(&w, U("01") U("02"));
	unlink(w.t.path);
	cr_assert_eq(world_pass(&w), REG_E_OPEN);
	world_said(&w, "");
	world_settle(&w);
	world_said(&w, "F: No such file or directory|");
	world_pass(&w);
	world_said(&w, "");
	cr_assert_str_eq(world_users(&w), "01 02 ");
	rmdir(w.t.dir);
	world_pass(&w);
	cr_assert_eq(mkdir(w.t.dir, 0755), 0);
	world_pass(&w);
	temp_put(w.t.path, U("01") U("03"));
	cr_assert_eq(world_pass(&w), REG_OK);
	cr_assert_str_eq(world_users(&w), "01 03 ");
	world_said(&w, "R|");
	/* What an editor does: away with the old one, a new one in its place. */
	cr_assert_eq(rename(w.t.path, w.t.other), 0);
	world_pass(&w);
	temp_put(w.t.path, U("01") U("04"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 04 ");
	world_said(&w, "");
	world_end(&w);
}

Test(reload, everybody_may_write)
{
	struct world w;

	world_begin(&w, U("01"));
	cr_assert_eq(chmod(w.t.path, 0666), 0);
	temp_append(w.t.path, U("02"));
	world_pass(&w);
	world_said(&w, "W: " REG_EXPOSED "|");
	temp_append(w.t.path, U("03"));
	world_pass(&w);
	world_said(&w, "");
	world_end(&w);
}

Test(reload, shared_memory)
{
	struct reg_error err;
	struct world w;

	cr_assert_eq(world_begin_as(&w, U("01") U("02") U("03"), false, true, &err), REG_OK);
	temp_append(w.t.path, U("04"));
	world_pass(&w);
	cr_assert_str_eq(world_users(&w), "01 02 03 04 ");
	temp_put(w.t.path, U("01"));
	world_pass(&w);
	cr_assert_eq(w.published, 2);
	world_end(&w);
}
