/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides a database that may be slow, gone, restored from a backup or altered. Two ways of reading:
 * all rows in one transaction, row by row as they come; or only those that changed, which look()
 * has already gathered. Whatever goes wrong closes the connection, and the next look, after a while
 * that grows, makes a new one. What was read before stays in use all the time: that is reload.h's.
 */
#include "registry/source_mysql.h"

#include "registry/clock.h"
#include "registry/mysql_changes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { SHARE = 2 }; /* work for changes takes every so many-th part of the time at most */

enum reading { READING_NOTHING, READING_ALL, READING_CHANGES };

struct source_mysql {
	struct source source;
	struct source_mysql_options options;
	struct mysql_link *link;
	struct mysql_table users;
	struct mysql_changes changes;
	int timer;                   /* timerfd: when to look again */
	int64_t begun_ms, due_ms;
	bool loaded;                 /* what is in use is of this database: changes make sense */
	bool refused;                /* all was read and not taken: wait until it changes */
	bool failing;                /* the database could not be asked */
	unsigned int failures;       /* so often in a row */
	enum reading reading;
	bool broke;                  /* off, in the middle */
	bool ahead;                  /* open() has read one row ahead, first */
	struct mysql_values first;
	uint64_t bytes;
	uint64_t tried;              /* which changes were read and not taken */
	char name[];
};

static struct source_mysql *of(struct source *s)
{
	return (struct source_mysql *)(void *)s;
}

/* --- when to look ---------------------------------------------------------------------------- */

/*
 * After failures the next attempt comes later each time, and not when that of another usher comes.
 */
static int64_t back_off(const struct source_mysql *m)
{
	int64_t delay = (int64_t)m->options.poll_ms << (m->failures < 16 ? m->failures : 16);
	struct timespec ts;

	if (delay > SOURCE_MYSQL_BACK_OFF_MS)
		delay = SOURCE_MYSQL_BACK_OFF_MS;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return delay - ts.tv_nsec / 1000 % (delay / 4 + 1);
}

/* The next question comes poll_ms after the last began, or after a rest of so many ms. */
static void schedule(struct source_mysql *m, int64_t rest_ms)
{
	int64_t now = clock_now_ms(), due = m->begun_ms + m->options.poll_ms;
	struct itimerspec at = { .it_value = { 0, 0 } };

	if (m->failures > 0)
		due = now + back_off(m);
	else if (due < now + rest_ms)
		due = now + rest_ms;
	at.it_value.tv_sec = (time_t)(due / 1000);
	at.it_value.tv_nsec = (long)(due % 1000) * 1000000;
	m->due_ms = due;
	timerfd_settime(m->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static int mysql_fd(const struct source *s)
{
	return ((const struct source_mysql *)(const void *)s)->timer;
}

static bool mysql_stirred(struct source *s)
{
	uint64_t expired;

	return read(of(s)->timer, &expired, sizeof(expired)) == sizeof(expired);
}

/* --- looking --------------------------------------------------------------------------------- */

static void works(struct source_mysql *m)
{
	m->failing = false;
	m->failures = 0;
}

static void fails(struct source_mysql *m)
{
	mysql_link_close(m->link);
	m->failing = true;
	m->failures++;
	m->refused = false;
	m->tried = 0;
}

/* There are changes that were not tried yet. */
static enum source_state gather(struct source_mysql *m, enum reg_err *e, struct reg_error *err)
{
	if (!m->loaded)
		return SOURCE_NEW;
	*e = mysql_changes_gather(&m->changes, err);
	return SOURCE_GREW;
}

static enum source_state look_now(struct source_mysql *m, struct reg_error *err)
{
	enum source_state state = m->failing && m->loaded ? SOURCE_SAME : SOURCE_QUIET;
	enum reg_err e = mysql_link_open(m->link, err);

	if (e == REG_OK && !m->loaded && !m->refused)
		return SOURCE_NEW;
	if (e == REG_OK)
		e = mysql_changes_peek(&m->changes, err);
	if (e == REG_OK && m->changes.changes.count > 0)
		state = m->changes.gathered == m->tried ? SOURCE_QUIET : gather(m, &e, err);
	if (e == REG_OK) {
		works(m);
		return state;
	}
	if (e == REG_E_CHANGED || e == REG_E_SIZE) {
		m->loaded = m->refused = false;
		return SOURCE_NEW;
	}
	fails(m);
	return SOURCE_GONE;
}

/* Before its time there is nothing to say; but it must not seem that all is well when it is not. */
static enum source_state mysql_look(struct source *s, struct reg_error *err)
{
	struct source_mysql *m = of(s);
	enum source_state state;

	if (clock_now_ms() < m->due_ms)
		return m->failing ? SOURCE_UNSETTLED : SOURCE_QUIET;
	m->begun_ms = clock_now_ms();
	state = look_now(m, err);
	schedule(m, 0);
	return state;
}

/* --- reading --------------------------------------------------------------------------------- */

static enum reg_err begin_all(struct source_mysql *m, struct reg_error *err)
{
	enum reg_err e = mysql_link_open(m->link, err);

	if (e == REG_OK)
		e = mysql_link_begin(m->link, err);
	if (e == REG_OK)
		e = mysql_table_describe(&m->users, m->link, err);
	if (e == REG_OK)
		e = mysql_changes_mark(&m->changes, err);
	if (e == REG_OK)
		e = mysql_link_run(m->link, &m->users.select, err);
	if (e == REG_OK)
		e = mysql_link_next(m->link, &m->first, err);
	m->ahead = e == REG_OK;
	return e == REG_E_END ? REG_OK : e;
}

static enum reg_err mysql_open(struct source *s, bool added, struct source_facts *ret,
	struct reg_error *err)
{
	struct source_mysql *m = of(s);
	enum reg_err e;

	*ret = (struct source_facts){ .whole = true };
	m->bytes = 0;
	m->broke = false;
	if (added) {
		m->reading = READING_CHANGES;
		mysql_changes_rewind(&m->changes);
		ret->bytes = m->changes.rows.len;
		return REG_OK;
	}
	m->begun_ms = clock_now_ms();
	e = begin_all(m, err);
	if (e != REG_OK) {
		fails(m);
		schedule(m, 0);
		return e;
	}
	m->reading = READING_ALL;
	ret->blank = !m->ahead;
	return REG_OK;
}

/* In the middle of it a lost connection is an error of reading: what was read is no good. */
static enum reg_err next_row(struct source_mysql *m, struct mysql_values *ret,
	struct reg_error *err)
{
	enum reg_err e = REG_OK;

	*ret = m->first;
	if (!m->ahead)
		e = mysql_link_next(m->link, ret, err);
	m->ahead = false;
	if (e == REG_OK || e == REG_E_END)
		return e;
	m->broke = true;
	return e == REG_E_OPEN ? REG_E_READ : e;
}

static enum reg_err mysql_next(struct source *s, struct reg_entry *ret, struct reg_error *err)
{
	struct source_mysql *m = of(s);
	struct mysql_values row;
	enum reg_err e;

	if (m->reading == READING_CHANGES)
		return mysql_changes_next(&m->changes, ret, err);
	e = next_row(m, &row, err);
	if (e != REG_OK)
		return e;
	for (size_t i = 0; i < row.count; i++)
		m->bytes += row.len[i];
	if (m->bytes <= m->options.max_bytes)
		return mysql_table_entry(&m->users, &row, ret, err);
	reg_error_set(err, m->name, 0, "%s of %llu bytes", reg_strerror(REG_E_SIZE),
		(unsigned long long)m->options.max_bytes);
	m->broke = true;
	return REG_E_SIZE;
}

/* --- the end of a reading -------------------------------------------------------------------- */

/*
 * Read to its end the connection is of use still; otherwise it is full of rows that nobody wants.
 */
static void end_all(struct source_mysql *m, bool taken)
{
	if (mysql_link_columns(m->link) == 0 && mysql_link_is_open(m->link))
		mysql_link_end(m->link);
	else
		mysql_link_close(m->link);
	if (m->broke) {
		fails(m);
		return;
	}
	/* What was refused is looked at again when it has changed. */
	mysql_changes_follow(&m->changes);
	m->loaded = taken;
	m->refused = !taken;
	m->tried = 0;
	works(m);
}

/*
 * After changes there is a rest as long as they took, and more, so that a registry of many millions
 * that changes all the time does not keep a processor busy.
 */
static void mysql_close_reading(struct source *s, bool taken)
{
	struct source_mysql *m = of(s);
	int64_t rest = 0;

	if (m->reading == READING_ALL)
		end_all(m, taken);
	else
		rest = (SHARE - 1) * (clock_now_ms() - m->begun_ms);
	if (m->reading == READING_CHANGES && taken)
		mysql_changes_take(&m->changes);
	else if (m->reading == READING_CHANGES)
		m->tried = m->changes.gathered;
	m->reading = READING_NOTHING;
	schedule(m, rest);
}

static void mysql_stop(struct source *s)
{
	mysql_link_stop(of(s)->link);
}

static void mysql_free(struct source *s)
{
	struct source_mysql *m = of(s);

	mysql_link_free(m->link);
	mysql_table_done(&m->users);
	mysql_changes_done(&m->changes);
	if (m->timer >= 0)
		close(m->timer);
	free(m);
}

static const struct source_ops ops = {
	.kind = "mysql",
	.polled = true,
	.fd = mysql_fd,
	.stirred = mysql_stirred,
	.look = mysql_look,
	.open = mysql_open,
	.next = mysql_next,
	.close = mysql_close_reading,
	.stop = mysql_stop,
	.free = mysql_free,
};

/* --- making one ------------------------------------------------------------------------------ */

static enum reg_err new_link(struct source_mysql *m, struct reg_error *err)
{
	const struct source_mysql_options *o = &m->options;
	struct mysql_link_options link = {
		.host = o->host, .socket = o->socket, .port = o->port, .database = o->database,
		.user = o->user, .password_file = o->password_file, .password_env = o->password_env,
		.tls_ca = o->tls_ca, .connect_ms = o->connect_ms, .read_ms = o->read_ms,
	};

	m->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (m->timer < 0) {
		reg_error_set(err, m->name, 0, "a timer: %s", strerror(errno));
		return REG_E_SYSTEM;
	}
	return mysql_link_new(m->name, &link, o->memory, &m->link, err);
}

static enum reg_err new_parts(struct source_mysql *m, struct reg_error *err)
{
	enum reg_err e = mysql_table_init(&m->users, m->name, m->options.table, m->options.memory);

	if (e == REG_OK)
		e = new_link(m, err);
	else
		reg_error_set(err, m->name, 0, "%s", reg_strerror(e));
	m->changes.name = m->name;
	m->changes.table = m->options.table;
	m->changes.link = m->link;
	m->changes.users = &m->users;
	m->changes.memory = m->options.memory;
	mysql_changes_init(&m->changes);
	return e;
}

enum reg_err source_mysql_new(const struct source_mysql_options *options, struct source **ret,
	struct reg_error *err)
{
	size_t len = strlen(options->database) + strlen(options->table) + 2;
	struct source_mysql *m = reg_realloc(options->memory, NULL, sizeof(*m) + len);
	enum reg_err e;

	if (m == NULL) {
		reg_error_set(err, options->database, 0, "%s", reg_strerror(REG_E_NOMEM));
		return REG_E_NOMEM;
	}
	memset(m, 0, sizeof(*m));
	snprintf(m->name, len, "%s.%s", options->database, options->table);
	m->source = (struct source){ .ops = &ops, .name = m->name };
	m->options = *options;
	if (options->max_bytes == 0)
		m->options.max_bytes = SOURCE_MYSQL_MAX;
	m->timer = -1;
	e = new_parts(m, err);
	if (e != REG_OK)
		mysql_free(&m->source);
	else
		*ret = &m->source;
	return e;
}
