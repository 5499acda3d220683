/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main thread's loop: waits, and calls the function of each descriptor that is ready. Signals
 * and time are descriptors too. Knows no DHCP.
 */
#ifndef USHER_RELAY_LOOP_H
#define USHER_RELAY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* The caller's; must outlive the loop or be removed from it. events are those of epoll(7). */
struct loop_source {
	int fd;
	void (*fn)(void *ctx, uint32_t events);
	void *ctx;
};

struct loop {
	int fd;
	bool stop;
};

/* All return 0 or a negative errno. */
int loop_init(struct loop *l);
int loop_add(struct loop *l, struct loop_source *s);
void loop_remove(struct loop *l, struct loop_source *s);
/* Which events of epoll(7) a source that was added waits for from now on; EPOLLIN at first. */
void loop_watch(struct loop *l, struct loop_source *s, uint32_t events);

/* Has that timerfd be readable once, in so many milliseconds, 1 or more. */
void loop_alarm(int timer, long ms);

/*
 * Runs until loop_stop() was called, by a source or before; a negative errno if it cannot go on. A
 * source may remove itself and others: events are taken one at a time.
 */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);
void loop_done(struct loop *l);

#endif
