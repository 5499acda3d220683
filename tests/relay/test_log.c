/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes out of standard error: one line a message, nothing that a terminal would obey. */
#include "relay/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int pipe_fds[2], saved;

/* Standard error goes into a pipe until restore(). Assertions only after that. */
static void capture(void)
{
	cr_assert_eq(pipe2(pipe_fds, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
}

static void restore(char *text, size_t cap)
{
	ssize_t n = read(pipe_fds[0], text, cap - 1);

	dup2(saved, STDERR_FILENO);
	text[n > 0 ? n : 0] = '\0';
}

Test(log, one_line_a_message_with_its_level)
{
	char text[4096];

	capture();
	log_open(LEVEL_INFO);
	log_warning("the %s is %d", "answer", 42);
	log_debug("not said");
	restore(text, sizeof(text));
	cr_assert_not_null(strstr(text, "Z usher warning: the answer is 42\n"), "%s", text);
	cr_assert_null(strstr(text, "not said"));
	cr_assert_eq(strchr(text, '\n') - text, (ptrdiff_t)strlen(text) - 1);
}

Test(log, priority_instead_of_time_under_the_journal)
{
	char text[4096], stream[64];
	struct stat st;

	capture();
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open(LEVEL_DEBUG);
	log_error("e");
	log_warning("w");
	log_info("i");
	log_debug("d");
	restore(text, sizeof(text));
	cr_assert_str_eq(text, "<3>e\n<4>w\n<6>i\n<7>d\n");
}

Test(log, a_stream_that_is_not_ours_is_not_the_journal)
{
	char text[4096];

	capture();
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_open(LEVEL_INFO);
	log_error("e");
	restore(text, sizeof(text));
	cr_assert_neq(text[0], '<');
}

Test(log, control_bytes_never_get_out_and_long_lines_are_cut)
{
	char text[8192], big[4000];

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	capture();
	log_open(LEVEL_INFO);
	log_info("a\nb\x1b[31mc");
	log_info("%s", big);
	restore(text, sizeof(text));
	cr_assert_not_null(strstr(text, "a?b?[31mc\n"), "%s", text);
	cr_assert_lt(strlen(text), 2 * 1024 + 100);
	cr_assert_eq(text[strlen(text) - 1], '\n');
}

/* U+0080 to U+009F are obeyed by terminals as ESC sequences are; what is not UTF-8 is no text. */
Test(log, text_is_utf8_and_holds_no_control_characters)
{
	static const struct {
		const char *said, *written;
	} rows[] = {
		{ "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9t\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "a\xc2\x9b" "31mb", "a??31mb" },
		{ "a\x9b" "31mb", "a?31mb" },
		{ "\x1b]0;title\x07", "?]0;title?" },
		{ "\xc0\x80\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80\xff", "?????????????" },
		{ "cut \xe2\x82", "cut ??" },
		{ "\x7f", "?" },
	};
	char text[8192], wanted[256];

	capture();
	log_open(LEVEL_INFO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		log_info("<%s>", rows[i].said);
	restore(text, sizeof(text));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(wanted, sizeof(wanted), ": <%s>\n", rows[i].written);
		cr_expect_not_null(strstr(text, wanted), "%zu in %s", i, text);
	}
}

Test(log, the_last_error_is_remembered)
{
	char text[8192], last[LOG_LAST];
	int64_t ago;

	cr_expect_not(log_last_error(last, &ago));
	capture();
	log_open(LEVEL_INFO);
	log_error("first");
	log_error("second \x1b");
	log_warning("no error");
	restore(text, sizeof(text));
	cr_assert(log_last_error(last, &ago));
	cr_expect_str_eq(last, "second ?");
	cr_expect(ago >= 0 && ago < 10000);
}

/* One that another process has said, and what it says is not trusted. */
Test(log, the_last_error_may_be_somebody_elses)
{
	char last[LOG_LAST], longer[2 * LOG_LAST];
	int64_t ago;

	log_note_error("third \x1b[2J");
	cr_assert(log_last_error(last, &ago));
	cr_expect_str_eq(last, "third ?[2J");
	cr_expect(ago >= 0 && ago < 10000);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	log_note_error(longer);
	cr_assert(log_last_error(last, &ago));
	cr_expect_eq(strlen(last), LOG_LAST - 1);
}

Test(log, levels_have_names)
{
	enum log_level level;

	for (int i = LEVEL_ERROR; i <= LEVEL_DEBUG; i++) {
		cr_assert(log_level_find(log_level_name((enum log_level)i), &level));
		cr_expect_eq(level, (enum log_level)i);
		log_set_level(level);
		cr_expect_eq(log_level(), level);
	}
	cr_expect_not(log_level_find("loud", &level));
}

Test(log, a_site_speaks_once_a_second_and_tells_how_often_it_wanted_to)
{
	struct log_site site = { 0 };
	char text[4096];
	int said = 0;

	capture();
	log_open(LEVEL_INFO);
	for (int i = 0; i < 1000; i++)
		said += log_limited(&site, LEVEL_WARNING, "again");
	site.next_ns = 0;
	said += log_limited(&site, LEVEL_WARNING, "again");
	restore(text, sizeof(text));
	cr_assert_eq(said, 2);
	cr_assert_not_null(strstr(text, "again (999 more like this before)\n"), "%s", text);
}

/*
 * A pipe that nobody reads: the caller must get away, and the loss is told when there is room
 * again.
 */
Test(log, never_waits_for_the_reader, .timeout = 10)
{
	static char text[1 << 20];
	char rest[4096];
	ssize_t n;

	cr_assert_eq(pipe(pipe_fds), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
	log_open(LEVEL_INFO);
	for (int i = 0; i < 20000; i++)
		log_info("line %d", i);
	n = read(pipe_fds[0], text, sizeof(text));
	log_info("there is room again");
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	restore(rest, sizeof(rest));
	cr_assert_gt(n, 4096);
	cr_assert_not_null(strstr(rest, "log lines lost: standard error was full"), "%s", rest);
	cr_assert_not_null(strstr(rest, "there is room again"), "%s", rest);
}

Test(log, escape)
{
	char dst[64];

	cr_assert_eq(log_escape(dst, sizeof(dst), "a\x1b\n\0\xffz\\", 7), 20);
	cr_assert_str_eq(dst, "a\\x1b\\x0a\\x00\\xffz\\\\");
	cr_assert_eq(log_escape(dst, sizeof(dst), "", 0), 0);
	cr_assert_str_eq(dst, "");
}

Test(log, escape_yields_printable_ascii_and_cuts_at_whole_characters)
{
	unsigned char src[256];

	for (size_t i = 0; i < sizeof(src); i++)
		src[i] = (unsigned char)i;
	for (size_t cap = 1; cap <= 1024; cap++) {
		char dst[1024];
		size_t n = log_escape(dst, cap, src, sizeof(src));

		cr_assert_lt(n, cap);
		cr_assert_eq(strlen(dst), n);
		for (size_t i = 0; i < n; i++)
			cr_assert(dst[i] >= ' ' && dst[i] < 0x7f);
		cr_assert(n % 4 == 0 || n > 32 * 4, "cut inside an escape at %zu", cap);
	}
}
