/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where each figure of the status comes from. For the main thread. A worker is interrupted to
 * be asked, so what it said is kept for a moment.
 */
#include "relay/status.h"

#include "registry/clock.h"

#include "relay/daemon.h"
#include "relay/data_source.h"

#include <string.h>

enum { KEEP_MS = 20 };

static void gather_workers(struct daemon *d, struct status *s)
{
	s->workers = d->workers.count;
	s->silent = workers_count(&d->workers, &s->counters);
	s->queue_length = d->boot->queue_length;
	s->queue_count = 0;
	for (size_t n = d->boot->queue_first; n <= d->boot->queue_last; n++) {
		struct status_queue *q = &s->queues[s->queue_count++];

		q->number = (uint16_t)n;
		q->bound = queue_table_find(q->number, &q->row) == 0;
	}
}

static void gather_registry(struct daemon *d, struct status *s)
{
	char buf[sizeof(s->registry.source)];

	live_status(&d->live, &s->registry.live);
	snprintf(s->registry.source, sizeof(s->registry.source), "%s",
		data_source_name(d->boot, buf, sizeof(buf)));
	s->registry.present = atomic_load(&d->feed.arrived);
	s->registry.failing = atomic_load(&d->feed.failing);
	s->registry.failures = atomic_load(&d->feed.failures);
}

static void gather_outcome(struct outcome *o, const char *file, bool json, struct status *s)
{
	struct status_outcome *so = &s->outcomes[s->outcome_count];

	if (o == NULL)
		return;
	so->file = file;
	so->json = json;
	outcome_counters(o, &so->counters);
	s->outcome_count++;
}

static void gather_silence(const struct daemon *d, struct status *s, int64_t now)
{
	for (size_t v6 = 0; v6 < 2; v6++) {
		struct status_silence *to = &s->silence[v6];

		to->queries = silence_queries(&d->silence, v6 != 0, now, &to->ms);
		to->reigns = silence_reigns(&d->silence, v6 != 0, now);
	}
}

static void gather_daemon(struct daemon *d, struct status *s, int64_t now)
{
	s->started = d->started;
	s->uptime_ms = now - d->started_ms;
	s->config = d->config_path;
	s->paused = atomic_load(&d->paused);
	s->paused_ms = s->paused ? now - d->paused_ms : 0;
	s->log_level = log_level();
	s->reloads = d->reloads;
	s->reloads_failed = d->reloads_failed;
	if (!log_last_error(s->error, &s->error_ago_ms))
		s->error_ago_ms = 0;
}

const struct status *status_gather(struct daemon *d)
{
	struct status *s = &d->status;
	int64_t now = clock_now_ms();

	gather_daemon(d, s, now);
	gather_silence(d, s, now);
	if (d->status_ms != 0 && now - d->status_ms < KEEP_MS)
		return s;
	gather_workers(d, s);
	gather_registry(d, s);
	s->outcome_count = 0;
	gather_outcome(
		d->outcome, d->boot->outcome.file, d->boot->outcome.format == OUTCOME_JSON, s);
	gather_outcome(d->outcome_json, d->boot->outcome.json_file, true, s);
	s->relay = d->sender != NULL;
	if (s->relay)
		sender_count(d->sender, &s->sender);
	d->status_ms = clock_now_ms();
	return s;
}
