/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what stands in for a registry that was never read, and what is said of it. The callbacks
 * run in the reading thread, but for the first ones, which run in feed_start().
 */
#include "relay/feed.h"

#include "registry/builder.h"
#include "relay/command.h"
#include "relay/data_source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	RELOAD_WAIT_MS = 2000,           /* how long SIGHUP waits for the registry */
	LAYER_FROM = 1 << 20,            /* a tenth of a millisecond to copy */
};

static void put_live(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	if (fd >= 0)
		close(fd);
	live_set_registry(ctx, reg, stats);
}

struct feed_sink feed_to_live(struct live_store *live)
{
	return (struct feed_sink){ .put = put_live, .ctx = live };
}

static void publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct feed *f = ctx;
	uint64_t one = 1;

	f->sink.put(f->sink.ctx, reg, fd, stats);
	/* Of who was asked for there is something new all the time. */
	log_say(stats->partial && stats->added ? LEVEL_DEBUG : LEVEL_INFO,
		"registry: %zu users, read in %.1f ms%s", stats->users, (double)stats->micros / 1000,
		stats->added ? " (changes only)" : "");
	if (!atomic_exchange(&f->arrived, true))
		(void)!write(f->arrival, &one, sizeof(one));
}

/* What a failure means for the packets. */
static const char *consequence(const struct feed *f)
{
	static const char *const texts[] = {
		[UNAVAILABLE_WAIT] = "no packet is taken before there is a registry",
		[UNAVAILABLE_RESTRICT] = "until there is a registry nobody is registered",
		[UNAVAILABLE_PASS] = "until there is a registry packets pass untouched",
	};

	if (f->arrived)
		return "the one read before stays in force";
	return texts[f->config->registry.mysql.on_unavailable];
}

static void say(void *ctx, enum reload_news news, const char *text)
{
	static const enum log_level levels[] = {
		[RELOAD_FAILED] = LEVEL_ERROR,
		[RELOAD_RECOVERED] = LEVEL_INFO,
		[RELOAD_WARNED] = LEVEL_WARNING,
	};
	struct feed *f = ctx;

	f->failures += news == RELOAD_FAILED;
	if (news != RELOAD_WARNED)
		f->failing = news == RELOAD_FAILED;
	if (news == RELOAD_FAILED)
		log_say(levels[news], "registry: %s: %s", text, consequence(f));
	else
		log_say(levels[news], "registry: %s%s", text,
			news == RELOAD_RECOVERED ? ": can be read again" : "");
}

static enum reg_err publish_nobody(struct feed *f)
{
	struct builder_options options = { .name = "", .shared = f->sink.shared };
	struct load_stats stats = { .users = 0 };
	struct builder_result result;
	struct builder *b;
	enum reg_err e = builder_begin(&options, &b);

	if (e == REG_OK)
		e = builder_finish(b, false, NULL, &result);
	if (e == REG_OK)
		f->sink.put(f->sink.ctx, result.registry, result.fd, &stats);
	return e;
}

/* What is in force should there be no registry. While we wait for one no packet asks. */
static enum reg_err stand_in(struct feed *f)
{
	struct load_stats stats = { .users = 0 };

	if (f->config->registry.mysql.on_unavailable == UNAVAILABLE_RESTRICT)
		return publish_nobody(f);
	f->sink.put(f->sink.ctx, NULL, -1, &stats);
	return REG_OK;
}

static void answered(void *ctx, const struct source_answer *all, size_t count)
{
	struct feed *f = ctx;

	f->sink.answered(f->sink.asker, all, count);
}

static enum reg_err start(struct feed *f, struct reg_error *err)
{
	struct refresh_options o = {
		.reload = {
			/*
			 * A wrong row of one must not keep from others who is asked for with him.
			 */
			.skip_bad = f->config->registry.bad_lines == LINES_SKIP ||
				config_on_demand(f->config) != NULL,
			.shared = f->sink.shared,
			.start_without = f->config->registry.mysql.used || f->sink.again,
			.settle_ms = DATA_SOURCE_SETTLE_MS,
			.layer_from = LAYER_FROM,
			.publish = publish, .say = say, .ctx = f,
			.answered = f->sink.answered != NULL ? answered : NULL,
		},
		.wait_ms = f->config->registry.refresh_wait_ms,
		.board = f->sink.board,
	};
	enum reg_err e = data_source_new(f->config, true, &o.reload.source, err);

	if (e != REG_OK)
		return e;
	f->polled = o.reload.source->ops->polled;
	f->watch = o.reload.source->ops->fd(o.reload.source);
	if (o.reload.start_without && !f->sink.again)
		e = stand_in(f);
	if (e == REG_OK)
		e = refresh_new(&o, &f->refresh, err);
	else
		reg_error_set(err, o.reload.source->name, 0, "%s", reg_strerror(e));
	if (e != REG_OK)
		o.reload.source->ops->free(o.reload.source);
	return e;
}

int feed_start(struct feed *f, const struct feed_sink *sink, const struct config *config)
{
	struct reg_error err;
	enum reg_err e;

	memset(f, 0, sizeof(*f));
	f->sink = *sink;
	f->config = config;
	f->arrived = sink->again;
	f->watch = -1;
	f->arrival = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->arrival < 0) {
		log_error("registry: %s", strerror(errno));
		return EXIT_CODE_OTHER;
	}
	e = start(f, &err);
	if (e == REG_OK)
		return EXIT_CODE_OK;
	log_error("registry: %s", err.text);
	return e == REG_E_NOMEM ? EXIT_CODE_MEMORY : EXIT_CODE_CONFIG;
}

bool feed_must_wait(const struct feed *f)
{
	return !f->arrived && f->config->registry.mysql.on_unavailable == UNAVAILABLE_WAIT;
}

bool feed_ask(struct feed *f, const struct source_question *q)
{
	return refresh_ask(f->refresh, q);
}

void feed_poll(struct feed *f)
{
	refresh_poll(f->refresh);
}

bool feed_reload(struct feed *f, char *err, size_t cap)
{
	struct reg_error why;
	enum reg_err e = refresh_force(f->refresh, RELOAD_WAIT_MS, &why);

	if (e == REG_E_BUSY)
		log_info("reload: the registry is still being read");
	if (e == REG_E_BUSY || e == REG_OK)
		return true;
	snprintf(err, cap, "%s: %s", why.text,
		f->arrived ? "the registry in force stays" : consequence(f));
	log_error("reload: %s", err);
	return false;
}

void feed_stop(struct feed *f)
{
	f->refresh = refresh_free(f->refresh);
	if (f->arrival > 0)
		close(f->arrival);
	f->arrival = -1;
}
