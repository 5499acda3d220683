/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruments of the bench: one program, a subcommand each, every one of which prints its
 * result as one JSON object. scripts/bench plays them together.
 */
#ifndef USHER_TESTS_BENCH_BENCH_H
#define USHER_TESTS_BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* argv[0] is the subcommand's name. Returns the exit status. */
typedef int bench_fn(int argc, char **argv);

bench_fn bench_accept;    /* a queue whose packets are accepted unseen */
bench_fn bench_exchange;  /* clients that want leases, of a real server */
bench_fn bench_decide;    /* the rules alone */
bench_fn bench_flood;     /* packets through the queue, as many as it takes or at a given rate */
bench_fn bench_latency;   /* exchanges at a given rate, and how long each took */
bench_fn bench_pair;      /* a hand-over between two processes that do nothing */
bench_fn bench_pipeline;  /* the pipeline alone, over packets in memory */
bench_fn bench_registry;  /* loading, memory, look-up */
bench_fn bench_users;     /* writes a registry file */
bench_fn bench_visible;   /* how soon an edit of the registry is seen */

/* Ends the program with a line on standard error. */
void bench_die(const char *what, const char *why) __attribute__((noreturn));

/* A number in argv; ends the program if it is none. */
uint64_t bench_number(const char *text);

static inline int64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Sleeps until bench_now_ns() is `when`. */
void bench_wait_until(int64_t when);

/* This thread stays on that CPU, where there is one of that number. */
void bench_stay_on(size_t cpu);

/* Pseudo-random, never zero from a state that is not (xorshift64). */
static inline uint64_t bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Sorts all[n] and returns the value that the fraction `part` of all is below of or equal to. */
int64_t bench_percentile(int64_t *all, size_t n, double part);

#endif
