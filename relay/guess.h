/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guess at whom each packet of a batch is about, made before the packets are looked at, so that
 * the registry's memory for all of them is on its way while the first are worked on: at a million
 * users a look-up and what is then read of the user are two cache misses, and they would otherwise
 * be waited for one after the other. A guess decides nothing: whoever looks an identity up compares
 * it with the guess, and is only faster if it was right.
 */
#ifndef USHER_RELAY_GUESS_H
#define USHER_RELAY_GUESS_H

#include "relay/pipeline.h"

struct guess {
	const uint8_t *id;           /* in the packet as received; NULL: none */
	size_t len;
	enum reg_id_type type;
	uint64_t hash;               /* registry_hash() of it */
};

/* Fills ret[0..b->count) and begins to fetch what the look-ups will need. */
void guess_batch(struct guess *ret, const struct snapshot *s, const struct batch *b);

/* registry_find(), by the guess's hash if it is the guess's identity. g may be NULL. */
const struct reg_user *guess_find(const struct guess *g, const struct registry *reg,
	enum reg_id_type type, const uint8_t *id, size_t len);

#endif
