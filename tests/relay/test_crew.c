/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The crew with a spawner that starts nothing: the test is at the other end of its socket, and of
 * those of the workers.
 */
#include "relay/crew.h"

#include "relay/channel.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_PID = 1000000 };        /* above what there can be, should one be killed */

static struct loop loop;
static struct spawner spawner = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct crew crew;
static const struct fence fence;      /* lets nothing out */
static int nest;                     /* the spawner's end */
static unsigned changes;
static uint64_t tokens;              /* of requests that were seen */

/* The worker that was asked for last: its end of the pair. */
static int worker_fd;

static void on_change(void *ctx)
{
	(void)ctx;
	changes++;
}

static void setup(void)
{
	int pair[2];

	cr_redirect_stderr();
	cr_assert_eq(loop_init(&loop), 0);
	cr_assert_eq(channel_pair(pair), 0);
	spawner.fd = pair[0];
	nest = pair[1];
	crew = (struct crew){ .changed = on_change };
	cr_assert_eq(crew_init(&crew, &loop, &spawner, memfd_create("config", MFD_CLOEXEC)), 0);
}

static void teardown(void)
{
	crew_done(&crew);
	loop_done(&loop);
}

TestSuite(crew, .init = setup, .fini = teardown, .timeout = 30);

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* What the loop would do until there is nothing more to do. */
static void turn(int wait_ms)
{
	struct epoll_event e;

	while (epoll_wait(loop.fd, &e, 1, wait_ms) == 1) {
		struct loop_source *s = e.data.ptr;

		s->fn(s->ctx, e.events);
		wait_ms = 0;
	}
}

/* The next message to the spawner, if there is one: 0 none, 1 to start a worker, 2 to kill one. */
static int asked(void)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(CHANNEL_FDS * sizeof(int))];
	} control;
	char bytes[256];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	struct cmsghdr *h;
	int fds[2];

	if (recvmsg(nest, &m, MSG_DONTWAIT) <= 0)
		return 0;
	h = CMSG_FIRSTHDR(&m);
	if (h == NULL)
		return 2;
	cr_assert_eq(h->cmsg_len, CMSG_LEN(2 * sizeof(int)));
	memcpy(fds, CMSG_DATA(h), sizeof(fds));
	close(fds[1]);
	worker_fd = fds[0];
	tokens++;
	return 1;
}

static unsigned asked_to_start(void)
{
	unsigned n = 0;
	int what;

	while ((what = asked()) != 0)
		n += what == 1;
	return n;
}

static void started(uint64_t token, pid_t pid)
{
	crew_heard(&crew, &(struct spawner_event){ SPAWNER_STARTED, ROLE_WORKER, token, pid, EAGAIN, false });
}

static void ended(uint64_t token, int status, bool killed)
{
	crew_heard(&crew, &(struct spawner_event){ SPAWNER_ENDED, ROLE_WORKER, token,
		FIRST_PID + (pid_t)token, status, killed });
}

static void say_ready(int fd)
{
	struct handback back = { .number = 0 };

	cr_assert_eq(channel_send(fd, &back, sizeof(back), NULL, 0), 0);
	turn(100);
}

/* Two are asked for and come up. */
static void begin(int fds[2])
{
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(asked(), 1);
		fds[i] = worker_fd;
		started(tokens, FIRST_PID + (pid_t)tokens);
		say_ready(worker_fd);
	}
	cr_assert_eq(asked(), 0);
}

Test(crew, two_wait_and_one_that_is_taken_is_replaced)
{
	struct hand hand;
	int fds[2];

	cr_expect_not(crew_is_ready(&crew));
	begin(fds);
	cr_expect(crew_is_ready(&crew) && changes >= 2);
	cr_assert(crew_take(&crew, &hand, now_ns()));
	cr_expect(hand.pid == FIRST_PID + 1 && hand.config == 1 && hand.fd >= 0);
	turn(100);
	cr_expect_eq(asked_to_start(), 1);
	crew_dismiss(&crew, &hand);
	cr_expect_eq(hand.fd, -1);
	cr_expect_eq(asked(), 2, "it is killed");
	ended(1, SIGKILL, true);
	turn(0);
	cr_expect_eq(asked(), 0, "it has its successor already");
}

/* Started but not ready, or ready but not known to have started: nobody to give work to. */
Test(crew, one_must_have_started_and_be_ready)
{
	struct hand hand;

	cr_assert_eq(asked(), 1);
	started(1, FIRST_PID + 1);
	turn(0);
	cr_expect_not(crew_take(&crew, &hand, now_ns() + 20000000));
	cr_assert_eq(asked(), 1);
	say_ready(worker_fd);
	cr_expect_not(crew_take(&crew, &hand, now_ns() + 20000000));
	started(2, FIRST_PID + 2);
	cr_expect(crew_take(&crew, &hand, now_ns()));
	cr_expect_eq(hand.pid, FIRST_PID + 2);
}

/* Who has waited in vain has had one more started meanwhile. */
Test(crew, waiting_has_an_end)
{
	struct hand hand;
	int64_t began = now_ns();

	cr_expect_not(crew_take(&crew, &hand, began + 50000000));
	cr_expect_geq(now_ns() - began, 50000000);
	cr_expect_not(crew_take(&crew, &hand, began), "a time that is past is no wait");
}

/* One that dies at rest is replaced at once; one that never got ready after a pause that grows. */
Test(crew, the_dead_are_replaced)
{
	int fds[2];

	begin(fds);
	close(fds[0]);
	turn(100);
	ended(1, SIGSEGV, false);
	turn(0);
	cr_assert_eq(asked_to_start(), 1);
	started(tokens, FIRST_PID + 3);
	close(worker_fd);
	turn(50);
	ended(tokens, SIGSEGV, false);
	cr_expect_eq(asked_to_start(), 0, "not at once");
	turn(1000);
	cr_expect_eq(asked_to_start(), 1);
}

/* What a worker died of is news that may come later than its death is noticed. */
Test(crew, who_was_killed)
{
	int64_t began = now_ns();
	int fds[2];

	begin(fds);
	ended(1, SIGKILL, true);
	ended(2, SIGSEGV, false);
	cr_expect(crew_was_killed(&crew, FIRST_PID + 1, began));
	cr_expect_not(crew_was_killed(&crew, FIRST_PID + 2, began));
	began = now_ns();
	cr_expect_not(crew_was_killed(&crew, FIRST_PID + 9, began + 50000000), "nothing is known of it");
	cr_expect_geq(now_ns() - began, 50000000);
	ended(3, SIGKILL, true);
	started(tokens + 1, FIRST_PID + 3);
	cr_expect_not(crew_was_killed(&crew, FIRST_PID + 3, began), "another one has its number now");
	for (uint64_t i = 10; i < 10 + CREW_DEATHS; i++)
		ended(i, 0, true);
	cr_expect_not(crew_was_killed(&crew, FIRST_PID + 1, began), "long ago");
	cr_expect_not(crew_was_killed(&crew, FIRST_PID + 10, began), "it left by itself");
}

Test(crew, one_that_could_not_be_started_is_tried_again)
{
	cr_assert_eq(asked_to_start(), 2);
	started(1, -1);
	cr_expect_eq(asked_to_start(), 0, "not at once");
	turn(1000);
	cr_expect_eq(asked_to_start(), 1);
}

/*
 * At the start a config that no worker can take, of its libraries, is the end; later another one is
 * tried.
 */
Test(crew, one_that_refuses_its_config)
{
	int fds[2];

	for (int proven = 0; proven < 2; proven++) {
		if (proven) {
			teardown();
			tokens = 0;
			setup();
			begin(fds);
			close(fds[0]);
		} else {
			cr_assert_eq(asked(), 1);
			started(1, FIRST_PID + 1);
			close(worker_fd);
		}
		turn(100);
		cr_expect_not(crew_is_refused(&crew));
		ended(1, 1 << 8, false);
		cr_expect_eq(crew_is_refused(&crew), !proven, "%d", proven);
	}
}

/* What a worker says beside "ready" ends it. */
Test(crew, one_that_says_what_it_may_not)
{
	struct handback back = { .number = 4711 };
	struct hand hand;

	cr_assert_eq(asked(), 1);
	started(1, FIRST_PID + 1);
	cr_assert_eq(channel_send(worker_fd, &back, sizeof(back), NULL, 0), 0);
	turn(100);
	cr_expect_not(crew_take(&crew, &hand, now_ns()));
}

static const struct {
	uint64_t offered, taken, config;
} offers[] = {
	{ 2, 1, 1 }, /* the registry was read with the config before */
	{ 2, 2, 2 }, { 2, 3, 2 }, { 5, 7, 5 },
};

/*
 * A config is in force with the registry that was read with it, and those with the one before go.
 */
Test(crew, configs)
{
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		struct hand hand;
		int fds[2];

		if (i > 0) {
			teardown();
			tokens = 0;
			setup();
		}
		begin(fds);
		crew_offer(&crew, memfd_create("config", MFD_CLOEXEC), offers[i].offered, &fence);
		cr_expect_eq(crew_config(&crew), 1);
		crew_take_offer(&crew, offers[i].taken);
		cr_expect_eq(crew_config(&crew), offers[i].config, "row %zu", i);
		cr_expect_eq(crew_take(&crew, &hand, now_ns()), offers[i].config == 1, "row %zu", i);
		turn(100);
		cr_expect_eq(asked_to_start(), offers[i].config == 1 ? 1 : 2, "row %zu", i);
	}
}
