/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A real database: the cases of every source, and what only a database can do. */
#include "registry/source_mysql.h"

#include "registry/refresh.h"
#include "tests/registry/make.h"
#include "tests/registry/mysql_server.h"
#include "tests/registry/source_cases.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* --- the cases ------------------------------------------------------------------------------- */

static void clear(void *ctx)
{
	mysql_server_sql(ctx, "DELETE FROM usher_users;"
		"INSERT INTO usher_users (user_no, type, id) VALUES (1000, 'DUID', 'ffff')");
}

/* Known attributes into their columns, the others into the object, so that both ways are taken. */
static void put(void *ctx, unsigned int number, const char *type, const char *id, const char *attrs)
{
	char columns[1024] = "bootfile = NULL, subnet = NULL", json[1024] = "";

	while (*attrs != '\0') {
		size_t name = strcspn(attrs, "="), value = strcspn(attrs + name + 1, ";");
		bool column = strncmp(attrs, "bootfile=", 9) == 0 ||
			strncmp(attrs, "subnet=", 7) == 0;

		if (column)
			snprintf(columns + strlen(columns), sizeof(columns) - strlen(columns),
				", %.*s = '%.*s'", (int)name, attrs, (int)value, attrs + name + 1);
		else
			snprintf(json + strlen(json), sizeof(json) - strlen(json),
				"%c\"%.*s\":\"%.*s\"", json[0] == '\0' ? '{' : ',', (int)name,
				attrs, (int)value, attrs + name + 1);
		attrs += name + value + 2;
	}
	strcat(json, json[0] != '\0' ? "}" : "{}");
	mysql_server_sql(ctx, "INSERT INTO usher_users (user_no, type, id) VALUES (%u, '%s', '%s') "
		"ON DUPLICATE KEY UPDATE type = '%s', id = '%s';"
		"UPDATE usher_users SET %s, attributes = '%s' WHERE user_no = %u",
		number, type, id, type, id, columns, json, number);
}

static void take(void *ctx, unsigned int number)
{
	mysql_server_sql(ctx, "DELETE FROM usher_users WHERE user_no = %u", number);
}

static void begin_edits(void *ctx)
{
	mysql_server_sql(ctx, "BEGIN");
}

static void commit(void *ctx)
{
	mysql_server_sql(ctx, "COMMIT");
}

static struct source *open_source(void *ctx)
{
	struct source_mysql_options options = mysql_server_options(ctx);
	struct source *s = NULL;
	struct reg_error err;

	cr_assert_eq(source_mysql_new(&options, &s, &err), REG_OK, "%s", err.text);
	return s;
}

Test(source_mysql, cases_of_every_source, .timeout = 120)
{
	struct mysql_server db;
	struct medium m = { clear, put, take, begin_edits, commit, open_source, &db };

	mysql_server_start(&db);
	source_cases_run(&m);
	mysql_server_stop(&db);
}
