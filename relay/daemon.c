/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the order in which things start and stop. What may be refused comes first and cheap before
 * dear: config, outcome file, registry, queues; no packet is taken before all of it is there. At
 * the end the queues are answered first, then what they left for the disk is written. Threads: the
 * main one runs the loop and knows no packets, one for each queue, one reads the registry, one
 * writes the outcome.
 */
#include "relay/daemon.h"

#include "relay/command.h"
#include "relay/hook.h"
#include "relay/operate.h"
#include "relay/selfcheck.h"
#include "relay/statistics.h"

#include <errno.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { FLUSH_MS = 2000 };                /* how long the end waits for the disk */

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void poll_registry(void *ctx)
{
	struct daemon *d = ctx;

	feed_poll(&d->feed);
}

static void tell_status(struct daemon *d, const char *before)
{
	struct live_status s;

	live_status(&d->live, &s);
	notify_say("%sSTATUS=%zu users; queues %u to %u; %s", before, s.registry.users,
		d->boot->queue_first, d->boot->queue_last, d->config_path);
}

static void say_warnings(const struct config *c)
{
	for (const struct rule_warning *w = c->warnings; w != NULL; w = w->next) {
		char line[16] = "";

		if (w->line > 0)
			snprintf(line, sizeof(line), "%u:", w->line);
		log_warning("%s:%s %s%s%s", c->path, line, w->path, w->path[0] != '\0' ? ": " : "",
			w->text);
	}
}

/*
 * DHCP does not depend on the control socket, so neither does the daemon: it says what is wrong with it,
 * goes on, and tries again at the next reload.
 */
static void start_control(struct daemon *d)
{
	const struct config *c = d->boot;
	struct control_options o = {
		.path = c->control, .owner = c->control_owner, .group = c->control_group,
		.mode = c->control_mode, .answer = operate, .ctx = d,
	};
	char err[512];

	if (o.path[0] != '\0' && control_open(&d->control, &d->loop, &o, err, sizeof(err)) != 0)
		log_error("%s; nobody can ask this usher anything", err);
}

/* --- reloading ------------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool same_mysql(const struct config_mysql *a, const struct config_mysql *b)
{
	return a->used == b->used && same_text(a->host, b->host) &&
		same_text(a->socket, b->socket) && a->port == b->port &&
		same_text(a->database, b->database) && same_text(a->user, b->user) &&
		same_text(a->table, b->table) && same_text(a->password_file, b->password_file) &&
		same_text(a->password_env, b->password_env) && same_text(a->tls_ca, b->tls_ca) &&
		a->poll_ms == b->poll_ms && a->connect_timeout_ms == b->connect_timeout_ms &&
		a->read_timeout_ms == b->read_timeout_ms && a->on_unavailable == b->on_unavailable;
}

/* Keys that take effect at a start only: said, so that nobody waits for them. */
static void say_unchanged(const struct config *a, const struct config *b)
{
	const struct {
		const char *key;
		bool same;
	} rows[] = {
		{ "mode", a->mode == b->mode },
		{ "queues", a->queue_first == b->queue_first && a->queue_last == b->queue_last },
		{ "fail", a->fail_open == b->fail_open },
		{ "registry.file", same_text(a->registry.file, b->registry.file) },
		{ "registry.mysql", same_mysql(&a->registry.mysql, &b->registry.mysql) },
		{ "registry.bad_lines", a->registry.bad_lines == b->registry.bad_lines },
		{ "registry.refresh_wait_ms",
			a->registry.refresh_wait_ms == b->registry.refresh_wait_ms },
		{ "outcome.file", same_text(a->outcome.file, b->outcome.file) },
		{ "outcome.json_file", same_text(a->outcome.json_file, b->outcome.json_file) },
		{ "outcome.format", a->outcome.format == b->outcome.format },
		{ "outcome.wait_ms", a->outcome.wait_ms == b->outcome.wait_ms },
		{ "control", same_text(a->control, b->control) },
		{ "control_owner", same_text(a->control_owner, b->control_owner) },
		{ "control_group", same_text(a->control_group, b->control_group) },
		{ "control_mode", a->control_mode == b->control_mode },
		{ "batch", a->batch == b->batch },
		{ "pin", a->pin == b->pin },
		{ "queue_length", a->queue_length == b->queue_length },
		{ "receive_buffer", a->receive_buffer == b->receive_buffer },
		{ "mark", a->mark == b->mark && a->mark_mask == b->mark_mask },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].same)
			log_warning("reload: \"%s\" has changed and stays as it was: it needs a "
				"restart",
				rows[i].key);
}

/* For as many workers as there are: a reload does not change that. */
static int load_hooks(struct daemon *d, struct config *c, char why[static HOOK_WHY])
{
	size_t workers = (size_t)(d->boot->queue_last - d->boot->queue_first) + 1;
	int rc = hooks_load(c, workers, d->hooks, &c->hooks, why);

	if (rc == 0)
		d->hooks = c->hooks;
	return rc;
}

static bool reload_config(struct daemon *d, char *err, size_t cap)
{
	char refusal[HOOK_WHY];
	struct config_error why;
	struct config *c = config_load(d->config_path, &why);

	if (c == NULL) {
		snprintf(err, cap, "%s: the config in force stays", why.text);
		log_error("reload: %s", err);
		return false;
	}
	if (load_hooks(d, c, refusal) != 0) {
		snprintf(err, cap, "%s: the config in force stays", refusal);
		log_error("reload: %s", err);
		config_free(c);
		return false;
	}
	say_warnings(c);
	say_unchanged(d->boot, c);
	log_set_level(c->log_level);
	if (d->sender != NULL)
		sender_use(d->sender, &c->client_interfaces);
	live_offer_config(&d->live, c);
	return true;
}

static void reopen_outcome(struct daemon *d)
{
	if (d->outcome != NULL)
		outcome_reopen(d->outcome);
	if (d->outcome_json != NULL)
		outcome_reopen(d->outcome_json);
}

/* A new config is published with the new registry, or without one if there is none. */
bool daemon_reload(struct daemon *d, char *err, size_t cap)
{
	char second[1024];
	bool good;

	notify_reloading();
	good = reload_config(d, err, cap);

	/* Of two errors the first is told; both are logged. */
	good = feed_reload(&d->feed, good ? err : second, good ? cap : sizeof(second)) && good;
	live_take_config(&d->live);
	reopen_outcome(d);
	if (d->control == NULL)
		start_control(d);
	d->reloads++;
	d->reloads_failed += !good;
	log_info(good ? "reloaded" : "reloaded in part");
	tell_status(d, "READY=1\n");
	return good;
}

void daemon_pause(struct daemon *d, bool pause)
{
	if (atomic_exchange(&d->paused, pause) == pause)
		return;
	d->paused_ms = now_ms();
	if (pause)
		log_warning("paused: all packets pass untouched, until \"usher resume\"");
	else
		log_info("resumed");
}

/* --- signals --------------------------------------------------------------------------------- */

static void on_hup(void *ctx)
{
	char err[1024];

	daemon_reload(ctx, err, sizeof(err));
}

static void say_library(void *ctx, const char *text)
{
	(void)ctx;
	log_info("statistics: %s", text);
}

static void on_usr1(void *ctx)
{
	struct daemon *d = ctx;
	struct live_status s;

	statistics_log(&d->workers, d->outcome);
	if (d->sender != NULL)
		sender_log(d->sender);
	hooks_describe(d->hooks, say_library, NULL);
	live_status(&d->live, &s);
	log_info("statistics: registry: %zu users, %zu KiB of memory, read %.1f s ago in %.1f ms, "
		"%zu entries left out, %llu failed readings, generation %llu",
		s.registry.users, s.registry.bytes / 1024, (double)s.age_ms / 1000,
		(double)s.registry.micros / 1000, s.registry.bad,
		(unsigned long long)d->feed.failures, (unsigned long long)s.generation);
}

static void on_usr2(void *ctx)
{
	struct daemon *d = ctx;

	reopen_outcome(d);
	if (d->outcome != NULL || d->outcome_json != NULL)
		log_info("outcome file %s reopened",
			d->outcome != NULL ? d->boot->outcome.file : d->boot->outcome.json_file);
}

static void on_term(void *ctx)
{
	struct daemon *d = ctx;

	loop_stop(&d->loop);
}

static const struct signal_action actions[] = {
	{ SIGHUP, on_hup }, { SIGUSR1, on_usr1 }, { SIGUSR2, on_usr2 },
	{ SIGTERM, on_term }, { SIGINT, on_term },
};

static void on_failure(void *ctx, uint32_t events)
{
	struct daemon *d = ctx;

	(void)events;
	loop_stop(&d->loop);
}

/* A worker that hangs has packets that nobody answers: systemd is to begin anew. */
static bool is_well(void *ctx)
{
	struct daemon *d = ctx;
	struct worker_counters c;

	return workers_count(&d->workers, &c) == 0;
}

/* --- starting -------------------------------------------------------------------------------- */

static int fail(int code, const char *what, int err)
{
	log_error("%s: %s", what, strerror(-err));
	return err == -ENOMEM ? EXIT_CODE_MEMORY : code;
}

static int start_loop(struct daemon *d)
{
	int err = loop_init(&d->loop);

	if (err == 0)
		err = signals_open(&d->signals, &d->loop, actions,
			sizeof(actions) / sizeof(actions[0]), d);
	d->failed = (struct loop_source){ eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), on_failure, d };
	if (err == 0)
		err = d->failed.fd < 0 ? -errno : loop_add(&d->loop, &d->failed);
	if (err == 0)
		err = notify_watchdog_open(&d->watchdog, &d->loop, is_well, d);
	return err == 0 ? EXIT_CODE_OK : fail(EXIT_CODE_OTHER, "signals", err);
}

static int open_outcome(struct daemon *d, struct outcome **ret, const char *path, bool json)
{
	struct outcome_options o = {
		.path = path, .json = json, .wait_ms = d->boot->outcome.wait_ms,
	};
	char err[512];
	int rc;

	if (path[0] == '\0')
		return EXIT_CODE_OK;
	rc = outcome_new(ret, &o, err, sizeof(err));
	if (rc == 0)
		return EXIT_CODE_OK;
	log_error("%s", err);
	return rc == -ENOMEM ? EXIT_CODE_MEMORY : EXIT_CODE_FILE;
}

static int start_outcome(struct daemon *d)
{
	const struct config *c = d->boot;
	int code = open_outcome(d, &d->outcome, c->outcome.file, c->outcome.format == OUTCOME_JSON);

	if (code == EXIT_CODE_OK)
		code = open_outcome(d, &d->outcome_json, c->outcome.json_file, true);
	return code;
}

static void on_arrival(void *ctx, uint32_t events)
{
	struct daemon *d = ctx;

	(void)events;
	loop_stop(&d->loop);
}

/* Where the config says so, nothing goes on before there is a registry, but for signals. */
static int await_registry(struct daemon *d)
{
	struct loop_source arrival = { d->feed.arrival, on_arrival, d };
	int err;

	if (!feed_must_wait(&d->feed))
		return EXIT_CODE_OK;
	log_warning("waiting for the registry");
	notify_say("READY=1\nSTATUS=waiting for the registry; no packet is taken");
	err = loop_add(&d->loop, &arrival);
	if (err == 0) {
		loop_run(&d->loop);
		loop_remove(&d->loop, &arrival);
	}
	d->loop.stop = feed_must_wait(&d->feed);
	return err == 0 ? EXIT_CODE_OK : fail(EXIT_CODE_OTHER, "waiting for the registry", err);
}

static int start_hooks(struct daemon *d)
{
	char why[HOOK_WHY];
	int rc = load_hooks(d, d->boot, why);

	if (rc == 0)
		return EXIT_CODE_OK;
	log_error("%s", why);
	return rc == -ENOMEM ? EXIT_CODE_MEMORY : EXIT_CODE_CONFIG;
}

static int start_registry(struct daemon *d)
{
	int code = feed_start(&d->feed, &d->live, d->boot);

	return code == EXIT_CODE_OK ? await_registry(d) : code;
}

static void say_finding(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	log_say(level, "%s", text);
}

static void check_surroundings(struct daemon *d)
{
	struct ruleset rules;
	struct selfcheck s = { .config = d->boot, .rules = &rules, .root = "", .say = say_finding };

	ruleset_read(&rules);
	selfcheck_run(&s);
	ruleset_done(&rules);
}

static int start_workers(struct daemon *d)
{
	const struct config *c = d->boot;
	char err[512];
	int rc;

	rc = c->mode == MODE_RELAY ? sender_open(&d->sender, c, err, sizeof(err)) : 0;
	if (rc != 0) {
		log_error("%s", err);
		return rc == -ENOMEM ? EXIT_CODE_MEMORY : EXIT_CODE_NETWORK;
	}
	d->learned = learned_new();
	if (d->learned == NULL)
		return fail(EXIT_CODE_MEMORY, "what is learned of servers", -ENOMEM);
	d->shared = (struct worker_shared){
		.sender = d->sender,
		.learned = d->learned,
		.live = &d->live.slot,
		.outcome = d->outcome,
		.json = d->outcome_json,
		.outcome_json = c->outcome.format == OUTCOME_JSON,
		.refresh = poll_registry,
		.ctx = d,
		.answers = &d->answers,
		.paused = &d->paused,
		.failed_fd = d->failed.fd,
		.slots = c->batch,
		.fail_open = c->fail_open,
		.pin = c->pin,
	};
	rc = workers_open(&d->workers, c, &d->shared, err, sizeof(err));
	if (rc != 0) {
		log_error("%s", err);
		return rc == -ENOMEM ? EXIT_CODE_MEMORY : EXIT_CODE_NETWORK;
	}
	rc = workers_start(&d->workers);
	return rc == 0 ? EXIT_CODE_OK : fail(EXIT_CODE_OTHER, "threads", rc);
}

static int start(struct daemon *d)
{
	int code = start_loop(d);

	if (code == EXIT_CODE_OK)
		code = start_hooks(d);
	if (code == EXIT_CODE_OK)
		code = start_outcome(d);
	if (code == EXIT_CODE_OK)
		code = start_registry(d);
	if (code == EXIT_CODE_OK && !d->loop.stop) {
		check_surroundings(d);
		code = start_workers(d);
	}
	return code;
}

/* --- stopping -------------------------------------------------------------------------------- */

static void free_outcome(struct outcome *o, const char *path)
{
	size_t left = outcome_free(o, FLUSH_MS);

	if (left > 0)
		log_error("outcome file %s: %zu bytes of records could not be written and are lost",
			path, left);
}

static void stop(struct daemon *d)
{
	d->control = control_close(d->control);
	workers_close(&d->workers);
	feed_stop(&d->feed);
	d->sender = sender_close(d->sender);
	d->learned = learned_free(d->learned);
	free_outcome(d->outcome, d->boot->outcome.file);
	free_outcome(d->outcome_json, d->boot->outcome.json_file);
	if (d->failed.fd >= 0)
		close(d->failed.fd);
	notify_watchdog_close(&d->watchdog, &d->loop);
	loop_done(&d->loop);
}

static int run(struct daemon *d)
{
	int code = start(d);

	if (code == EXIT_CODE_OK && !d->loop.stop) {
		start_control(d);
		log_info("usher %s runs: queues %u to %u, %s", USHER_VERSION, d->boot->queue_first,
			d->boot->queue_last, d->config_path);
		tell_status(d, "READY=1\n");
		loop_run(&d->loop);
		notify_say("STOPPING=1\nSTATUS=answering what is queued");
		if (workers_failed(&d->workers))
			code = EXIT_CODE_NETWORK;
		workers_stop(&d->workers);
		log_info("stopping");
		on_usr1(d);
	}
	stop(d);
	return code;
}

int daemon_run(const char *path)
{
	struct daemon *d = aligned_alloc(_Alignof(struct daemon), sizeof(*d));
	struct config_error err;
	struct config *c = config_load(path, &err);
	int code;

	if (c == NULL || d == NULL) {
		log_error("%s", c == NULL ? err.text : "out of memory");
		free(d);
		return d == NULL || err.fault == CONFIG_NO_MEMORY ? EXIT_CODE_MEMORY
								  : EXIT_CODE_CONFIG;
	}
	memset(d, 0, sizeof(*d));
	log_open(c->log_level);
	say_warnings(c);
	d->config_path = path;
	d->started = time(NULL);
	d->started_ms = now_ms();
	d->boot = c;
	d->failed.fd = d->loop.fd = d->watchdog.timer.fd = -1;
	live_init(&d->live, c);
	code = run(d);
	live_done(&d->live);
	free(d);
	return code;
}
