/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long an exchange takes: a query leaves one device at a steady rate, a server of ours at the
 * other answers at once, and the time until the answer is back is noted. The client spins rather
 * than sleeps, so that its waking up is not part of what is measured. The queries change between
 * the two halves of an exchange: DISCOVER and REQUEST, or SOLICIT and REQUEST.
 */
#include "tests/bench/bench.h"

#include "tests/bench/traffic.h"
#include "tests/bench/wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_NS = 100000000, SAMPLES = 1 << 20 };

struct exchange {
	struct wire client, server;
	atomic_bool stop;
	enum traffic_class class;
	struct traffic query[2];
	int64_t *took[2];
	size_t count[2], lost;
};

/* Whether the frame is DHCP of IPv4 or IPv6 to or from a server. */
static bool is_dhcp(const uint8_t *frame, size_t len, uint16_t port, size_t ports_off)
{
	struct frame f;

	return len > WIRE_HEAD &&
		frame_parse(&f, frame + WIRE_HEAD, len - WIRE_HEAD, 0) == DHCP_OK &&
		be16_get(frame + WIRE_HEAD + f.udp_off + ports_off) == port;
}

static void answer(struct wire *w, const uint8_t *frame, size_t len, enum traffic_class class)
{
	static uint8_t reply[1][WIRE_MAX];
	struct traffic t;
	size_t reply_len;
	struct frame f;
	uint32_t n = 0;

	frame_parse(&f, frame + WIRE_HEAD, len - WIRE_HEAD, 0);
	/* The client's number is in its hardware address, which is the frame's source too. */
	memcpy(&n, frame + 6 + 2, sizeof(n));
	traffic_answer(&t, frame + WIRE_HEAD, len - WIRE_HEAD);
	traffic_turn(&t, class, be32toh(n));
	wire_head(reply[0], frame + 6, w->mac, f.family);
	memcpy(reply[0] + WIRE_HEAD, t.packet, t.len);
	reply_len = WIRE_HEAD + t.len;
	wire_send(w, reply, &reply_len, 1);
}

static void *serve(void *arg)
{
	struct exchange *x = arg;
	uint8_t frame[WIRE_MAX];

	bench_stay_on(1);     /* client and server have CPUs of their own where there are two */
	while (!atomic_load(&x->stop)) {
		size_t len = wire_receive(&x->server, frame, 20);

		if (is_dhcp(frame, len, 67, 2) || is_dhcp(frame, len, 547, 2))
			answer(&x->server, frame, len, x->class);
	}
	return NULL;
}

/* One half of an exchange; how long it took in ns, or -1 if no answer came. */
static int64_t ask(struct exchange *x, struct traffic *t, uint32_t n)
{
	static uint8_t frames[1][WIRE_MAX];
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	size_t len = WIRE_HEAD + t->len, got;
	uint8_t frame[WIRE_MAX], mac[TRAFFIC_MAC];
	int64_t from;

	traffic_turn(t, x->class, n);
	traffic_mac(x->class, n, mac);
	wire_head(frames[0], everybody, mac, t->frame.family);
	memcpy(frames[0] + WIRE_HEAD, t->packet, t->len);
	from = bench_now_ns();
	wire_send(&x->client, frames, &len, 1);
	while (bench_now_ns() - from < LATE_NS) {
		got = wire_receive(&x->client, frame, 0);
		if ((is_dhcp(frame, got, 67, 0) || is_dhcp(frame, got, 547, 0)) &&
			memcmp(frame, mac, sizeof(mac)) == 0)
			return bench_now_ns() - from;
	}
	return -1;
}

static void run(struct exchange *x, uint64_t rate, uint64_t seconds)
{
	int64_t began = bench_now_ns(), step = 1000000000 / (int64_t)rate;
	uint64_t count = rate * seconds < SAMPLES ? rate * seconds : SAMPLES;

	for (uint64_t i = 0; i < count; i++) {
		bench_wait_until(began + (int64_t)i * step);
		for (size_t half = 0; half < 2; half++) {
			int64_t ns = ask(x, &x->query[half], (uint32_t)i & 0xff);

			if (ns < 0)
				x->lost++;
			else if (i >= rate / 2)  /* the first half second is for waking up */
				x->took[half][x->count[half]++] = ns;
		}
	}
}

static void print(struct exchange *x)
{
	static const char *const names[] = { "first", "second" };

	printf("{\"lost\":%zu", x->lost);
	for (size_t h = 0; h < 2; h++) {
		int64_t *all = x->took[h];
		size_t n = x->count[h];

		printf(",\"%s\":{\"count\":%zu,\"p50\":%lld,\"p90\":%lld,\"p99\":%lld,"
			"\"p999\":%lld,\"max\":%lld}", names[h], n,
			(long long)bench_percentile(all, n, 0.5),
			(long long)bench_percentile(all, n, 0.9),
			(long long)bench_percentile(all, n, 0.99),
			(long long)bench_percentile(all, n, 0.999),
			(long long)bench_percentile(all, n, 1.0));
	}
	printf("}\n");
}

int bench_latency(int argc, char **argv)
{
	static struct exchange x = { .class = TRAFFIC_STEERED };
	pthread_t server;
	bool v6;

	if (argc != 6)
		bench_die("latency", "CLIENT_DEVICE SERVER_DEVICE 4|6 RATE SECONDS");
	v6 = bench_number(argv[3]) == 6;
	wire_open(&x.client, argv[1], 1);
	wire_open(&x.server, argv[2], 1);
	traffic_query(&x.query[0], v6 ? TRAFFIC_SOLICIT : TRAFFIC_DISCOVER);
	traffic_query(&x.query[1], v6 ? TRAFFIC_REQUEST6 : TRAFFIC_REQUEST);
	for (size_t h = 0; h < 2; h++)
		x.took[h] = calloc(SAMPLES, sizeof(int64_t));
	if (x.took[0] == NULL || x.took[1] == NULL ||
		pthread_create(&server, NULL, serve, &x) != 0)
		bench_die("latency", "no memory");
	bench_stay_on(0);
	run(&x, bench_number(argv[4]), bench_number(argv[5]));
	atomic_store(&x.stop, true);
	pthread_join(server, NULL);
	print(&x);
	return 0;
}
