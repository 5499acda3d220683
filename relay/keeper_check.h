/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the keeper believes of a slot that comes back from a worker process: nothing that it has not
 * looked at. Knows IP and UDP headers and no DHCP.
 */
#ifndef USHER_RELAY_KEEPER_CHECK_H
#define USHER_RELAY_KEEPER_CHECK_H

#include "relay/fence.h"

enum keeper_fault {
	KEEPER_OK,
	KEEPER_VERDICT,          /* no verdict that there is */
	KEEPER_LENGTH,           /* longer or shorter than may be, or than its headers say */
	KEEPER_HEADER,           /* not the protocol, addresses and ports of the packet that came */
	KEEPER_SEND,             /* to be sent where the config sends nothing */
	KEEPER_FAULTS,
};

/* How much longer than it came a packet may leave. */
enum { KEEPER_GROWTH = 1500 };

/*
 * Copies the verdict, what was edited and what is to be sent from the worker's slot to the
 * keeper's, which holds the packet as it came, and checks the copy. The worker may change its slot
 * meanwhile. On a fault *to is as it was before, its out[], out_len and sends[] apart, which nobody
 * looks at then.
 */
enum keeper_fault keeper_take(struct slot *to, const struct slot *from, const struct fence *f);

/* "wrote an edit of a wrong length" */
const char *keeper_fault_text(enum keeper_fault fault);

#endif
