/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What feeds the daemon with registries: the config's source, the thread that reads it, and what to
 * do as long as there is none. Every news of it is logged here.
 */
#ifndef USHER_RELAY_FEED_H
#define USHER_RELAY_FEED_H

#include "registry/refresh.h"
#include "relay/live.h"

struct feed {
	struct live_store *live;         /* borrowed */
	const struct config *config;     /* borrowed */
	struct refresh *refresh;
	_Atomic uint64_t failures;       /* readings that failed; what there was stayed in force */
	atomic_bool failing;             /* the last one did */
	atomic_bool arrived;             /* a registry was read */
	int arrival;                     /* eventfd: readable when the first one is */
};

/*
 * Reads the registry of the config into `live`, and keeps it fresh. A file must be there. A
 * database need not be: then on_unavailable tells what is in force until it is: an empty registry,
 * or none, so that packets pass. Returns an exit code of relay/command.h; errors were logged.
 * Undone by feed_stop() in any case.
 */
int feed_start(struct feed *f, struct live_store *live, const struct config *config);

/* Whether no packet may be taken yet, because the config says to wait for the first registry. */
bool feed_must_wait(const struct feed *f);

/* Before a batch of packets: refresh_poll(). */
void feed_poll(struct feed *f);

/*
 * Reads all anew, as after SIGHUP, and waits a moment for the outcome. True: in force, or still being
 * read. Else err[cap] says why not, and it was logged.
 */
bool feed_reload(struct feed *f, char *err, size_t cap);

void feed_stop(struct feed *f);

#endif
