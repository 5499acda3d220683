/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events reach their source, signals among them, and a loop ends when it is told to. */
#include "relay/loop.h"

#include "relay/signals.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static struct loop loop;
static struct signals signals;
static unsigned hups, usr1s;
static int fds[2];

TestSuite(loop, .timeout = 10);
TestSuite(signals, .timeout = 10);

static void read_and_stop(void *ctx, uint32_t events)
{
	char c;

	(void)events;
	cr_assert_eq(read(fds[0], &c, 1), 1);
	*(char *)ctx = c;
	if (c == 'z')
		loop_stop(&loop);
}

Test(loop, calls_its_sources_until_stopped)
{
	char last = 0;
	struct loop_source s = { .fn = read_and_stop, .ctx = &last };

	cr_assert_eq(pipe(fds), 0);
	s.fd = fds[0];
	cr_assert_eq(loop_init(&loop), 0);
	cr_assert_eq(loop_add(&loop, &s), 0);
	cr_assert_eq(loop_add(&loop, &s), -EEXIST);
	cr_assert_eq(write(fds[1], "abz", 3), 3);
	cr_assert_eq(loop_run(&loop), 0);
	cr_assert_eq(last, 'z');
	loop_remove(&loop, &s);
	cr_assert_eq(loop_add(&loop, &s), 0);
	loop_done(&loop);
}

static void remove_itself(void *ctx, uint32_t events)
{
	(void)events;
	loop_remove(&loop, ctx);
	loop_stop(&loop);
}

Test(loop, a_source_may_remove_itself)
{
	struct loop_source s = { .fn = remove_itself, .ctx = &s };

	cr_assert_eq(pipe(fds), 0);
	s.fd = fds[0];
	cr_assert_eq(loop_init(&loop), 0);
	cr_assert_eq(loop_add(&loop, &s), 0);
	cr_assert_eq(write(fds[1], "a", 1), 1);
	cr_assert_eq(loop_run(&loop), 0);
	loop_done(&loop);
}

Test(loop, stopped_before_it_ran)
{
	cr_assert_eq(loop_init(&loop), 0);
	loop_stop(&loop);
	cr_assert_eq(loop_run(&loop), 0);
	loop_done(&loop);
}

Test(loop, without_descriptors)
{
	struct rlimit rl = { 3, 3 };

	setrlimit(RLIMIT_NOFILE, &rl);
	cr_assert_eq(loop_init(&loop), -EMFILE);
}

static void on_hup(void *ctx)
{
	cr_assert_eq(ctx, &hups);
	hups++;
}

static void on_usr1(void *ctx)
{
	(void)ctx;
	usr1s++;
}

static void on_term(void *ctx)
{
	(void)ctx;
	loop_stop(&loop);
}

static const struct signal_action actions[] = {
	{ SIGHUP, on_hup }, { SIGUSR1, on_usr1 }, { SIGTERM, on_term },
};

Test(signals, are_events)
{
	cr_assert_eq(loop_init(&loop), 0);
	cr_assert_eq(signals_open(&signals, &loop, actions, 3, &hups), 0);
	for (int i = 0; i < 10000; i++) {
		raise(SIGUSR1);
		raise(SIGHUP);
	}
	raise(SIGTERM);
	raise(SIGPIPE);
	raise(SIGXFSZ);
	cr_assert_eq(loop_run(&loop), 0);
	cr_assert_eq(hups, 1);
	cr_assert_eq(usr1s, 1);
	signals_close(&signals, &loop);
	loop_done(&loop);
}
