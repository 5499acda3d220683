/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP traffic for measuring: queries as clients send them, and the answers that a server would
 * give to what reaches it. One packet is built and then turned from client to client in place.
 */
#ifndef USHER_TESTS_BENCH_TRAFFIC_H
#define USHER_TESTS_BENCH_TRAFFIC_H

#include "dhcpcodec/frame.h"

enum { TRAFFIC_MAX = 1500, TRAFFIC_MAC = 6 };

/* Which users a client is one of; the second byte of its hardware address. */
enum traffic_class {
	TRAFFIC_PLAIN = 0x10,    /* registered, nothing to be done: the server chooses */
	TRAFFIC_STEERED = 0x20,  /* registered, with a subnet of its own and options */
	TRAFFIC_STRANGER = 0x30, /* not registered */
};

enum traffic_kind {
	TRAFFIC_DISCOVER,
	TRAFFIC_REQUEST,
	TRAFFIC_SOLICIT,
	TRAFFIC_REQUEST6,
	TRAFFIC_KINDS
};

struct traffic {
	uint8_t packet[TRAFFIC_MAX]; /* from the IP header on */
	size_t len;
	struct frame frame;
	size_t mac_at[4];            /* where the client's hardware address stands */
	size_t macs;
	size_t xid_at, xid_len;
};

const char *traffic_name(enum traffic_kind kind);
/* TRAFFIC_KINDS if there is none of that name. */
enum traffic_kind traffic_kind_of(const char *name);

/* A query of a client straight from its link. */
void traffic_query(struct traffic *t, enum traffic_kind kind);

/*
 * What a server answers to query[len], an IP packet as it reached the server: OFFER, ACK, ADVERTISE
 * or REPLY with an address of the subnet that the query names, option 82 or the relay layer echoed.
 * Ends the program if there is no answer to that.
 */
void traffic_answer(struct traffic *t, const uint8_t *query, size_t len);

/* Makes it the packet of client `n` of that class, with a transaction id of its own. */
void traffic_turn(struct traffic *t, enum traffic_class class, uint32_t n);

/* The hardware address of a client, and its DUID (DUID-LL), 10 bytes. */
void traffic_mac(enum traffic_class class, uint32_t n, uint8_t ret[static TRAFFIC_MAC]);
enum { TRAFFIC_DUID = 10 };
void traffic_duid(enum traffic_class class, uint32_t n, uint8_t ret[static TRAFFIC_DUID]);

#endif
