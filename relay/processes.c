/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides who has to hear of what. A config is parsed by the loader, which a bad one may break
 * without harm; good, it waits for the registry that is read next, so that the two change together,
 * and the workers are replaced by ones that have it.
 */
#include "relay/processes.h"

#include "relay/channel.h"
#include "relay/command.h"
#include "relay/data_source.h"
#include "relay/engine.h"
#include "relay/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	NOBODY_ID = 65534,
	RELOAD_WAIT_MS = 2500,           /* more than the loader waits for the registry */
};

/* Lets await() have a look. */
static void stir(struct processes *p)
{
	p->stirred = true;
	loop_stop(p->loop);
}

/* --- what the loader tells ------------------------------------------------------------------- */

static void on_started(void *ctx, int code)
{
	struct processes *p = ctx;

	p->code = code;
	p->waiting = p->loader.must_wait;
	if (p->waiting)
		log_warning("waiting for the registry");
	stir(p);
}

static void on_arrived(void *ctx)
{
	struct processes *p = ctx;

	if (p->waiting)
		stir(p);
	p->waiting = false;
}

/* The loader has parsed it, so that it is known to do no harm, and to be good. */
static void on_accepted(void *ctx, int config_fd, uint64_t config, uint8_t level)
{
	struct processes *p = ctx;
	struct config_error err;
	struct config *c = config_from_fd(config_fd, p->config_path, false, &err);
	struct fence fence;

	if (c == NULL) {
		log_error("reload: %s: the config in force stays", err.text);
		close(config_fd);
		return;
	}
	log_set_level((enum log_level)level);
	if (p->sender != NULL)
		sender_use(p->sender, &c->client_interfaces);
	fence_make(&fence, c);
	live_offer_config(p->live, c);
	crew_offer(&p->crew, config_fd, config, &fence);
}

static void on_reloaded(void *ctx, bool good, const char *text)
{
	struct processes *p = ctx;

	live_take_config(p->live);
	crew_take_offer(&p->crew, p->loader.config);
	workers_nudge(p->workers);
	p->reloading = false;
	p->reload_good = good;
	snprintf(p->reload_text, sizeof(p->reload_text), "%s", text);
}

static void on_read(void *ctx, uint64_t more, bool failing, const char *error)
{
	struct processes *p = ctx;

	if (error[0] != '\0')
		log_note_error(error);
	p->feed->failures += more;
	p->feed->failing = failing;
}

static void on_delivered(void *ctx, int fd, const struct load_stats *stats, uint64_t config)
{
	struct processes *p = ctx;
	struct registry *reg = NULL;
	struct reg_error err;

	if (fd >= 0 && registry_attach_on(fd, p->newest, &reg, &err) != REG_OK) {
		log_error("registry: %s: %s", err.text, "the one read before stays in force");
		close(fd);
		return;
	}
	if (reg != NULL)
		p->feed->arrived = true;
	live_set_registry(p->live, reg, stats);
	p->newest = reg;
	depot_put(&p->depot, fd, reg != NULL && registry_is_layer(reg));
	crew_take_offer(&p->crew, config);
	workers_nudge(p->workers);
}

static void on_answered(void *ctx, const struct source_answer *all, size_t count)
{
	struct processes *p = ctx;

	workers_answer(p->workers, all, count);
}

static const struct loader_events events = {
	.started = on_started, .arrived = on_arrived, .accepted = on_accepted,
	.reloaded = on_reloaded, .read = on_read, .delivered = on_delivered,
	.answered = on_answered,
};

/* --- what crew and spawner tell -------------------------------------------------------------- */

static void on_crew(void *ctx)
{
	struct processes *p = ctx;

	if (crew_is_stuck(&p->crew)) {
		log_error("the spawner hangs: usher ends, because it cannot replace a worker");
		p->died(p->ctx);
		return;
	}
	if (p->workers->count == 0 && (crew_is_ready(&p->crew) || crew_is_refused(&p->crew)))
		stir(p);
	workers_nudge(p->workers);
}

static void on_spawned(void *ctx, uint32_t mask)
{
	struct processes *p = ctx;
	struct spawner_event e;
	int err;

	(void)mask;
	while ((err = spawner_next(&p->spawner, &e)) == 0) {
		if (e.role == ROLE_WORKER)
			crew_heard(&p->crew, &e);
		else
			loader_heard(&p->loader, &e);
	}
	if (!channel_is_over(err))
		return;
	log_error("the spawner is dead: usher ends, because it could not replace a worker");
	loop_remove(p->loop, &p->spawned);
	p->died(p->ctx);
}

/* --- starting and ending --------------------------------------------------------------------- */

int processes_prepare(struct processes *p)
{
	const struct passwd *pw = getpwnam("usher");
	uid_t uid = pw != NULL ? pw->pw_uid : NOBODY_ID;
	gid_t gid = pw != NULL ? pw->pw_gid : NOBODY_ID;
	int err = spawner_start(&p->spawner, p->config->sandbox, uid, gid);

	data_source_guard(p->config);
	depot_init(&p->depot);
	p->code = -1;
	return err;
}

static int fail(const char *what, int err)
{
	log_error("%s: %s", what, strerror(-err));
	return err == -ENOMEM ? EXIT_CODE_MEMORY : EXIT_CODE_OTHER;
}

/* The loop is stopped by whoever of the above has news, or else by a signal. */
static int await(struct processes *p)
{
	while (p->code < 0 || p->waiting ||
		(p->code == EXIT_CODE_OK && !crew_is_ready(&p->crew))) {
		p->stirred = false;
		loop_run(p->loop);
		if (!p->stirred)
			return EXIT_CODE_OK;
		p->loop->stop = false;
		if (crew_is_refused(&p->crew))
			return EXIT_CODE_CONFIG;
	}
	return p->code;
}

int processes_start(struct processes *p, int config_fd)
{
	const struct config *c = p->config;
	int err;

	p->spawned = (struct loop_source){ p->spawner.fd, on_spawned, p };
	p->crew = (struct crew){ .changed = on_crew, .ctx = p };
	fence_make(&p->crew.fence, c);
	p->loader = (struct loader){
		.loop = p->loop, .spawner = &p->spawner,
		.config_fd = fcntl(config_fd, F_DUPFD_CLOEXEC, 0), .path = p->config_path, .events = &events, .ctx = p,
		.wait_ms = c->registry.refresh_wait_ms, .config = 1,
	};
	p->keeper = (struct keeper_shared){
		.crew = &p->crew, .depot = &p->depot, .quarantine = &c->quarantine,
		.slots = c->batch, .deadline_ms = c->deadline_ms, .same_cpu = true,
		.demand = engine_demand(c),
	};
	err = loop_add(p->loop, &p->spawned);
	if (err == 0)
		err = loader_init(&p->loader);
	if (err == 0)
		err = crew_init(&p->crew, p->loop, &p->spawner, config_fd);
	return err != 0 ? fail("starting loader and workers", err) : await(p);
}

void processes_stop(struct processes *p)
{
	crew_done(&p->crew);
	loader_done(&p->loader);
	spawner_stop(&p->spawner);
	depot_done(&p->depot);
}

/* --- reloading ------------------------------------------------------------------------------- */

static bool ask_and_wait(struct processes *p, int fd, bool exposed, char *err, size_t cap)
{
	if (!loader_reload(&p->loader, fd, exposed)) {
		snprintf(err, cap, "there is no loader at the moment: try again in a second");
		log_error("reload: %s", err);
		return false;
	}
	p->reloading = true;
	while (p->reloading && loader_await(&p->loader, RELOAD_WAIT_MS))
		;
	if (p->reloading)
		log_info("reload: the registry is still being read");
	else if (!p->reload_good)
		snprintf(err, cap, "%s", p->reload_text);
	return p->reloading || p->reload_good;
}

bool processes_reload(struct processes *p, char *err, size_t cap)
{
	struct config_error why;
	char second[1024];
	bool exposed = false, good;
	int fd = config_read_fd(p->config_path, &exposed, &why);

	if (fd < 0) {
		snprintf(err, cap, "%s: the config in force stays", why.text);
		log_error("reload: %s", err);
	}
	good = ask_and_wait(p, fd, exposed, fd >= 0 ? err : second, fd >= 0 ? cap : sizeof(second));
	if (fd >= 0)
		close(fd);
	return good && fd >= 0;
}
