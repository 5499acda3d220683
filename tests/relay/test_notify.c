/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd is told, read at the other end of its socket. */
#include "relay/notify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char path[64];
static int listener = -1;

/* '@' stands for the zero with which an abstract name begins. */
static void listen_at(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(path, sizeof(path), "%s.%d", name, (int)getpid());
	memcpy(at.sun_path, path, strlen(path));
	if (path[0] == '@')
		at.sun_path[0] = '\0';
	listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	cr_assert(listener >= 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&at,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path))),
		0);
	setenv("NOTIFY_SOCKET", path, 1);
}

static void end(void)
{
	if (listener >= 0)
		close(listener);
	unlink(path);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static const char *heard(void)
{
	static char text[1024];
	ssize_t n = recv(listener, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

TestSuite(notify, .fini = end);

Test(notify, nobody_listens)
{
	unsetenv("NOTIFY_SOCKET");
	cr_expect_eq(notify_say("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "not/absolute", 1);
	cr_expect_eq(notify_say("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	cr_expect(notify_say("READY=1") < 0);
}

Test(notify, a_message)
{
	listen_at("/tmp/usher-notify");
	cr_expect_eq(notify_say("READY=1\nSTATUS=%d users", 3), 0);
	cr_expect_str_eq(heard(), "READY=1\nSTATUS=3 users");
	cr_expect_eq(notify_reloading(), 0);
	cr_expect_eq(strncmp(heard(), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
}

Test(notify, an_abstract_name)
{
	listen_at("@usher-notify");
	cr_expect_eq(notify_say("STOPPING=1"), 0);
	cr_expect_str_eq(heard(), "STOPPING=1");
}

Test(notify, a_descriptor)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} room;
	char text[64] = "", byte = 0;
	struct iovec part = { text, sizeof(text) - 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &room,
		.msg_controllen = sizeof(room) };
	int ends[2], got;

	listen_at("/tmp/usher-notify");
	cr_assert_eq(pipe(ends), 0);
	cr_expect_eq(notify_send_fd("FDSTORE=1\nFDNAME=queue-67", ends[0]), 0);
	cr_expect(recvmsg(listener, &m, 0) > 0);
	cr_expect_str_eq(text, "FDSTORE=1\nFDNAME=queue-67");
	cr_assert(CMSG_FIRSTHDR(&m) != NULL);
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(got));
	cr_expect_eq(write(ends[1], "x", 1), 1);
	cr_expect_eq(read(got, &byte, 1), 1);
	cr_expect_eq(byte, 'x');
}

struct watched {
	struct loop loop;
	int asked, well_until;
};

static bool well(void *ctx)
{
	struct watched *w = ctx;

	if (++w->asked == 3)
		loop_stop(&w->loop);
	return w->asked <= w->well_until;
}

static int count_pings(void)
{
	int count = 0;

	while (strcmp(heard(), "WATCHDOG=1") == 0)
		count++;
	return count;
}

/* One at the start, and one for each time that all is well: the third time it is not. */
Test(notify, the_watchdog)
{
	struct watched w = { .well_until = 2 };
	struct notify_watchdog dog;

	listen_at("/tmp/usher-notify");
	setenv("WATCHDOG_USEC", "20000", 1);
	cr_assert_eq(loop_init(&w.loop), 0);
	cr_assert_eq(notify_watchdog_open(&dog, &w.loop, well, &w), 0);
	loop_run(&w.loop);
	notify_watchdog_close(&dog, &w.loop);
	cr_expect_eq(w.asked, 3);
	cr_expect_eq(count_pings(), 3);
	loop_done(&w.loop);
}

Test(notify, a_watchdog_that_is_for_somebody_else)
{
	struct watched w = { .well_until = 1 };
	struct notify_watchdog dog;

	listen_at("/tmp/usher-notify");
	setenv("WATCHDOG_USEC", "20000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	cr_assert_eq(loop_init(&w.loop), 0);
	cr_assert_eq(notify_watchdog_open(&dog, &w.loop, well, &w), 0);
	cr_expect_eq(dog.timer.fd, -1);
	cr_expect_eq(count_pings(), 0);
	notify_watchdog_close(&dog, &w.loop);
	loop_done(&w.loop);
}
