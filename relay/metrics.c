/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the text format 0.0.4 of Prometheus: a family's HELP and TYPE, then its samples; labels'
 * values with backslash, quote and newline escaped. Every name is here and in docs/control.md.
 * Series that are known beforehand are there from the start with 0, so that a rate over them is
 * right; message types and servers come when they are first seen.
 */
#include "relay/status.h"

#include "relay/record.h"

#include "dhcpcodec/message.h"

#include <inttypes.h>

static void family(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(FILE *out, const char *name, const char *type, const char *help, uint64_t v)
{
	family(out, name, type, help);
	fprintf(out, "%s %" PRIu64 "\n", name, v);
}

static void seconds(FILE *out, const char *name, const char *help, int64_t ms)
{
	family(out, name, "gauge", help);
	fprintf(out, "%s %" PRId64 ".%03d\n", name, ms / 1000, (int)(ms % 1000));
}

static void label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', out);
		if (*value == '\n')
			fputs("\\n", out);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

static void write_program(const struct status *s, FILE *out)
{
	family(out, "usher_build_info", "gauge", "The version that runs; always 1.");
	fputs("usher_build_info{", out);
	label(out, "version", USHER_VERSION);
	fputs("} 1\n", out);
	one(out, "usher_start_time_seconds", "gauge", "When it was started, in Unix time.",
		(uint64_t)s->started);
	seconds(out, "usher_uptime_seconds", "For how long it has been running.", s->uptime_ms);
	one(out, "usher_paused", "gauge", "Whether it is paused and passes everything untouched.",
		s->paused);
	one(out, "usher_reloads_total", "counter", "Reloads asked for.", s->reloads);
	one(out, "usher_reload_failures_total", "counter",
		"Reloads of which something was refused.", s->reloads_failed);
}

static void write_packets(const struct counters *c, FILE *out)
{
	one(out, "usher_packets_total", "counter", "Packets taken from the queues.", c->packets);
	family(out, "usher_verdicts_total", "counter", "Verdicts given.");
	fprintf(out, "usher_verdicts_total{verdict=\"accept\"} %" PRIu64 "\n",
		c->verdicts[SLOT_ACCEPT]);
	fprintf(out, "usher_verdicts_total{verdict=\"drop\"} %" PRIu64 "\n", c->verdicts[SLOT_DROP]);
	family(out, "usher_decisions_total", "counter", "Packets by why they got their verdict.");
	for (size_t i = 0; i < CAUSE_COUNT; i++)
		fprintf(out, "usher_decisions_total{reason=\"%s\"} %" PRIu64 "\n",
			cause_name((enum cause)i), c->causes[i]);
	family(out, "usher_dropped_packets_total", "counter", "Packets dropped, by why.");
	for (size_t i = 0; i < CAUSE_COUNT; i++)
		fprintf(out, "usher_dropped_packets_total{reason=\"%s\"} %" PRIu64 "\n",
			cause_name((enum cause)i), c->dropped[i]);
	family(out, "usher_events_total", "counter", "What happened to packets on the way.");
	for (size_t i = 0; i < EVENT_COUNT; i++)
		fprintf(out, "usher_events_total{event=\"%s\"} %" PRIu64 "\n",
			event_name((enum event)i), c->events[i]);
}

/* Several types may have no name: they are one series. */
static void write_messages(const struct counters *c, FILE *out)
{
	family(out, "usher_messages_total", "counter", "DHCP messages, by type.");
	for (unsigned i = 0; i < 4; i++) {
		unsigned v6 = i / 2, response = i % 2;
		const char *direction = response ? "response" : "query";
		uint64_t others = 0;

		for (unsigned type = 0; type < 64; type++) {
			uint64_t n = c->types[v6][response][type];
			const char *name = v6 ? dhcp6_message_name(type) : dhcp4_message_name(type);

			if (name == NULL)
				others += n;
			else if (n > 0)
				fprintf(out, "usher_messages_total{family=\"%u\",direction=\"%s\","
					"message_type=\"%s\"} %" PRIu64 "\n",
					v6 ? 6 : 4, direction, name, n);
		}
		fprintf(out, "usher_messages_total{family=\"%u\",direction=\"%s\","
			"message_type=\"other\"} %" PRIu64 "\n", v6 ? 6 : 4, direction, others);
	}
}

static void write_leases(const struct counters *c, FILE *out)
{
	family(out, "usher_leases_total", "counter",
		"What became of clients' wishes for an address.");
	for (unsigned i = 0; i < 2 * 2 * RECORD_EVENT_COUNT; i++) {
		unsigned v6 = i / (2 * RECORD_EVENT_COUNT), event = i % RECORD_EVENT_COUNT;
		unsigned registered = i / RECORD_EVENT_COUNT % 2;

		fprintf(out, "usher_leases_total{family=\"%u\",registered=\"%s\",event=\"%s\"} %"
			PRIu64 "\n", v6 ? 6 : 4, registered ? "true" : "false",
			record_event_name((enum record_event)event),
			c->outcomes[v6][registered][event]);
	}
}

static void write_servers(const struct servers *s, FILE *out)
{
	char text[SERVER_TEXT_MAX];

	family(out, "usher_server_answers_total", "counter", "Answers of DHCP servers, by server.");
	for (size_t i = 0; i < SERVERS_MAX && s->all[i].len > 0; i++)
		fprintf(out, "usher_server_answers_total{family=\"%u\",server=\"%s\"} %" PRIu64 "\n",
			s->all[i].family, server_text(&s->all[i], text), s->all[i].answers);
	fprintf(out, "usher_server_answers_total{family=\"any\",server=\"other\"} %" PRIu64 "\n",
		s->others);
}

static void write_silence(const struct status *s, FILE *out)
{
	family(out, "usher_unanswered_queries", "gauge",
		"Queries sent on since the last answer of any server.");
	for (unsigned v6 = 0; v6 < 2; v6++)
		fprintf(out, "usher_unanswered_queries{family=\"%u\"} %" PRIu64 "\n", v6 ? 6U : 4U,
			s->silence[v6].queries);
	family(out, "usher_unanswered_seconds", "gauge",
		"Since the first of the queries that no server has answered yet.");
	for (unsigned v6 = 0; v6 < 2; v6++)
		fprintf(out, "usher_unanswered_seconds{family=\"%u\"} %g\n", v6 ? 6U : 4U,
			(double)s->silence[v6].ms / 1000);
}

static void write_histogram(
	const char *name, const char *help, const struct histogram *h, FILE *out)
{
	uint64_t below = 0;

	family(out, name, "histogram", help);
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		below += h->buckets[i];
		fprintf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
			(double)histogram_bounds[i] / 1e6, below);
	}
	fprintf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, h->count);
	fprintf(out, "%s_sum %" PRIu64 ".%06u\n", name, h->sum_us / 1000000,
		(unsigned)(h->sum_us % 1000000));
	fprintf(out, "%s_count %" PRIu64 "\n", name, h->count);
}

static uint64_t waiting(const struct status_queue *q)
{
	return q->row.waiting;
}

static uint64_t dropped_full(const struct status_queue *q)
{
	return q->row.dropped;
}

static uint64_t dropped_socket(const struct status_queue *q)
{
	return q->row.user_dropped;
}

static void write_kernel(const struct status *s, FILE *out)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*value)(const struct status_queue *q);
	} rows[] = {
		{ "usher_queue_waiting_packets", "gauge",
			"Packets without a verdict in the kernel's queue.", waiting },
		{ "usher_queue_dropped_full_total", "counter",
			"Packets that the kernel dropped because the queue was full.",
			dropped_full },
		{ "usher_queue_dropped_socket_total", "counter",
			"Packets that the kernel dropped because the socket was full.",
			dropped_socket },
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		family(out, rows[r].name, rows[r].type, rows[r].help);
		for (size_t i = 0; i < s->queue_count; i++)
			if (s->queues[i].bound)
				fprintf(out, "%s{queue=\"%u\"} %" PRIu64 "\n", rows[r].name,
					s->queues[i].number, rows[r].value(&s->queues[i]));
	}
	one(out, "usher_queue_length_packets", "gauge", "Packets that may wait in each queue.",
		s->queue_length);
}

static void write_queue(const struct status *s, FILE *out)
{
	const struct queue_counters *c = &s->counters.queue;

	write_kernel(s, out);
	one(out, "usher_batches_total", "counter", "Batches of packets taken.", c->batches);
	one(out, "usher_queue_missed_packets_total", "counter",
		"Packets that the kernel had but could not hand over.", c->missed);
	one(out, "usher_queue_overruns_total", "counter", "Times that the socket was full.",
		c->overruns);
	one(out, "usher_queue_malformed_total", "counter",
		"Messages of the kernel that contradict themselves.", c->malformed);
	one(out, "usher_verdicts_late_total", "counter",
		"Verdicts on packets that the kernel had given up.", c->gone);
	one(out, "usher_verdicts_refused_total", "counter", "Verdicts that the kernel refused.",
		c->refused + c->errors);
	one(out, "usher_verdicts_unsent_total", "counter", "Verdicts that could not be sent.",
		c->unsent);
	one(out, "usher_workers", "gauge", "Workers.", s->workers);
	one(out, "usher_workers_silent", "gauge", "Workers that do not answer: they hang.",
		s->silent);
}

/* Relay mode; in other modes they stay 0. */
static void write_sender(const struct sender_counters *c, FILE *out)
{
	const struct {
		const char *reason;
		uint64_t n;
	} rows[] = {
		{ "no_route", c->no_route },
		{ "refused", c->refused },
		{ "no_room", c->no_room },
		{ "too_long", c->too_long },
		{ "failed", c->failed },
	};

	one(out, "usher_relay_sent_packets_total", "counter",
		"Packets of our own that relay mode sent to servers, relay agents and clients.", c->sent);
	family(out, "usher_relay_unsent_packets_total", "counter",
		"Packets of our own that relay mode could not send, by why.");
	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
		fprintf(out, "usher_relay_unsent_packets_total{reason=\"%s\"} %" PRIu64 "\n",
			rows[r].reason, rows[r].n);
}

static void write_registry(const struct status *s, FILE *out)
{
	const struct load_stats *l = &s->registry.live.registry;

	one(out, "usher_registry_present", "gauge", "Whether a registry was read.",
		s->registry.present);
	one(out, "usher_registry_failing", "gauge",
		"Whether the last reading failed and an older registry is in force.",
		s->registry.failing);
	one(out, "usher_registry_failures_total", "counter", "Readings that failed.",
		s->registry.failures);
	one(out, "usher_registry_users", "gauge", "Users in the registry in force.", l->users);
	one(out, "usher_registry_bytes", "gauge", "Memory that it takes.", l->bytes);
	one(out, "usher_registry_left_out_entries", "gauge", "Entries left out of it.", l->bad);
	seconds(out, "usher_registry_age_seconds", "Since it was put in force.",
		s->registry.live.age_ms);
	family(out, "usher_registry_read_seconds", "gauge", "How long it took to read.");
	fprintf(out, "usher_registry_read_seconds %" PRIu64 ".%06u\n", l->micros / 1000000,
		(unsigned)(l->micros % 1000000));
	one(out, "usher_generation", "gauge", "Number of the config and registry in force.",
		s->registry.live.generation);
}

static void write_outcome(const struct status *s, FILE *out)
{
	static const struct {
		const char *name, *type, *help;
		size_t offset;
	} rows[] = {
#define AT(f) offsetof(struct outcome_counters, f)
		{ "usher_outcome_records_total", "counter", "Outcome records made.", AT(records) },
		{ "usher_outcome_written_records_total", "counter",
			"Outcome records that are in the file.", AT(written) },
		{ "usher_outcome_late_records_total", "counter",
			"Outcome records that came into the file after their verdict.", AT(late) },
		{ "usher_outcome_lost_records_total", "counter",
			"Outcome records for which there was no room.", AT(lost) },
		{ "usher_outcome_backlog_bytes", "gauge", "Outcome records that wait for the disk.",
			AT(waiting) },
		{ "usher_outcome_write_errors_total", "counter", "Writes that failed.",
			AT(errors) },
#undef AT
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		family(out, rows[r].name, rows[r].type, rows[r].help);
		for (size_t i = 0; i < s->outcome_count; i++) {
			const char *base = (const char *)&s->outcomes[i].counters;

			fprintf(out, "%s{format=\"%s\"} %" PRIu64 "\n", rows[r].name,
				s->outcomes[i].json ? "json" : "user_chk",
				*(const uint64_t *)(const void *)(base + rows[r].offset));
		}
	}
	one(out, "usher_outcome_no_room_records_total", "counter",
		"Outcome records beyond what a batch has room for.", s->counters.records_lost);
}

void metrics_write(const struct status *s, FILE *out)
{
	const struct counters *c = &s->counters.pipeline;

	write_program(s, out);
	write_packets(c, out);
	write_messages(c, out);
	write_leases(c, out);
	write_servers(&s->counters.servers, out);
	write_silence(s, out);
	write_histogram("usher_handling_seconds",
		"From the receipt of a packet's batch to its verdict.", &s->counters.handling, out);
	write_histogram("usher_answer_seconds", "From a query to its server's answer.",
		&c->answers, out);
	write_queue(s, out);
	write_sender(&s->sender, out);
	write_registry(s, out);
	write_outcome(s, out);
}
