/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides sched_setaffinity(2), and how long a thread stays. */
#include "relay/same_cpu.h"

#include "registry/clock.h"

enum { STAY_NS = 100000000 };

void same_cpu_init(struct same_cpu *s)
{
	*s = (struct same_cpu){ .cpu = -1 };
}

void same_cpu_settle(struct same_cpu *s)
{
	cpu_set_t one;

	if (s->cpu >= 0 || sched_getaffinity(0, sizeof(s->all), &s->all) != 0)
		return;
	s->since_ns = clock_now_ns();
	s->cpu = sched_getcpu();
	CPU_ZERO(&one);
	CPU_SET((size_t)s->cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

void same_cpu_rest(struct same_cpu *s)
{
	if (s->cpu < 0 || clock_now_ns() - s->since_ns < STAY_NS)
		return;
	s->cpu = -1;
	sched_setaffinity(0, sizeof(s->all), &s->all);
}
