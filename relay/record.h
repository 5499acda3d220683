/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An outcome record: what became of a client's wish for an address, in the text of user_chk or as a
 * JSON object a line. docs/outcome.md has both by example.
 */
#ifndef USHER_RELAY_RECORD_H
#define USHER_RELAY_RECORD_H

#include "relay/packet.h"

#define RECORD_EVENTS(X) \
	X(granted)  /* a lease, new to the client */ \
	X(renewed)  /* a lease that it had, for longer */ \
	X(moved)    /* an address taken away by us: it must ask anew */ \
	X(refused)  /* by the server */ \
	X(released) \
	X(declined) \
	X(offered)  /* only with outcome.offers */

enum record_event {
#define X(name) RECORD_##name,
	RECORD_EVENTS(X)
#undef X
	RECORD_EVENT_COUNT
};

/* "granted" and so on. */
const char *record_event_name(enum record_event e);

/* What the record is about; the rest is in the packet. */
struct record {
	enum record_event event;
	const uint8_t *addr;         /* 4 or 16 bytes, NULL: none */
	uint8_t prefix_len;
	bool is_prefix;
	uint32_t granted, sent;      /* seconds, as the server said and as the client heard */
};

/*
 * Appends the record to the worker's records, whole or not at all (then it is counted as lost). In
 * the format of user_chk only leases are recorded, and offers where those are asked for.
 */
void record_put(struct packet *p, const struct record *r);

#endif
