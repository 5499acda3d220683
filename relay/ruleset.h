/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netfilter rules of this network namespace, as iptables-save(8), ip6tables-save(8) and nft(8)
 * print them, and the few questions that the start-up checks ask of them. Text in, answers out: an
 * answer is "no" only where the text could be read.
 */
#ifndef USHER_RELAY_RULESET_H
#define USHER_RELAY_RULESET_H

#include <stdbool.h>
#include <stdint.h>

struct ruleset {
	char *iptables, *ip6tables, *nft; /* NULL: not to be had */
};

/* Runs the three programs, at most a few seconds. Before there are threads. */
void ruleset_read(struct ruleset *r);
void ruleset_done(struct ruleset *r);

/* Whether any rules could be read at all. */
bool ruleset_known(const struct ruleset *r);

/* Whether a rule brings packets to that queue. */
bool ruleset_feeds(const struct ruleset *r, uint16_t queue);
/* The first queue that a rule brings packets to, whatever packets; -1: none does. */
int ruleset_any_queue(const struct ruleset *r);
/* Whether one does that with DHCPv4 for this host itself; nft's rules are not told apart. */
bool ruleset_feeds_from_input(const struct ruleset *r, uint16_t queue);
/* Whether bridged frames are queued by nftables' bridge family, which needs no br_netfilter. */
bool ruleset_queues_frames(const struct ruleset *r);

/* Whether a rule switches connection tracking on. */
bool ruleset_tracks(const struct ruleset *r);
/* Whether a rule exempts UDP to that port (67: IPv4, 547: IPv6) from tracking. */
bool ruleset_exempts(const struct ruleset *r, uint16_t port);

#endif
