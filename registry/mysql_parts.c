/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the timer and the times after failures: the next attempt comes later each time, and not
 * when that of another usher comes.
 */
#include "registry/mysql_parts.h"

#include "registry/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t back_off(const struct mysql_parts *p)
{
	int64_t delay = (int64_t)p->options.poll_ms << (p->failures < 16 ? p->failures : 16);
	struct timespec ts;

	if (delay > SOURCE_MYSQL_BACK_OFF_MS)
		delay = SOURCE_MYSQL_BACK_OFF_MS;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return delay - ts.tv_nsec / 1000 % (delay / 4 + 1);
}

void mysql_parts_schedule(struct mysql_parts *p, int64_t rest_ms)
{
	int64_t now = clock_now_ms(), due = p->begun_ms + p->options.poll_ms;
	struct itimerspec at = { .it_value = { 0, 0 } };

	if (p->failures > 0)
		due = now + back_off(p);
	else if (due < now + rest_ms)
		due = now + rest_ms;
	at.it_value.tv_sec = (time_t)(due / 1000);
	at.it_value.tv_nsec = (long)(due % 1000) * 1000000;
	p->due_ms = due;
	timerfd_settime(p->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

void mysql_parts_hurry(struct mysql_parts *p)
{
	const struct itimerspec now = { .it_value = { 0, 1 } };

	timerfd_settime(p->timer, 0, &now, NULL);
}

bool mysql_parts_stirred(struct mysql_parts *p)
{
	uint64_t expired;

	return read(p->timer, &expired, sizeof(expired)) == sizeof(expired);
}

void mysql_parts_works(struct mysql_parts *p)
{
	p->failing = false;
	p->failures = 0;
}

void mysql_parts_fails(struct mysql_parts *p)
{
	mysql_link_close(p->link);
	p->failing = true;
	p->failures++;
}

void *mysql_parts_alloc(const struct source_mysql_options *options, size_t size, char **ret_name,
	struct reg_error *err)
{
	size_t len = strlen(options->database) + strlen(options->table) + 2;
	uint8_t *all = reg_realloc(options->memory, NULL, size + len);

	if (all == NULL) {
		reg_error_set(err, options->database, 0, "%s", reg_strerror(REG_E_NOMEM));
		return NULL;
	}
	memset(all, 0, size);
	*ret_name = (char *)all + size;
	snprintf(*ret_name, len, "%s.%s", options->database, options->table);
	return all;
}

static enum reg_err new_link(struct mysql_parts *p, struct reg_error *err)
{
	const struct source_mysql_options *o = &p->options;
	struct mysql_link_options link = {
		.host = o->host, .socket = o->socket, .port = o->port, .database = o->database,
		.user = o->user, .password_file = o->password_file, .password_env = o->password_env,
		.tls_ca = o->tls_ca, .connect_ms = o->connect_ms, .read_ms = o->read_ms,
	};

	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (p->timer < 0) {
		reg_error_set(err, p->name, 0, "a timer: %s", strerror(errno));
		return REG_E_SYSTEM;
	}
	return mysql_link_new(p->name, &link, o->memory, &p->link, err);
}

enum reg_err mysql_parts_init(struct mysql_parts *p, const char *name,
	const struct source_mysql_options *options, struct reg_error *err)
{
	enum reg_err e = mysql_table_init(&p->users, name, options->table, options->memory);

	p->name = name;
	p->options = *options;
	p->timer = -1;
	if (e == REG_OK)
		e = new_link(p, err);
	else
		reg_error_set(err, name, 0, "%s", reg_strerror(e));
	p->changes.name = name;
	p->changes.table = options->table;
	p->changes.link = p->link;
	p->changes.users = &p->users;
	p->changes.memory = options->memory;
	mysql_changes_init(&p->changes);
	return e;
}

void mysql_parts_done(struct mysql_parts *p)
{
	mysql_link_free(p->link);
	mysql_table_done(&p->users);
	mysql_changes_done(&p->changes);
	if (p->timer >= 0)
		close(p->timer);
}
