/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: everything that `usher run` puts together, and what signals do to it.
 */
#ifndef USHER_RELAY_DAEMON_H
#define USHER_RELAY_DAEMON_H

#include "relay/feed.h"
#include "relay/loop.h"
#include "relay/outcome.h"
#include "relay/signals.h"
#include "relay/workers.h"

struct daemon {
	const char *config_path;         /* borrowed */
	const struct config *boot; /* the config it was started with; never freed while it runs */
	struct live_store live;
	struct outcome *outcome;         /* NULL: no records are written */
	struct feed feed;
	struct worker_shared shared;
	struct workers workers;
	struct loop loop;
	struct signals signals;
	struct loop_source failed;       /* eventfd: a worker gave up */
};

/*
 * Runs until SIGTERM or SIGINT, or until a worker fails. Returns an exit code of relay/command.h;
 * every error has been logged. path is the config's.
 */
int daemon_run(const char *path);

/* What SIGHUP does: reads config and registry anew, reopens the outcome file. */
void daemon_reload(struct daemon *d);

#endif
