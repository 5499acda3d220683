/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What would happen to a client, and why, in words: `usher explain`, from files or from what is in
 * force in the daemon.
 */
#ifndef USHER_RELAY_EXPLAIN_H
#define USHER_RELAY_EXPLAIN_H

#include "relay/offline.h"

#include "registry/user_id.h"

#include <stdio.h>

enum { EXPLAIN_MESSAGE = 4096 }; /* bytes of a server's message that can be explained */

/*
 * Reads an id as a person writes it. False with a text in why[cap]: none, or one of a type whose
 * query cannot be made up.
 */
bool explain_id(const char *text, struct reg_id *ret, char *why, size_t cap);

/*
 * Reads pairs of hex digits, blanks and colons between them ignored, into out[cap]. Returns how
 * many bytes; 0 if there is anything else, or too much.
 */
size_t explain_hex(const char *text, uint8_t *out, size_t cap);

/*
 * Makes the client's DISCOVER or SOLICIT, runs it through the pipeline of `o` and writes to out
 * what the stages found; then the same for a server's message of len bytes (0: none). Text that is
 * not usher's own is escaped.
 */
void explain(struct offline *o, const struct reg_id *id, const uint8_t *message, size_t len,
	FILE *out);

#endif
