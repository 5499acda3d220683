/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was learned of the servers, said in the log. */
#ifndef USHER_RELAY_LEARNED_SAY_H
#define USHER_RELAY_LEARNED_SAY_H

#include "relay/learned.h"
#include "rules/policy.h"

/* Once a batch: looks at most once a second, of all workers together. l may be NULL. */
void learned_say(struct learned *l, const struct policy *p, int64_t now_ns);

#endif
