/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bar on a terminal for what takes longer than a second: nothing is drawn before, nothing where
 * there is no terminal, and nothing is left of it at the end.
 */
#ifndef USHER_RELAY_PROGRESS_H
#define USHER_RELAY_PROGRESS_H

#include <stddef.h>

struct progress;

/*
 * Draws on fd, if it is a terminal, after delay_ms; `what` is borrowed until progress_end(). NULL:
 * not a terminal, or no memory; all of the calls below allow that.
 */
struct progress *progress_begin(int fd, unsigned int delay_ms, const char *what);

/*
 * How much is done; from any thread. total 0: not known, time is shown instead. ctx: the progress.
 */
void progress_at(void *ctx, size_t done, size_t total);

/* Wipes the bar away. Nothing else may be written to the terminal before. */
struct progress *progress_end(struct progress *p);

#endif
