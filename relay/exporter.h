/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher exporter: a process without privileges that serves the daemon's metrics, and a web page,
 * over HTTP.
 */
#ifndef USHER_RELAY_EXPORTER_H
#define USHER_RELAY_EXPORTER_H

#include "relay/exporter_history.h"
#include "relay/exporter_records.h"
#include "relay/registrar.h"

#include <stdbool.h>

struct exporter_options {
	const char *listen;          /* as exporter_listen() takes it */
	const char *socket;          /* of the daemon */
	const char *outcome;         /* file of JSON lines; "": none, and why is in `no_outcome` */
	const char *no_outcome;
	const char *registry;        /* that may be added to; "": none, the page is read-only */
	const char *token_file;      /* with registry */
	/*
	 * Asks the daemon for its metrics: text for the caller to free, or NULL and why in
	 * err[cap]. Waits a bounded time.
	 */
	char *(*ask)(const char *socket, char *err, size_t cap);
};

/* Runs until SIGTERM or SIGINT. Returns an exit code of relay/command.h; errors were logged. */
int exporter_run(const struct exporter_options *o);

/* What the answers are made from; exporter_answer.c. */
struct exporter {
	const struct exporter_options *o;
	struct registrar registrar;
	struct exporter_records *records;
	int records_err;             /* of the last look, negative errno */
	struct exporter_history history;
};

struct exporter_request {
	const char *method, *path;
	const char *search, *after;  /* of the query; "" if not given */
	const char *authorization;   /* the header; "" */
	const char *body;
};

struct exporter_reply {
	unsigned status;
	const char *type;
	const char *text;            /* borrowed for ever if owned is NULL */
	char *owned;                 /* to be freed */
	size_t len;
};

/* Answers one request. */
void exporter_answer(
	struct exporter *e, const struct exporter_request *q, struct exporter_reply *ret);

/* Every second: reads new records; every HISTORY_STEP_S a sample of the counters. */
void exporter_tick(struct exporter *e);

#endif
