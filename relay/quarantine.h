/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The quarantine: what becomes of a packet that no worker survives, or that none is there for. The
 * first few are saved as captures that `usher replay` reads.
 */
#ifndef USHER_RELAY_QUARANTINE_H
#define USHER_RELAY_QUARANTINE_H

#include "relay/batch.h"
#include "rules/policy.h"

enum { QUARANTINE_FILES = 16 };

struct quarantine {
	const char *dir;                 /* borrowed; "": nothing is saved */
	enum treat query, response;
};

enum slot_verdict quarantine_verdict(const struct quarantine *q, const struct slot *s);

/* Saves the packet unless there are QUARANTINE_FILES already, and says so. */
void quarantine_save(const struct quarantine *q, uint16_t queue, const struct slot *s);

#endif
