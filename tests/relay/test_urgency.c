/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay/urgency.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct sched_attr of linux/sched/types.h, which the C library's sched.h does not go with. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static struct attr now(void)
{
	struct attr a = { .size = sizeof(a) };

	cr_assert_eq(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0), 0);
	return a;
}

/* Before Linux 6.12 the kernel says 0 whatever was asked for. */
Test(urgency, turns_become_short_and_nothing_else)
{
	struct attr before, after;

	cr_assert_neq(nice(3), -1);
	before = now();
	urgency_of_packets();
	after = now();
	cr_assert_eq(after.nice, before.nice);
	cr_assert_eq(after.policy, SCHED_OTHER);
	cr_assert(after.runtime == 500000 || (before.runtime == 0 && after.runtime == 0),
		"%lu ns, before %lu", after.runtime, before.runtime);
}

Test(urgency, another_policy_is_kept)
{
	struct sched_param p = { 0 };

	cr_assert_eq(sched_setscheduler(0, SCHED_BATCH, &p), 0);
	urgency_of_packets();
	cr_assert_eq(now().policy, SCHED_BATCH);
}
