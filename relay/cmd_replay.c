/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher replay: the same pipeline over a capture, without root and without a queue. One line a
 * packet for people or, with --json, one object for programs; records and what would have been sent
 * on; the counters at the end. Only this file prints.
 */
#include "relay/command.h"

#include "relay/capture.h"
#include "relay/describe.h"
#include "relay/offline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct replay {
	struct offline o;
	struct capture *capture;
	FILE *outcome;               /* NULL: none is written */
	bool json;
	uint64_t frames, copied;     /* copied: not IP at all */
	struct description what;     /* of the packet in hand */
};

static void on_packet(void *ctx, const struct packet *p)
{
	struct replay *r = ctx;

	describe(p, &r->what);
}

static void print_time(int64_t time_ns, char out[static 40])
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, 24, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, 40 - n, ".%06dZ", (int)(time_ns % 1000000000 / 1000));
}

/* A string of our own or of hex digits: only quotes, backslashes and control bytes need care. */
static void print_string(const char *key, const char *text, size_t len)
{
	printf(",\"%s\":\"", key);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void print_json(const struct replay *r, const char *when)
{
	const struct description *d = &r->what;
	const struct {
		const char *key, *text;
	} rows[] = {
		{ "direction", d->direction }, { "message", d->message }, { "client", d->client },
		{ "decision", d->decision }, { "detail", d->detail }, { "verdict", d->verdict },
		{ "cause", d->cause },
	};

	printf("{\"packet\":%llu", (unsigned long long)r->frames);
	print_string("time", when, strlen(when));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		print_string(rows[i].key, rows[i].text, strlen(rows[i].text));
	if (r->o.records.len > 0)
		print_string("outcome", r->o.records.text, r->o.records.len);
	printf("}\n");
}

static void print_line(const struct replay *r, const char *when)
{
	const struct description *d = &r->what;

	printf("%s %-8s %-10s %s; %s%s%s; %s: %s\n", when, d->direction, d->message, d->client,
		d->decision, d->detail[0] != '\0' ? "; " : "", d->detail, d->verdict, d->why);
}

static void run_frame(struct replay *r, const struct frame_bytes *f, bool write)
{
	char when[40];
	const struct slot *s;

	r->frames++;
	if (!f->has_ip) {
		r->copied++;
		if (write)
			capture_write(r->capture, f, NULL, 0);
		return;
	}
	s = offline_run(&r->o, f->bytes + f->ip_off, f->len - f->ip_off,
		f->wire_len > f->len ? f->wire_len - f->ip_off : 0, f->time_ns);
	print_time(f->time_ns, when);
	if (r->json)
		print_json(r, when);
	else
		print_line(r, when);
	if (r->outcome != NULL)
		fwrite(r->o.records.text, 1, r->o.records.len, r->outcome);
	for (size_t i = 0; write && i < s->send_count; i++)
		capture_write(r->capture, f, s->out + s->sends[i].off, s->sends[i].len);
	if (write && s->verdict == SLOT_ACCEPT)
		capture_write(r->capture, f, s->edited ? s->out : NULL, s->out_len);
}

static void print_summary(const struct replay *r)
{
	const struct counters *c = &r->o.counters;
	FILE *out = r->json ? stderr : stdout;

	fprintf(out, "\n%llu frames: %llu IP packets, %llu others copied; %llu accepted, %llu dropped\n",
		(unsigned long long)r->frames, (unsigned long long)c->packets,
		(unsigned long long)r->copied, (unsigned long long)c->verdicts[SLOT_ACCEPT],
		(unsigned long long)c->verdicts[SLOT_DROP]);
	for (int i = 0; i < CAUSE_COUNT; i++)
		if (c->causes[i] > 0)
			fprintf(out, "%8llu  %-18s %s\n", (unsigned long long)c->causes[i],
				cause_name((enum cause)i), cause_text((enum cause)i));
	fprintf(out, "on the way:\n");
	for (int i = 0; i < EVENT_COUNT; i++)
		if (c->events[i] > 0)
			fprintf(out, "%8llu  %-18s %s\n", (unsigned long long)c->events[i],
				event_name((enum event)i), event_text((enum event)i));
}

/* Reads to the end, or to where the capture is damaged: what came before that counts. */
static int run_all(struct replay *r, bool write)
{
	struct frame_bytes f;
	char err[512];
	int got;

	while ((got = capture_next(r->capture, &f, err, sizeof(err))) == 1)
		run_frame(r, &f, write);
	print_summary(r);
	if (got == 0)
		return EXIT_CODE_OK;
	fprintf(stderr, "usher: %s, after %llu frames that were read\n", err,
		(unsigned long long)r->frames);
	return EXIT_CODE_FILE;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "usher: %s%s%s\n", what, why != NULL ? ": " : "", why != NULL ? why : "");
	return EXIT_CODE_FILE;
}

static int replay(struct replay *r, const char *in, const char *out, const char *outcome)
{
	char err[512];
	int code;

	r->capture = capture_open(in, err, sizeof(err));
	if (r->capture == NULL)
		return fail(err, NULL);
	if (out != NULL && !capture_create(r->capture, out, err, sizeof(err)))
		return fail(err, NULL);
	/* Without a file the records follow their packet's line. */
	r->outcome = r->json ? NULL : stdout;
	if (outcome != NULL && (r->outcome = fopen(outcome, "a")) == NULL)
		return fail(outcome, strerror(errno));
	r->o.pipeline.trace = on_packet;
	r->o.pipeline.ctx = r;
	code = run_all(r, out != NULL);
	if (outcome != NULL && fclose(r->outcome) != 0)
		return fail(outcome, strerror(errno));
	return code;
}

enum { FLAG_OF_CONFIG, FLAG_JSON, FLAG_OUTCOME };

const struct flag replay_flags[] = {
	FLAG_CONFIG,
	{ "json", 'j', NULL, "one JSON object a packet; the counters go to standard error" },
	{ "outcome", 'o', "FILE", "append the records to a file instead of printing them" },
	{ NULL, 0, NULL, NULL },
};

int cmd_replay(int argc, char **argv)
{
	const char *values[FLAGS_MAX];
	int at = command_flags(argc, argv, replay_flags, values), code;
	struct replay *r;
	char err[512];

	if (at < 0 || argc - at < 1 || argc - at > 2)
		return EXIT_CODE_USAGE;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return EXIT_CODE_MEMORY;
	r->json = values[FLAG_JSON] != NULL;
	code = offline_init(
		&r->o, values[FLAG_OF_CONFIG] != NULL ? values[FLAG_OF_CONFIG] : CONFIG_PATH);
	if (code == EXIT_CODE_OK) {
		code = replay(r, argv[at], argc - at == 2 ? argv[at + 1] : NULL,
			values[FLAG_OUTCOME]);
		if (!capture_close(r->capture, err, sizeof(err)))
			code = fail(err, NULL);
		offline_done(&r->o);
	}
	free(r);
	return code;
}
