/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what is answered to which path, as a table; knows nothing of HTTP but status codes.
 * Whatever goes out came from the daemon, from the outcome file or from a client of the network,
 * and is for the page to show as text, never as markup.
 */
#include "relay/exporter.h"

#include "relay/exporter_page.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORDS_AT_ONCE = 500 };

static const char text_plain[] = "text/plain; charset=utf-8", json[] = "application/json";

static void reply_text(struct exporter_reply *ret, unsigned status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void reply_text(struct exporter_reply *ret, unsigned status, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&ret->owned, fmt, ap);
	va_end(ap);
	if (n < 0)
		ret->owned = NULL;
	ret->status = n < 0 ? 500 : status;
	ret->type = text_plain;
	ret->text = n < 0 ? "out of memory\n" : ret->owned;
	ret->len = strlen(ret->text);
}

/* What a function writes becomes the reply. */
static FILE *reply_begin(struct exporter_reply *ret, const char *type)
{
	*ret = (struct exporter_reply){ .status = 200, .type = type };
	return open_memstream(&ret->owned, &ret->len);
}

static void reply_end(struct exporter_reply *ret, FILE *out)
{
	if (out != NULL && fclose(out) == 0) {
		ret->text = ret->owned;
		return;
	}
	free(ret->owned);
	reply_text(ret, 500, "out of memory\n");
}

/* RFC 8259 7, as ASCII; bytes from outside that are not UTF-8 cannot do harm so. */
static void write_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

/* --- for programs ---------------------------------------------------------------------------- */

/* A daemon that is not there is a fact to be measured, not an error of the exporter. */
static void answer_metrics(
	struct exporter *e, const struct exporter_request *q, struct exporter_reply *ret)
{
	FILE *out = reply_begin(ret, "text/plain; version=0.0.4; charset=utf-8");
	char err[256];
	char *text = e->o->ask(e->o->socket, err, sizeof(err));

	(void)q;
	if (out != NULL)
		fprintf(out, "# HELP usher_up Whether the daemon answers on its control socket.\n"
			"# TYPE usher_up gauge\nusher_up %d\n"
			"# HELP usher_exporter_bad_records_total Lines of the outcome file that are no record.\n"
			"# TYPE usher_exporter_bad_records_total counter\n"
			"usher_exporter_bad_records_total %llu\n%s",
			text != NULL, (unsigned long long)exporter_records_bad(e->records),
			text != NULL ? text : "");
	free(text);
	reply_end(ret, out);
}

static void answer_health(
	struct exporter *e, const struct exporter_request *q, struct exporter_reply *ret)
{
	char err[256];
	char *text = e->o->ask(e->o->socket, err, sizeof(err));

	(void)q;
	if (text != NULL)
		reply_text(ret, 200, "ok\n");
	else
		reply_text(ret, 503, "%s\n", err);
	free(text);
}

/* --- for the page ---------------------------------------------------------------------------- */

static const char *why_no_records(const struct exporter *e)
{
	if (e->o->outcome[0] == '\0')
		return e->o->no_outcome;
	return e->records_err != 0 ? strerror(-e->records_err) : "";
}

static void answer_state(
	struct exporter *e, const struct exporter_request *q, struct exporter_reply *ret)
{
	FILE *out = reply_begin(ret, json);
	char err[256] = "";
	char *text = e->o->ask(e->o->socket, err, sizeof(err));

	(void)q;
	if (out != NULL) {
		fprintf(out, "{\"version\":\"%s\",\"register\":%s,\"up\":%s,\"error\":", USHER_VERSION,
			e->registrar.fd >= 0 ? "true" : "false", text != NULL ? "true" : "false");
		write_string(out, text != NULL ? "" : err);
		fputs(",\"outcome\":", out);
		write_string(out, e->o->outcome);
		fputs(",\"outcome_error\":", out);
		write_string(out, why_no_records(e));
		fputs(",\"metrics\":", out);
		write_string(out, text != NULL ? text : "");
		fputs("}\n", out);
	}
	free(text);
	reply_end(ret, out);
}

static void answer_outcomes(
	struct exporter *e, const struct exporter_request *q, struct exporter_reply *ret)
{
	FILE *out = reply_begin(ret, json);

	e->records_err = exporter_records_poll(e->records);
	if (out != NULL)
		exporter_records_write(e->records, strtoull(q->after, NULL, 10), q->search,
			RECORDS_AT_ONCE, out);
	reply_end(ret, out);
}

static void answer_history(
	struct exporter *e, const struct exporter_request *q, struct exporter_reply *ret)
{
	FILE *out = reply_begin(ret, json);

	(void)q;
	if (out != NULL)
		exporter_history_write(&e->history, out);
	reply_end(ret, out);
}

static unsigned status_of(enum registrar_result r)
{
	static const unsigned codes[] = {
		[REGISTRAR_DONE] = 200, [REGISTRAR_FORBIDDEN] = 403, [REGISTRAR_REFUSED] = 409,
		[REGISTRAR_GONE] = 503,
	};

	return codes[r];
}

/* The token is in a header, which no other site can make a browser send. */
static void answer_register(
	struct exporter *e, const struct exporter_request *q, struct exporter_reply *ret)
{
	static const char bearer[] = "Bearer ";
	char text[REGISTRAR_TEXT];
	enum registrar_result r;

	if (e->registrar.fd < 0) {
		reply_text(ret, 403, "read-only: start usher exporter with --allow-register\n");
		return;
	}
	if (strncmp(q->authorization, bearer, sizeof(bearer) - 1) != 0) {
		reply_text(ret, 401, "a token is needed\n");
		return;
	}
	r = registrar_add(&e->registrar, q->authorization + sizeof(bearer) - 1, q->body, text);
	reply_text(ret, status_of(r), "%s\n", r == REGISTRAR_DONE ? "registered" : text);
}

static const struct route {
	const char *method, *path;
	void (*answer)(struct exporter *, const struct exporter_request *, struct exporter_reply *);
} routes[] = {
	{ "GET", "/metrics", answer_metrics },
	{ "GET", "/health", answer_health },
	{ "GET", "/api/state", answer_state },
	{ "GET", "/api/outcomes", answer_outcomes },
	{ "GET", "/api/history", answer_history },
	{ "POST", "/api/register", answer_register },
};

void exporter_answer(
	struct exporter *e, const struct exporter_request *q, struct exporter_reply *ret)
{
	const char *method = strcmp(q->method, "HEAD") == 0 ? "GET" : q->method;
	const struct page_file *file = page_file_find(q->path);
	bool known = file != NULL;

	*ret = (struct exporter_reply){ .status = 200 };
	if (file != NULL && strcmp(method, "GET") == 0) {
		ret->type = file->type;
		ret->text = file->text;
		ret->len = file->len;
		return;
	}
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i].path, q->path) != 0)
			continue;
		if (strcmp(routes[i].method, method) == 0) {
			routes[i].answer(e, q, ret);
			return;
		}
		known = true;
	}
	reply_text(ret, known ? 405 : 404, "%s\n",
		known ? "not by this method" : "there is /, /metrics and /health");
}

void exporter_tick(struct exporter *e)
{
	int64_t now = (int64_t)time(NULL);
	char err[256];
	char *text;

	e->records_err = exporter_records_poll(e->records);
	if (e->history.taken > 0 &&
		now - e->history.seconds[(e->history.taken - 1) % HISTORY_SAMPLES] < HISTORY_STEP_S)
		return;
	text = e->o->ask(e->o->socket, err, sizeof(err));
	exporter_history_add(&e->history, now, text != NULL ? text : "",
		text != NULL ? strlen(text) : 0);
	free(text);
}
