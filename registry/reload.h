/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a registry up to date with its source: looks, reads when there is something new, and
 * decides whether that is believed. For one thread; refresh.h adds the thread and the waiting.
 *
 * What is believed:
 *  - an error anywhere: the last good registry stays;
 *  - a source that holds nothing at all, not even a comment: likewise, it was emptied by accident;
 *    so also changes that leave nobody;
 *  - fewer than half of the users, in a file written in place: only after it has been still for
 *    settle_ms, with a warning. A file renamed to its place is complete and believed at once;
 *  - force (somebody sent SIGHUP): whatever is there, if it has no errors.
 */
#ifndef USHER_REGISTRY_RELOAD_H
#define USHER_REGISTRY_RELOAD_H

#include "registry/load.h"

enum reload_news {
	RELOAD_FAILED,    /* the last good registry stays in force; said once per reason */
	RELOAD_RECOVERED, /* what failed does no longer */
	RELOAD_WARNED,    /* taken, but: entries left out, many users gone, writable by all */
};

struct reload_options {
	struct source *source;
	bool skip_bad;                   /* load.h; unfinished last entries always wait */
	bool shared;
	size_t layer_from;               /* builder.h: publish() may then be given a layer */
	bool start_without;              /* even if the first reading fails: it is tried again */
	unsigned int settle_ms;
	const struct reg_memory *memory;
	const atomic_bool *cancel;
	/*
	 * A new registry, the callee's to free when nobody reads it any more; but not before the
	 * next one is published, or reload_done(): what is added to the source is added to this
	 * one. fd is its memory file if shared, the callee's too, else -1.
	 */
	void (*publish)(void *ctx, struct registry *reg, int fd, const struct load_stats *stats);
	/*
	 * Whose questions have been answered (source.h), after what was read for them was
	 * published; may be NULL.
	 */
	void (*answered)(void *ctx, const struct source_answer *all, size_t count);
	/* Something a person should know: "file:line: reason", borrowed for the call. */
	void (*say)(void *ctx, enum reload_news news, const char *text);
	void *ctx;
};

struct reload {
	struct reload_options options;
	const struct registry *latest;   /* published; NULL: none yet */
	struct load_result held;         /* read and not yet believed, or registry NULL */
	int64_t hold_until;              /* ms, CLOCK_MONOTONIC */
	bool unsettled;
	bool again;                      /* the last reading failed for a reason that may pass */
	bool failing, said;
	bool exposed;
	int64_t failing_since;
	struct reg_error failure;
	struct reg_report report;
	uint64_t report_said;            /* a hash of what was said of it */
};

/*
 * The first reading, published before this returns. An error is returned and not said; nothing is
 * to be undone then. With start_without it is said, REG_OK is returned, and a later pass publishes
 * the first registry; only REG_E_NOMEM and REG_E_STOPPED are errors still. options are copied.
 */
enum reg_err reload_first(struct reload *r, const struct reload_options *options,
	struct reg_error *err);

/*
 * Looks, and does what there is to do. REG_OK: the registry in force is up to date, or the source
 * is in the middle of a change. Else why not, in words in err as well (which may be NULL).
 */
enum reg_err reload_pass(struct reload *r, bool force, struct reg_error *err);

/*
 * In how many ms reload_pass() should be called again even if the source is not stirred; -1: never.
 */
int reload_due(const struct reload *r);

/* Gives back what is held. The source and what was published stay. */
void reload_done(struct reload *r);

#endif
