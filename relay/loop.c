/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides epoll(7). One event is taken at a time, so that a source may remove itself in its function.
 */
#include "relay/loop.h"

#include "registry/clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 50 };             /* a millisecond apart */

int loop_init(struct loop *l)
{
	*l = (struct loop){ .fd = epoll_create1(EPOLL_CLOEXEC) };
	return l->fd < 0 ? -errno : 0;
}

int loop_add(struct loop *l, struct loop_source *s)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };

	return epoll_ctl(l->fd, EPOLL_CTL_ADD, s->fd, &e) != 0 ? -errno : 0;
}

void loop_remove(struct loop *l, struct loop_source *s)
{
	epoll_ctl(l->fd, EPOLL_CTL_DEL, s->fd, NULL);
}

void loop_watch(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = s };

	epoll_ctl(l->fd, EPOLL_CTL_MOD, s->fd, &e);
}

int loop_run(struct loop *l)
{
	for (int failures = 0; !l->stop;) {
		struct epoll_event e;
		int n = epoll_wait(l->fd, &e, 1, -1);

		if (n < 0 && errno != EINTR) {
			if (++failures == TRIES)
				return -errno;
			clock_pause();
		}
		if (n == 1) {
			failures = 0;
			struct loop_source *s = e.data.ptr;

			s->fn(s->ctx, e.events);
		}
	}
	return 0;
}

void loop_alarm(int timer, long ms)
{
	struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000 } };

	for (int i = 0; i < TRIES && timerfd_settime(timer, 0, &when, NULL) != 0; i++)
		clock_pause();
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}

void loop_done(struct loop *l)
{
	close(l->fd);
}
