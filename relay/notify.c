/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the protocol of sd_notify(3) and sd_watchdog_enabled(3): datagrams to the unix socket that
 * $NOTIFY_SOCKET names, and $WATCHDOG_USEC. It is small, documented as stable, and so needs no
 * library.
 */
#include "relay/notify.h"

#include "registry/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 25 };             /* a millisecond apart */

/* sd_notify(3): "an absolute AF_UNIX path, or @ and an abstract name". 0: nobody listens. */
static socklen_t find_listener(struct sockaddr_un *ret)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t len = name != NULL ? strlen(name) : 0;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len < 2 || len >= sizeof(ret->sun_path) || (name[0] != '/' && name[0] != '@'))
		return 0;
	memcpy(ret->sun_path, name, len);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static void attach(struct msghdr *m, void *room, size_t cap, int fd)
{
	struct cmsghdr *c;

	m->msg_control = room;
	m->msg_controllen = cap;
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

/* Whoever misses one WATCHDOG=1 of two is ended. */
static int send_patiently(int s, const struct msghdr *m)
{
	int err = sendmsg(s, m, MSG_NOSIGNAL) < 0 ? -errno : 0;

	for (int i = 0; i < TRIES && err != 0 && err != -ECONNREFUSED && err != -ENOENT; i++) {
		poll(NULL, 0, 1);
		err = sendmsg(s, m, MSG_NOSIGNAL) < 0 ? -errno : 0;
	}
	return err;
}

int notify_send_fd(const char *text, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} room = { .bytes = { 0 } };
	struct sockaddr_un to;
	struct iovec part = { .iov_len = strlen(text) };
	struct msghdr m = { .msg_name = &to, .msg_namelen = find_listener(&to), .msg_iov = &part,
		.msg_iovlen = 1 };
	int s, err;

	if (m.msg_namelen == 0)
		return 0;
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return -errno;
	memcpy(&part.iov_base, &text, sizeof(text));     /* sendmsg() reads what it may not write */
	if (fd >= 0)
		attach(&m, &room, sizeof(room), fd);
	err = send_patiently(s, &m);
	close(s);
	return err;
}

int notify_say(const char *fmt, ...)
{
	char text[NOTIFY_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return notify_send_fd(text, -1);
}

int notify_reloading(void)
{
	return notify_say("RELOADING=1\nMONOTONIC_USEC=%llu",
		(unsigned long long)clock_now_ns() / 1000);
}

/* --- the watchdog ---------------------------------------------------------------------------- */

static unsigned long long number_of(const char *variable)
{
	const char *text = getenv(variable);

	return text != NULL ? strtoull(text, NULL, 10) : 0;
}

/* sd_watchdog_enabled(3): $WATCHDOG_PID, if set, must be ours. Microseconds; 0: nobody watches. */
static unsigned long long patience(void)
{
	const char *pid = getenv("WATCHDOG_PID");

	if (pid != NULL && number_of("WATCHDOG_PID") != (unsigned long long)getpid())
		return 0;
	return number_of("WATCHDOG_USEC");
}

static void on_timer(void *ctx, uint32_t events)
{
	struct notify_watchdog *w = ctx;
	uint64_t times;

	(void)events;
	if (read(w->timer.fd, &times, sizeof(times)) == (ssize_t)sizeof(times) && w->well(w->ctx))
		notify_say("WATCHDOG=1");
}

int notify_watchdog_open(
	struct notify_watchdog *w, struct loop *l, bool (*well)(void *ctx), void *ctx)
{
	unsigned long long us = patience() / 2;
	struct timespec every = { (time_t)(us / 1000000), (long)(us % 1000000 * 1000) };
	struct itimerspec when = { every, every };
	int err;

	*w = (struct notify_watchdog){ { -1, on_timer, w }, well, ctx };
	if (us == 0)
		return 0;
	w->timer.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (w->timer.fd < 0 || timerfd_settime(w->timer.fd, 0, &when, NULL) != 0)
		return -errno;
	err = loop_add(l, &w->timer);
	if (err == 0)
		notify_say("WATCHDOG=1");
	return err;
}

void notify_watchdog_close(struct notify_watchdog *w, struct loop *l)
{
	if (w->timer.fd < 0)
		return;
	loop_remove(l, &w->timer);
	close(w->timer.fd);
	w->timer.fd = -1;
}
