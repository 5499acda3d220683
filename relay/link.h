/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clients' links in relay mode: which interfaces they are and which addresses of ours are on
 * them. Filled by one worker, between batches; the pipeline only looks things up.
 */
#ifndef USHER_RELAY_LINK_H
#define USHER_RELAY_LINK_H

#include "relay/config.h"

enum {
	LINKS_MAX = 64,
	LINK_ADDRESSES = 16,         /* IPv4 addresses of an interface that are known; others are not */
};

struct client_link {
	char name[UPSTREAM_INTERFACE_MAX + 1];
	uint32_t hash;               /* of the name: travels in the state, so never 0 */
	uint32_t index;              /* 0: there is no such interface now */
	bool fixed4, fixed6;         /* the config gives the address */
	bool has4, has6, has_local;
	uint8_t addr4[4];            /* giaddr, where no subnet has one of its own */
	uint32_t count4;
	uint8_t all4[LINK_ADDRESSES][4]; /* what the interface has, in the kernel's order */
	uint8_t addr6[16];           /* one that servers can reach: of the link, or else of this host */
	uint8_t local6[16];          /* link-local */
};

/* Holds no pointer, so that it may be shared with a process that cannot ask. */
struct links {
	size_t count;
	struct client_link all[LINKS_MAX];
	uint32_t multicast[UPSTREAMS_MAX]; /* the interface where an upstream is asked by multicast */
	char multicast_names[UPSTREAMS_MAX][UPSTREAM_INTERFACE_MAX + 1]; /* "": it is not */
	int64_t next_ns;             /* when to look again, CLOCK_MONOTONIC */
};

/* Takes the interfaces of a config. Asks nothing yet. */
void links_use(struct links *l, const struct config *c);
/*
 * Once a batch: looks at interfaces and addresses anew, at most every two seconds; whether it did.
 */
bool links_tick(struct links *l);

/* NULL if it is none of ours. */
const struct client_link *link_with_index(const struct links *l, uint32_t index);
const struct client_link *link_with_hash(const struct links *l, uint32_t hash);
/* By any of its addresses. */
const struct client_link *link_with_addr4(const struct links *l, const uint8_t addr[static 4]);

/*
 * The address that names a subnet on this link: the subnet's giaddr if the interface has it, else
 * the first one within the subnet's prefixes; NULL if there is none.
 */
const uint8_t *link_addr4_in(const struct client_link *l, const struct subnet *s);

#endif
