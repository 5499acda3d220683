/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The batch: an array of fixed slots in one memory region, the only thing the queue half and the
 * pipeline half share. The queue half fills slots and sends verdicts and parses no packet; the
 * pipeline half reads and writes slots and knows no netlink. Nothing here is a pointer, so that the
 * two halves may live in two processes. A packet as received is never written: the kernel still
 * holds the original, so a failed edit needs no undo; the verdict then goes out without a payload.
 */
#ifndef USHER_RELAY_BATCH_H
#define USHER_RELAY_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BATCH_MAX = 256,
	SLOT_RAW = 65536 + 1024,  /* one netlink message: attributes, then a packet of any length */
	SLOT_OUT = 65536,
	SLOT_STRIDE_PAD = 4160,   /* keeps equal offsets of neighbours out of one cache set */
	SLOT_SENDS = 8,           /* packets sent in the place of one received */
};

/* SLOT_PARK: no verdict yet, relay/park.h. */
enum slot_verdict { SLOT_ACCEPT, SLOT_DROP, SLOT_PARK };

/* skb_info bits of NFQA_SKB_INFO (linux/netfilter/nfnetlink_queue.h) */
enum { SLOT_CSUM_NOT_READY = 1, SLOT_GSO = 2, SLOT_CSUM_NOT_VERIFIED = 4 };

/*
 * A packet to be sent in relay mode, where the verdict on what was received is a drop. ROUTED: to
 * the IP destination, by the kernel's routes, or out of an interface where that is link-local or
 * multicast. LINK: in a frame to a hardware address, for a client that cannot answer ARP yet (RFC
 * 2131 4.1).
 */
enum slot_send_kind { SEND_ROUTED, SEND_LINK };

struct slot_send {
	uint32_t off, len;           /* the whole IP packet within out[] */
	uint32_t ifindex;            /* 0: the route says */
	uint8_t kind;                /* enum slot_send_kind */
	uint8_t hw[6];               /* LINK */
};

/* linux/netfilter.h, NF_INET_: the chain by whose rule a packet came. */
enum slot_hook { HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD, HOOK_LOCAL_OUT };

struct slot {
	/* from the queue */
	uint32_t id;                 /* the kernel's packet id, host order */
	uint32_t in_off, in_len;     /* the IP packet within raw[] */
	uint32_t cap_len;            /* 0, or the packet's real length when in_len is less */
	uint32_t indev, physindev, outdev, physoutdev; /* interface indexes, 0 if not given */
	uint32_t mark;
	uint32_t skb_info;
	uint16_t hw_protocol;        /* EtherType, host order */
	uint8_t hook;                /* of enum slot_hook */
	uint8_t hw_len;              /* source hardware address, 0 if not given */
	uint8_t hw[8];
	int64_t time_ns;             /* CLOCK_REALTIME when the batch was received, or the capture's */
	/* to the queue */
	uint8_t verdict;             /* enum slot_verdict; set before the pipeline runs: SLOT_ACCEPT */
	bool edited;                 /* out[0..out_len) replaces the packet */
	uint8_t send_count;          /* sends[0..send_count) go out before the verdict */
	uint32_t out_len;
	struct slot_send sends[SLOT_SENDS];
	uint64_t park;               /* 0, or the ticket it was parked with; both ways */
	int64_t park_until_ns;       /* CLOCK_MONOTONIC, of a slot that is parked */
	uint8_t ask;                 /* parked until it is known who out[0..out_len) is, an enum reg_id_type and 1; or 0 */
	uint8_t asked, answered;     /* to the pipeline: so many times that was asked, and answered */
	bool known;                  /* to the pipeline: that it is nobody was known without asking */
	/* the bytes */
	uint8_t raw[SLOT_RAW];
	uint8_t out[SLOT_OUT];
	uint8_t pad[SLOT_STRIDE_PAD];
};

struct batch {
	size_t count;
	struct slot slots[];
};

/* A zeroed batch with room for `slots` (1..BATCH_MAX) in one mapping; NULL with errno. */
struct batch *batch_new(size_t slots);
struct batch *batch_free(struct batch *b, size_t slots);

#endif
