/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides libmicrohttpd, and the order of the start: what needs rights comes first (the port, the
 * process that may write the registry), then all rights go, then the first request is read. One
 * thread; every answer takes a bounded time.
 */
#include "relay/exporter.h"

#include "registry/late.h"
#include "relay/command.h"
#include "relay/exporter_listen.h"
#include "relay/log.h"
#include "relay/notify.h"
#include "relay/privileges.h"
#include "relay/signals.h"

#include <errno.h>
#include <libgen.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
	CONNECTIONS = 64, PATIENCE_S = 5,  /* of a client that sends or takes nothing */
	MEMORY = 32 * 1024,                /* of a connection */
	BODY = 1024,
	AT_ONCE = 1000,                    /* turns of the library before others have theirs */
};

/* What is called of it. */
#define CALLS(X) X(MHD_create_response_from_buffer) X(MHD_add_response_header) \
	X(MHD_queue_response) X(MHD_destroy_response) X(MHD_lookup_connection_value) X(MHD_run) \
	X(MHD_get_timeout) X(MHD_start_daemon) X(MHD_get_daemon_info) X(MHD_stop_daemon)

static struct { CALLS(LATE_CALL) } mhd;
static const char *const call_names[] = { CALLS(LATE_NAME) };
static const struct late library = LATE(SONAME_MICROHTTPD, call_names, mhd);

struct server {
	struct exporter e;
	struct loop loop;
	struct signals signals;
	struct loop_source http, timer;
	struct MHD_Daemon *daemon;
};

/* --- requests -------------------------------------------------------------------------------- */

/* Of a request under way. */
struct body {
	char text[BODY + 1];
	size_t len;
	bool too_long;
};

/*
 * Nothing is loaded from elsewhere, nothing runs that is not a file of ours, and nobody shows us in
 * a frame. The script never writes markup, which the last word makes the browser enforce.
 */
static const char *const headers[][2] = {
	{ "Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
		"require-trusted-types-for 'script'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
};

static enum MHD_Result send_reply(struct MHD_Connection *c, const struct exporter_reply *r)
{
	/* The library takes the text as changeable and leaves it as it is. */
	union {
		const char *constant;
		char *text;
	} u = { .constant = r->text };
	struct MHD_Response *response = mhd.MHD_create_response_from_buffer(
		r->len, u.text, r->owned != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (response == NULL) {
		free(r->owned);
		return MHD_NO;
	}
	mhd.MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, r->type);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		mhd.MHD_add_response_header(response, headers[i][0], headers[i][1]);
	result = mhd.MHD_queue_response(c, r->status, response);
	mhd.MHD_destroy_response(response);
	return result;
}

static const char *value_of(struct MHD_Connection *c, enum MHD_ValueKind kind, const char *name)
{
	const char *value = mhd.MHD_lookup_connection_value(c, kind, name);

	return value != NULL ? value : "";
}

static void gather(struct body *b, const char *data, size_t len)
{
	if (len > BODY - b->len) {
		b->too_long = true;
		return;
	}
	memcpy(b->text + b->len, data, len);
	b->len += len;
}

/*
 * Called once with the head, then for each piece of the body, then with nothing: the request is
 * whole.
 */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *data, size_t *data_len, void **state)
{
	struct server *s = ctx;
	struct body *b = *state;
	struct exporter_reply reply;

	(void)version;
	if (b == NULL) {
		*state = calloc(1, sizeof(*b));
		return *state != NULL ? MHD_YES : MHD_NO;
	}
	if (*data_len > 0) {
		gather(b, data, *data_len);
		*data_len = 0;
		return MHD_YES;
	}
	exporter_answer(&s->e,
		&(struct exporter_request){
			.method = method,
			.path = url,
			.search = value_of(c, MHD_GET_ARGUMENT_KIND, "q"),
			.after = value_of(c, MHD_GET_ARGUMENT_KIND, "after"),
			.authorization =
				value_of(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
			.body = b->too_long ? "" : b->text,
		},
		&reply);
	return send_reply(c, &reply);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **state,
	enum MHD_RequestTerminationCode why)
{
	(void)ctx;
	(void)c;
	(void)why;
	free(*state);
	*state = NULL;
}

/* --- the loop -------------------------------------------------------------------------------- */

/* The library is told of news once, and says itself whether it has come to an end with them. */
static void run_http(struct server *s)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	for (int i = 0; i < AT_ONCE && ms == 0; i++) {
		mhd.MHD_run(s->daemon);
		if (mhd.MHD_get_timeout(s->daemon, &ms) != MHD_YES)
			break;
	}
}

static void on_http(void *ctx, uint32_t events)
{
	struct server *s = ctx;

	(void)events;
	run_http(s);
}

static void on_timer(void *ctx, uint32_t events)
{
	struct server *s = ctx;
	uint64_t times;

	(void)events;
	if (read(s->timer.fd, &times, sizeof(times)) != (ssize_t)sizeof(times))
		return;
	exporter_tick(&s->e);
	run_http(s);                     /* it sends away who has been still for too long */
}

static void on_term(void *ctx)
{
	struct server *s = ctx;

	loop_stop(&s->loop);
}

static const struct signal_action actions[] = { { SIGTERM, on_term }, { SIGINT, on_term } };

static int start_http(struct server *s, int fd)
{
	const union MHD_DaemonInfo *info;

	s->daemon = mhd.MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, s,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)PATIENCE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
		MHD_OPTION_END);
	info = s->daemon != NULL ? mhd.MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info == NULL)
		return -ENOMEM;
	s->http = (struct loop_source){ info->epoll_fd, on_http, s };
	return loop_add(&s->loop, &s->http);
}

static int start_timer(struct server *s)
{
	struct itimerspec every = { { 1, 0 }, { 1, 0 } };

	s->timer = (struct loop_source){
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), on_timer, s };
	if (s->timer.fd < 0 || timerfd_settime(s->timer.fd, 0, &every, NULL) != 0)
		return -errno;
	return loop_add(&s->loop, &s->timer);
}

/* --- starting -------------------------------------------------------------------------------- */

enum { GROUPS = 4 };

/* Root's group is given to nobody. */
static size_t add_group(gid_t *groups, size_t count, const char *path)
{
	struct stat st;

	if (count == GROUPS || stat(path, &st) != 0 || st.st_gid == 0)
		return count;
	for (size_t i = 0; i < count; i++)
		if (groups[i] == st.st_gid)
			return count;
	groups[count] = st.st_gid;
	return count + 1;
}

/* The groups that may reach a path: its own and that of its directory. */
static size_t add_groups_of(gid_t *groups, size_t count, const char *path)
{
	char *copy = strdup(path);

	count = add_group(groups, count, path);
	if (copy != NULL)
		count = add_group(groups, count, dirname(copy));
	free(copy);
	return count;
}

static int drop(const struct exporter_options *o)
{
	gid_t groups[GROUPS];
	size_t count = add_groups_of(groups, 0, o->socket);
	int err;

	if (o->outcome[0] != '\0')
		count = add_groups_of(groups, count, o->outcome);
	err = privileges_drop(groups, count);
	if (err == 0)
		return EXIT_CODE_OK;
	log_error("privileges could not be given away: %s", strerror(-err));
	return EXIT_CODE_OTHER;
}

static int start_registrar(struct exporter *e)
{
	char err[512];

	if (e->o->registry[0] == '\0')
		return EXIT_CODE_OK;
	if (registrar_start(&e->registrar, e->o->registry, e->o->token_file, err, sizeof(err)) == 0)
		return EXIT_CODE_OK;
	log_error("%s", err);
	return EXIT_CODE_CONFIG;
}

static void say_what_is_missing(struct server *s)
{
	const struct exporter_options *o = s->e.o;
	char err[256];
	char *text = o->ask(o->socket, err, sizeof(err));

	if (text == NULL)
		log_warning("%s: until it does, usher_up is 0", err);
	free(text);
	if (o->outcome[0] == '\0')
		log_warning("the page will show no leases: %s", o->no_outcome);
	else if (s->e.records_err != 0)
		log_warning("outcome file %s: %s%s", o->outcome, strerror(-s->e.records_err),
			s->e.records_err == -EACCES ?
				": give it a group that is not root's, as the package does" :
				": it will be looked for again");
}

static int serve(struct server *s, int fd)
{
	int err = loop_init(&s->loop);

	if (err == 0)
		err = signals_open(&s->signals, &s->loop, actions,
			sizeof(actions) / sizeof(actions[0]), s);
	if (err == 0)
		err = start_http(s, fd);
	if (err == 0)
		err = start_timer(s);
	if (err != 0) {
		log_error("cannot serve: %s", strerror(-err));
		return err == -ENOMEM ? EXIT_CODE_MEMORY : EXIT_CODE_OTHER;
	}
	exporter_tick(&s->e);
	say_what_is_missing(s);
	log_info("usher exporter %s serves on %s%s", USHER_VERSION, s->e.o->listen,
		s->e.registrar.fd >= 0 ? ", and registers for whoever has the token" : "");
	notify_say("READY=1\nSTATUS=serves on %s", s->e.o->listen);
	loop_run(&s->loop);
	notify_say("STOPPING=1");
	return EXIT_CODE_OK;
}

static int listen_and_serve(struct server *s)
{
	char err[512];
	int fd = exporter_listen(s->e.o->listen, err, sizeof(err)), code;

	if (fd < 0) {
		log_error("%s", err);
		return EXIT_CODE_NETWORK;
	}
	code = drop(s->e.o);
	if (code == EXIT_CODE_OK)
		code = serve(s, fd);
	if (s->daemon != NULL)
		mhd.MHD_stop_daemon(s->daemon);      /* closes fd */
	else
		close(fd);
	return code;
}

/* The registrar comes first: it is to have no descriptor of ours. */
static int run(struct server *s)
{
	int code = start_registrar(&s->e);

	if (code == EXIT_CODE_OK)
		code = listen_and_serve(s);
	registrar_stop(&s->e.registrar);
	return code;
}

int exporter_run(const struct exporter_options *o)
{
	struct server *s = calloc(1, sizeof(*s));
	int code = EXIT_CODE_MEMORY;
	char err[512];

	if (!late_load(&library, err, sizeof(err))) {
		log_error("%s", err);
		free(s);
		return EXIT_CODE_OTHER;
	}
	if (s != NULL) {
		s->e.o = o;
		s->e.registrar.fd = -1;
		s->e.records = exporter_records_new(o->outcome);
		if (s->e.records != NULL)
			code = run(s);
		exporter_records_free(s->e.records);
	}
	free(s);
	return code;
}
