/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides a child process: found in fixed directories and not in $PATH, given an empty environment,
 * no standard input, and an end. Only start-up uses this; a sandboxed daemon starts nothing.
 */
#include "relay/run_program.h"

#include "registry/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_MAX = 4 * 1024 * 1024, PATIENCE_MS = 3000 };

static bool find_program(const char *name, char *path, size_t cap)
{
	static const char *const dirs[] = { "/usr/sbin", "/sbin", "/usr/bin", "/bin",
		"/usr/local/sbin" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, cap, "%s/%s", dirs[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* The child's signals are as a program expects them, whatever ours are. */
static int spawn(const char *path, char *const *argv, int out, pid_t *ret_pid)
{
	static char *no_environment[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	err = posix_spawn(ret_pid, path, &actions, &attr, argv, no_environment);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static int remaining_ms(int64_t began_ms)
{
	int64_t passed = clock_now_ms() - began_ms;

	return passed < PATIENCE_MS ? (int)(PATIENCE_MS - passed) : 0;
}

/* All that comes until the other end is closed; NULL if that takes too long or is too much. */
static char *read_output(int fd)
{
	size_t len = 0, cap = 65536;
	char *text = malloc(cap), *more;
	int64_t began_ms = clock_now_ms();

	while (text != NULL) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n = poll(&p, 1, remaining_ms(began_ms)) == 1 ?
			read(fd, text + len, cap - len - 1) : -1;

		if (n == 0) {
			text[len] = '\0';
			return text;
		}
		if (n < 0 && (errno != EINTR || remaining_ms(began_ms) == 0))
			break;
		len += n > 0 ? (size_t)n : 0;
		if (cap - len > 1)
			continue;
		more = cap < OUTPUT_MAX ? realloc(text, cap * 2) : NULL;
		if (more == NULL)
			break;
		text = more;
		cap *= 2;
	}
	free(text);
	return NULL;
}

static char *take_output(pid_t pid, int fd)
{
	char *text = read_output(fd);
	int status = -1;

	if (text == NULL)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (text != NULL && status == 0)
		return text;
	free(text);
	return NULL;
}

char *run_program(char *const argv[])
{
	char path[128], *text = NULL;
	int fds[2];
	pid_t pid;

	if (!find_program(argv[0], path, sizeof(path)) || pipe2(fds, O_CLOEXEC) != 0)
		return NULL;
	if (spawn(path, argv, fds[1], &pid) != 0)
		pid = -1;
	close(fds[1]);
	if (pid > 0)
		text = take_output(pid, fds[0]);
	close(fds[0]);
	return text;
}
