/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a keeper waits for its worker, played by a child that is given a batch of nothing: one
 * that answers late, that loops, that waits for ever, and that goes on as one does which hardly
 * gets a CPU.
 */
#include "relay/keeper_parts.h"

#include "registry/clock.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

enum { DEADLINE_MS = 400 };

static struct depot depot;
static struct keeper_shared shared = { .depot = &depot, .slots = 1, .deadline_ms = DEADLINE_MS };
static struct keeper keeper;
static int64_t took_ms;              /* the keeper, to prepare the batch */

static void spin_ms(int64_t ms)
{
	int64_t until = clock_now_ns() + ms * NS_PER_MS;

	while (clock_now_ns() < until)
		;
}

static void sleep_ms(long ms)
{
	const struct timespec ts = { .tv_nsec = ms * NS_PER_MS };

	nanosleep(&ts, NULL);
}

/* Until that time is up: a little work, a long wait. */
static void crawl_ms(int64_t ms)
{
	int64_t until = clock_now_ns() + ms * NS_PER_MS;

	while (clock_now_ns() < until) {
		spin_ms(1);
		sleep_ms(15);
	}
}

static void answer_late(void)
{
	sleep_ms(DEADLINE_MS / 4);
}

static void crawl(void)
{
	crawl_ms(DEADLINE_MS * 3 / 2);
}

static void crawl_for_ever(void)
{
	crawl_ms(60000);
}

static void stop(void)
{
	raise(SIGSTOP);
}

/* It has done something already, and waits for something that never comes. */
static void block(void)
{
	spin_ms(5);
	for (;;)
		pause();
}

static void loop(void)
{
	spin_ms(60000);
}

static void play(int fd, void (*act)(void))
{
	struct handback back = { .number = 0, .tick_ms = -1 };
	struct handoff h;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (channel_receive_alone(fd, &h, sizeof(h), 0) == 0) {
		act();
		back.number = h.number;
		channel_send(fd, &back, sizeof(back), NULL, 0);
	}
	_exit(0);
}

/* Whether the keeper got its batch back, and how long it waited for that. */
static bool exchange(void (*act)(void), bool known, int64_t *ret_ms)
{
	int fds[2], status;
	pid_t child;
	int64_t began;
	bool back;

	cr_assert_eq(channel_pair(fds), 0);
	depot_init(&depot);
	keeper = (struct keeper){ .shared = &shared, .channel_fd = -1, .cpu = { .cpu = -1 } };
	keeper.channel = channel_new(1, &keeper.channel_fd);
	cr_assert_not_null(keeper.channel);
	keeper.wake = keeper.channel_fd;                /* any descriptor */
	keeper.hand.fd = fds[0];
	keeper.hand.pid = fork();
	if (keeper.hand.pid == 0)
		play(fds[1], act);
	cr_assert_gt(keeper.hand.pid, 0);
	child = keeper.hand.pid;
	if (!known)
		keeper.hand.pid = 0;
	close(fds[1]);
	began = clock_now_ns();
	keeper.until = began + (int64_t)DEADLINE_MS * NS_PER_MS;
	keeper.last = keeper.until;
	keeper.took_ns = took_ms * NS_PER_MS;
	back = keeper_exchange(&keeper, 1);
	*ret_ms = (clock_now_ns() - began) / NS_PER_MS;
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close(fds[0]);
	keeper_close(&keeper.channel_fd);
	channel_free(keeper.channel, 1);
	depot_done(&depot);
	return back;
}

TestSuite(handover, .timeout = 60);

Test(handover, one_that_answers_in_time_is_heard)
{
	int64_t ms;

	cr_expect(exchange(answer_late, true, &ms));
	cr_expect_geq(ms, DEADLINE_MS / 4);
}

Test(handover, one_that_gets_hardly_any_cpu_is_waited_for)
{
	int64_t ms;

	cr_expect(exchange(crawl, true, &ms), "given up after %lld ms", (long long)ms);
	cr_expect_geq(ms, DEADLINE_MS * 3 / 2);
	cr_expect_eq(keeper.last, keeper.until, "the others of its batch have as much more");
}

/* One that is stopped looks like one that gets no CPU at all; so does this machine, then. */
Test(handover, so_is_one_where_the_keeper_got_none)
{
	int64_t ms;

	took_ms = DEADLINE_MS / 8;
	cr_expect_not(exchange(stop, true, &ms));
	cr_expect_geq(ms, DEADLINE_MS * 3, "%lld ms", (long long)ms);
}

/* Four halves of the deadline more, of which each may be late. */
Test(handover, but_not_for_ever)
{
	int64_t ms;

	cr_expect_not(exchange(crawl_for_ever, true, &ms));
	cr_expect_geq(ms, DEADLINE_MS * 3);
	cr_expect_lt(ms, 20000);
}

Test(handover, one_that_hangs_is_not)
{
	void (*const acts[])(void) = { stop, block, loop };

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int64_t ms;

		cr_expect_not(exchange(acts[i], true, &ms), "%zu", i);
		cr_expect_geq(ms, DEADLINE_MS, "%zu: %lld ms", i, (long long)ms);
		cr_expect_lt(ms, 2 * DEADLINE_MS, "%zu: %lld ms", i, (long long)ms);
	}
}

/* Until the spawner has said which process it is there is no clock to look at, least of all our own. */
Test(handover, one_whose_number_is_not_known_has_its_deadline)
{
	int64_t ms;

	cr_expect_not(exchange(crawl_for_ever, false, &ms));
	cr_expect_geq(ms, DEADLINE_MS);
	cr_expect_lt(ms, 2 * DEADLINE_MS);
}
