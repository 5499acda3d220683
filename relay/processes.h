/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other processes of the daemon as one thing: the spawner, the crew of workers and the loader,
 * and how a new config gets from the file to the workers.
 */
#ifndef USHER_RELAY_PROCESSES_H
#define USHER_RELAY_PROCESSES_H

#include "relay/config.h"
#include "relay/crew.h"
#include "relay/depot.h"
#include "relay/feed.h"
#include "relay/keeper.h"
#include "relay/loader.h"
#include "relay/loop.h"
#include "relay/sender.h"
#include "relay/workers.h"

struct processes {
	const char *config_path;         /* borrowed */
	const struct config *config;     /* the one at the start, borrowed */
	struct loop *loop;
	struct workers *workers;         /* borrowed: nudged when there is something new */
	struct live_store *live;         /* borrowed: gets what is in force, for who looks at it here */
	struct sender *sender;           /* likewise, relay mode only: hears of new interfaces */
	struct feed *feed;               /* borrowed: only what it tells of readings is kept up */
	void (*died)(void *ctx);         /* the spawner is dead: nothing can be started any more */
	void *ctx;
	struct spawner spawner;
	struct loop_source spawned;
	struct crew crew;
	struct depot depot;
	struct loader loader;
	struct keeper_shared keeper;     /* for workers_open() */
	int code;                        /* of the loader's start; -1: it has not started */
	const struct registry *newest;   /* what live has: a layer may be laid on it */
	bool stirred;                    /* something has happened at the start */
	bool waiting;                    /* for the first registry */
	bool reloading, reload_good;
	char reload_text[1024];
};

/*
 * Makes the spawner. Before there are threads. 0 or a negative errno. processes_stop() undoes
 * whatever of this and processes_start() was done.
 */
int processes_prepare(struct processes *p);

/*
 * Starts loader and workers with the config of that memory file, which it takes over, and runs the
 * loop until the registry was read and a worker is ready, or the loop is stopped by somebody else.
 * Returns an exit code; errors have been logged.
 */
int processes_start(struct processes *p, int config_fd);

/*
 * Has config and registry read anew and waits a moment for the outcome. True: nothing was refused.
 * Else err[cap] says what was; what was in force before stays.
 */
bool processes_reload(struct processes *p, char *err, size_t cap);

void processes_stop(struct processes *p);

#endif
