/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides sched_setattr(2), which the C library of Debian 12 does not know. With turns of the usual
 * length a woken thread waits until the one that has the CPU has had its own: up to a tick of the
 * kernel's clock, which is 4 ms where that has 250 in a second.
 */
#include "relay/urgency.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SHORT_NS = 500000 };             /* a tick seldom ends one that began behind the last */

/* The kernel's struct sched_attr in its first version, of 48 bytes. */
struct turns {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

void urgency_of_packets(void)
{
	struct turns t = { .size = sizeof(t), .policy = SCHED_OTHER, .runtime = SHORT_NS };

	/* Who was given another policy by an administrator keeps it. */
	if (sched_getscheduler(0) != SCHED_OTHER)
		return;
	t.nice = getpriority(PRIO_PROCESS, 0);
	syscall(SYS_sched_setattr, 0, &t, 0);
}
