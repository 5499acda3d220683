/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread stays on one CPU while there is work. Two processes that take turns have no use for a
 * second one; but the scheduler would move each to whichever is idle, and a batch from cache to
 * cache with it: 1.3 to 1.4 times the cost.
 */
#ifndef USHER_RELAY_SAME_CPU_H
#define USHER_RELAY_SAME_CPU_H

#include <sched.h>
#include <stdint.h>

struct same_cpu {
	cpu_set_t all;                   /* that the thread may run on */
	int cpu;                         /* where it stays now; -1: anywhere */
	int64_t since_ns;
};

void same_cpu_init(struct same_cpu *s);

/* The thread has work: it stays where it is. */
void same_cpu_settle(struct same_cpu *s);

/* It has none. After a while anywhere is right, so that it is still the scheduler who chooses. */
void same_cpu_rest(struct same_cpu *s);

#endif
