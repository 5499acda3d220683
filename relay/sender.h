/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sender: puts the packets of slot->sends on the wire, in relay mode, right before the
 * verdicts. Belongs to the process that holds the queues; parses nothing. Needs CAP_NET_RAW, and
 * CAP_NET_ADMIN for the mark, when it is opened; not afterwards. Any thread may send.
 */
#ifndef USHER_RELAY_SENDER_H
#define USHER_RELAY_SENDER_H

#include "relay/batch.h"
#include "relay/config.h"

/* Sent unless the config's mark says otherwise, so that rules can tell our own queries on lo. */
enum { SENDER_MARK = 0xd4c0 };

struct sender;

struct sender_counters {
	uint64_t sent;
	uint64_t no_route;       /* nothing leads there, or the interface is down or gone */
	uint64_t refused;        /* a rule of OUTPUT, or a capability that is missing */
	uint64_t no_room;        /* the socket's or device's queue is full */
	uint64_t too_long;       /* longer than the interface takes */
	uint64_t failed;         /* for another reason */
};

/*
 * Opens the sockets and joins All_DHCP_Relay_Agents_and_Servers on the clients' interfaces, which a
 * network card would not let in else. 0, or the negative errno with a text in err[cap] that names
 * reason and remedy.
 */
int sender_open(struct sender **ret, const struct config *c, char *err, size_t cap);
/* NULL is allowed; returns NULL. */
struct sender *sender_close(struct sender *s);

/* Joins on these interfaces too, when the config is read anew; what was joined before stays. */
void sender_use(struct sender *s, const struct names *interfaces);

/* Sends all packets of a batch without waiting; what cannot be sent is counted and forgotten. */
void sender_send(struct sender *s, const struct batch *b);

void sender_count(struct sender *s, struct sender_counters *ret);
/* A line of the statistics. */
void sender_log(struct sender *s);

#endif
