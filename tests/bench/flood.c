/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets through the queue, in one of three ways; each packet is of another client, drawn at
 * random, and what the device at the other end has received is what counts.
 *
 *   hold=N  the process is stopped, N packets are sent and wait in the queue, it goes on, and what
 *           is timed is how long it takes for all: its capacity, whatever the generator's is.
 *   rate=N  packets a second, whatever becomes of them.
 *   else    the loop is closed: no more than `window` are under way, so that nothing is lost.
 */
#include "tests/bench/bench.h"

#include "tests/bench/meter.h"
#include "tests/bench/steering.h"
#include "tests/bench/wire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUCK_NS = 300000000, SETTLE_NS = 20000000, DRAIN_NS = 2000000000, LOOK_NS = 20000 };

struct flood {
	/* what is asked for */
	enum traffic_kind kind;
	enum traffic_class class;
	bool answer;
	uint64_t clients, window, rate, hold, rounds, round_ms, warm_ms, burst;
	pid_t pid;
	/* what is used */
	struct traffic traffic;
	struct wire wire;
	struct meter meter;
	uint8_t to[6];
	uint64_t seed, sent, lost, refused, before;
	int64_t began, progress;
	uint64_t progress_at;
};

static enum traffic_class class_of(const char *name)
{
	if (strcmp(name, "plain") == 0)
		return TRAFFIC_PLAIN;
	if (strcmp(name, "steered") == 0)
		return TRAFFIC_STEERED;
	if (strcmp(name, "stranger") == 0)
		return TRAFFIC_STRANGER;
	bench_die(name, "plain, steered or stranger");
}

static void set_option(struct flood *f, const char *arg)
{
	const struct { const char *name; uint64_t *number; } numbers[] = {
		{ "clients", &f->clients }, { "window", &f->window }, { "rate", &f->rate },
		{ "hold", &f->hold },
		{ "rounds", &f->rounds }, { "round_ms", &f->round_ms }, { "warm_ms", &f->warm_ms },
		{ "burst", &f->burst },
	};
	const char *val = strchr(arg, '=');
	size_t n;

	if (val == NULL)
		bench_die(arg, "name=value");
	n = (size_t)(val++ - arg);
	if (strncmp(arg, "class", n) == 0)
		f->class = class_of(val);
	else if (strncmp(arg, "answer", n) == 0)
		f->answer = bench_number(val) != 0;
	else if (strncmp(arg, "pid", n) == 0)
		f->pid = (pid_t)bench_number(val);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strlen(numbers[i].name) == n && strncmp(arg, numbers[i].name, n) == 0)
			*numbers[i].number = bench_number(val);
}

/* The other end says once where it is, so that the bridge need not send everywhere. */
static void introduce(struct flood *f, const char *in)
{
	uint8_t hello[1][WIRE_MAX] = { { 0 } };
	size_t len = 60;
	struct wire w;

	wire_open(&w, in, 0);
	memcpy(f->to, w.mac, sizeof(f->to));
	wire_head(hello[0], f->wire.mac, w.mac, 4);
	wire_send(&w, hello, &len, 1);
}

static void send_burst(struct flood *f)
{
	static uint8_t frames[WIRE_BURST][WIRE_MAX];
	size_t lengths[WIRE_BURST];

	for (size_t i = 0; i < f->burst; i++) {
		uint32_t n = (uint32_t)(bench_random(&f->seed) % f->clients);

		traffic_turn(&f->traffic, f->class, n);
		wire_head(frames[i], f->to, f->wire.mac, f->traffic.frame.family);
		memcpy(frames[i] + WIRE_HEAD, f->traffic.packet, f->traffic.len);
		lengths[i] = WIRE_HEAD + f->traffic.len;
	}
	f->refused += wire_send(&f->wire, frames, lengths, f->burst);
	f->sent += f->burst;
}

/* Closed: whether there is room for a burst. What has not come for long never will. */
static bool has_room(struct flood *f)
{
	uint64_t come = meter_packets(&f->meter) - f->before;
	uint64_t out = f->sent - f->lost;
	int64_t now = bench_now_ns();

	if (come != f->progress_at || out == come) {
		f->progress_at = come;
		f->progress = now;
	}
	if (out > come && now - f->progress > STUCK_NS) {
		f->lost += out - come;
		return true;
	}
	return out + f->burst <= come + f->window;
}

/* Open: whether it is time for the next burst. */
static bool is_time(const struct flood *f)
{
	double passed = (double)(bench_now_ns() - f->began) / 1e9;

	return (double)f->sent < passed * (double)f->rate;
}

static void run_until(struct flood *f, int64_t end)
{
	while (bench_now_ns() < end)
		if (f->rate > 0 ? is_time(f) : has_room(f))
			send_burst(f);
}

static void print_round(const struct reading *a, const struct reading *b, uint64_t sent, bool first)
{
	double packets = (double)(b->packets - a->packets), ns = (double)(b->time_ns - a->time_ns);

	printf("%s{\"pps\":%.0f,\"sent\":%llu,\"received\":%.0f", first ? "" : ",",
		packets / ns * 1e9, (unsigned long long)sent, packets);
	if (b->cpu_ns > 0)
		printf(",\"cpu_ns\":%.1f,\"busy\":%.3f,\"user\":%.3f,\"system\":%.3f",
			(double)(b->cpu_ns - a->cpu_ns) / (packets > 0 ? packets : 1),
			(double)(b->cpu_ns - a->cpu_ns) / ns, b->user - a->user,
			b->system - a->system);
	printf("}");
}

static void nap(long ns)
{
	struct timespec pause = { .tv_nsec = ns };

	nanosleep(&pause, NULL);
}

static void settle(const struct flood *f)
{
	uint64_t last = 0, now = meter_packets(&f->meter);

	while (now != last) {
		nap(5 * SETTLE_NS);
		last = now;
		now = meter_packets(&f->meter);
	}
}

/* One round of hold: from the moment the process goes on until all that waited has come out. */
static void hold_and_release(struct flood *f, struct reading *a, struct reading *b)
{
	int64_t end;

	kill(f->pid, SIGSTOP);
	nap(SETTLE_NS);
	for (uint64_t from = f->sent; f->sent - from < f->hold;)
		send_burst(f);
	nap(SETTLE_NS);
	meter_read(&f->meter, a);
	kill(f->pid, SIGCONT);
	end = a->time_ns + DRAIN_NS;
	/* Looks now and then only, so that a second worker may have this CPU. */
	while (meter_packets(&f->meter) - a->packets < f->hold && bench_now_ns() < end)
		nap(LOOK_NS);
	meter_read(&f->meter, b);
}

static void measure(struct flood *f, struct reading *a, struct reading *b)
{
	if (f->hold > 0) {
		hold_and_release(f, a, b);
		return;
	}
	meter_read(&f->meter, a);
	run_until(f, bench_now_ns() + (int64_t)f->round_ms * 1000000);
	meter_read(&f->meter, b);
}

static void run(struct flood *f)
{
	struct reading a, b;
	uint64_t sent;

	f->before = meter_packets(&f->meter);
	f->began = f->progress = bench_now_ns();
	run_until(f, f->began + (int64_t)f->warm_ms * 1000000);
	printf("{\"rounds\":[");
	for (uint64_t i = 0; i < f->rounds; i++) {
		sent = f->sent;
		meter_look(&f->meter);
		measure(f, &a, &b);
		print_round(&a, &b, f->sent - sent, i == 0);
	}
	settle(f);
	printf("],\"sent\":%llu,\"received\":%llu,\"refused\":%llu,\"given_up\":%llu,"
		"\"rss_kib\":%ld,\"bytes\":%zu}\n", (unsigned long long)f->sent,
		(unsigned long long)(meter_packets(&f->meter) - f->before),
		(unsigned long long)f->refused, (unsigned long long)f->lost,
		meter_memory(&f->meter), f->traffic.len);
}

int bench_flood(int argc, char **argv)
{
	struct flood f = {
		.class = TRAFFIC_STRANGER, .clients = 1, .window = 1024, .rounds = 5,
		.round_ms = 500, .warm_ms = 300, .burst = 32, .seed = 88172645463325252ULL,
	};
	struct steering s;

	if (argc < 4 || (f.kind = traffic_kind_of(argv[3])) == TRAFFIC_KINDS)
		bench_die("flood", "OUT_DEVICE IN_DEVICE KIND [name=value]...; a kind is discover, "
			"request, solicit or request6");
	for (int i = 4; i < argc; i++)
		set_option(&f, argv[i]);
	if (f.hold > 0 && f.pid == 0)
		bench_die("hold", "whom? give pid=");
	if (f.burst < 1 || f.burst > WIRE_BURST || f.clients < 1)
		bench_die("flood", "burst is 1 to 64, clients at least 1");
	steering_init(&s, 8);
	steering_packet(&s, &f.traffic, f.kind, f.class, f.answer);
	steering_done(&s);
	wire_open(&f.wire, argv[1], 0);
	introduce(&f, argv[2]);
	meter_open(&f.meter, f.pid, argv[2]);
	run(&f);
	return 0;
}
