/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock for deadlines: it is never set. */
#ifndef USHER_REGISTRY_CLOCK_H
#define USHER_REGISTRY_CLOCK_H

#include <poll.h>
#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in nanoseconds. */
static inline int64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* The same in milliseconds. */
static inline int64_t clock_now_ms(void)
{
	return clock_now_ns() / 1000000;
}

/* The moment so many milliseconds from now, for pthread_cond_timedwait(3) on that clock. */
static inline struct timespec clock_in_ms(unsigned ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += (long)(ms % 1000) * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return ts;
}

/*
 * A millisecond, before what failed is tried again. By poll(2), since a worker process may do that.
 */
static inline void clock_pause(void)
{
	poll(NULL, 0, 1);
}

#endif
