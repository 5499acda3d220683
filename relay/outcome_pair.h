/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two outcome files that a batch may have records for. */
#ifndef USHER_RELAY_OUTCOME_PAIR_H
#define USHER_RELAY_OUTCOME_PAIR_H

#include "relay/outcome.h"

/* Borrowed; NULL: not wanted. */
struct outcome_pair {
	struct outcome *text, *json;
};

/*
 * Has the records of a batch written and waits for it, as outcome_put() does, but for both at once:
 * of two files neither waits for the other. DESIGN, promise 7: only then the verdicts.
 */
void outcome_pair_put(const struct outcome_pair *p, const char *text, size_t len, const char *json,
	size_t json_len);

#endif
