/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides that counters are nothing but uint64_t. */
#include "relay/tally.h"

void tally_add(struct tally *t, const struct channel *c)
{
	const uint64_t *now = (const uint64_t *)&c->counters;
	const uint64_t *before = (const uint64_t *)&t->before;
	uint64_t *sum = (uint64_t *)t->told.counters;

	_Static_assert(sizeof(t->before) % sizeof(uint64_t) == 0, "nothing but uint64_t");
	for (size_t i = 0; i < sizeof(t->before) / sizeof(uint64_t); i++)
		sum[i] = before[i] + now[i];
	*t->told.records_lost = t->lost_before + c->records_lost;
	servers_take(t->told.servers, &c->servers);
}

void tally_close(struct tally *t)
{
	t->before = *t->told.counters;
	t->lost_before = *t->told.records_lost;
}

void tally_judged(struct tally *t, enum slot_verdict verdict, enum cause cause)
{
	struct counters *both[] = { t->told.counters, &t->before };

	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		both[i]->packets++;
		both[i]->verdicts[verdict]++;
		both[i]->causes[cause]++;
		both[i]->dropped[cause] += verdict == SLOT_DROP;
	}
}
