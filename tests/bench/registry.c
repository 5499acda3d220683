/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry alone: how long a file takes to read, beside a parse by yajl that makes nothing of it,
 * how much memory it becomes, and what a look-up costs, of users and of strangers, one at a time and
 * with the next ones fetched ahead as a batch allows.
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
		registry_prefetch_user(reg, s->hash[i]);
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

int bench_registry(int argc, char **argv)
{
	struct load_options options = { .shared = true };
	struct load_result result;
	struct reg_error err;
	double bare, load, attach;
	size_t bytes;

	if (argc != 2)
		bench_die("registry", "FILE");
	bare = bare_parse_ms(argv[1], &bytes);
	load = cpu_ms();
	if (registry_load_file_as(argv[1], &options, NULL, &result, &err) != REG_OK)
		bench_die("registry", err.text);
	load = cpu_ms() - load;
	registry_free(result.registry);
	attach = cpu_ms();
	if (registry_attach(result.fd, &result.registry, &err) != REG_OK)
		bench_die("registry", err.text);
	attach = cpu_ms() - attach;
	close(result.fd);
	printf("{\"users\":%zu,\"load_ms\":%.1f,\"load_cpu_ms\":%.1f,\"yajl_cpu_ms\":%.1f,"
		"\"over_yajl\":%.2f,\"bytes\":%zu,\"bytes_per_user\":%.1f,\"over_file\":%.2f",
		result.stats.users, (double)result.stats.micros / 1000, load, bare, load / bare,
		registry_size(result.registry),
		(double)registry_size(result.registry) / (double)result.stats.users,
		(double)registry_size(result.registry) / (double)bytes);
	printf(",\"user_ns\":%.1f,\"stranger_ns\":%.1f,\"user_ahead_ns\":%.1f,"
		"\"stranger_ahead_ns\":%.1f}\n",
		measure(result.registry, TRAFFIC_PLAIN, find_each),
		measure(result.registry, TRAFFIC_STRANGER, find_each),
		measure(result.registry, TRAFFIC_PLAIN, find_ahead),
		measure(result.registry, TRAFFIC_STRANGER, find_ahead));
	registry_free(result.registry);
	return 0;
}
