/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of a keeper, for keeper.c, which decides who gets a batch, and handover.c, which gives
 * it.
 */
#ifndef USHER_RELAY_KEEPER_PARTS_H
#define USHER_RELAY_KEEPER_PARTS_H

#include "relay/channel.h"
#include "relay/keeper.h"
#include "relay/log.h"
#include "relay/same_cpu.h"

#include <unistd.h>

enum { NS_PER_MS = 1000000 };

struct keeper {
	const struct keeper_shared *shared;
	uint16_t queue;
	struct tally tally;
	int wake;                        /* eventfd: a packet that was parked may go on */
	bool paused, ending, parting, may_ask;
	unsigned described;              /* how often libraries were */
	uint64_t engaged;                /* workers so far */
	int64_t tick_ns;                 /* when the worker wants to hear of us, 0: with the next packet */
	struct interfaces interfaces;
	struct hand hand;                /* fd -1: no worker */
	struct channel *channel;
	int channel_fd;                  /* -1 once it has been sent */
	uint64_t number;                 /* of the handoff */
	uint64_t generation;             /* of the registry that the worker has */
	uint64_t config;                 /* the newest that a worker was waited for */
	struct same_cpu cpu;
	int64_t limit_ms;                /* of a wait for the worker, as its socket has been told */
	bool alone;                      /* after a death packets are handed over one by one */
	uint8_t strikes[BATCH_MAX];      /* deaths with that slot of the batch in hand */
	pid_t fell;                      /* the last worker, if it died in our hands; or 0 */
	unsigned pardons;                /* how often it was asked in this batch whether a strike is one */
	int64_t until, last;             /* ns: this worker's time and that of all are up */
	int64_t took_ns;                 /* to put the batch into the channel */
	struct log_site fault_site, nobody_site, starved_site;
};

/*
 * Has slots[0..count) of the channel run by the worker at hand. False: it is dead, mad or hangs,
 * and is to be dismissed.
 */
bool keeper_exchange(struct keeper *k, size_t count);

static inline void keeper_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif
