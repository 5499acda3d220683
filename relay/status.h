/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon has done so far and how it is: gathered in one place, and written from there as
 * JSON for the control socket and as text for Prometheus.
 */
#ifndef USHER_RELAY_STATUS_H
#define USHER_RELAY_STATUS_H

#include "relay/live.h"
#include "relay/log.h"
#include "relay/outcome.h"
#include "relay/queue_table.h"
#include "relay/worker.h"
#include "rules/writer.h"

#include <stdio.h>
#include <time.h>

struct status_queue {
	uint16_t number;
	bool bound;                  /* row was found in the kernel's table */
	struct queue_row row;
};

struct status_outcome {
	const char *file;            /* borrowed */
	bool json;
	struct outcome_counters counters;
};

struct status {
	time_t started;
	int64_t uptime_ms;
	const char *config;          /* path; borrowed */
	bool paused;
	int64_t paused_ms;           /* for how long */
	enum log_level log_level;
	uint64_t reloads, reloads_failed;
	char error[LOG_LAST];        /* the last one logged, "" if none */
	int64_t error_ago_ms;
	size_t workers, silent;      /* silent: did not answer within a second */
	struct worker_counters counters;
	uint32_t queue_length;
	size_t queue_count;
	struct status_queue queues[CONFIG_QUEUES];
	struct {
		char source[512];    /* path, or database and table */
		bool present;        /* one was read */
		bool failing;        /* the last reading failed, what there was stays in force */
		uint64_t failures;
		struct live_status live;
	} registry;
	size_t outcome_count;
	struct status_outcome outcomes[2];
	struct status_silence {
		uint64_t queries;    /* sent on since the last answer of any server */
		int64_t ms;          /* since the first of them */
		bool reigns;         /* too many for too long */
	} silence[2];                /* DHCPv4, DHCPv6 */
	bool relay;                  /* relay mode; else sender is zero */
	struct sender_counters sender;
};

struct daemon;

/*
 * Asks the workers, the kernel and the outcomes. What it tells is at most 20 ms old: somebody who
 * asks all the time must not keep the workers from their packets. *ret is borrowed until the next
 * call.
 */
const struct status *status_gather(struct daemon *d);

/* Writes the members of the status into the object that is open. docs/control.md. */
void status_write(const struct status *s, struct writer *w);

/* Writes all of it in the text format 0.0.4 of Prometheus. */
void metrics_write(const struct status *s, FILE *out);

#endif
