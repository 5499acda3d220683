/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start-up checks: what around usher would make it work badly or not at all. Each finding is a
 * sentence with its remedy; none is fatal, and what cannot be found out is not guessed at.
 */
#ifndef USHER_RELAY_SELFCHECK_H
#define USHER_RELAY_SELFCHECK_H

#include "relay/config.h"
#include "relay/ruleset.h"

struct selfcheck {
	const struct config *config;
	const struct ruleset *rules;
	const char *root;        /* put before /proc and /sys; "", unless this is a test */
	void (*say)(void *ctx, enum log_level level, const char *text);
	void *ctx;
};

void selfcheck_run(const struct selfcheck *s);

/* selfcheck_relay.c: the checks of relay mode; nothing in another. */
void selfcheck_relay(const struct selfcheck *s);

#endif
