/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client or a relay agent sees of a DHCPv4 answer, and whether two of them are the same to
 * it. Shares no code with usher.
 */
#ifndef USHER_TESTS_SEEN_H
#define USHER_TESTS_SEEN_H

#include "tests/answer.h"

enum { IP4 = 20 + 8, IP6 = 40 + 8 };     /* envelopes */

/* Of an answer: options that are ours to touch stand apart. */
struct seen4 {
	struct answer_option all[ANSWER_OPTIONS], others[ANSWER_OPTIONS];
	size_t count, other_count;
	uint8_t agent[512], select[512];
	size_t agent_len, select_len;   /* SIZE_MAX: absent */
};

/* Reads an IP packet; false if it is no DHCP message or its options are broken. */
bool look4(const uint8_t *ip, size_t len, struct seen4 *ret);

bool same_bytes(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);
bool same_options(const struct answer_option *a, size_t a_count, const struct answer_option *b,
	size_t b_count);
/* Option 82, whatever the place of the relay agent's own link selection in it. */
bool same_agent(const struct seen4 *a, const struct seen4 *b);

/* Lengths, END, padding and checksums of what goes out. */
bool well_formed4(const uint8_t *ip, size_t len);

#endif
