/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a division into two processes costs: a process that only sends messages back, and
 * one that first hands each to a second process and waits for it, as a keeper does with its worker.
 * Neither reads what it passes on, no queue is there and no packet. A client on another CPU spins,
 * as that of bench latency does, and a sample is two messages, as half an exchange is a query and
 * its answer. The two take turns of a second.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE = 32, PASSES = 2, SAMPLES = 1 << 16, CLIENT_CPU = 0, OTHERS_CPU = 1 };

struct echo {
	int fd;                          /* the client's end */
	int64_t *took;
	size_t count;
};

static void make_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		bench_die("pair", strerror(errno));
}

/* A child that ends with us, by a signal; returns 0 in it. */
static pid_t child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		bench_die("pair", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		bench_stay_on(OTHERS_CPU);
	}
	return pid;
}

static bool pass(int from, int to)
{
	char m[MESSAGE];

	return recv(from, m, sizeof(m), 0) == sizeof(m) &&
		send(to, m, sizeof(m), MSG_NOSIGNAL) == sizeof(m);
}

/* worker: the end of another's socket that each message goes over first, or -1. */
static void serve(int client, int worker)
{
	if (worker < 0)
		while (pass(client, client))
			;
	else
		while (pass(client, worker) && pass(worker, client))
			;
	_exit(0);
}

static void start(struct echo *e, bool divided)
{
	int client[2], worker[2] = { -1, -1 };

	make_pair(client);
	if (divided) {
		make_pair(worker);
		if (child() == 0) {
			close(worker[0]);
			close(client[0]);
			close(client[1]);
			serve(worker[1], -1);
		}
		close(worker[1]);
	}
	if (child() == 0) {
		close(client[0]);
		serve(client[1], worker[0]);
	}
	close(client[1]);
	if (worker[0] >= 0)
		close(worker[0]);
	e->fd = client[0];
	e->took = calloc(SAMPLES, sizeof(*e->took));
	if (e->took == NULL)
		bench_die("pair", "no memory");
}

/* Spins: that the client wakes up is not part of it. */
static int64_t ask(const struct echo *e)
{
	int64_t began = bench_now_ns();
	char m[MESSAGE] = { 0 };

	for (size_t i = 0; i < PASSES; i++) {
		if (send(e->fd, m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
			bench_die("pair", strerror(errno));
		while (recv(e->fd, m, sizeof(m), MSG_DONTWAIT) < 0)
			if (errno != EAGAIN)
				bench_die("pair", strerror(errno));
	}
	return bench_now_ns() - began;
}

static void run(struct echo *e, uint64_t rate)
{
	int64_t began = bench_now_ns(), step = 1000000000 / (int64_t)rate;

	for (uint64_t i = 0; i < rate; i++) {
		int64_t ns;

		bench_wait_until(began + (int64_t)i * step);
		ns = ask(e);
		/* The first tenth is for waking up. */
		if (i >= rate / 10 && e->count < SAMPLES)
			e->took[e->count++] = ns;
	}
}

int bench_pair(int argc, char **argv)
{
	static struct echo echoes[2];
	static const char *const names[] = { "one", "two" };
	uint64_t rate, turns;

	if (argc != 3)
		bench_die("pair", "RATE SECONDS");
	rate = bench_number(argv[1]);
	turns = bench_number(argv[2]);
	for (size_t i = 0; i < 2; i++)
		start(&echoes[i], i == 1);
	bench_stay_on(CLIENT_CPU);
	for (uint64_t turn = 0; turn < turns; turn++)
		run(&echoes[turn % 2], rate);
	for (size_t i = 0; i < 2; i++) {
		struct echo *e = &echoes[i];

		printf("%s\"%s\":{\"count\":%zu,\"p50\":%lld,\"p99\":%lld}", i == 0 ? "{" : ",",
			names[i], e->count, (long long)bench_percentile(e->took, e->count, 0.5),
			(long long)bench_percentile(e->took, e->count, 0.99));
	}
	printf("}\n");
	return 0;
}
