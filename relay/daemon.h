/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon: everything that `usher run` puts together, and what signals do to it.
 */
#ifndef USHER_RELAY_DAEMON_H
#define USHER_RELAY_DAEMON_H

#include "relay/control.h"
#include "relay/feed.h"
#include "relay/learned.h"
#include "relay/loop.h"
#include "relay/notify.h"
#include "relay/outcome.h"
#include "relay/processes.h"
#include "relay/signals.h"
#include "relay/status.h"
#include "relay/workers.h"

struct daemon {
	const char *config_path;         /* borrowed */
	int config_fd;                   /* its text, until it is handed over; -1 */
	struct config *boot; /* the config it was started with; never freed while it runs */
	struct live_store live;
	struct sender *sender;           /* relay mode; else NULL */
	struct learned *learned;
	struct silence silence;
	struct outcome *outcome;         /* NULL: no records are written */
	struct outcome *outcome_json;    /* likewise; in both formats at once, this is the second */
	bool apart;                      /* workers and loader are processes of their own */
	struct processes processes;      /* if they are */
	struct feed feed;                /* else; what it knows of the readings in either case */
	struct store store;              /* of queues that outlive this process */
	struct worker_shared shared;
	struct workers workers;
	struct loop loop;
	struct signals signals;
	struct hooks *hooks;             /* of the newest config; NULL: no libraries */
	struct loop_source failed;       /* eventfd: a worker gave up */
	bool orphaned;                   /* the spawner is dead */
	struct control *control;         /* NULL: nobody can ask */
	struct answer_times answers;
	atomic_bool paused;
	int64_t paused_ms, started_ms;   /* when, CLOCK_MONOTONIC */
	time_t started;
	uint64_t reloads, reloads_failed;
	struct status status;            /* as last gathered */
	int64_t status_ms;               /* when */
	struct notify_watchdog watchdog;
};

/*
 * Runs until SIGTERM or SIGINT, or until a worker fails. Returns an exit code of relay/command.h;
 * every error has been logged. path is the config's.
 */
int daemon_run(const char *path);

/*
 * What SIGHUP does: reads config and registry anew, reopens the outcome file. False: of these
 * something was refused, and what was in force before stays; err[cap] says what, and it was logged.
 */
bool daemon_reload(struct daemon *d, char *err, size_t cap);

/* Passes everything untouched from the next batch on, or no longer. */
void daemon_pause(struct daemon *d, bool pause);

#endif
