/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides which columns there are. The statement names them, because a value may be of any length and
 * a row of a gigabyte shall not come here to be refused: of long ones it asks for one character
 * more than is allowed.
 */
#include "registry/mysql_table.h"

#include "registry/siphash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = REG_LINE_MAX, NAMES_MAX = 65535 };

static const char *const special[COLUMN_KINDS] = {
	[COLUMN_ATTR] = "",
	[COLUMN_USER_NO] = "user_no",
	[COLUMN_TYPE] = "type",
	[COLUMN_ID] = "id",
	[COLUMN_ATTRIBUTES] = "attributes",
};

enum reg_err mysql_table_init(struct mysql_table *t, const char *name, const char *table,
	const struct reg_memory *memory)
{
	*t = (struct mysql_table){ .name = name, .table = table, .select.memory = memory };
	t->reader = entry_reader_new(memory);
	return t->reader != NULL ? REG_OK : REG_E_NOMEM;
}

/* --- columns --------------------------------------------------------------------------------- */

static enum column_kind kind_of(const char *name)
{
	size_t k = COLUMN_USER_NO;

	while (k < COLUMN_KINDS && strcmp(special[k], name) != 0)
		k++;
	return k < COLUMN_KINDS ? (enum column_kind)k : COLUMN_ATTR;
}

static void select_column(struct mysql_table *t, const char *name, uint64_t max)
{
	sql_add(&t->select, t->count == 0 ? "SELECT " : ", ");
	if (max > VALUE_MAX)
		sql_add(&t->select, "LEFT(");
	sql_add_name(&t->select, name, "");
	if (max > VALUE_MAX)
		sql_add(&t->select, ", %d)", VALUE_MAX + 1);
}

static enum reg_err keep_name(struct mysql_table *t, const char *name, size_t *len)
{
	static const uint8_t key[16] = "usher columns";
	size_t n = strlen(name) + 1;
	char *names;

	if (t->count == MYSQL_COLUMNS || n > NAMES_MAX - *len)
		return REG_E_FORMAT;
	names = reg_realloc(t->select.memory, t->names, *len + n);
	if (names == NULL)
		return REG_E_NOMEM;
	t->names = names;
	memcpy(names + *len, name, n);
	t->name_at[t->count] = (uint16_t)*len;
	t->kinds[t->count++] = (uint8_t)kind_of(name);
	*len += n;
	t->fingerprint = t->fingerprint * 31 + siphash13(key, name, n);
	return REG_OK;
}

static enum reg_err read_columns(struct mysql_table *t, const struct mysql_link *link)
{
	size_t len = 0;
	enum reg_err e = REG_OK;

	t->count = 0;
	t->fingerprint = 0;
	sql_begin(&t->select);
	for (size_t i = 0; e == REG_OK && i < mysql_link_columns(link); i++) {
		uint64_t max;
		const char *name = mysql_link_column(link, i, &max);

		if (name[0] == '_')
			continue;
		select_column(t, name, max);
		e = keep_name(t, name, &len);
	}
	sql_add(&t->select, " FROM ");
	sql_add_name(&t->select, t->table, "");
	return t->select.failed ? REG_E_NOMEM : e;
}

static enum reg_err check_columns(const struct mysql_table *t, enum reg_err e,
	struct reg_error *err)
{
	bool there[COLUMN_KINDS] = { [COLUMN_ATTRIBUTES] = true };

	for (size_t i = 0; i < t->count; i++)
		there[t->kinds[i]] = true;
	for (size_t k = COLUMN_USER_NO; e == REG_OK && k < COLUMN_KINDS; k++) {
		if (there[k])
			continue;
		reg_error_set(err, t->name, 0, "no column \"%s\": registry/schema.sql makes the "
			"tables", special[k]);
		return REG_E_FORMAT;
	}
	if (e == REG_E_FORMAT)
		reg_error_set(err, t->name, 0, "more than %d columns", MYSQL_COLUMNS);
	else if (e != REG_OK)
		reg_error_set(err, t->name, 0, "%s", reg_strerror(e));
	return e;
}

enum reg_err mysql_table_describe(struct mysql_table *t, struct mysql_link *link,
	struct reg_error *err)
{
	struct sql sql = { .memory = t->select.memory };
	struct mysql_values none;
	enum reg_err e;

	sql_add(&sql, "SELECT * FROM ");
	sql_add_name(&sql, t->table, "");
	sql_add(&sql, " LIMIT 0");
	e = mysql_link_run(link, &sql, err);
	sql_done(&sql);
	if (e == REG_OK)
		e = check_columns(t, read_columns(t, link), err);
	while (e == REG_OK)
		e = mysql_link_next(link, &none, err);
	return e == REG_E_END ? REG_OK : e;
}

/* --- rows ------------------------------------------------------------------------------------ */

bool mysql_user_no(const char *text, uint32_t *ret)
{
	unsigned long long v;
	char *end;

	if (text == NULL || *text < '1' || *text > '9')
		return false;
	v = strtoull(text, &end, 10);
	*ret = (uint32_t)v;
	return *end == '\0' && v <= UINT32_MAX;
}

/* A row under conversion. */
struct converting {
	struct mysql_table *t;
	const struct mysql_values *row;
	struct reg_entry *ret;
	struct reg_error *err;
};

static enum reg_err wrong(const struct converting *c, enum reg_err e, const char *column,
	const char *why)
{
	reg_error_set(c->err, c->t->name, c->ret->line, "%s: %s", column, why);
	return e;
}

/* The index of the column of that kind, or count. */
static size_t column_of(const struct mysql_table *t, enum column_kind kind)
{
	size_t i = 0;

	while (i < t->count && t->kinds[i] != (uint8_t)kind)
		i++;
	return i;
}

static const char *text_of(const struct converting *c, enum column_kind kind, size_t *ret_len)
{
	size_t i = column_of(c->t, kind);

	if (i >= c->row->count || c->row->text[i] == NULL)
		return NULL;
	*ret_len = c->row->len[i];
	return c->row->text[i];
}

static enum reg_err convert_id(const struct converting *c)
{
	size_t type_len = 0, id_len = 0;
	const char *type = text_of(c, COLUMN_TYPE, &type_len), *id = text_of(c, COLUMN_ID, &id_len);
	enum reg_id_type t = type != NULL ? reg_id_type_find(type, type_len) : REG_ID_TYPES;
	char why[REG_WHY];

	if (t == REG_ID_TYPES) {
		snprintf(why, sizeof(why), "unknown type \"%.*s\", expected \"HW_ADDR\" or "
			"\"DUID\"", type_len < 40 ? (int)type_len : 40, type != NULL ? type : "");
		return wrong(c, REG_E_TYPE, special[COLUMN_TYPE], why);
	}
	if (reg_id_parse(t, id != NULL ? id : "", id_len, &c->ret->id, why) == REG_OK)
		return REG_OK;
	/* most of these texts begin so already */
	return wrong(c, REG_E_ID, special[COLUMN_ID], strncmp(why, "id: ", 4) == 0 ? why + 4 : why);
}

static enum reg_err convert_attr(const struct converting *c, size_t i)
{
	const char *name = c->t->names + c->t->name_at[i], *text = c->row->text[i];
	size_t len = c->row->len[i];
	char why[REG_WHY];

	if (len > VALUE_MAX) {
		snprintf(why, sizeof(why), "more than %d bytes", VALUE_MAX);
		return wrong(c, REG_E_LINE, name, why);
	}
	if (memchr(text, '\0', len) != NULL)
		return wrong(c, REG_E_NUL, name, reg_strerror(REG_E_NUL));
	if (c->ret->count == REG_PAIRS_MAX)
		return wrong(c, REG_E_LINE, name, "more attributes than a user can have");
	c->t->pairs[c->ret->count++] = (struct reg_pair){ name, text, strlen(name), len };
	return REG_OK;
}

/*
 * An attribute of the JSON object; it counts more than a column of that name, as the last of a line
 * does.
 */
static enum reg_err put_pair(const struct converting *c, const struct reg_pair *pair)
{
	size_t i = 0;

	while (i < c->ret->count && (c->t->pairs[i].name_len != pair->name_len ||
		memcmp(c->t->pairs[i].name, pair->name, pair->name_len) != 0))
		i++;
	if (i == REG_PAIRS_MAX)
		return wrong(c, REG_E_LINE, special[COLUMN_ATTRIBUTES],
			"more attributes than a user can have");
	c->t->pairs[i] = *pair;
	if (i == c->ret->count)
		c->ret->count++;
	return REG_OK;
}

static enum reg_err convert_json(const struct converting *c)
{
	size_t len = 0, count = 0;
	const char *text = text_of(c, COLUMN_ATTRIBUTES, &len);
	const struct reg_pair *pairs;
	char why[REG_WHY];
	enum reg_err e;

	if (text == NULL || len == 0)
		return REG_OK;
	e = entry_read_attrs(c->t->reader, text, len, &pairs, &count, why);
	if (e != REG_OK)
		return wrong(c, e, special[COLUMN_ATTRIBUTES], why);
	for (size_t i = 0; e == REG_OK && i < count; i++)
		e = put_pair(c, &pairs[i]);
	return e;
}

enum reg_err mysql_table_entry(struct mysql_table *t, const struct mysql_values *row,
	struct reg_entry *ret, struct reg_error *err)
{
	struct converting c = { t, row, ret, err };
	size_t len = 0;
	enum reg_err e;

	ret->line = 0;
	ret->count = 0;
	ret->removed = false;
	ret->pairs = t->pairs;
	if (!mysql_user_no(text_of(&c, COLUMN_USER_NO, &len), &ret->line)) {
		ret->line = 0;
		return wrong(&c, REG_E_ENTRY, special[COLUMN_USER_NO],
			"expected a number from 1 to 4294967295");
	}
	e = convert_id(&c);
	for (size_t i = 0; e == REG_OK && i < t->count && i < row->count; i++)
		if (t->kinds[i] == COLUMN_ATTR && row->text[i] != NULL)
			e = convert_attr(&c, i);
	return e == REG_OK ? convert_json(&c) : e;
}

void mysql_table_done(struct mysql_table *t)
{
	entry_reader_free(t->reader);
	sql_done(&t->select);
	free(t->names);
	t->reader = NULL;
	t->names = NULL;
	t->count = 0;
}
