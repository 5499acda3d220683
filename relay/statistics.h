/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon has done so far, as log lines: every counter that is not zero. */
#ifndef USHER_RELAY_STATISTICS_H
#define USHER_RELAY_STATISTICS_H

#include "relay/outcome.h"
#include "relay/workers.h"

/* Asks the workers, the kernel and the outcome (may be NULL), and says what they answer. */
void statistics_log(struct workers *ws, struct outcome *o);

#endif
