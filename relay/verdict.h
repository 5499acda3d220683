/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdicts of a batch as netlink messages for one sendmsg(2): headers are built here, payloads
 * are pointed at where they lie in the slots. No I/O.
 */
#ifndef USHER_RELAY_VERDICT_H
#define USHER_RELAY_VERDICT_H

#include "relay/batch.h"

#include <stdbool.h>
#include <sys/uio.h>

enum {
	VERDICT_HEAD =
		16 + 4 + 12 + 8 + 4, /* nlmsghdr, nfgenmsg, verdict, mark, payload's header */
	VERDICT_IOV = 2 * BATCH_MAX, /* less than IOV_MAX */
	VERDICT_LEAST = 28, /* IPv4 and UDP header: no packet we send is shorter */
	VERDICT_MOST = 65531, /* nla_len is 16 bits and counts its own header */
};

struct verdict_options {
	uint16_t queue;
	uint32_t mark, mask;     /* new mark = (old & ~mask) | mark; mask 0: marks are left alone */
	bool sweep;              /* no older packet is unanswered: batch verdicts may be used */
};

struct verdicts {
	struct iovec iov[VERDICT_IOV];
	size_t iov_count;
	size_t bytes;            /* of all pieces */
	uint64_t refused;        /* edits of an impossible size; those packets are dropped */
	size_t head_len;
	uint8_t heads[BATCH_MAX * VERDICT_HEAD];
};

/*
 * Fills `v` (all but refused, which counts on) with the verdicts of slots[from..) as far as they
 * fit into max_bytes, but with one at least. Returns the index of the first slot left out. Pads
 * slot.out behind out_len with zeros; the iovec borrows from `v` and from the batch. A run of
 * unedited packets with one verdict becomes one NFQNL_MSG_VERDICT_BATCH if o->sweep: it answers
 * every packet up to its id, and whatever is older has been answered before. A parked packet gets
 * no verdict, and o->sweep must be false as long as there is one.
 */
size_t verdicts_build(struct verdicts *v, struct batch *b, size_t from,
	const struct verdict_options *o, size_t max_bytes);

#endif
