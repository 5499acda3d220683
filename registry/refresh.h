/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread beside the packet path that keeps the registry fresh, and the promise that goes with it:
 * an edit that was complete before refresh_poll() was called is in force when it returns, unless
 * that took longer than wait_ms.
 *
 * That is so unless the source is polled (source.h); then the edit is in force as soon as it is
 * found. Complete is: closed after writing, renamed to its place, or added at the end of the file,
 * even if the writer still holds it open. What is not believed at once is told in reload.h.
 */
#ifndef USHER_REGISTRY_REFRESH_H
#define USHER_REGISTRY_REFRESH_H

#include "registry/reload.h"

struct refresh;

struct refresh_options {
	struct reload_options reload; /* called back in the thread; cancel is not used */
	unsigned int wait_ms;         /* how long refresh_poll() may wait for a reading */
	struct refresh_board *board;  /* NULL, or for refresh_is_settled() in another process */
};

enum refresh_state {
	REFRESH_QUIET,                /* what was noticed is in force */
	REFRESH_BUSY,                 /* something may just be being noticed, or is waited for */
	REFRESH_LATE,                 /* something is being read, but the time to wait for it is up */
};

/* May lie in memory shared between processes. All zero but for `state`, which is REFRESH_BUSY. */
struct refresh_board {
	_Atomic uint32_t state;
	struct source_tally tally;
};

enum { REFRESH_WAIT_MS = 50 };

/*
 * Reads the source for the first time, in the caller's thread: publish() was called when this
 * returns REG_OK, unless reload.start_without is set. Then starts the thread, which blocks all
 * signals. On REG_OK the source belongs to the refresh. On an error, err says what, and the source
 * is still the caller's; that is also so after a publish(), if the thread cannot be started
 * (REG_E_SYSTEM).
 */
enum reg_err refresh_new(const struct refresh_options *options, struct refresh **ret,
	struct reg_error *err);

/*
 * Called by a packet worker after it has received a batch and before it takes the snapshot pointer.
 * Costs one system call when nothing has changed, and nothing when the source is polled, for then
 * no packet waits. Any number of threads may call it.
 */
void refresh_poll(struct refresh *r);

/*
 * For another process, after it found that the source's descriptor is not readable: whether a
 * refresh_poll() would do nothing and not wait.
 */
bool refresh_is_settled(const struct refresh_board *b);

/*
 * Reads the source whatever it looks like, as after SIGHUP: also an empty or much smaller one is
 * believed. Waits at most wait_ms for the outcome, 0: not at all. REG_OK: in force. REG_E_BUSY:
 * still being read. Else why not, in words in err (may be NULL).
 */
enum reg_err refresh_force(struct refresh *r, unsigned int wait_ms, struct reg_error *err);

/*
 * From any thread: asks a source that holds only who was asked for; reload.answered() tells. False:
 * this one is not such, or there are too many questions.
 */
bool refresh_ask(struct refresh *r, const struct source_question *q);

/*
 * Stops the thread and frees the source; a reading under way is given up. What was published stays
 * with its receiver. NULL is allowed; returns NULL.
 */
struct refresh *refresh_free(struct refresh *r);

#endif
