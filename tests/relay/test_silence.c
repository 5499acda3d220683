/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When servers are said not to answer, and when not. */
#include "relay/silence.h"

#include "dhcpcodec/message.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

static struct silence silence;
static struct silence_seen seen;
static struct counters counters;
static const int64_t start = 1000000;

/* A batch of so many messages of a type, all of them sent on, `at` seconds after the start. */
static void batch(bool v6, bool response, unsigned type, unsigned count, double at)
{
	counters.types[v6][response][type] += count;
	counters.verdicts[SLOT_ACCEPT] += count;
	silence_look(&silence, &seen, &counters, false, start + (int64_t)(at * 1000));
}

static bool reigns(bool v6, double at)
{
	return silence_reigns(&silence, v6, start + (int64_t)(at * 1000));
}

Test(silence, many_queries_for_long)
{
	for (int i = 0; i <= 6; i++)
		batch(false, false, DHCPDISCOVER, 1, 5 * i);
	cr_expect(reigns(false, 30));
	cr_expect_not(reigns(true, 30), "the other protocol");
	batch(false, true, DHCPOFFER, 1, 31);
	cr_expect_not(reigns(false, 31));
}

Test(silence, few_or_quick_ones_are_none)
{
	batch(true, false, DHCPV6_SOLICIT, 1, 0);
	batch(true, false, DHCPV6_RENEW, 3, 40);
	cr_expect_not(reigns(true, 40), "four");
	batch(false, false, DHCPREQUEST, 100, 0);
	batch(false, false, DHCPREQUEST, 100, 29);
	cr_expect_not(reigns(false, 29), "a restart of the server");
	batch(true, false, DHCPV6_REBIND, 1, 41);
	cr_expect(reigns(true, 41));
}

Test(silence, the_answer_may_come_by_another_queue)
{
	struct silence_seen other = { .sent = 0 };
	struct counters answers = { .packets = 0 };

	batch(true, false, DHCPV6_SOLICIT, 20, 0);
	batch(true, false, DHCPV6_SOLICIT, 20, 40);
	answers.types[1][1][DHCPV6_ADVERTISE] = answers.verdicts[SLOT_ACCEPT] = 1;
	silence_look(&silence, &other, &answers, false, start + 41000);
	cr_expect_not(reigns(true, 41));
}

Test(silence, what_we_dropped_wants_no_answer)
{
	for (int i = 0; i < 60; i++) {
		counters.types[0][0][DHCPDISCOVER]++;
		counters.verdicts[SLOT_DROP]++;
		silence_look(&silence, &seen, &counters, false, start + 1000 * i);
	}
	cr_expect_not(reigns(false, 60));
	for (int i = 60; i < 100; i++) {
		counters.types[0][0][DHCPDISCOVER]++;
		counters.verdicts[SLOT_DROP]++;
		counters.causes[CAUSE_relayed]++;
		silence_look(&silence, &seen, &counters, false, start + 1000 * i);
	}
	cr_expect(reigns(false, 100), "a relay agent's original is dropped, but sent on");
}

Test(silence, nobody_asks_any_more)
{
	int64_t ms;

	for (int i = 0; i <= 6; i++)
		batch(false, false, DHCPDISCOVER, 1, 10 * i);
	cr_expect(reigns(false, 100));
	cr_expect_not(reigns(false, 60 + SILENCE_GAP_SECONDS + 1));
	batch(false, false, DHCPDISCOVER, 1, 500);
	cr_expect_eq(silence_queries(&silence, false, start + 501000, &ms), 1);
	cr_expect_eq(ms, 1000);
}

Test(silence, a_pause_forgets)
{
	for (int i = 0; i <= 6; i++)
		batch(false, false, DHCPDISCOVER, 1, 10 * i);
	silence_look(&silence, &seen, &counters, true, start + 61000);
	cr_expect_not(reigns(false, 61));
}

/* What is logged while the function runs. */
static const char *logged(void (*run)(void))
{
	static char text[4096];
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	cr_assert_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	run();
	dup2(saved, STDERR_FILENO);
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void a_minute_of_it(void)
{
	for (int i = 0; i <= 60; i++)
		batch(true, false, DHCPV6_SOLICIT, 1, i);
	batch(true, true, DHCPV6_ADVERTISE, 1, 61);
	batch(true, true, DHCPV6_REPLY, 1, 62);
}

Test(silence, is_said_once_and_so_is_its_end)
{
	const char *text = logged(a_minute_of_it);
	const char *end = strstr(text, "info: a DHCPv6 server answers again\n");

	cr_assert_not_null(
		strstr(text, "warning: no DHCPv6 server answers: 31 queries were sent on in 30 s;"),
		"%s", text);
	cr_assert_not_null(end, "%s", text);
	cr_expect_eq(strchr(strchr(text, '\n') + 1, '\n'), strchr(end, '\n'), "two lines: %s", text);
}
