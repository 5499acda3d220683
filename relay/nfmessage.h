/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One message of the kernel's NFQUEUE, read into the slot in whose raw[] it was received
 * (linux/netfilter/nfnetlink_queue.h, linux/netlink.h).
 */
#ifndef USHER_RELAY_NFMESSAGE_H
#define USHER_RELAY_NFMESSAGE_H

#include "relay/batch.h"

enum nfmessage {
	NFMESSAGE_PACKET,    /* the slot is filled */
	NFMESSAGE_ERROR,     /* NLMSG_ERROR with an errno: one of our messages was refused */
	NFMESSAGE_ACK,       /* NLMSG_ERROR with 0 */
	NFMESSAGE_OTHER,     /* well formed, and nothing for us */
	NFMESSAGE_BROKEN,    /* a packet with an id and a broken attribute: a slot of no bytes */
	NFMESSAGE_MALFORMED, /* lengths that contradict each other, no id; the slot is undefined */
};

/*
 * Reads the netlink message in msg[0..len), where len is what was received, and fills the fields of
 * `ret` that come from the queue except time_ns; those to the queue become "accept as it is".
 * in_off counts from msg, so msg is ret->raw unless this is a test. A packet without a payload
 * (sent while the queue was being bound) and a broken one have in_len 0: the kernel waits for an
 * answer to them as well. ret_err is the errno of NFMESSAGE_ERROR, 0 if it is none that the kernel
 * gives.
 */
enum nfmessage nfmessage_parse(const uint8_t *msg, size_t len, struct slot *ret, int *ret_err);

#endif
