/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the statements. All that is gathered is gathered in one transaction that sees a single
 * state of the database, and is kept in memory, so that handing it out cannot fail half way. What a
 * change is told by is its number; that a number says nothing about the order of commits is
 * change_log.h's business.
 */
#include "registry/mysql_changes.h"

#include "registry/clock.h"
#include "registry/siphash.h"

#include <stdlib.h>
#include <string.h>

enum {
	RECENT = 10000,              /* changes looked at for holes when all is read */
	ROWS_AT_ONCE = 1000,         /* that one statement names */
	THOROUGH_MS = 2000,          /* so often the old holes of a cluster are asked for */
	GATHERED_MAX = 64 << 20,     /* bytes of rows */
};

/* A change as its row has it. */
enum { CHANGE_NO, CHANGE_USER, CHANGE_TYPE, CHANGE_ID, CHANGE_MADE, CHANGE_COLUMNS };

void mysql_changes_init(struct mysql_changes *c)
{
	c->sql.memory = c->changes.memory = c->rows.memory = c->memory;
	c->changes.max = c->rows.max = GATHERED_MAX;
	change_log_init(&c->place.log);
}

void mysql_changes_done(struct mysql_changes *c)
{
	mysql_rows_done(&c->changes);
	mysql_rows_done(&c->rows);
	sql_done(&c->sql);
}

void mysql_changes_rewind(struct mysql_changes *c)
{
	c->at = 0;
	c->pass = 0;
}

static void select_changes(struct mysql_changes *c)
{
	sql_begin(&c->sql);
	sql_add(&c->sql, "SELECT change_no, user_no, type, id, made_at FROM ");
	sql_add_name(&c->sql, c->table, "_changes");
}

static uint64_t change_no(const struct mysql_values *row)
{
	return row->count == CHANGE_COLUMNS && row->text[CHANGE_NO] != NULL ?
		strtoull(row->text[CHANGE_NO], NULL, 10) : 0;
}

/* Of a change: its number, whose it is and when it was made. Another database has another there. */
static uint64_t mark_of(const struct mysql_values *row)
{
	static const uint8_t key[16] = "usher change row";
	static const size_t columns[] = { CHANGE_NO, CHANGE_USER, CHANGE_MADE };
	uint64_t hash = 1;

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		if (row->text[columns[i]] != NULL)
			hash = hash * 31 + siphash13(key, row->text[columns[i]],
				row->len[columns[i]]);
	return hash;
}

/* --- how far the log is ---------------------------------------------------------------------- */

enum reg_err mysql_changes_mark(struct mysql_changes *c, struct reg_error *err)
{
	int64_t now = clock_now_ms();
	struct mysql_values row;
	uint64_t number = 0;
	size_t count = 0;
	enum reg_err e;

	change_log_init(&c->next.log);
	c->next.mark = 0;
	select_changes(c);
	sql_add(&c->sql, " ORDER BY change_no DESC LIMIT %d", RECENT);
	e = mysql_link_run(c->link, &c->sql, err);
	while (e == REG_OK && (e = mysql_link_next(c->link, &row, err)) == REG_OK) {
		number = change_no(&row);
		if (number == 0)
			continue;
		if (count++ == 0)
			c->next.mark = mark_of(&row);
		change_log_add(&c->next.log, number, now);
	}
	if (count == RECENT)
		change_log_settle(&c->next.log, number);
	return e == REG_E_END ? REG_OK : e;
}

void mysql_changes_follow(struct mysql_changes *c)
{
	c->next.columns = c->users->fingerprint;
	c->place = c->next;
}

/* --- gathering changes ----------------------------------------------------------------------- */

static void ask_for_changes(struct mysql_changes *c)
{
	struct change_range ask[CHANGE_ASKS];
	int64_t now = clock_now_ms();
	bool thorough = now - c->thorough_ms >= THOROUGH_MS;
	size_t n;

	if (thorough)
		c->thorough_ms = now;
	change_log_expire(&c->place.log, now);
	n = change_log_ask(&c->place.log, now, thorough, ask);
	select_changes(c);
	for (size_t i = 0; i < n; i++) {
		sql_add(&c->sql, " %s change_no ", i == 0 ? "WHERE" : "OR");
		if (ask[i].to == UINT64_MAX)
			sql_add(&c->sql, ">= %llu", (unsigned long long)ask[i].from);
		else
			sql_add(&c->sql, "BETWEEN %llu AND %llu", (unsigned long long)ask[i].from,
				(unsigned long long)ask[i].to);
	}
	sql_add(&c->sql, " ORDER BY change_no");
}

/* Changes or rows: as many as it is worth to keep. */
static enum reg_err keep(struct mysql_rows *to, const struct mysql_values *row)
{
	return to->count < MYSQL_CHANGES_MAX ? mysql_rows_add(to, row) : REG_E_SIZE;
}

enum reg_err mysql_changes_peek(struct mysql_changes *c, struct reg_error *err)
{
	uint64_t top = change_log_top(&c->place.log);
	bool same = top == 0, fits = true;
	struct mysql_values row;
	enum reg_err e;

	mysql_rows_clear(&c->changes);
	c->gathered = 0;
	ask_for_changes(c);
	e = mysql_link_run(c->link, &c->sql, err);
	while (e == REG_OK && (e = mysql_link_next(c->link, &row, err)) == REG_OK) {
		uint64_t number = change_no(&row);

		if (number != 0 && number == top && mark_of(&row) == c->place.mark)
			same = true;
		if (number == 0 || !fits || change_log_has(&c->place.log, number))
			continue;
		fits = keep(&c->changes, &row) == REG_OK;
		c->gathered += mark_of(&row);
	}
	if (e != REG_E_END)
		return e;
	return !same ? REG_E_CHANGED : !fits ? REG_E_SIZE : REG_OK;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

/* Which rows the changes are about, each once, to be freed; NULL without memory. */
static uint32_t *touched_rows(struct mysql_changes *c, size_t *ret_count)
{
	uint32_t *all = reg_realloc(c->memory, NULL, (c->changes.count + 1) * sizeof(*all));
	struct mysql_values row;
	size_t at = 0, n = 0, unique = 0;

	if (all == NULL)
		return NULL;
	while (mysql_rows_next(&c->changes, &at, &row))
		n += mysql_user_no(row.text[CHANGE_USER], &all[n]);
	qsort(all, n, sizeof(*all), compare_numbers);
	for (size_t i = 0; i < n; i++)
		if (unique == 0 || all[unique - 1] != all[i])
			all[unique++] = all[i];
	*ret_count = unique;
	return all;
}

static enum reg_err gather_some(struct mysql_changes *c, const uint32_t *numbers, size_t count,
	struct reg_error *err)
{
	struct mysql_values row;
	bool fits = true;
	enum reg_err e;

	sql_begin(&c->sql);
	sql_add(&c->sql, "%s WHERE user_no IN (", c->users->select.text);
	for (size_t i = 0; i < count; i++)
		sql_add(&c->sql, "%s%u", i == 0 ? "" : ",", numbers[i]);
	sql_add(&c->sql, ")");
	e = mysql_link_run(c->link, &c->sql, err);
	while (e == REG_OK && (e = mysql_link_next(c->link, &row, err)) == REG_OK)
		fits = fits && keep(&c->rows, &row) == REG_OK;
	if (e != REG_E_END)
		return e;
	return fits ? REG_OK : REG_E_SIZE;
}

/* What the rows that were touched are now. */
static enum reg_err gather_rows(struct mysql_changes *c, struct reg_error *err)
{
	size_t count = 0;
	uint32_t *numbers = touched_rows(c, &count);
	enum reg_err e = REG_OK;

	mysql_rows_clear(&c->rows);
	if (numbers == NULL) {
		reg_error_set(err, c->name, 0, "%s", reg_strerror(REG_E_NOMEM));
		return REG_E_NOMEM;
	}
	for (size_t i = 0; e == REG_OK && i < count; i += ROWS_AT_ONCE)
		e = gather_some(c, numbers + i, count - i < ROWS_AT_ONCE ? count - i : ROWS_AT_ONCE,
			err);
	free(numbers);
	return e;
}

enum reg_err mysql_changes_gather(struct mysql_changes *c, struct reg_error *err)
{
	enum reg_err e = mysql_link_begin(c->link, err);

	if (e == REG_OK)
		e = mysql_changes_peek(c, err);
	if (e == REG_OK)
		e = mysql_table_describe(c->users, c->link, err);
	if (e == REG_OK && c->users->fingerprint != c->place.columns)
		e = REG_E_CHANGED;
	if (e == REG_OK)
		e = gather_rows(c, err);
	if (e == REG_OK || e == REG_E_CHANGED || e == REG_E_SIZE)
		mysql_link_end(c->link);
	return e;
}

/* --- reading what was gathered --------------------------------------------------------------- */

/* The id that the row had before the change. One that is no id was never in a registry. */
static bool old_id(const struct mysql_values *row, struct reg_entry *ret)
{
	const char *type = row->text[CHANGE_TYPE], *id = row->text[CHANGE_ID];
	enum reg_id_type t = REG_ID_TYPES;
	char why[REG_WHY];

	if (type != NULL)
		t = reg_id_type_find(type, row->len[CHANGE_TYPE]);
	return t != REG_ID_TYPES && id != NULL &&
		mysql_user_no(row->text[CHANGE_USER], &ret->line) &&
		reg_id_parse(t, id, row->len[CHANGE_ID], &ret->id, why) == REG_OK;
}

/*
 * First the ids that the rows had, then those that they have, are removed; then the rows are
 * added. So rows may have exchanged their ids.
 */
enum reg_err mysql_changes_next(struct mysql_changes *c, struct reg_entry *ret,
	struct reg_error *err)
{
	enum { OLD_IDS, PRESENT_IDS, USERS, DONE };
	struct mysql_values row;

	while (c->pass != DONE) {
		if (!mysql_rows_next(c->pass == OLD_IDS ? &c->changes : &c->rows, &c->at, &row)) {
			c->pass++;
			c->at = 0;
			continue;
		}
		if (c->pass == USERS)
			return mysql_table_entry(c->users, &row, ret, err);
		if (c->pass == OLD_IDS ? !old_id(&row, ret) :
			mysql_table_entry(c->users, &row, ret, NULL) != REG_OK)
			continue;
		ret->removed = true;
		ret->count = 0;
		return REG_OK;
	}
	return REG_E_END;
}

void mysql_changes_take(struct mysql_changes *c)
{
	int64_t now = clock_now_ms();
	struct mysql_values row;
	size_t at = 0;

	while (mysql_rows_next(&c->changes, &at, &row)) {
		uint64_t number = change_no(&row);

		if (number > change_log_top(&c->place.log))
			c->place.mark = mark_of(&row);
		change_log_add(&c->place.log, number, now);
	}
}

