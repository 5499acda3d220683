/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/registry/mysql_reader.h"

#include "tests/registry/make.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PATIENCE = 20000 };

static void publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct mysql_reader *w = ctx;

	(void)fd;
	pthread_mutex_lock(&w->lock);
	registry_free(w->reg);
	w->reg = reg;
	w->stats = *stats;
	w->published++;
	w->full += !stats->added;
	pthread_mutex_unlock(&w->lock);
}

/* "F" failed, "R" recovered, "W" warned, and the text. */
static void say(void *ctx, enum reload_news news, const char *text)
{
	struct mysql_reader *w = ctx;
	size_t n;

	pthread_mutex_lock(&w->lock);
	n = strlen(w->said);
	snprintf(w->said + n, sizeof(w->said) - n, "%c %s|", "FRW"[news], text);
	pthread_mutex_unlock(&w->lock);
}

int64_t reader_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* A user's boot file, "" for none, or "-" if there is no such user. */
static void bootfile(struct mysql_reader *w, const char *id, char out[static 64])
{
	const struct reg_user *user;
	const char *text;
	size_t len;

	pthread_mutex_lock(&w->lock);
	user = w->reg != NULL ? find_user(w->reg, id) : NULL;
	strcpy(out, user != NULL ? "" : "-");
	if (user != NULL && registry_known(user, REG_ATTR_BOOTFILE, &text, &len))
		snprintf(out, 64, "%.*s", (int)len, text);
	pthread_mutex_unlock(&w->lock);
}

int64_t becomes(struct mysql_reader *w, const char *id, const char *expect)
{
	int64_t begin = reader_us();
	char got[64];

	do {
		bootfile(w, id, got);
		if (strcmp(got, expect) == 0)
			return reader_us() - begin;
		temp_sleep_ms(1);
	} while (reader_us() - begin < PATIENCE * 1000);
	cr_assert_fail("%s: wanted %s, got %s; said: %s", id, expect, got, w->said);
	return -1;
}

void stays(struct mysql_reader *w, const char *id, const char *expect)
{
	char got[64];

	bootfile(w, id, got);
	cr_assert_str_eq(got, expect, "%s; said: %s", id, w->said);
}

bool has_said(struct mysql_reader *w, const char *text)
{
	bool found;

	pthread_mutex_lock(&w->lock);
	found = strstr(w->said, text) != NULL;
	pthread_mutex_unlock(&w->lock);
	return found;
}

void will_say(struct mysql_reader *w, const char *text)
{
	for (unsigned int i = 0; i < PATIENCE / 5 && !has_said(w, text); i++)
		temp_sleep_ms(5);
	cr_assert(has_said(w, text), "wanted %s, said %s", text, w->said);
}

void reader_begin_with(struct mysql_reader *w, const struct source_mysql_options *o, bool skip_bad)
{
	struct refresh_options options = {
		.reload = { .skip_bad = skip_bad, .start_without = true, .settle_ms = 50,
			.publish = publish, .say = say, .ctx = w },
		.wait_ms = 1000,
	};
	struct reg_error err;

	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	cr_assert_eq(source_mysql_new(o, &options.reload.source, &err), REG_OK, "%s", err.text);
	cr_assert_eq(refresh_new(&options, &w->refresh, &err), REG_OK, "%s", err.text);
}

void reader_begin(struct mysql_reader *w, struct mysql_server *db)
{
	struct source_mysql_options o;

	mysql_server_start(db);
	o = mysql_server_options(db);
	mysql_server_sql(db, "INSERT INTO usher_users (user_no, id, bootfile) "
		"VALUES (1, '01', 'one'), (2, '02', 'two'), (3, '03', 'three')");
	reader_begin_with(w, &o, false);
	stays(w, "01", "one");
}

void reader_end(struct mysql_reader *w, struct mysql_server *db)
{
	refresh_free(w->refresh);
	registry_free(w->reg);
	pthread_mutex_destroy(&w->lock);
	if (db != NULL)
		mysql_server_stop(db);
}
