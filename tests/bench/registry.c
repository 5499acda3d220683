/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry alone: how long a file takes to read, beside a parse by yajl that makes nothing of
 * it, how much memory it becomes, and what a look-up costs, of users and of strangers, one at a
 * time and with the next ones fetched ahead as a batch allows.
 */
#include "tests/bench/bench.h"

#include "registry/load.h"
#include "tests/bench/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

enum { LOOKUPS = 1 << 20, AHEAD = 64, CHUNK = 64 * 1024 };
enum { ROUNDS = 5, LARGE = 1 << 28 }; /* a file of more bytes is read once */

/* Of this thread: what else runs on the machine does not count. */
static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1000 + (double)ts.tv_nsec / 1e6;
}

/* Reads the file in the chunks that a registry is read in, and lets yajl parse it. */
static double bare_parse_ms(const char *path, size_t *ret_bytes)
{
	static unsigned char chunk[CHUNK];
	static const yajl_callbacks none;
	yajl_handle y = yajl_alloc(&none, NULL, NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	double from = cpu_ms();
	ssize_t n;

	if (fd < 0 || y == NULL)
		bench_die(path, strerror(errno));
	yajl_config(y, yajl_allow_multiple_values, 1);
	*ret_bytes = 0;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (yajl_parse(y, chunk, (size_t)n) != yajl_status_ok)
			bench_die(path, "yajl does not parse it");
		*ret_bytes += (size_t)n;
	}
	yajl_complete_parse(y);
	yajl_free(y);
	close(fd);
	return cpu_ms() - from;
}

struct sample {
	uint8_t mac[AHEAD][TRAFFIC_MAC];
	uint64_t hash[AHEAD];
};

static void draw(struct sample *s, enum traffic_class class, uint32_t clients, uint64_t *seed)
{
	for (size_t i = 0; i < AHEAD; i++)
		traffic_mac(class, (uint32_t)(bench_random(seed) % clients), s->mac[i]);
}

static size_t find_each(const struct registry *reg, struct sample *s)
{
	size_t found = 0;

	for (size_t i = 0; i < AHEAD; i++)
		found += registry_find(reg, REG_HW_ADDR, s->mac[i], TRAFFIC_MAC) != NULL;
	return found;
}

static size_t find_ahead(const struct registry *reg, struct sample *s)
{
	size_t found = 0;

	for (size_t i = 0; i < AHEAD; i++) {
		s->hash[i] = registry_hash(reg, s->mac[i], TRAFFIC_MAC);
		registry_prefetch(reg, s->hash[i]);
	}
	for (size_t i = 0; i < AHEAD; i++)
		registry_prefetch_user(reg, s->hash[i], REG_HW_ADDR, s->mac[i], TRAFFIC_MAC);
	for (size_t i = 0; i < AHEAD; i++)
		found += registry_find_hashed(
			reg, s->hash[i], REG_HW_ADDR, s->mac[i], TRAFFIC_MAC) != NULL;
	return found;
}

static double measure(const struct registry *reg, enum traffic_class class,
	size_t (*find)(const struct registry *, struct sample *))
{
	uint32_t clients = users_of_class(registry_count(reg));
	static int64_t took[LOOKUPS / AHEAD];
	uint64_t seed = 88172645463325252ULL;
	size_t rounds = LOOKUPS / AHEAD, found = 0;
	struct sample s;

	for (size_t i = 0; i < rounds; i++) {
		int64_t from;

		draw(&s, class, clients, &seed);
		from = bench_now_ns();
		found += find(reg, &s);
		took[i] = bench_now_ns() - from;
	}
	if (found != (class == TRAFFIC_STRANGER ? 0 : rounds * AHEAD))
		bench_die("registry", "a look-up found the wrong thing");
	return (double)bench_percentile(took, rounds, 0.5) / AHEAD;
}

struct loading {
	size_t bytes;      /* of the file */
	double bare, load; /* CPU, ms: parsed by yajl, read by us */
};

/* Both, one after the other; the registry, in a memory file, is the caller's. */
static void load_beside(const char *path, struct loading *ret, struct load_result *ret_result)
{
	struct load_options options = { .shared = true };
	struct reg_error err;

	ret->bare = bare_parse_ms(path, &ret->bytes);
	ret->load = cpu_ms();
	if (registry_load_file_as(path, &options, NULL, ret_result, &err) != REG_OK)
		bench_die("registry", err.text);
	ret->load = cpu_ms() - ret->load;
}

static int by_ratio(const void *a, const void *b)
{
	const struct loading *x = a, *y = b;

	return (x->load / x->bare > y->load / y->bare) - (x->load / x->bare < y->load / y->bare);
}

/* As a worker has it. */
static double attach_ms(struct load_result *result)
{
	double from = cpu_ms();
	struct reg_error err;

	registry_free(result->registry);
	if (registry_attach(result->fd, &result->registry, &err) != REG_OK)
		bench_die("registry", err.text);
	close(result->fd);
	return cpu_ms() - from;
}

/* The first reading is apart: memory that the machine has not had for a while is slow to come. */
static void load_often(const char *path, struct load_result *ret)
{
	struct loading l[ROUNDS], first, middle;
	size_t rounds = 1;
	double attach;

	load_beside(path, &first, ret);
	l[0] = first;
	for (; rounds < ROUNDS && first.bytes < LARGE; rounds++) {
		registry_free(ret->registry);
		close(ret->fd);
		load_beside(path, &l[rounds], ret);
	}
	qsort(l, rounds, sizeof(l[0]), by_ratio);
	middle = l[rounds / 2];
	attach = attach_ms(ret);
	printf("{\"users\":%zu,\"load_ms\":%.1f,\"load_cpu_ms\":%.1f,\"yajl_cpu_ms\":%.1f,"
		"\"over_yajl\":%.2f,\"first_over_yajl\":%.2f,\"attach_cpu_ms\":%.2f,\"bytes\":%zu,"
		"\"bytes_per_user\":%.1f,\"over_file\":%.2f", ret->stats.users,
		(double)ret->stats.micros / 1000, middle.load, middle.bare,
		middle.load / middle.bare, first.load / first.bare, attach,
		registry_size(ret->registry),
		(double)registry_size(ret->registry) / (double)ret->stats.users,
		(double)registry_size(ret->registry) / (double)first.bytes);
}

int bench_registry(int argc, char **argv)
{
	struct load_result result;

	if (argc != 2)
		bench_die("registry", "FILE");
	load_often(argv[1], &result);
	printf(",\"user_ns\":%.1f,\"stranger_ns\":%.1f,\"user_ahead_ns\":%.1f,"
		"\"stranger_ahead_ns\":%.1f}\n",
		measure(result.registry, TRAFFIC_PLAIN, find_each),
		measure(result.registry, TRAFFIC_STRANGER, find_each),
		measure(result.registry, TRAFFIC_PLAIN, find_ahead),
		measure(result.registry, TRAFFIC_STRANGER, find_ahead));
	registry_free(result.registry);
	return 0;
}
