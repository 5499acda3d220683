/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket: lines in and out, and clients that hang, flood, stay or go when they like. */
#include "relay/control.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 1500, BIG = 1024 * 1024 };

static char folder[] = "/tmp/usher-control-XXXXXX", path[64], err[512];
static struct control_options options;
static struct loop loop;
static struct control *control;
static struct loop_source end;
static int end_pipe[2];
static pthread_t thread;

/* "big" is answered at length, everything else by itself, in brackets. */
static void answer(void *ctx, const struct ucred *who, const char *line, size_t len, FILE *out)
{
	(void)ctx;
	cr_assert_eq(who->pid, getpid());
	cr_assert_eq(who->uid, geteuid());
	if (len == 3 && memcmp(line, "big", 3) == 0)
		for (size_t i = 0; i < BIG / 64; i++)
			fprintf(out, "%064zu", i);
	else
		fprintf(out, "[%.*s]", (int)len, line);
	fputc('\n', out);
}

static void on_end(void *ctx, uint32_t events)
{
	(void)ctx;
	(void)events;
	loop_stop(&loop);
}

static void *run_loop(void *arg)
{
	(void)arg;
	loop_run(&loop);
	return NULL;
}

static void setup(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sock", folder);
	options = (struct control_options){
		.path = path, .owner = "", .group = "", .mode = 0600, .timeout_ms = TIMEOUT_MS,
		.answer = answer,
	};
	cr_assert_eq(loop_init(&loop), 0);
}

static void start(void)
{
	cr_assert_eq(control_open(&control, &loop, &options, err, sizeof(err)), 0, "%s", err);
	loop.stop = false;
	cr_assert_eq(pipe(end_pipe), 0);
	end = (struct loop_source){ end_pipe[0], on_end, NULL };
	cr_assert_eq(loop_add(&loop, &end), 0);
	cr_assert_eq(pthread_create(&thread, NULL, run_loop, NULL), 0);
}

static void finish(void)
{
	cr_assert_eq(write(end_pipe[1], "x", 1), 1);
	pthread_join(thread, NULL);
	loop_remove(&loop, &end);
	close(end_pipe[0]);
	close(end_pipe[1]);
	control = control_close(control);
}

static void teardown(void)
{
	unlink(path);
	rmdir(folder);
	loop_done(&loop);
}

TestSuite(control, .init = setup, .fini = teardown, .timeout = 20);

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int connect_client(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 10 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, path, strlen(path) + 1);
	cr_assert_geq(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0, "%s", strerror(errno));
	return fd;
}

static void say(int fd, const char *text)
{
	cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void hear(int fd, const char *text)
{
	char got[256];
	size_t len = 0;

	while (len < strlen(text)) {
		ssize_t n = recv(fd, got + len, strlen(text) - len, 0);

		cr_assert_gt(n, 0, "heard \"%.*s\" instead of \"%s\"", (int)len, got, text);
		len += (size_t)n;
	}
	cr_assert_eq(memcmp(got, text, len), 0, "%.*s", (int)len, got);
}

/* Reads on until the other side hangs up; returns after how many ms that was. */
static int64_t await_end(int fd)
{
	static char buf[65536];
	int64_t from = now_ms();

	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
	return now_ms() - from;
}

static void is_served(void)
{
	int fd = connect_client();
	int64_t from = now_ms();

	say(fd, "hello\n");
	hear(fd, "[hello]\n");
	cr_assert_lt(now_ms() - from, TIMEOUT_MS, "had to wait for somebody else");
	close(fd);
}

Test(control, requests_are_answered_in_order)
{
	int fd;

	start();
	fd = connect_client();
	say(fd, "one\n");
	hear(fd, "[one]\n");
	say(fd, "two\nthree\n\nfo");
	hear(fd, "[two]\n[three]\n[]\n");
	say(fd, "ur\n");
	hear(fd, "[four]\n");
	/* Who has said all and only listens still gets his answers. */
	say(fd, "five\nsix\n");
	shutdown(fd, SHUT_WR);
	hear(fd, "[five]\n[six]\n");
	cr_assert_lt(await_end(fd), TIMEOUT_MS);
	close(fd);
	finish();
}

Test(control, one_that_says_nothing_or_half_is_sent_away)
{
	int mute, slow;
	int64_t from;

	start();
	mute = connect_client();
	slow = connect_client();
	from = now_ms();
	/* a byte now and then does not help */
	for (int i = 0; i < 3; i++) {
		say(slow, "x");
		usleep(TIMEOUT_MS * 1000 / 8);
		is_served();
	}
	await_end(mute);
	await_end(slow);
	cr_assert_geq(now_ms() - from, TIMEOUT_MS - 50);
	cr_assert_lt(now_ms() - from, 4 * TIMEOUT_MS);
	is_served();
	finish();
}

Test(control, one_that_does_not_listen_is_sent_away)
{
	int deaf;

	start();
	deaf = connect_client();
	say(deaf, "big\n");
	for (int i = 0; i < 5; i++)
		is_served();
	usleep(2 * TIMEOUT_MS * 1000);
	is_served();
	/* what was in the socket's buffer can still be read, and then it is over */
	await_end(deaf);
	close(deaf);
	finish();
}

Test(control, one_that_listens_gets_a_long_answer_whole)
{
	static char got[65536];
	size_t len = 0;
	ssize_t n;
	int fd;

	start();
	fd = connect_client();
	say(fd, "big\n");
	while (len < BIG + 1 && (n = recv(fd, got, sizeof(got), 0)) > 0)
		len += (size_t)n;
	cr_assert_eq(len, BIG + 1);
	say(fd, "more\n");
	hear(fd, "[more]\n");
	close(fd);
	finish();
}

Test(control, a_line_without_end_is_cut_short)
{
	static char line[2 * CONTROL_LINE];
	int fd;

	start();
	fd = connect_client();
	memset(line, 'y', sizeof(line));
	(void)!send(fd, line, sizeof(line), MSG_NOSIGNAL);
	cr_assert_lt(await_end(fd), TIMEOUT_MS, "was sent away for its time only");
	is_served();
	finish();
}

Test(control, one_more_than_there_is_room_for_comes_in)
{
	int fds[CONTROL_CLIENTS];
	struct pollfd p;

	start();
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = connect_client();
		say(fds[i], "here\n");
		hear(fds[i], "[here]\n");
		usleep(3000);
	}
	is_served();
	/* the one that had been still for longest has gone, and only that */
	cr_assert_lt(await_end(fds[0]), TIMEOUT_MS);
	p = (struct pollfd){ .fd = fds[CONTROL_CLIENTS - 1], .events = POLLIN };
	cr_assert_eq(poll(&p, 1, 0), 0);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		close(fds[i]);
	finish();
}

static void *flood(void *arg)
{
	static char requests[4096];
	int fd = connect_client();
	int64_t until = now_ms() + 500;
	char buf[65536];

	(void)arg;
	for (size_t i = 0; i < sizeof(requests); i++)
		requests[i] = i % 2 == 0 ? 'f' : '\n';
	while (now_ms() < until) {
		(void)!send(fd, requests, sizeof(requests), MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)!recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	}
	close(fd);
	return NULL;
}

Test(control, floods_do_not_hinder_others)
{
	pthread_t threads[4];

	start();
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, flood, NULL), 0);
	for (int i = 0; i < 20; i++) {
		is_served();
		usleep(10000);
	}
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	finish();
}

Test(control, clients_that_come_and_go_at_random)
{
	unsigned seed = 1;

	start();
	for (int i = 0; i < 2000; i++) {
		int fd = connect_client();

		if (rand_r(&seed) % 2 == 0)
			say(fd, rand_r(&seed) % 2 == 0 ? "bye\n" : "by");
		if (rand_r(&seed) % 4 == 0)
			shutdown(fd, SHUT_WR);
		close(fd);
	}
	is_served();
	finish();
}

Test(control, without_descriptors_it_waits_for_some)
{
	struct rlimit was, none;
	int early, late;

	start();
	early = connect_client();
	say(early, "a\n");
	hear(early, "[a]\n");
	late = socket(AF_UNIX, SOCK_STREAM, 0);
	getrlimit(RLIMIT_NOFILE, &was);
	none = was;
	none.rlim_cur = (rlim_t)late + 1;
	setrlimit(RLIMIT_NOFILE, &none);
	close(late);
	late = connect_client();
	/* the one that is still makes room for the one at the door */
	say(late, "b\n");
	hear(late, "[b]\n");
	setrlimit(RLIMIT_NOFILE, &was);
	is_served();
	finish();
}

/* --- the socket in the file system ----------------------------------------------------------- */

static void refuses(int code, const char *words)
{
	int rc = control_open(&control, &loop, &options, err, sizeof(err));

	cr_assert_eq(rc, code, "%d: %s", rc, err);
	cr_assert_not_null(strstr(err, words), "no \"%s\" in: %s", words, err);
}

Test(control, has_owner_group_and_mode)
{
	struct stat st;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	options.mode = 0640;
	options.owner = "nobody";
	options.group = "123";
	start();
	cr_assert_eq(lstat(path, &st), 0);
	cr_expect(S_ISSOCK(st.st_mode));
	cr_expect_eq(st.st_mode & 07777, 0640);
	cr_expect_eq(st.st_uid, 65534);
	cr_expect_eq(st.st_gid, 123);
	finish();
	cr_expect_neq(lstat(path, &st), 0);
}

Test(control, a_dead_socket_is_replaced_and_a_live_one_is_not)
{
	char pid[32];
	struct stat st;
	struct control *first;

	start();
	snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
	first = control;
	refuses(-EADDRINUSE, pid);
	control = first;
	is_served();
	finish();
	/* left behind by one that was killed */
	start();
	cr_assert_eq(rename(path, "/tmp/usher-control-left"), 0);
	finish();
	cr_assert_eq(rename("/tmp/usher-control-left", path), 0);
	start();
	is_served();
	finish();
	cr_expect_neq(lstat(path, &st), 0);
}

Test(control, the_socket_of_a_successor_is_left_alone)
{
	struct stat st;

	start();
	cr_assert_eq(unlink(path), 0);
	fclose(fopen(path, "w"));
	finish();
	cr_expect_eq(lstat(path, &st), 0);
}

Test(control, what_is_in_the_way_is_named)
{
	char deep[128], file[128];

	snprintf(file, sizeof(file), "%s/file", folder);
	fclose(fopen(file, "w"));
	options.path = file;
	refuses(-EEXIST, "something that is no socket is there: remove it");
	unlink(file);
	snprintf(deep, sizeof(deep), "%s/a/b/sock", folder);
	options.path = deep;
	refuses(-ENOENT, "its directory does not exist: create it");
	options.path = path;
	options.owner = "no-such-user";
	refuses(-EINVAL, "control_owner: there is no user \"no-such-user\"");
	options.owner = "";
	options.group = "no-such-group";
	refuses(-EINVAL, "control_group: there is no group \"no-such-group\"");
	cr_expect_neq(access(path, F_OK), 0, "a socket was left behind");
}

Test(control, a_missing_directory_is_made)
{
	char deep[160], dir[128];

	snprintf(dir, sizeof(dir), "%s/run", folder);
	snprintf(deep, sizeof(deep), "%s/sock", dir);
	options.path = deep;
	cr_assert_eq(control_open(&control, &loop, &options, err, sizeof(err)), 0, "%s", err);
	control_close(control);
	cr_expect_eq(rmdir(dir), 0);
}

Test(control, a_directory_that_may_not_be_written_is_named)
{
	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		cr_skip_test("cannot become nobody");
	options.path = "/usr/usher-control.sock";
	refuses(-EACCES, "write to /usr, or name another path");
}
