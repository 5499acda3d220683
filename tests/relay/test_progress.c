/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bar on a terminal, and none elsewhere. */
#include "relay/progress.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void wait_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

/*
 * What has come out at the other end of the terminal so far. The kernel carries it over in its own
 * time.
 */
static const char *drawn(int master)
{
	static char buf[8192];
	size_t len = 0;
	ssize_t n;

	while (poll(&(struct pollfd){ .fd = master, .events = POLLIN }, 1, 50) == 1 &&
		(n = read(master, buf + len, sizeof(buf) - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	return buf;
}

static int terminal(int *ret_master)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	cr_assert_geq(master, 0);
	cr_assert_eq(grantpt(master) | unlockpt(master), 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	*ret_master = master;
	return open(ptsname(master), O_RDWR | O_NOCTTY);
}

Test(progress, is_drawn_and_wiped_away)
{
	int master, fd = terminal(&master);
	struct progress *p = progress_begin(fd, 10, "registry.jsonl");
	const char *text;
	size_t len;

	cr_assert_not_null(p);
	progress_at(p, 50, 100);
	wait_ms(60);
	text = drawn(master);
	cr_assert_not_null(strstr(text, "[###############               ]  50 % registry.jsonl"), "%s", text);
	progress_at(p, 200, 100);
	wait_ms(150);
	text = drawn(master);
	cr_assert_not_null(strstr(text, "[##############################] 100 %"), "%s", text);
	progress_at(p, 0, 0);
	wait_ms(150);
	cr_assert_null(progress_end(p));
	text = drawn(master);
	len = strlen(text);
	cr_assert_not_null(strstr(text, "registry.jsonl ... 0 s"), "%s", text);
	cr_assert(len > 4 && strcmp(text + len - 4, "\r\033[K") == 0, "%s", text);
}

Test(progress, what_is_soon_done_is_not_shown)
{
	int master, fd = terminal(&master);
	struct progress *p = progress_begin(fd, 60000, "registry.jsonl");

	progress_at(p, 1, 2);
	progress_end(p);
	cr_assert_str_eq(drawn(master), "");
}

Test(progress, only_on_a_terminal)
{
	int fds[2];

	cr_assert_eq(pipe(fds), 0);
	cr_assert_null(progress_begin(fds[1], 0, "registry.jsonl"));
	progress_at(NULL, 1, 2);
	cr_assert_null(progress_end(NULL));
}
