/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals as events of the loop: signalfd(2). */
#ifndef USHER_RELAY_SIGNALS_H
#define USHER_RELAY_SIGNALS_H

#include "relay/loop.h"

#include <stddef.h>

struct signal_action {
	int number;
	void (*fn)(void *ctx);
};

struct signals {
	struct loop_source source;
	const struct signal_action *actions;
	size_t count;
	void *ctx;
};

/*
 * Blocks the signals of actions[0..count) in the calling thread, and so in every thread it starts
 * later, and reads them from the loop instead. Ignores SIGPIPE and SIGXFSZ, which only repeat what
 * a failed write says. Borrows actions. 0 or a negative errno.
 */
int signals_open(struct signals *s, struct loop *l, const struct signal_action *actions,
	size_t count, void *ctx);
void signals_close(struct signals *s, struct loop *l);

#endif
