/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides which users are in memory. look() does all the asking: for changes when it is time, each of
 * which only makes us forget whom it is about, and for those whom packets wait for, as many as
 * there are in one statement. open() then hands out who leaves the registry and who comes into it.
 * Questions that the database did not answer are dropped: whoever asked has a clock of his own.
 * Reading all is reading the default users, and forgetting the rest.
 */
#include "registry/source_mysql_demand.h"

#include "registry/clock.h"
#include "registry/mysql_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	HAND = 256,                  /* questions that one statement asks */
	LEAVING = 1024,              /* users who leave the registry in one step */
	FOUND_MAX = 64 << 20,        /* bytes of rows */
};

enum reading { READING_NOTHING, READING_ALL, READING_SOME };

struct leaver {
	struct reg_id id;
	uint32_t line;
};

struct demand {
	struct source source;
	struct mysql_parts p;
	struct demand_options options;
	struct asked *asked;
	struct questions questions;
	bool loaded;                 /* the changes since can be followed */
	enum reading reading;
	struct source_question hand[HAND];
	bool known[HAND];            /* those in hand who are nobody, as was known */
	size_t hand_count;
	bool ready;                  /* those in hand are answered */
	struct leaver leaving[LEAVING];
	size_t leaving_count, leaving_at;
	struct mysql_rows found;
	size_t found_at;
	struct sql sql;
};

static struct demand *of(struct source *s)
{
	return (struct demand *)(void *)s;
}

static int demand_fd(const struct source *s)
{
	return ((const struct demand *)(const void *)s)->p.timer;
}

static bool demand_stirred(struct source *s)
{
	return mysql_parts_stirred(&of(s)->p);
}

/* --- questions ------------------------------------------------------------------------------- */

static bool demand_ask(struct source *s, const struct source_question *q)
{
	struct demand *d = of(s);

	if (!questions_put(&d->questions, q, clock_now_ms() + d->options.wait_ms))
		return false;
	mysql_parts_hurry(&d->p);
	return true;
}

static void demand_answers(struct source *s,
	void (*tell)(void *ctx, const struct source_answer *all, size_t count), void *ctx)
{
	struct demand *d = of(s);
	struct source_answer all[HAND];

	for (size_t i = 0; i < d->hand_count; i++)
		all[i] = (struct source_answer){ d->hand[i].ticket, d->hand[i].asker, d->known[i] };
	if (d->ready && d->hand_count > 0)
		tell(ctx, all, d->hand_count);
	d->hand_count = 0;
	d->ready = false;
}

/* What is in hand has to wait for something else first. */
static void put_back(struct demand *d)
{
	for (size_t i = 0; i < d->hand_count; i++)
		questions_put(&d->questions, &d->hand[i], clock_now_ms() + d->options.wait_ms);
	d->hand_count = 0;
	d->ready = false;
}

/* --- asking ---------------------------------------------------------------------------------- */

static void add_id(struct sql *sql, const struct reg_id *id, bool first)
{
	static const char digits[] = "0123456789abcdef";
	char hex[2 * REG_ID_MAX + 1];

	for (size_t i = 0; i < id->len; i++) {
		hex[2 * i] = digits[id->bytes[i] >> 4];
		hex[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	hex[2 * (size_t)id->len] = '\0';
	sql_add(sql, "%s'%s'", first ? "" : ",", hex);
}

/* "(type = 'HW_ADDR' AND _id IN ('...', ...)) OR ...": of those that are to be asked for. */
static void add_condition(struct sql *sql, const struct reg_id *const *ids, size_t count)
{
	const char *before = " WHERE";

	for (unsigned int type = 0; type < REG_ID_TYPES; type++) {
		size_t n = 0;

		for (size_t i = 0; i < count; i++) {
			if (ids[i]->type != (enum reg_id_type)type)
				continue;
			if (n == 0)
				sql_add(sql, "%s (type = '%s' AND _id IN (", before,
					reg_id_type_name((enum reg_id_type)type));
			add_id(sql, ids[i], n++ == 0);
		}
		if (n > 0) {
			sql_add(sql, "))");
			before = " OR";
		}
	}
}

/* Their rows come into `found`. */
static enum reg_err ask_for(struct demand *d, const struct reg_id *const *ids, size_t count,
	struct reg_error *err)
{
	struct mysql_values row;
	enum reg_err e;

	sql_begin(&d->sql);
	sql_add(&d->sql, "%s", d->p.users.select.text);
	add_condition(&d->sql, ids, count);
	e = mysql_link_run(d->p.link, &d->sql, err);
	while (e == REG_OK && (e = mysql_link_next(d->p.link, &row, err)) == REG_OK) {
		e = mysql_rows_add(&d->found, &row);
		if (e != REG_OK)
			reg_error_set(err, d->source.name, 0, "%s", reg_strerror(e));
	}
	return e == REG_E_END ? REG_OK : e;
}

/* The registry is to lose him. False: not so many at once. */
static bool leave(struct demand *d, const struct reg_id *id, uint32_t line, size_t most)
{
	if (d->leaving_count >= most)
		return false;
	d->leaving[d->leaving_count++] = (struct leaver){ *id, line };
	return true;
}

/* Notes that the id is somebody or nobody; the oldest make room. */
static enum reg_err note(struct demand *d, enum asked_kind kind, const struct reg_id *id,
	uint32_t line, struct reg_error *err)
{
	int64_t now = clock_now_ms();
	struct reg_id old;
	uint32_t old_line;
	enum reg_err e;

	while (asked_take(d->asked, kind, INT64_MIN, 1, &old, &old_line))
		if (kind == ASKED_USER)
			leave(d, &old, old_line, LEAVING);
	e = asked_put(d->asked, kind, id, line, now);
	if (e != REG_OK)
		reg_error_set(err, d->source.name, 0, "%s", reg_strerror(e));
	return e;
}

/*
 * A row that is wrong is noted as well: it is somebody, whom the registry will not have until he is
 * mended.
 */
static enum reg_err note_found(struct demand *d, struct reg_error *err)
{
	struct mysql_values row;
	struct reg_entry entry;
	enum reg_err e = REG_OK;
	size_t at = 0;

	while (e == REG_OK && mysql_rows_next(&d->found, &at, &row)) {
		entry.id.len = 0;
		mysql_table_entry(&d->p.users, &row, &entry, NULL);
		if (entry.id.len > 0 && asked_find(d->asked, &entry.id) == ASKED_NEVER)
			e = note(d, ASKED_USER, &entry.id, entry.line, err);
	}
	return e;
}

static enum reg_err answer_questions(struct demand *d, struct reg_error *err)
{
	const struct reg_id *ids[HAND];
	size_t unknown = 0;
	enum reg_err e = REG_OK;

	d->hand_count = questions_take(&d->questions, d->hand, HAND, clock_now_ms());
	for (size_t i = 0; i < d->hand_count; i++) {
		enum asked_kind kind = asked_find(d->asked, &d->hand[i].id);

		d->known[i] = kind == ASKED_NOBODY;
		if (kind == ASKED_NEVER)
			ids[unknown++] = &d->hand[i].id;
	}
	if (unknown > 0)
		e = ask_for(d, ids, unknown, err);
	if (e == REG_OK)
		e = note_found(d, err);
	for (size_t i = 0; e == REG_OK && i < unknown; i++)
		if (asked_find(d->asked, ids[i]) == ASKED_NEVER)
			e = note(d, ASKED_NOBODY, ids[i], 0, err);
	return e;
}

/* --- forgetting ------------------------------------------------------------------------------ */

/* Whose attributes are for others: they are in memory all the time. */
static bool is_default(const struct reg_id *id)
{
	static const uint8_t zeros[4];

	return (id->type == REG_HW_ADDR || id->type == REG_DUID) && id->len == sizeof(zeros) &&
		memcmp(id->bytes, zeros, sizeof(zeros)) == 0;
}

/* REG_E_CHANGED, REG_E_SIZE: it is simpler to forget all. */
static enum reg_err forget(struct demand *d, const struct reg_id *id)
{
	uint32_t line;

	if (is_default(id))
		return REG_E_CHANGED;
	if (asked_forget(d->asked, id, &line) == ASKED_USER && !leave(d, id, line, LEAVING - HAND))
		return REG_E_SIZE;
	return REG_OK;
}

/* The ids that the rows had, and those that they have. */
static enum reg_err forget_changed(struct demand *d, struct reg_error *err)
{
	struct reg_entry entry;
	enum reg_err e = mysql_changes_peek(&d->p.changes, err);

	if (e != REG_OK || d->p.changes.changes.count == 0)
		return e;
	e = mysql_changes_gather(&d->p.changes, err);
	if (e != REG_OK)
		return e;
	mysql_changes_rewind(&d->p.changes);
	while (e == REG_OK && mysql_changes_next(&d->p.changes, &entry, NULL) == REG_OK &&
		entry.removed)
		e = forget(d, &entry.id);
	if (e == REG_OK)
		mysql_changes_take(&d->p.changes);
	return e;
}

static void expire(struct demand *d)
{
	int64_t now = clock_now_ms();
	struct reg_id id;
	uint32_t line;

	while (d->leaving_count < LEAVING - HAND &&
		asked_take(d->asked, ASKED_USER, now, 0, &id, &line))
		leave(d, &id, line, LEAVING);
	while (asked_take(d->asked, ASKED_NOBODY, now, 0, &id, &line))
		;
}

/* --- looking --------------------------------------------------------------------------------- */

static enum reg_err look_at(struct demand *d, bool due, struct reg_error *err)
{
	enum reg_err e = REG_OK;

	d->leaving_count = 0;
	mysql_rows_clear(&d->found);
	if (due)
		e = forget_changed(d, err);
	if (e != REG_OK)
		return e;
	expire(d);
	return answer_questions(d, err);
}

static enum source_state look_now(struct demand *d, bool due, struct reg_error *err)
{
	bool failed = d->p.failing;
	enum reg_err e = mysql_link_open(d->p.link, err);

	if (e == REG_OK && !d->loaded)
		return SOURCE_NEW;
	if (e == REG_OK)
		e = look_at(d, due, err);
	if (e == REG_E_CHANGED || e == REG_E_SIZE) {
		put_back(d);
		d->loaded = false;
		return SOURCE_NEW;
	}
	if (e != REG_OK) {
		/* What was forgotten may be in the registry still; a column may be gone. */
		d->loaded = d->loaded && e == REG_E_OPEN && d->leaving_count == 0;
		d->hand_count = 0;
		mysql_parts_fails(&d->p);
		return SOURCE_GONE;
	}
	mysql_parts_works(&d->p);
	if (d->leaving_count > 0 || d->found.count > 0)
		return SOURCE_GREW;
	d->ready = true;
	return failed ? SOURCE_SAME : SOURCE_QUIET;
}

/* While the database fails it is not asked more often because somebody waits. */
static enum source_state demand_look(struct source *s, struct reg_error *err)
{
	struct demand *d = of(s);
	bool due = clock_now_ms() >= d->p.due_ms;
	enum source_state state;

	if (!due && (d->p.failing || !questions_wait(&d->questions)))
		return d->p.failing ? SOURCE_UNSETTLED : SOURCE_QUIET;
	if (due)
		d->p.begun_ms = clock_now_ms();
	state = look_now(d, due, err);
	mysql_parts_schedule(&d->p, 0);
	if (!d->p.failing && questions_wait(&d->questions))
		mysql_parts_hurry(&d->p);
	return state;
}

/* --- reading --------------------------------------------------------------------------------- */

static enum reg_err read_defaults(struct demand *d, struct reg_error *err)
{
	static const struct reg_id v4 = { .type = REG_HW_ADDR, .len = 4 };
	static const struct reg_id v6 = { .type = REG_DUID, .len = 4 };
	const struct reg_id *const both[] = { &v4, &v6 };
	enum reg_err e = mysql_link_open(d->p.link, err);

	if (e == REG_OK)
		e = mysql_link_begin(d->p.link, err);
	if (e == REG_OK)
		e = mysql_table_describe(&d->p.users, d->p.link, err);
	if (e == REG_OK)
		e = mysql_changes_mark(&d->p.changes, err);
	if (e == REG_OK)
		e = ask_for(d, both, 2, err);
	if (e == REG_OK)
		mysql_link_end(d->p.link);
	return e;
}

static enum reg_err open_all(struct demand *d, struct reg_error *err)
{
	enum reg_err e;

	put_back(d);
	asked_clear(d->asked);
	d->loaded = false;
	d->leaving_count = 0;
	mysql_rows_clear(&d->found);
	d->p.begun_ms = clock_now_ms();
	e = read_defaults(d, err);
	if (e == REG_OK)
		return REG_OK;
	mysql_parts_fails(&d->p);
	mysql_parts_schedule(&d->p, 0);
	return e;
}

static enum reg_err demand_open(struct source *s, bool added, struct source_facts *ret,
	struct reg_error *err)
{
	struct demand *d = of(s);
	enum reg_err e = added ? REG_OK : open_all(d, err);

	*ret = (struct source_facts){ .whole = true, .partial = true, .bytes = d->found.len };
	d->leaving_at = d->found_at = 0;
	d->reading = e != REG_OK ? READING_NOTHING : added ? READING_SOME : READING_ALL;
	return e;
}

static enum reg_err demand_next(struct source *s, struct reg_entry *ret, struct reg_error *err)
{
	struct demand *d = of(s);
	struct mysql_values row;

	if (d->leaving_at < d->leaving_count) {
		const struct leaver *l = &d->leaving[d->leaving_at++];

		*ret = (struct reg_entry){ .id = l->id, .line = l->line, .removed = true };
		return REG_OK;
	}
	if (!mysql_rows_next(&d->found, &d->found_at, &row))
		return REG_E_END;
	return mysql_table_entry(&d->p.users, &row, ret, err);
}

static void demand_close(struct source *s, bool taken)
{
	struct demand *d = of(s);

	if (d->reading == READING_ALL && taken) {
		mysql_changes_follow(&d->p.changes);
		mysql_parts_works(&d->p);
	}
	d->loaded = taken;
	d->ready = d->reading == READING_SOME && taken;
	d->reading = READING_NOTHING;
	mysql_parts_schedule(&d->p, 0);
	if (questions_wait(&d->questions))
		mysql_parts_hurry(&d->p);
}

static void demand_stop(struct source *s)
{
	mysql_link_stop(of(s)->p.link);
}

static void demand_free(struct source *s)
{
	struct demand *d = of(s);

	mysql_parts_done(&d->p);
	mysql_rows_done(&d->found);
	sql_done(&d->sql);
	asked_free(d->asked);
	questions_done(&d->questions);
	free(d);
}

static const struct source_ops ops = {
	.kind = "mysql",
	.polled = true,
	.fd = demand_fd,
	.stirred = demand_stirred,
	.look = demand_look,
	.open = demand_open,
	.next = demand_next,
	.close = demand_close,
	.ask = demand_ask,
	.answers = demand_answers,
	.stop = demand_stop,
	.free = demand_free,
};

enum reg_err source_mysql_demand_new(const struct source_mysql_options *options,
	const struct demand_options *demand, struct source **ret, struct reg_error *err)
{
	char *name;
	struct demand *d = mysql_parts_alloc(options, sizeof(*d), &name, err);
	enum reg_err e;

	if (d == NULL)
		return REG_E_NOMEM;
	d->source = (struct source){ .ops = &ops, .name = name };
	d->options = *demand;
	d->found.max = FOUND_MAX;
	d->found.memory = d->sql.memory = options->memory;
	questions_init(&d->questions);
	e = mysql_parts_init(&d->p, name, options, err);
	if (e == REG_OK) {
		e = asked_new(demand->limits, options->memory, &d->asked);
		if (e != REG_OK)
			reg_error_set(err, name, 0, "%s", reg_strerror(e));
	}
	if (e != REG_OK)
		demand_free(&d->source);
	else
		*ret = &d->source;
	return e;
}
