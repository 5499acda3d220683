/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of instruments, and what they share. Measures nothing itself. */
#include "tests/bench/bench.h"

#include "tests/bench/users.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct instrument {
	const char *name;
	bench_fn *run;
	const char *args;
} instruments[] = {
	{ "accept", bench_accept, "QUEUE BATCH [each|echo]" },
	{ "exchange", bench_exchange, "DEVICE 4|6 AT_ONCE USERS SECONDS" },
	{ "decide", bench_decide, "" },
	{ "flood", bench_flood, "OUT_DEVICE IN_DEVICE KIND [option=value]..." },
	{ "latency", bench_latency, "CLIENT_DEVICE SERVER_DEVICE 4|6 RATE SECONDS" },
	{ "pair", bench_pair, "RATE SECONDS" },
	{ "pipeline", bench_pipeline, "USERS KIND PACKETS [BATCH]" },
	{ "registry", bench_registry, "FILE" },
	{ "users", bench_users, "COUNT FILE" },
	{ "visible", bench_visible, "OUT_DEVICE IN_DEVICE REGISTRY_FILE EDITS" },
};

void bench_die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

uint64_t bench_number(const char *text)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		bench_die(text, "not a number");
	return n;
}

void bench_wait_until(int64_t when)
{
	int64_t left = when - bench_now_ns();
	struct timespec pause = { .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };

	if (left > 0)
		nanosleep(&pause, NULL);
}

void bench_stay_on(size_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int compare(const void *a, const void *b)
{
	int64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

int64_t bench_percentile(int64_t *all, size_t n, double part)
{
	size_t at = (size_t)((double)n * part);

	if (n == 0)
		return 0;
	qsort(all, n, sizeof(*all), compare);
	return all[at < n ? at : n - 1];
}

int bench_users(int argc, char **argv)
{
	FILE *f = argc == 3 ? fopen(argv[2], "we") : NULL;

	if (f == NULL)
		bench_die("users", argc == 3 ? strerror(errno) : "COUNT FILE");
	if (!users_write((size_t)bench_number(argv[1]), f) || fclose(f) != 0)
		bench_die(argv[2], strerror(errno));
	return 0;
}

int main(int argc, char **argv)
{
	size_t count = sizeof(instruments) / sizeof(instruments[0]);

	for (size_t i = 0; argc > 1 && i < count; i++)
		if (strcmp(argv[1], instruments[i].name) == 0)
			return instruments[i].run(argc - 1, argv + 1);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "usage: bench %s %s\n", instruments[i].name, instruments[i].args);
	return 2;
}
