/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the order in which things start and stop. What may be refused comes first and cheap before
 * dear: config, outcome file, registry, queues; no packet is taken before all of it is there. At
 * the end the queues are answered first, then what they left for the disk is written. Threads: the
 * main one runs the loop and knows no packets, one for each queue, one reads the registry, one
 * writes the outcome.
 */
#include "relay/daemon.h"

#include "registry/clock.h"

#include "relay/command.h"
#include "relay/engine.h"
#include "relay/hook.h"
#include "relay/operate.h"
#include "relay/reload_notes.h"
#include "relay/sandbox.h"
#include "relay/selfcheck.h"
#include "relay/statistics.h"
#include "relay/urgency.h"

#include <errno.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { FLUSH_MS = 2000 };                /* how long the end waits for the disk */

static void poll_registry(void *ctx)
{
	struct daemon *d = ctx;

	if (d->apart)
		loader_poll(&d->processes.loader);
	else
		feed_poll(&d->feed);
}

static bool ask_source(void *ctx, const struct source_question *q)
{
	struct daemon *d = ctx;

	return d->apart ? loader_ask(&d->processes.loader, q) : feed_ask(&d->feed, q);
}

static void tell_answers(void *asker, const struct source_answer *all, size_t count)
{
	struct daemon *d = asker;

	workers_answer(&d->workers, all, count);
}

static void tell_status(struct daemon *d, const char *before)
{
	struct live_status s;

	live_status(&d->live, &s);
	notify_say("%sSTATUS=%zu users; queues %u to %u; %s", before, s.registry.users,
		d->boot->queue_first, d->boot->queue_last, d->config_path);
}

/*
 * DHCP does not depend on the control socket, so neither does the daemon: it says what is wrong
 * with it, goes on, and tries again at the next reload.
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
	reload_say_warnings(c);
	reload_say_unchanged(d->boot, c);
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

/* Of two errors the first is told; both are logged. */
static bool reload_here(struct daemon *d, char *err, size_t cap)
{
	char second[1024];
	bool good = reload_config(d, err, cap);

	good = feed_reload(&d->feed, good ? err : second, good ? cap : sizeof(second)) && good;
	live_take_config(&d->live);
	return good;
}

/* A new config is published with the new registry, or without one if there is none. */
bool daemon_reload(struct daemon *d, char *err, size_t cap)
{
	bool good;

	notify_reloading();
	good = d->apart ? processes_reload(&d->processes, err, cap) : reload_here(d, err, cap);
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
	d->paused_ms = clock_now_ms();
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
	if (d->apart) {
		atomic_fetch_add(&d->processes.keeper.describe, 1);
		workers_nudge(&d->workers);
	}
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
	struct feed_sink sink = feed_to_live(&d->live);
	int code;

	if (d->apart) {
		code = processes_start(&d->processes, d->config_fd);
		d->config_fd = -1;
		return code;
	}
	sink.answered = tell_answers;
	sink.asker = d;
	code = feed_start(&d->feed, &sink, d->boot);
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

/* When all is open and before there are threads, for capabilities are a thread's. */
static bool shut_in(const struct config *c, const char *path)
{
	const struct sandbox_files files = {
		.config = path, .control = c->control,
		.logs = { c->outcome.file, c->outcome.json_file }, .quarantine = c->quarantine.dir,
	};
	char missing[128];

	sandbox_enter(SANDBOX_KEEPER, &files, missing, sizeof(missing));
	if (missing[0] == '\0')
		return true;
	log_say(c->sandbox == SANDBOX_REQUIRE ? LEVEL_ERROR : LEVEL_WARNING,
		"the sandbox is incomplete, without %s%s", missing,
		c->sandbox == SANDBOX_REQUIRE ? ", and the config requires it" : "");
	return c->sandbox != SANDBOX_REQUIRE;
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
	d->processes.sender = d->sender;
	d->learned = learned_new();
	if (d->learned == NULL)
		return fail(EXIT_CODE_MEMORY, "what is learned of servers", -ENOMEM);
	d->processes.keeper.outcome = d->outcome;
	d->processes.keeper.json = d->outcome_json;
	d->shared = (struct worker_shared){
		.keeper = d->apart ? &d->processes.keeper : NULL,
		.sender = d->sender,
		.learned = d->learned,
		.silence = &d->silence,
		.live = &d->live.slot,
		.outcome = d->outcome,
		.json = d->outcome_json,
		.outcome_json = c->outcome.format == OUTCOME_JSON,
		.refresh = poll_registry,
		.ask = config_on_demand(c) != NULL ? ask_source : NULL,
		.ctx = d,
		.demand = engine_demand(c),
		.answers = &d->answers,
		.paused = &d->paused,
		.store = &d->store,
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
	store_done(&d->store);
	d->shared.leave = workers_keep(&d->workers, &d->store);
	start_control(d);
	/* Takes other programs' time, and capabilities; what comes meanwhile waits in the queue. */
	check_surroundings(d);
	urgency_of_packets();            /* the threads that begin below have it from this one */
	if (d->apart && !shut_in(c, d->config_path))
		return EXIT_CODE_OTHER;
	rc = d->outcome != NULL ? outcome_start(d->outcome) : 0;
	if (rc == 0 && d->outcome_json != NULL)
		rc = outcome_start(d->outcome_json);
	if (rc == 0)
		rc = workers_start(&d->workers);
	return rc == 0 ? EXIT_CODE_OK : fail(EXIT_CODE_OTHER, "threads", rc);
}

static void on_died(void *ctx)
{
	struct daemon *d = ctx;

	d->orphaned = true;
	loop_stop(&d->loop);
}

/*
 * Libraries for several queues have what they know in common, and of the leases they hear once:
 * they run here, as if the config had said "off".
 */
static bool can_be_apart(const struct config *c)
{
	bool shared = c->libraries.count > 0 && c->queue_last > c->queue_first;

	if (c->sandbox != SANDBOX_OFF && shared)
		log_warning("with hook libraries and more than one queue there is no sandbox: everything "
			"runs in one process");
	return c->sandbox != SANDBOX_OFF && !shared;
}

/* Before anything is opened that it would inherit, and before there are threads. */
static int start_spawner(struct daemon *d)
{
	int err;

	d->apart = can_be_apart(d->boot);
	if (!d->apart && d->boot->sandbox == SANDBOX_REQUIRE) {
		log_error("sandbox: the config requires what there is not with the rest of it");
		return EXIT_CODE_CONFIG;
	}
	if (!d->apart)
		return EXIT_CODE_OK;
	d->processes = (struct processes){
		.config_path = d->config_path, .config = d->boot, .loop = &d->loop,
		.workers = &d->workers, .live = &d->live, .feed = &d->feed, .died = on_died,
		.ctx = d,
	};
	err = processes_prepare(&d->processes);
	return err == 0 ? EXIT_CODE_OK : fail(EXIT_CODE_OTHER, "the spawner", err);
}

static int start(struct daemon *d)
{
	int code = start_spawner(d);

	if (code == EXIT_CODE_OK)
		code = start_loop(d);
	if (code == EXIT_CODE_OK && !d->apart)
		code = start_hooks(d);
	if (code == EXIT_CODE_OK)
		code = start_outcome(d);
	if (code == EXIT_CODE_OK)
		code = start_registry(d);
	if (code == EXIT_CODE_OK && !d->loop.stop)
		code = start_workers(d);
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
	workers_stop(&d->workers);
	if (!d->apart)
		feed_stop(&d->feed);     /* it tells the workers answers */
	workers_close(&d->workers);
	if (d->apart)
		processes_stop(&d->processes);
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
	int code = start(d), err;

	if (code == EXIT_CODE_OK && !d->loop.stop) {
		log_info("usher %s runs: queues %u to %u, %s", USHER_VERSION, d->boot->queue_first,
			d->boot->queue_last, d->config_path);
		tell_status(d, "READY=1\n");
		err = loop_run(&d->loop);
		if (err != 0)
			code = fail(EXIT_CODE_OTHER, "nothing can be waited for", err);
		notify_say("STOPPING=1\nSTATUS=answering what is queued");
		if (workers_failed(&d->workers)) {
			code = EXIT_CODE_NETWORK;
			workers_forget(&d->workers, &d->store);
			d->shared.leave = false;
		} else if (d->orphaned)
			code = EXIT_CODE_OTHER;
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
	bool exposed = false;
	int fd = config_read_fd(path, &exposed, &err), code;
	struct config *c = fd >= 0 ? config_from_fd(fd, path, exposed, &err) : NULL;

	if (c == NULL || d == NULL) {
		log_error("%s", c == NULL ? err.text : "out of memory");
		free(d);
		return d == NULL || err.fault == CONFIG_NO_MEMORY ? EXIT_CODE_MEMORY
								  : EXIT_CODE_CONFIG;
	}
	memset(d, 0, sizeof(*d));
	log_open(c->log_level);
	reload_say_warnings(c);
	store_take(&d->store);
	d->config_path = path;
	d->started = time(NULL);
	d->started_ms = clock_now_ms();
	d->config_fd = fd;
	d->boot = c;
	d->failed.fd = d->loop.fd = d->processes.spawner.fd = d->watchdog.timer.fd = -1;
	live_init(&d->live, c);
	code = run(d);
	live_done(&d->live);
	if (d->config_fd >= 0)
		close(d->config_fd);
	free(d);
	return code;
}
