/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What feeds the daemon with registries: the config's source, the thread that reads it, and what to
 * do as long as there is none. Every news of it is logged here.
 */
#ifndef USHER_RELAY_FEED_H
#define USHER_RELAY_FEED_H

#include "registry/refresh.h"
#include "relay/config.h"
#include "relay/live.h"

/* Where registries go. */
struct feed_sink {
	/*
	 * Takes over the registry, NULL: there is none, and fd, its memory file if `shared`; not to
	 * be freed before the next one comes or the feed is stopped.
	 */
	void (*put)(void *ctx, struct registry *reg, int fd, const struct load_stats *stats);
	/* Likewise from the thread that reads: refresh_ask() was answered. NULL: nobody asks. */
	void (*answered)(void *asker, const struct source_answer *all, size_t count);
	void *ctx, *asker;
	bool shared;                     /* in memory files, for other processes */
	bool again;                      /* there is a registry in force: nothing stands in for one */
	struct refresh_board *board;     /* NULL: no other process looks */
};

/* Registries go to that store. */
struct feed_sink feed_to_live(struct live_store *live);

struct feed {
	struct feed_sink sink;
	const struct config *config;     /* borrowed */
	struct refresh *refresh;
	_Atomic uint64_t failures;       /* readings that failed; what there was stayed in force */
	atomic_bool failing;             /* the last one did */
	atomic_bool arrived;             /* a registry was read */
	int arrival;                     /* eventfd: readable when the first one is */
	bool polled;                     /* no packet waits for the source */
	int watch;                       /* else readable when there may be an edit; -1: unknown */
};

/*
 * Reads the registry of the config into the sink, and keeps it fresh. A file must be there. A
 * database need not be: then on_unavailable tells what is in force until it is: an empty registry,
 * or none, so that packets pass. Returns an exit code of relay/command.h; errors were logged.
 * Undone by feed_stop() in any case.
 */
int feed_start(struct feed *f, const struct feed_sink *sink, const struct config *config);

/* Whether no packet may be taken yet, because the config says to wait for the first registry. */
bool feed_must_wait(const struct feed *f);

/* refresh_ask() */
bool feed_ask(struct feed *f, const struct source_question *q);

/* Before a batch of packets: refresh_poll(). */
void feed_poll(struct feed *f);

/*
 * Reads all anew, as after SIGHUP, and waits a moment for the outcome. True: in force, or still
 * being read. Else err[cap] says why not, and it was logged.
 */
bool feed_reload(struct feed *f, char *err, size_t cap);

void feed_stop(struct feed *f);

#endif
