/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/registry/world.h"

#include "registry/source_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void world_publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct world *w = ctx;

	cr_assert_eq(fd >= 0, w->reload.options.shared);
	if (fd >= 0)
		close(fd);
	registry_free(w->reg);
	w->reg = reg;
	w->stats = *stats;
	w->published++;
}

void world_say(void *ctx, enum reload_news news, const char *text)
{
	struct world *w = ctx;
	size_t n = strlen(w->said);

	cr_assert_eq(strncmp(text, w->t.path, strlen(w->t.path)), 0, "%s", text);
	snprintf(w->said + n, sizeof(w->said) - n, "%c%s|", "FRW"[news],
		text + strlen(w->t.path));
}

enum reg_err world_begin_as(struct world *w, const char *text, bool skip_bad, bool shared,
	struct reg_error *err)
{
	struct source_file_options file = { .path = w->t.path, .settle_ms = WORLD_SETTLE,
		.held_ms = WORLD_HELD, .watch = true };
	struct reload_options options = { .skip_bad = skip_bad, .shared = shared,
		.settle_ms = WORLD_SETTLE, .publish = world_publish, .say = world_say, .ctx = w };

	memset(w, 0, sizeof(*w));
	temp_make(&w->t);
	if (text != NULL)
		temp_put(w->t.path, text);
	cr_assert_eq(source_file_new(&file, &w->source, err), REG_OK);
	options.source = w->source;
	w->reload.options.shared = shared;
	return reload_first(&w->reload, &options, err);
}

void world_begin(struct world *w, const char *text)
{
	struct reg_error err;

	cr_assert_eq(world_begin_as(w, text, false, false, &err), REG_OK, "%s", err.text);
	cr_assert_eq(w->published, 1);
}

void world_end(struct world *w)
{
	reload_done(&w->reload);
	w->source->ops->free(w->source);
	registry_free(w->reg);
	temp_remove(&w->t);
}

enum reg_err world_pass(struct world *w)
{
	w->source->ops->stirred(w->source);
	return reload_pass(&w->reload, false, NULL);
}

void world_settle(struct world *w)
{
	int due;

	while ((due = reload_due(&w->reload)) >= 0) {
		temp_sleep_ms((unsigned int)due + 1);
		world_pass(w);
	}
}

const char *world_users(const struct world *w)
{
	static char text[2048];
	const struct reg_user *user = NULL;
	size_t n = 0;

	text[0] = '\0';
	while ((user = registry_next(w->reg, user)) != NULL) {
		const uint8_t *id;
		size_t len;

		registry_user_id(user, &id, &len);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x ", id[len - 1]);
	}
	return text;
}

void world_said(struct world *w, const char *expect)
{
	cr_assert_str_eq(w->said, expect);
	w->said[0] = '\0';
}
