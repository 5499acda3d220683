/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status as JSON, as docs/control.md describes it. Counters that are zero are left out of the
 * lists, which are long; all else is always there.
 */
#include "relay/status.h"

#include "relay/config_key.h"
#include "relay/record.h"

#include "dhcpcodec/message.h"

#include <string.h>

static void write_program(const struct status *s, struct writer *w)
{
	char started[32];
	struct tm tm;

	gmtime_r(&s->started, &tm);
	strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", &tm);
	writer_text(w, "version", USHER_VERSION);
	writer_text(w, "started", started);
	writer_uint(w, "uptime_ms", (uint64_t)s->uptime_ms);
	writer_text(w, "config", s->config);
	writer_text(w, "log_level", log_level_name(s->log_level));
	writer_bool(w, "paused", s->paused);
	if (s->paused)
		writer_uint(w, "paused_ms", (uint64_t)s->paused_ms);
	writer_uint(w, "reloads", s->reloads);
	writer_uint(w, "reloads_failed", s->reloads_failed);
	if (s->error[0] == '\0')
		return;
	writer_open(w, "last_error", '{');
	writer_text(w, "text", s->error);
	writer_uint(w, "ago_ms", (uint64_t)s->error_ago_ms);
	writer_close(w, '{');
}

static void write_types(const struct counters *c, struct writer *w)
{
	writer_open(w, "messages", '[');
	for (unsigned i = 0; i < 2 * 2 * 64; i++) {
		unsigned v6 = i / 128, response = i / 64 % 2, type = i % 64;
		uint64_t n = c->types[v6][response][type];
		const char *name = v6 ? dhcp6_message_name(type) : dhcp4_message_name(type);

		if (n == 0)
			continue;
		writer_open(w, NULL, '{');
		writer_uint(w, "family", v6 ? 6 : 4);
		writer_text(w, "direction", response ? "response" : "query");
		writer_text(w, "type", name != NULL ? name : "other");
		writer_uint(w, "packets", n);
		writer_close(w, '{');
	}
	writer_close(w, '[');
}

static void write_causes(const struct counters *c, struct writer *w)
{
	writer_open(w, "causes", '[');
	for (size_t i = 0; i < CAUSE_COUNT; i++) {
		if (c->causes[i] == 0)
			continue;
		writer_open(w, NULL, '{');
		writer_text(w, "name", cause_name((enum cause)i));
		writer_text(w, "text", cause_text((enum cause)i));
		writer_uint(w, "packets", c->causes[i]);
		writer_uint(w, "dropped", c->dropped[i]);
		writer_close(w, '{');
	}
	writer_close(w, '[');
	writer_open(w, "events", '[');
	for (size_t i = 0; i < EVENT_COUNT; i++) {
		if (c->events[i] == 0)
			continue;
		writer_open(w, NULL, '{');
		writer_text(w, "name", event_name((enum event)i));
		writer_text(w, "text", event_text((enum event)i));
		writer_uint(w, "count", c->events[i]);
		writer_close(w, '{');
	}
	writer_close(w, '[');
}

static void write_outcomes(const struct counters *c, struct writer *w)
{
	writer_open(w, "leases", '[');
	for (unsigned i = 0; i < 2 * 2 * RECORD_EVENT_COUNT; i++) {
		unsigned v6 = i / (2 * RECORD_EVENT_COUNT), event = i % RECORD_EVENT_COUNT;
		unsigned registered = i / RECORD_EVENT_COUNT % 2;

		if (c->outcomes[v6][registered][event] == 0)
			continue;
		writer_open(w, NULL, '{');
		writer_uint(w, "family", v6 ? 6 : 4);
		writer_bool(w, "registered", registered != 0);
		writer_text(w, "event", record_event_name((enum record_event)event));
		writer_uint(w, "count", c->outcomes[v6][registered][event]);
		writer_close(w, '{');
	}
	writer_close(w, '[');
}

static void write_histogram(const char *key, const struct histogram *h, struct writer *w)
{
	writer_open(w, key, '{');
	writer_uint(w, "count", h->count);
	writer_uint(w, "sum_us", h->sum_us);
	writer_open(w, "buckets", '[');
	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
		if (h->buckets[i] == 0)
			continue;
		writer_open(w, NULL, '{');
		if (i < HISTOGRAM_BOUNDS)
			writer_uint(w, "up_to_us", histogram_bounds[i]);
		writer_uint(w, "count", h->buckets[i]);
		writer_close(w, '{');
	}
	writer_close(w, '[');
	writer_close(w, '{');
}

static void write_servers(const struct servers *s, struct writer *w)
{
	char text[SERVER_TEXT_MAX];

	writer_open(w, "servers", '[');
	for (size_t i = 0; i < SERVERS_MAX && s->all[i].len > 0; i++) {
		writer_open(w, NULL, '{');
		writer_uint(w, "family", s->all[i].family);
		writer_text(w, "server", server_text(&s->all[i], text));
		writer_uint(w, "answers", s->all[i].answers);
		writer_close(w, '{');
	}
	writer_close(w, '[');
}

static void write_silence(const struct status *s, struct writer *w)
{
	writer_open(w, "unanswered", '[');
	for (unsigned v6 = 0; v6 < 2; v6++) {
		if (s->silence[v6].queries == 0)
			continue;
		writer_open(w, NULL, '{');
		writer_uint(w, "family", v6 ? 6 : 4);
		writer_uint(w, "queries", s->silence[v6].queries);
		writer_uint(w, "for_ms", (uint64_t)s->silence[v6].ms);
		writer_bool(w, "alarming", s->silence[v6].reigns);
		writer_close(w, '{');
	}
	writer_close(w, '[');
}

static void write_queues(const struct status *s, struct writer *w)
{
	const struct queue_counters *c = &s->counters.queue;

	writer_open(w, "queues", '[');
	for (size_t i = 0; i < s->queue_count; i++) {
		const struct status_queue *q = &s->queues[i];

		writer_open(w, NULL, '{');
		writer_uint(w, "number", q->number);
		writer_bool(w, "bound", q->bound);
		if (q->bound) {
			writer_uint(w, "waiting", q->row.waiting);
			writer_uint(w, "length", s->queue_length);
			writer_uint(w, "dropped_full", q->row.dropped);
			writer_uint(w, "dropped_socket", q->row.user_dropped);
		}
		writer_close(w, '{');
	}
	writer_close(w, '[');
	writer_open(w, "queue", '{');
	writer_uint(w, "workers", s->workers);
	writer_uint(w, "workers_silent", s->silent);
	writer_uint(w, "batches", c->batches);
	writer_uint(w, "missed", c->missed);
	writer_uint(w, "overruns", c->overruns);
	writer_uint(w, "malformed", c->malformed);
	writer_uint(w, "verdicts_late", c->gone);
	writer_uint(w, "verdicts_refused", c->refused + c->errors);
	writer_uint(w, "verdicts_unsent", c->unsent);
	writer_close(w, '{');
}

static void write_registry(const struct status *s, struct writer *w)
{
	const struct load_stats *l = &s->registry.live.registry;

	writer_open(w, "registry", '{');
	writer_text(w, "source", s->registry.source);
	writer_bool(w, "present", s->registry.present);
	writer_bool(w, "failing", s->registry.failing);
	writer_uint(w, "failures", s->registry.failures);
	writer_uint(w, "users", l->users);
	writer_uint(w, "bytes", l->bytes);
	writer_uint(w, "left_out", l->bad);
	writer_uint(w, "read_us", l->micros);
	writer_uint(w, "age_ms", (uint64_t)s->registry.live.age_ms);
	writer_uint(w, "generation", s->registry.live.generation);
	writer_close(w, '{');
}

static void write_files(const struct status *s, struct writer *w)
{
	writer_open(w, "outcome", '[');
	for (size_t i = 0; i < s->outcome_count; i++) {
		const struct status_outcome *o = &s->outcomes[i];

		writer_open(w, NULL, '{');
		writer_text(w, "file", o->file);
		writer_text(w, "format", o->json ? "json" : "user_chk");
		writer_bool(w, "stalled", o->counters.stalled);
		writer_uint(w, "records", o->counters.records);
		writer_uint(w, "written", o->counters.written);
		writer_uint(w, "late", o->counters.late);
		writer_uint(w, "lost", o->counters.lost);
		writer_uint(w, "waiting_bytes", o->counters.waiting);
		writer_uint(w, "errors", o->counters.errors);
		writer_uint(w, "reopened", o->counters.reopened);
		writer_close(w, '{');
	}
	writer_close(w, '[');
}

static void write_sender(const struct status *s, struct writer *w)
{
	const struct sender_counters *c = &s->sender;

	if (!s->relay)
		return;
	writer_open(w, "relay", '{');
	writer_uint(w, "sent", c->sent);
	writer_uint(w, "no_route", c->no_route);
	writer_uint(w, "refused", c->refused);
	writer_uint(w, "no_room", c->no_room);
	writer_uint(w, "too_long", c->too_long);
	writer_uint(w, "failed", c->failed);
	writer_close(w, '{');
}

void status_write(const struct status *s, struct writer *w)
{
	const struct counters *c = &s->counters.pipeline;

	write_program(s, w);
	writer_open(w, "packets", '{');
	writer_uint(w, "received", c->packets);
	writer_uint(w, "accepted", c->verdicts[SLOT_ACCEPT]);
	writer_uint(w, "dropped", c->verdicts[SLOT_DROP]);
	writer_close(w, '{');
	write_types(c, w);
	write_causes(c, w);
	write_outcomes(c, w);
	write_servers(&s->counters.servers, w);
	write_silence(s, w);
	write_histogram("answer_time", &c->answers, w);
	write_histogram("handling_time", &s->counters.handling, w);
	write_queues(s, w);
	write_sender(s, w);
	write_registry(s, w);
	write_files(s, w);
	writer_uint(w, "records_without_room", s->counters.records_lost);
}
