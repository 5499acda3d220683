/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters that move are spoken of, once a second each, and ordinary ones are not. */
#include "relay/notice.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct notices notices;
static struct queue_counters queue;
static struct counters counters;
static struct records records;
static int pipe_fds[2], saved;

static const char *say(void)
{
	static char text[16384];
	ssize_t n;

	cr_assert_eq(pipe2(pipe_fds, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	dup2(pipe_fds[1], STDERR_FILENO);
	notices_say(&notices, 67, &queue, &counters, &records);
	n = read(pipe_fds[0], text, sizeof(text) - 1);
	dup2(saved, STDERR_FILENO);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

Test(notice, nothing_moves_nothing_is_said)
{
	cr_assert_str_empty(say());
	queue.packets = queue.batches = counters.packets = 100;
	counters.causes[CAUSE_rewritten] = counters.causes[CAUSE_untouched] = 50;
	cr_assert_str_empty(say());
}

Test(notice, every_other_cause_is_said_with_its_name)
{
	size_t lines = 0;
	const char *text;

	for (int i = 0; i < CAUSE_COUNT; i++)
		counters.causes[i] = 3;
	text = say();
	cr_assert_not_null(
		strstr(text, "info: queue 67: 3 packets: a server's message from the client "
			     "side (rogue_reply)\n"),
		"%s", text);
	cr_assert_not_null(strstr(text, "error: queue 67: 3 packets: a stage failed (internal)\n"));
	for (const char *c = text; (c = strchr(c, '\n')) != NULL; c++)
		lines++;
	cr_assert_eq(lines, CAUSE_COUNT - 8);
	cr_assert_str_empty(say());
}

Test(notice, the_difference_is_said_when_a_second_has_passed)
{
	const char *text;

	counters.causes[CAUSE_malformed] = 1;
	cr_assert_not_null(strstr(say(), "queue 67: 1 packet: malformed"));
	counters.causes[CAUSE_malformed] = 5;
	cr_assert_str_empty(say());
	counters.causes[CAUSE_malformed] = 9;
	notices.cause_sites[CAUSE_malformed].next_ns = 0;
	text = say();
	cr_assert_not_null(strstr(text, "queue 67: 8 packets: malformed"), "%s", text);
}

Test(notice, every_counter_of_the_queue_and_lost_records)
{
	const char *text;
	size_t lines = 0;

	memset(&queue, 0xff, sizeof(queue));
	queue.missed = 7;
	records.lost = 2;
	text = say();
	cr_assert_not_null(strstr(text, "warning: queue 67: 7 packets never came"), "%s", text);
	cr_assert_not_null(strstr(text, "CAP_NET_ADMIN"));
	cr_assert_not_null(strstr(text, "2 outcome records lost"));
	for (const char *c = text; (c = strchr(c, '\n')) != NULL; c++)
		lines++;
	cr_assert_eq(lines, NOTICE_QUEUE_COUNTERS + 1);
}
