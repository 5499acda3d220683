/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors from systemd: those that come and those that go, in a process whose descriptors are
 * ours.
 */
#include "relay/store.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

static struct store store;

/* The descriptors count, count open files, as systemd hands them over. */
static void be_given(int count, const char *names)
{
	char text[16];

	for (int i = 0; i < count; i++) {
		int fd = open("/dev/null", O_RDONLY);

		if (fd != FIRST_FD + i) {
			dup2(fd, FIRST_FD + i);
			close(fd);
		}
	}
	snprintf(text, sizeof(text), "%d", count);
	setenv("LISTEN_FDS", text, 1);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

/* Runs the checks in a process of its own; they return the number of the one that failed, or 0. */
static int apart(int (*checks)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		close_range(FIRST_FD, ~0U, 0);
		_exit(checks());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int two_queues_and_something_else(void)
{
	be_given(4, "queue-67:stored:queue-68:queue-");
	store_take(&store);
	if (store.count != 2 || is_open(FIRST_FD + 1) || is_open(FIRST_FD + 3))
		return 1;
	if (fcntl(FIRST_FD, F_GETFD) != FD_CLOEXEC)
		return 2;
	if (store_fetch(&store, 68) != FIRST_FD + 2 || store_fetch(&store, 68) != -1)
		return 3;
	if (getenv("LISTEN_FDS") != NULL)
		return 4;
	store_done(&store);
	return is_open(FIRST_FD) || !is_open(FIRST_FD + 2) ? 5 : 0;
}

Test(store, takes_what_is_a_queue)
{
	cr_expect_eq(apart(two_queues_and_something_else), 0);
}

static int another_pid(void)
{
	be_given(1, "queue-67");
	setenv("LISTEN_PID", "1", 1);
	store_take(&store);
	return store.count != 0 || !is_open(FIRST_FD);
}

Test(store, what_is_for_another_process_is_left_alone)
{
	cr_expect_eq(apart(another_pid), 0);
}

static int listen_at_name(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(at.sun_path, path, strlen(path));
	unlink(path);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		return -1;
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

static bool hears(int fd, const char *wanted)
{
	char text[128] = "";

	return recv(fd, text, sizeof(text) - 1, 0) > 0 && strcmp(text, wanted) == 0;
}

static int keeping(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/usher-store.%d", (int)getpid());
	fd = listen_at_name(path);
	store_take(&store);
	if (store.open || store_keep(&store, 67, 0))
		return 1;
	setenv("FDSTORE", "8", 1);
	store_take(&store);
	if (!store_keep(&store, 67, 0) || !hears(fd, "FDSTORE=1\nFDNAME=queue-67\nFDPOLL=0"))
		return 2;
	store_forget(&store, 67);
	if (!hears(fd, "FDSTOREREMOVE=1\nFDNAME=queue-67"))
		return 3;
	unlink(path);
	return store_keep(&store, 67, 0) ? 4 : 0;
}

Test(store, keeps_where_somebody_says_that_he_does)
{
	cr_expect_eq(apart(keeping), 0);
}
