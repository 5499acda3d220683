/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One NFQUEUE: the kernel's end of the path. Fills the slots of a batch, sends their verdicts, and
 * parses nothing of a packet. One thread uses a queue at a time. Needs CAP_NET_ADMIN, to bind and
 * at every verdict.
 */
#ifndef USHER_RELAY_QUEUE_H
#define USHER_RELAY_QUEUE_H

#include "relay/batch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	QUEUE_MAXLEN = 8192,             /* packets; the kernel's own default is 1024 */
	QUEUE_RCVBUF = 8 * 1024 * 1024,  /* the usual 208 KiB hold 166 DHCP packets */
};

struct queue_options {
	uint16_t number;
	bool fail_open;          /* a full queue passes packets unseen instead of dropping them */
	uint32_t maxlen;         /* packets that may wait; 0: QUEUE_MAXLEN */
	size_t rcvbuf;           /* bytes; 0: QUEUE_RCVBUF */
	bool repeat;             /* see queue_adopt() */
	uint32_t mark, mask;     /* of packets sent on: (old & ~mask) | mark; mask 0: left alone */
};

struct queue_counters {
	uint64_t packets, batches;
	uint64_t malformed;      /* netlink messages that contradict themselves */
	uint64_t foreign;        /* messages that did not come from the kernel */
	uint64_t overruns;       /* ENOBUFS: the kernel could not hand over packets */
	uint64_t missed;         /* packet ids that never came: the socket was full */
	uint64_t gone;           /* verdicts for packets the kernel had given up: ENOENT */
	uint64_t refused;        /* verdicts refused for want of CAP_NET_ADMIN: EPERM */
	uint64_t errors;         /* verdicts refused for another reason */
	uint64_t impossible;     /* edits of a size no kernel takes; dropped */
	uint64_t unsent;         /* verdicts that could not be sent; those packets stay queued */
};

struct queue;

/*
 * Opens and binds a queue. 0, or the negative errno with a text in err[cap] that names the reason
 * and the remedy. *ret is untouched on error.
 */
int queue_open(struct queue **ret, const struct queue_options *o, char *err, size_t cap);

/*
 * Takes a queue over by the socket that another process has bound it with, and what waits in it;
 * the options count from now on. Packets that the other had received and never answered run through
 * their rule once more (o->repeat) or are dropped, as soon as another comes. fd is the queue's
 * then. -ESTALE: the socket has not bound that queue; -ENOMEM; another negative errno. On an error
 * fd was closed.
 */
int queue_adopt(struct queue **ret, const struct queue_options *o, int fd);

/*
 * Closes, which unbinds unless the socket is open elsewhere, too; packets still queued are dropped
 * by the kernel. Takes and returns NULL.
 */
struct queue *queue_close(struct queue *q);

int queue_fd(const struct queue *q);
uint16_t queue_number(const struct queue *q);
uint32_t queue_maxlen(const struct queue *q);
/* The receive buffer that was granted, in bytes. */
size_t queue_rcvbuf(const struct queue *q);
const struct queue_counters *queue_counters(const struct queue *q);

/*
 * Takes up to `slots` packets without waiting. b->count and the result are how many came, 0 if
 * there is nothing; a negative errno if the socket is beyond repair. Loss (ENOBUFS) is counted, not
 * an error.
 */
int queue_receive(struct queue *q, struct batch *b, size_t slots);

/* Sends all verdicts of the batch. 0, or a negative errno: counters.unsent packets stay queued. */
int queue_send(struct queue *q, struct batch *b);

/*
 * Whether packets are held back without a verdict (relay/park.h): no verdict then answers for more
 * than its own packet. Before queue_send().
 */
void queue_hold(struct queue *q, bool hold);

/*
 * Lets no new packet in: new ones pass if the queue fails open and are dropped if not, while those
 * that wait can still be received and answered. 0 or a negative errno.
 */
int queue_drain(struct queue *q);

#endif
