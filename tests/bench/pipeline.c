/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline alone: batches of packets in memory, each of another client drawn at random, so that
 * the registry is as cold as real clients make it. Only pipeline_run() is timed, or counted when
 * run under valgrind --tool=callgrind --toggle-collect=pipeline_run. Hides how an answer comes
 * about: the query goes through the pipeline first, and what a server makes of it comes back.
 *
 *   pipeline USERS KIND [PACKETS [BATCH [CALLOUTS]]]    with CALLOUTS empty ones on every hook point
 */
#include "tests/bench/bench.h"

#include "relay/hook.h"
#include "tests/bench/steering.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A kind of packet, by what becomes of it. */
static const struct packet_kind {
	const char *name;
	enum traffic_kind query;
	bool answer;
	enum traffic_class class;
	enum cause cause;            /* what it must end in */
} kinds[] = {
	{ "discover-plain",      TRAFFIC_DISCOVER, false, TRAFFIC_PLAIN,    CAUSE_untouched },
	{ "discover-steered",    TRAFFIC_DISCOVER, false, TRAFFIC_STEERED,  CAUSE_rewritten },
	{ "discover-stranger",   TRAFFIC_DISCOVER, false, TRAFFIC_STRANGER, CAUSE_rewritten },
	{ "request-steered",     TRAFFIC_REQUEST,  false, TRAFFIC_STEERED,  CAUSE_rewritten },
	{ "offer-plain",         TRAFFIC_DISCOVER, true,  TRAFFIC_PLAIN,    CAUSE_untouched },
	{ "offer-steered",       TRAFFIC_DISCOVER, true,  TRAFFIC_STEERED,  CAUSE_rewritten },
	{ "offer-stranger",      TRAFFIC_DISCOVER, true,  TRAFFIC_STRANGER, CAUSE_rewritten },
	{ "ack-plain",           TRAFFIC_REQUEST,  true,  TRAFFIC_PLAIN,    CAUSE_untouched },
	{ "ack-steered",         TRAFFIC_REQUEST,  true,  TRAFFIC_STEERED,  CAUSE_rewritten },
	{ "solicit-plain",       TRAFFIC_SOLICIT,  false, TRAFFIC_PLAIN,    CAUSE_untouched },
	{ "solicit-steered",     TRAFFIC_SOLICIT,  false, TRAFFIC_STEERED,  CAUSE_rewritten },
	{ "solicit-stranger",    TRAFFIC_SOLICIT,  false, TRAFFIC_STRANGER, CAUSE_rewritten },
	{ "request6-steered",    TRAFFIC_REQUEST6, false, TRAFFIC_STEERED,  CAUSE_rewritten },
	{ "advertise-plain",     TRAFFIC_SOLICIT,  true,  TRAFFIC_PLAIN,    CAUSE_untouched },
	{ "advertise-steered",   TRAFFIC_SOLICIT,  true,  TRAFFIC_STEERED,  CAUSE_rewritten },
	{ "advertise-stranger",  TRAFFIC_SOLICIT,  true,  TRAFFIC_STRANGER, CAUSE_rewritten },
	{ "reply-plain",         TRAFFIC_REQUEST6, true,  TRAFFIC_PLAIN,    CAUSE_untouched },
	{ "reply-steered",       TRAFFIC_REQUEST6, true,  TRAFFIC_STEERED,  CAUSE_rewritten },
};

enum { ROUNDS_MAX = 1 << 16 };

static const struct packet_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		printf("%s\n", kinds[i].name);
	bench_die(name, "not a kind of packet: see above");
}

static int64_t run_batch(struct steering *s, const struct packet_kind *k, struct traffic *t,
	size_t batch, uint32_t clients, uint64_t *seed)
{
	int64_t from;

	for (size_t i = 0; i < batch; i++) {
		traffic_turn(t, k->class, (uint32_t)(bench_random(seed) % clients));
		steering_put(&s->batch->slots[i], t);
	}
	s->batch->count = batch;
	s->records.len = 0;
	from = bench_now_ns();
	pipeline_run(&s->pipeline, s->batch);
	return bench_now_ns() - from;
}

/* tests/hooks/empty.c, built beside the bench. */
static void load_hooks(struct steering *s, uint64_t callouts)
{
	char exe[2048], text[4096], why[HOOK_WHY];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	struct config_error err;
	struct config *c;

	exe[n > 0 ? n : 0] = '\0';
	*strrchr(exe, '/') = '\0';
	snprintf(text, sizeof(text), "{ \"hooks_libraries\": [ { \"library\": "
		"\"%s/test-hooks/empty.so\", \"parameters\": { \"callouts\": %llu } } ] }",
		exe, (unsigned long long)callouts);
	c = config_parse("bench", text, strlen(text), &err);
	if (c == NULL)
		bench_die("hooks", err.text);
	if (hooks_load(c, 1, NULL, &s->config->hooks, why) != 0)
		bench_die("hooks", why);
	config_free(c);
	s->snapshot.hooks = s->config->hooks;
}

int bench_pipeline(int argc, char **argv)
{
	static int64_t took[ROUNDS_MAX];
	size_t users = argc > 1 ? (size_t)bench_number(argv[1]) : 0, packets, batch, rounds;
	const struct packet_kind *k = kind_of(argc > 2 ? argv[2] : "");
	struct traffic t;
	struct steering s;
	uint64_t seed = 88172645463325252ULL;

	packets = argc > 3 ? (size_t)bench_number(argv[3]) : 1000000;
	batch = argc > 4 ? (size_t)bench_number(argv[4]) : 64;
	rounds = packets / batch < ROUNDS_MAX ? packets / batch : ROUNDS_MAX;
	if (batch < 1 || batch > BATCH_MAX || rounds < 1)
		bench_die("pipeline", "a batch is 1 to 256 packets; one at least");
	steering_init(&s, users);
	steering_packet(&s, &t, k->query, k->class, k->answer);
	if (argc > 5)
		load_hooks(&s, bench_number(argv[5]));
	for (size_t i = 0; i < rounds; i++)
		took[i] = run_batch(&s, k, &t, batch, users_of_class(users), &seed);
	if (s.counters.causes[k->cause] != rounds * batch)
		bench_die(k->name, "packets did not end as they should");
	printf("{\"kind\":\"%s\",\"users\":%zu,\"packets\":%zu,\"batch\":%zu,\"ns\":%.1f,"
		"\"ns_p90\":%.1f,\"bytes_in\":%zu,\"bytes_out\":%u}\n",
		k->name, users, rounds * batch, batch,
		(double)bench_percentile(took, rounds, 0.5) / (double)batch,
		(double)bench_percentile(took, rounds, 0.9) / (double)batch, t.len,
		s.batch->slots[0].edited ? s.batch->slots[0].out_len : 0);
	steering_done(&s);
	return 0;
}
