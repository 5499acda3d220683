/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a request is read and who may make it. To look is for everybody whom the socket lets
 * in; what changes something is for root, the user whom usher runs as and the socket's owner, so
 * that a program that only shows figures needs, and has, no power over DHCP.
 */
#include "relay/operate.h"

#include "relay/daemon.h"
#include "relay/explain.h"
#include "relay/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct request {
	struct daemon *d;
	const struct node *root;
	struct writer w;
	char err[1024];
};

/* False: not done, and err says why; nothing was written. Else it has accepted, and written. */
typedef bool operation_fn(struct request *r);

static void write_file(void *ctx, const char *text, size_t len)
{
	fwrite(text, 1, len, ctx);
}

static void accept_request(struct request *r)
{
	writer_open_inline(&r->w, NULL, '{');
	writer_bool(&r->w, "ok", true);
}

static bool refuse(struct request *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(struct request *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->err, sizeof(r->err), fmt, ap);
	va_end(ap);
	return false;
}

/* A string of the request; NULL if it has none of that name. */
static const char *argument(const struct request *r, const char *name)
{
	const struct node *n = node_get(r->root, name);

	return n != NULL && n->kind == JSON_STRING ? n->text : NULL;
}

static bool do_status(struct request *r)
{
	accept_request(r);
	status_write(status_gather(r->d), &r->w);
	return true;
}

static bool do_metrics(struct request *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return refuse(r, "out of memory");
	metrics_write(status_gather(r->d), out);
	if (fclose(out) != 0) {
		free(text);
		return refuse(r, "out of memory");
	}
	accept_request(r);
	writer_string(&r->w, "text", text, len);
	free(text);
	return true;
}

static bool do_reload(struct request *r)
{
	struct live_status s;

	if (!daemon_reload(r->d, r->err, sizeof(r->err)))
		return false;
	live_status(&r->d->live, &s);
	accept_request(r);
	writer_uint(&r->w, "users", s.registry.users);
	writer_uint(&r->w, "generation", s.generation);
	return true;
}

static bool pause_or_resume(struct request *r, bool pause)
{
	daemon_pause(r->d, pause);
	accept_request(r);
	writer_bool(&r->w, "paused", pause);
	return true;
}

static bool do_pause(struct request *r)
{
	return pause_or_resume(r, true);
}

static bool do_resume(struct request *r)
{
	return pause_or_resume(r, false);
}

static bool do_log_level(struct request *r)
{
	const char *name = argument(r, "level");
	enum log_level level;

	if (name != NULL && !log_level_find(name, &level))
		return refuse(r, "level: expected \"error\", \"warning\", \"info\" or \"debug\"");
	if (name != NULL) {
		log_info("log level is \"%s\" from now on", log_level_name(level));
		log_set_level(level);
	}
	accept_request(r);
	writer_text(&r->w, "log_level", log_level_name(log_level()));
	return true;
}

/* With what is in force held, so that nothing of it is freed meanwhile. */
static bool explain_held(struct request *r, const struct reg_id *id, const uint8_t *message,
	size_t len)
{
	struct offline *o = calloc(1, sizeof(*o));
	char *text = NULL;
	size_t size = 0;
	FILE *out = o != NULL ? open_memstream(&text, &size) : NULL;
	bool good = false;

	if (out != NULL) {
		o->config = live_hold(&r->d->live, &o->registry);
		if (o->registry != NULL && offline_begin(o) == 0) {
			explain(o, id, message, len, out);
			offline_end(o);
			good = true;
		}
		live_release(&r->d->live);
		good = fclose(out) == 0 && good;
	}
	if (good) {
		accept_request(r);
		writer_string(&r->w, "text", text, size);
	} else {
		refuse(r, out != NULL ? "no registry was read yet" : "out of memory");
	}
	free(text);
	free(o);
	return good;
}

static bool do_explain(struct request *r)
{
	const char *name = argument(r, "id"), *hex = argument(r, "response");
	uint8_t message[EXPLAIN_MESSAGE];
	struct reg_id id;
	size_t len = 0;

	if (name == NULL)
		return refuse(r, "id: expected a hardware address or a DUID");
	if (!explain_id(name, &id, r->err, sizeof(r->err)))
		return false;
	if (hex != NULL && (len = explain_hex(hex, message, sizeof(message))) == 0)
		return refuse(r, "response: expected a DHCP message as pairs of hex digits, at most "
			"%d bytes", EXPLAIN_MESSAGE);
	return explain_held(r, &id, message, len);
}

static const struct operation {
	const char *name;
	operation_fn *run;
	bool changes;
} operations[] = {
	{ "status", do_status },
	{ "metrics", do_metrics },
	{ "explain", do_explain },
	{ "reload", do_reload, true },
	{ "pause", do_pause, true },
	{ "resume", do_resume, true },
	{ "log-level", do_log_level, true },
};

static const struct operation *find(const char *name)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

static bool may_change(const struct daemon *d, const struct ucred *who)
{
	struct stat st;

	if (who->uid == 0 || who->uid == geteuid())
		return true;
	return lstat(d->boot->control, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == who->uid;
}

static bool run(struct request *r, const struct ucred *who)
{
	const char *name = argument(r, "command");
	const struct operation *o = name != NULL ? find(name) : NULL;
	char safe[64];

	if (name == NULL)
		return refuse(r, "expected {\"command\": \"status\"} or the like");
	log_escape(safe, sizeof(safe), name, strlen(name));
	if (o == NULL)
		return refuse(r, "unknown command \"%s\"", safe);
	if (o->changes && !may_change(r->d, who))
		return refuse(r, "\"%s\" is for root, the user whom usher runs as and the owner of the "
			"control socket (control_owner)", o->name);
	return o->run(r);
}

void operate(void *daemon, const struct ucred *who, const char *line, size_t len, FILE *out)
{
	struct arena arena = { .last = NULL };
	struct request r = { .d = daemon, .w = writer_begin(write_file, out) };
	struct rule_error err = { .code = RULE_E_MEMORY };
	bool done = false;

	r.root = node_parse(&arena, line, len, &err);
	if (r.root == NULL)
		refuse(&r, "not a JSON object: %s", err.text);
	else if (r.root->kind != JSON_OBJECT)
		refuse(&r, "expected a JSON object");
	else
		done = run(&r, who);
	if (!done) {
		writer_open_inline(&r.w, NULL, '{');
		writer_bool(&r.w, "ok", false);
		writer_text(&r.w, "error", r.err);
	}
	writer_close(&r.w, '{');
	arena_done(&arena);
}
