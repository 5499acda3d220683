/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry alone: how long a file takes to read, how much memory it becomes, and what a look-up
 * costs, of users and of strangers, one at a time and with the next ones fetched ahead as a batch
 * allows.
 */
#include "tests/bench/bench.h"

#include "registry/load.h"
#include "tests/bench/users.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOKUPS = 1 << 20, AHEAD = 64 };

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
		s->hash[i] = registry_hash(reg, REG_HW_ADDR, s->mac[i], TRAFFIC_MAC);
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
	struct load_result result;
	struct reg_error err;

	if (argc != 2)
		bench_die("registry", "FILE");
	if (registry_load_file(argv[1], false, NULL, &result, &err) != REG_OK)
		bench_die("registry", err.text);
	printf("{\"users\":%zu,\"load_ms\":%.1f,\"bytes\":%zu,\"bytes_per_user\":%.1f",
		result.stats.users, (double)result.stats.micros / 1000,
		registry_size(result.registry),
		(double)registry_size(result.registry) / (double)result.stats.users);
	printf(",\"user_ns\":%.1f,\"stranger_ns\":%.1f,\"user_ahead_ns\":%.1f,"
		"\"stranger_ahead_ns\":%.1f}\n",
		measure(result.registry, TRAFFIC_PLAIN, find_each),
		measure(result.registry, TRAFFIC_STRANGER, find_each),
		measure(result.registry, TRAFFIC_PLAIN, find_ahead),
		measure(result.registry, TRAFFIC_STRANGER, find_ahead));
	registry_free(result.registry);
	return 0;
}
