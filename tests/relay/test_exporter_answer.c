/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is answered to which path, without HTTP. */
#include "relay/exporter.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool daemon_is_there;
static struct exporter e;
static struct exporter_reply reply;

static char *ask(const char *socket, char *err, size_t cap)
{
	if (daemon_is_there)
		return strdup("# TYPE usher_packets_total counter\nusher_packets_total 7\n");
	snprintf(err, cap, "nobody listens on %s \033[31m\"", socket);
	return NULL;
}

static const struct exporter_options options = {
	.socket = "/s", .outcome = "", .no_outcome = "there is none", .registry = "", .ask = ask,
};

static void begin(void)
{
	daemon_is_there = true;
	memset(&e, 0, sizeof(e));
	e.o = &options;
	e.registrar.fd = -1;
	e.records = exporter_records_new("");
}

static void end(void)
{
	exporter_records_free(e.records);
	free(reply.owned);
}

TestSuite(exporter_answer, .init = begin, .fini = end);

static unsigned asked(const char *method, const char *path)
{
	struct exporter_request q = { method, path, "", "", "", "" };

	exporter_answer(&e, &q, &reply);
	return reply.status;
}

static const struct {
	const char *method, *path;
	unsigned status;
	const char *type, *says;
} rows[] = {
	{ "GET", "/", 200, "text/html; charset=utf-8", "<title>usher</title>" },
	{ "HEAD", "/usher.css", 200, "text/css; charset=utf-8", ":root" },
	{ "GET", "/usher.js", 200, "text/javascript; charset=utf-8", "use strict" },
	{ "GET", "/usher.svg", 200, "image/svg+xml", "<svg" },
	{ "GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", "\nusher_up 1\n" },
	{ "GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", "\nusher_packets_total 7\n" },
	{ "GET", "/health", 200, "text/plain; charset=utf-8", "ok\n" },
	{ "GET", "/api/state", 200, "application/json", "\"register\":false,\"up\":true,\"error\":\"\"" },
	{ "GET", "/api/state", 200, "application/json", "\"outcome_error\":\"there is none\"" },
	{ "GET", "/api/outcomes", 200, "application/json", "{\"next\":0,\"records\":[]}" },
	{ "GET", "/api/history", 200, "application/json", "\"samples\":[]" },
	{ "POST", "/api/register", 403, "text/plain; charset=utf-8", "--allow-register" },
	{ "GET", "/api/register", 405, "text/plain; charset=utf-8", "method" },
	{ "POST", "/", 405, "text/plain; charset=utf-8", "method" },
	{ "DELETE", "/metrics", 405, "text/plain; charset=utf-8", "method" },
	{ "GET", "/../etc/passwd", 404, "text/plain; charset=utf-8", "/metrics" },
	{ "GET", "", 404, "text/plain; charset=utf-8", "/metrics" },
};

Test(exporter_answer, table)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_expect_eq(asked(rows[i].method, rows[i].path), rows[i].status, "%s", rows[i].path);
		cr_expect_str_eq(reply.type, rows[i].type);
		cr_expect(memmem(reply.text, reply.len, rows[i].says, strlen(rows[i].says)) != NULL,
			"%s: %.*s", rows[i].path, (int)reply.len, reply.text);
		free(reply.owned);
		reply.owned = NULL;
	}
}

/* A daemon that is away is measured; what it or the system says of it is escaped. */
Test(exporter_answer, no_daemon)
{
	daemon_is_there = false;
	cr_expect_eq(asked("GET", "/metrics"), 200);
	cr_expect(strstr(reply.text, "\nusher_up 0\n") != NULL);
	free(reply.owned);
	cr_expect_eq(asked("GET", "/health"), 503);
	cr_expect(strstr(reply.text, "nobody listens on /s") != NULL);
	free(reply.owned);
	cr_expect_eq(asked("GET", "/api/state"), 200);
	cr_expect(strstr(reply.text, "\"up\":false,\"error\":\"nobody listens on /s \\u001b[31m\\\"\"") != NULL,
		"%s", reply.text);
}

Test(exporter_answer, a_token_is_needed)
{
	e.registrar.fd = dup(0);
	cr_expect_eq(asked("POST", "/api/register"), 401);
	registrar_stop(&e.registrar);
}

Test(exporter_answer, a_sample_every_few_seconds)
{
	exporter_tick(&e);
	exporter_tick(&e);
	cr_expect_eq(e.history.taken, 1);
	cr_expect_eq(asked("GET", "/api/history"), 200);
	cr_expect(strstr(reply.text, "\"names\":[\"usher_packets_total\"]") != NULL, "%s", reply.text);
}
