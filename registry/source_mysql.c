/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides a database that may be slow, gone, restored from a backup or altered. Two ways of reading:
 * all rows in one transaction, row by row as they come; or only those that changed, which look()
 * has already gathered. Whatever goes wrong closes the connection, and the next look, after a while
 * that grows, makes a new one. What was read before stays in use all the time: that is reload.h's.
 */
#include "registry/source_mysql.h"

#include "registry/clock.h"
#include "registry/mysql_parts.h"

#include <stdlib.h>

enum { SHARE = 2 }; /* work for changes takes every so many-th part of the time at most */

enum reading { READING_NOTHING, READING_ALL, READING_CHANGES };

struct source_mysql {
	struct source source;
	struct mysql_parts p;
	bool loaded;                 /* what is in use is of this database: changes make sense */
	bool refused;                /* all was read and not taken: wait until it changes */
	enum reading reading;
	bool broke;                  /* off, in the middle */
	bool ahead;                  /* open() has read one row ahead, first */
	struct mysql_values first;
	uint64_t bytes;
	uint64_t tried;              /* which changes were read and not taken */
};

static struct source_mysql *of(struct source *s)
{
	return (struct source_mysql *)(void *)s;
}

/* --- when to look ---------------------------------------------------------------------------- */

static int mysql_fd(const struct source *s)
{
	return ((const struct source_mysql *)(const void *)s)->p.timer;
}

static bool mysql_stirred(struct source *s)
{
	return mysql_parts_stirred(&of(s)->p);
}

/* --- looking --------------------------------------------------------------------------------- */

static void fails(struct source_mysql *m)
{
	mysql_parts_fails(&m->p);
	m->refused = false;
	m->tried = 0;
}

/* There are changes that were not tried yet. */
static enum source_state gather(struct source_mysql *m, enum reg_err *e, struct reg_error *err)
{
	if (!m->loaded)
		return SOURCE_NEW;
	*e = mysql_changes_gather(&m->p.changes, err);
	return SOURCE_GREW;
}

static enum source_state look_now(struct source_mysql *m, struct reg_error *err)
{
	enum source_state state = m->p.failing && m->loaded ? SOURCE_SAME : SOURCE_QUIET;
	enum reg_err e = mysql_link_open(m->p.link, err);

	if (e == REG_OK && !m->loaded && !m->refused)
		return SOURCE_NEW;
	if (e == REG_OK)
		e = mysql_changes_peek(&m->p.changes, err);
	if (e == REG_OK && m->p.changes.changes.count > 0)
		state = m->p.changes.gathered == m->tried ? SOURCE_QUIET : gather(m, &e, err);
	if (e == REG_OK) {
		mysql_parts_works(&m->p);
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

	if (clock_now_ms() < m->p.due_ms)
		return m->p.failing ? SOURCE_UNSETTLED : SOURCE_QUIET;
	m->p.begun_ms = clock_now_ms();
	state = look_now(m, err);
	mysql_parts_schedule(&m->p, 0);
	return state;
}

/* --- reading --------------------------------------------------------------------------------- */

static enum reg_err begin_all(struct source_mysql *m, struct reg_error *err)
{
	enum reg_err e = mysql_link_open(m->p.link, err);

	if (e == REG_OK)
		e = mysql_link_begin(m->p.link, err);
	if (e == REG_OK)
		e = mysql_table_describe(&m->p.users, m->p.link, err);
	if (e == REG_OK)
		e = mysql_changes_mark(&m->p.changes, err);
	if (e == REG_OK)
		e = mysql_link_run(m->p.link, &m->p.users.select, err);
	if (e == REG_OK)
		e = mysql_link_next(m->p.link, &m->first, err);
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
		mysql_changes_rewind(&m->p.changes);
		ret->bytes = m->p.changes.rows.len;
		return REG_OK;
	}
	m->p.begun_ms = clock_now_ms();
	e = begin_all(m, err);
	if (e != REG_OK) {
		fails(m);
		mysql_parts_schedule(&m->p, 0);
		return e;
	}
	m->reading = READING_ALL;
	m->source.blank = !m->ahead;
	return REG_OK;
}

/* In the middle of it a lost connection is an error of reading: what was read is no good. */
static enum reg_err next_row(struct source_mysql *m, struct mysql_values *ret,
	struct reg_error *err)
{
	enum reg_err e = REG_OK;

	*ret = m->first;
	if (!m->ahead)
		e = mysql_link_next(m->p.link, ret, err);
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
		return mysql_changes_next(&m->p.changes, ret, err);
	e = next_row(m, &row, err);
	if (e != REG_OK)
		return e;
	for (size_t i = 0; i < row.count; i++)
		m->bytes += row.len[i];
	if (m->bytes <= m->p.options.max_bytes)
		return mysql_table_entry(&m->p.users, &row, ret, err);
	reg_error_set(err, m->source.name, 0, "%s of %llu bytes", reg_strerror(REG_E_SIZE),
		(unsigned long long)m->p.options.max_bytes);
	m->broke = true;
	return REG_E_SIZE;
}

/* --- the end of a reading -------------------------------------------------------------------- */

/*
 * Read to its end the connection is of use still; otherwise it is full of rows that nobody wants.
 */
static void end_all(struct source_mysql *m, bool taken)
{
	if (mysql_link_columns(m->p.link) == 0 && mysql_link_is_open(m->p.link))
		mysql_link_end(m->p.link);
	else
		mysql_link_close(m->p.link);
	if (m->broke) {
		fails(m);
		return;
	}
	/* What was refused is looked at again when it has changed. */
	mysql_changes_follow(&m->p.changes);
	m->loaded = taken;
	m->refused = !taken;
	m->tried = 0;
	mysql_parts_works(&m->p);
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
		rest = (SHARE - 1) * (clock_now_ms() - m->p.begun_ms);
	if (m->reading == READING_CHANGES && taken)
		mysql_changes_take(&m->p.changes);
	else if (m->reading == READING_CHANGES)
		m->tried = m->p.changes.gathered;
	m->reading = READING_NOTHING;
	mysql_parts_schedule(&m->p, rest);
}

static void mysql_stop(struct source *s)
{
	mysql_link_stop(of(s)->p.link);
}

static void mysql_free(struct source *s)
{
	mysql_parts_done(&of(s)->p);
	free(of(s));
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

enum reg_err source_mysql_new(const struct source_mysql_options *options, struct source **ret,
	struct reg_error *err)
{
	char *name;
	struct source_mysql *m = mysql_parts_alloc(options, sizeof(*m), &name, err);
	enum reg_err e;

	if (m == NULL)
		return REG_E_NOMEM;
	m->source = (struct source){ .ops = &ops, .name = name };
	e = mysql_parts_init(&m->p, name, options, err);
	if (m->p.options.max_bytes == 0)
		m->p.options.max_bytes = SOURCE_MYSQL_MAX;
	if (e != REG_OK)
		mysql_free(&m->source);
	else
		*ret = &m->source;
	return e;
}
