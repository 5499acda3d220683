/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relay mode, the part that the stages share: queries are sent on to upstream servers and their
 * answers to clients, by packets of our own; what was received is dropped. RFC 1542, RFC 3046, RFC
 * 8415 section 19; PROTOCOL A.9 and B.6. What only passes through this machine is treated as
 * inline.
 */
#ifndef USHER_RELAY_RELAY_H
#define USHER_RELAY_RELAY_H

#include "relay/link.h"
#include "relay/packet.h"

/* Whether this packet has reached us to be relayed; forwarded ones have not. */
bool relay_takes(const struct packet *p);

/*
 * Called by the view once a message is known to be well made and whose it is: STEP_NEXT with
 * p->relay set, or not if it is to be treated as inline; STEP_DROP with its cause.
 */
enum step relay_take_query4(struct packet *p);
enum step relay_take_query6(struct packet *p);
enum step relay_take_response4(struct packet *p);
enum step relay_take_response6(struct packet *p);

/* A query that is only forwarded here: its hint is that of the upstream it goes to. */
void relay_note_passing4(struct packet *p);

/* choose.c: who is to be asked; an empty set if nobody can be. */
upstream_set relay_choose(const struct packet *p);
/*
 * The hint that the upstreams chosen need, all of them together; giaddr is written for each alone.
 */
unsigned relay_hint(const struct packet *p);

/*
 * Whether DHCPv4 is relayed without option 82 of ours (relay.agent_option): giaddr names the
 * subnet, no state travels, and an answer is treated by what it shows itself.
 */
static inline bool relay_by_giaddr(const struct packet *p)
{
	return p->policy->treat.relay.on && !p->policy->treat.relay.agent_option;
}

/* Our address that names p->hinted on the client's link; NULL if it has none there. */
const uint8_t *relay_giaddr(const struct packet *p);

/* 82.1 and 82.10 of our own, for a query that has no option 82. */
void relay_put_agent4(const struct packet *p, struct agent_writer *w);

/* Puts giaddr, hops and flags of an answer back as they would be without us. */
void relay_restore_header4(const struct packet *p, uint8_t *msg);

/*
 * The last stage in relay mode, instead of the verdict: closes the message and fills slot->sends.
 * Always STEP_DROP, since the original goes no further.
 */
enum step relay_deliver4(struct packet *p);
enum step relay_deliver6(struct packet *p);

/* Adds a packet to slot->sends; false if there are enough. */
bool relay_send(struct packet *p, const struct slot_send *send);
/* Tells what an upstream was asked. */
void relay_note_asked(struct packet *p, const struct upstream *u);

#endif
