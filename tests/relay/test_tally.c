/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of workers that come and go, as the keeper tells them. */
#include "relay/tally.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct counters told;
static struct servers servers;
static uint64_t lost;
static struct tally tally = { .told = { &told, &servers, &lost } };
static struct channel *channel;

static void come(void)
{
	free(channel);
	channel = calloc(1, sizeof(*channel));
	channel->servers = servers;
}

Test(tally, workers_one_after_the_other)
{
	come();
	channel->counters.packets = 10;
	channel->counters.causes[CAUSE_rewritten] = 4;
	channel->records_lost = 1;
	tally_add(&tally, channel);
	channel->counters.packets = 15;
	tally_add(&tally, channel);
	cr_expect(told.packets == 15 && told.causes[CAUSE_rewritten] == 4 && lost == 1);
	/* What it counts and does not hand back any more is not counted, for others do it again. */
	channel->counters.packets = 20;
	tally_close(&tally);
	come();
	channel->counters.packets = 3;
	channel->records_lost = 2;
	tally_add(&tally, channel);
	cr_expect(told.packets == 18 && lost == 3);
	tally_close(&tally);
	tally_close(&tally);
	cr_expect(told.packets == 18 && lost == 3);
	free(channel);
}

/* Packets without a worker count at once, and still when the next one has counted. */
Test(tally, packets_without_a_worker)
{
	tally_judged(&tally, SLOT_DROP, CAUSE_quarantined);
	tally_judged(&tally, SLOT_ACCEPT, CAUSE_unattended);
	cr_expect(told.packets == 2 && told.verdicts[SLOT_DROP] == 1 && told.verdicts[SLOT_ACCEPT] == 1);
	come();
	channel->counters.packets = 5;
	tally_add(&tally, channel);
	cr_expect(told.packets == 7 && told.causes[CAUSE_quarantined] == 1 &&
		told.dropped[CAUSE_quarantined] == 1 && told.causes[CAUSE_unattended] == 1 &&
		told.dropped[CAUSE_unattended] == 0);
	free(channel);
}

Test(tally, servers_are_believed_as_far_as_they_can_be)
{
	come();
	channel->servers.all[0] = (struct server_count){ 4, 4, { 192, 0, 2, 1 }, 7 };
	channel->servers.all[1] = (struct server_count){ 4, 22, { 255 }, 7 };
	tally_add(&tally, channel);
	cr_expect(servers.all[0].answers == 7 && servers.all[1].len == 0);
	free(channel);
}
