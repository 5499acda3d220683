/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Outcome records as they are shown: both formats, in pieces, damaged, hostile. */
#include "relay/tail.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char text_record[] =
	"id_type=HW_ADDR\nclient=hwtype=1 0c:0e:0a:01:ff:04\naddr=192.0.2.102\nregistered=yes\n\n";
static const char duid_record[] =
	"id_type=DUID\nclient=00:03:00:01:0c\naddr=2001:db8:a::/56\nregistered=no\n\n";
static const char json_record[] =
	"{\"time\":\"2026-11-28T01:52:07.978029Z\",\"event\":\"granted\",\"family\":4,\"id_type\":"
	"\"HW_ADDR\",\"id\":\"0c:0e:0a:01:ff:04\",\"registered\":true,\"user_line\":5,\"address\":"
	"\"192.0.2.102\",\"lease_granted\":60,\"lease_sent\":50,\"subnet\":\"open\",\"rule\":2,"
	"\"answer_us\":782,\"server\":\"192.0.2.1\"}\n";

static struct tail t;
static char *shown;
static size_t shown_len;

static void begin(void)
{
	t = (struct tail){ .out = open_memstream(&shown, &shown_len) };
}

static void end(void)
{
	fclose(t.out);
	free(shown);
}

TestSuite(tail, .init = begin, .fini = end);

static void feed(const char *text)
{
	tail_feed(&t, text, strlen(text));
	fflush(t.out);
}

Test(tail, a_record_of_json)
{
	feed(json_record);
	cr_expect_str_eq(shown,
		"2026-11-28 01:52:07.978 granted  0c:0e:0a:01:ff:04 192.0.2.102     50 s    "
		"registered, line 5, subnet open, rule 2, server 192.0.2.1 in 0.8 ms\n");
}

Test(tail, records_of_user_chk)
{
	feed(text_record);
	feed(duid_record);
	cr_expect_str_eq(shown,
		"-                       lease    0c:0e:0a:01:ff:04 192.0.2.102             registered\n"
		"-                       lease    00:03:00:01:0c    2001:db8:a::/56         not registered\n");
}

Test(tail, as_json_lines)
{
	t.json = true;
	feed(duid_record);
	feed("{\"event\":\"gap\",\"lost\":35}\n");
	feed("damaged\n\n");
	cr_expect_str_eq(shown,
		"{ \"event\": \"lease\", \"family\": 6, \"id_type\": \"DUID\", \"id\": \"00:03:00:01:0c\", "
		"\"registered\": false, \"address\": \"2001:db8:a::/56\" }\n"
		"{ \"event\": \"gap\", \"lost\": 35 }\n");
}

Test(tail, a_gap_is_told)
{
	feed("{\"time\":\"2026-11-28T02:10:00.000000Z\",\"event\":\"gap\",\"lost\":35}\n");
	cr_expect_not_null(strstr(shown, "gap "), "%s", shown);
	cr_expect_not_null(strstr(shown, "35 records are missing here"), "%s", shown);
}

Test(tail, bytes_may_come_in_any_pieces)
{
	char all[4096], *whole;

	snprintf(all, sizeof(all), "%s%s%s%s", text_record, json_record, duid_record, json_record);
	feed(all);
	whole = strdup(shown);
	for (size_t cut = 1; cut < strlen(all); cut++) {
		end();
		begin();
		tail_feed(&t, all, cut);
		feed(all + cut);
		cr_assert_str_eq(shown, whole, "cut at %zu:\n%s", cut, shown);
	}
	free(whole);
}

Test(tail, nothing_of_a_file_reaches_a_terminal_as_it_is)
{
	static const char hostile[] =
		"{\"event\":\"\\u001b[2J\\n\\u009b\",\"id\":\"\\u001b]0;x\\u0007\",\"server\":\"\x7f\"}\n"
		"id_type=\x1b[31m\nclient=\x1b[31m x\x1b\naddr=\x9b\nregistered=yes\n\n"
		"\x1b[2J damaged \x90\n\n{\"event\": \x1b\n";

	feed(hostile);
	for (size_t i = 0; i < shown_len; i++)
		cr_assert((shown[i] >= ' ' && shown[i] < 0x7f) || shown[i] == '\n', "%#x at %zu of\n%s",
			(unsigned char)shown[i], i, shown);
	cr_expect_not_null(strstr(shown, "\\x1b[2J"));
	tail_feed(&t, "id_type=\0\n\n", 11);
	fflush(t.out);
	cr_expect_not_null(strstr(shown, "?        id_type=\n"), "%s", shown);
}

Test(tail, the_first_are_left_out_and_a_monster_is_no_record)
{
	static char monster[3 * TAIL_RECORD];

	t.skip = 1;
	feed(text_record);
	cr_expect_eq(shown_len, 0);
	memset(monster, 'm', sizeof(monster));
	tail_feed(&t, monster, sizeof(monster));
	feed("\n\n");
	feed(text_record);
	cr_expect_not_null(strstr(shown, "lease    0c:0e"), "%s", shown);
	cr_expect_eq(t.count, 2);
}

Test(tail, a_record_is_found_in_the_middle_of_a_file)
{
	char all[4096];
	size_t at;

	snprintf(all, sizeof(all), "%s%s", text_record, json_record);
	at = tail_resume(all + 1, strlen(all) - 1);
	cr_expect_str_eq(all + 1 + at, json_record);
	snprintf(all, sizeof(all), "%s%s", json_record, text_record);
	cr_expect_eq(tail_resume("no end", 6), 6);
	snprintf(all, sizeof(all), "x\n\n%s", duid_record);
	cr_expect_str_eq(all + tail_resume(all, strlen(all)), duid_record);
}
