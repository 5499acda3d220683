/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fence: what a worker that has a certain config may want of its keeper beside verdicts. What
 * is sent in the place of a packet in relay mode, as far as it can be told without knowing DHCP:
 * between the ports of DHCP, from an address of ours, to an upstream of the config, out of a
 * client's interface, or to whoever the packet that came names. And for how long a packet may be
 * parked.
 */
#ifndef USHER_RELAY_FENCE_H
#define USHER_RELAY_FENCE_H

#include "relay/batch.h"
#include "relay/link.h"

struct frame;

enum { FENCE_OWN = UPSTREAMS_MAX + SUBNETS_MAX };

/* Holds no pointer: it outlives the config. */
struct fence {
	bool on;                     /* mode is relay; else nothing is let out */
	uint32_t park_ms;            /* 0: there are no libraries that could park */
	uint32_t ask_ms;             /* for a question to the registry's source; 0: it cannot be asked */
	struct links links;          /* kept up by links_tick() */
	size_t count4, count6, own_count;
	uint8_t upstreams4[UPSTREAMS_MAX][4], upstreams6[UPSTREAMS_MAX][16];
	uint8_t own4[FENCE_OWN][4];  /* addresses of ours beside those of the links */
};

void fence_make(struct fence *ret, const struct config *c);

/*
 * Whether a send of the slot may go out whose packet lies in out[] and has been parsed. What it is
 * compared with, all but out[] and sends[], must be the keeper's own.
 */
bool fence_lets(const struct fence *f, const struct slot *s, const struct slot_send *send,
	const struct frame *frame);

#endif
