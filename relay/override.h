/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that a policy and a user put into an answer, as one row, in the order in which the
 * later wins: the rule's removals, its defaults, its values, then the user's own attributes.
 */
#ifndef USHER_RELAY_OVERRIDE_H
#define USHER_RELAY_OVERRIDE_H

#include "relay/packet.h"
#include "rules/action.h"

struct override {
	enum option_how how;
	uint16_t code, suboption;    /* suboption 0: the option itself */
	uint32_t enterprise;
	const uint8_t *bytes;        /* ready for the wire; borrowed from the snapshot */
	size_t len;
};

struct override_iter {
	const struct rule *rule;
	size_t next;                 /* in rule->options */
	const struct reg_user *user; /* whose attributes act, NULL: nobody's */
	struct reg_iter attrs;
	unsigned family;
};

/*
 * The user whose attributes act on this answer: the client's own, or for unregistered clients the
 * default user's (USER_CHK.md 1.6: no merging), or NULL.
 */
const struct reg_user *override_user(const struct packet *p);

struct override_iter override_begin(const struct packet *p);
bool override_next(struct override_iter *it, struct override *ret);

/* Whether anything is to be put into the answer at all, the known attributes included. */
bool override_any(const struct packet *p);

/*
 * RFC 2131 section 2: what a client takes that says nothing else in option 57. Bytes of the
 * datagram.
 */
enum { OVERRIDE_MIN_DATAGRAM = 576 };

/*
 * Whether the option 57 of this DHCPv4 query must be known when its answer comes: it allows more
 * than OVERRIDE_MIN_DATAGRAM, and what is to be put into the answer may need that.
 */
bool override_needs_size(const struct packet *p);

#endif
