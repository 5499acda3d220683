/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What systemd is told of us: that we are ready, reload, stop, live. Without systemd nothing is
 * said and nothing fails.
 */
#ifndef USHER_RELAY_NOTIFY_H
#define USHER_RELAY_NOTIFY_H

#include "relay/loop.h"

#include <stddef.h>

enum { NOTIFY_TEXT = 512 };              /* longest message, with its zero */

/*
 * Says the message: lines "NAME=value", as sd_notify(3) has them. 0, also when nobody wants to
 * hear; or a negative errno. Any thread; never waits.
 */
int notify_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * The same with a descriptor, for "FDSTORE=1\nFDNAME=...". It stays the caller's. Returns as
 * notify_say().
 */
int notify_send_fd(const char *text, int fd);

/* What is said before a configuration is read anew: RELOADING=1 and the time. */
int notify_reloading(void);

/* The watchdog: a timer in the main thread's loop. */
struct notify_watchdog {
	struct loop_source timer;        /* fd -1: systemd does not watch */
	bool (*well)(void *ctx);
	void *ctx;
};

/*
 * If systemd watches this process (WatchdogSec=): from now on, twice in the time it gives, asks
 * well(ctx) in the loop and, if that is so, says so. 0 or a negative errno. Undone by
 * notify_watchdog_close(), also after an error.
 */
int notify_watchdog_open(
	struct notify_watchdog *w, struct loop *l, bool (*well)(void *ctx), void *ctx);
void notify_watchdog_close(struct notify_watchdog *w, struct loop *l);

#endif
