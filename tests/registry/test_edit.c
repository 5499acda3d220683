/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/edit.h"
#include "registry/load.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define L1 "# the lab\n"
#define L2 "{\"type\":\"HW_ADDR\",  \"id\":\"01\", \"a\":\"x\",\"b\":\"y\"}\n"
#define L3 "\n"
#define L4 "{ \"id\" : \"0:2:\", \"type\" : \"DUID\" }\n"
#define ALL L1 L2 L3 L4

/* One edit: "add|set|put|remove", id, then name=value..., "name" alone to take it away. */
struct row {
	const char *before, *kind, *id, *attrs[3], *after, *error;
	enum reg_err err;
	size_t line;
};

static const struct row rows[] = {
	{ ALL, "add", "03", { "a=b" }, ALL "{\"type\": \"HW_ADDR\", \"id\": \"03\", \"a\": \"b\"}\n",
	  NULL, REG_OK, 0 },
	{ ALL, "add", "DUID=01", { NULL }, ALL "{\"type\": \"DUID\", \"id\": \"01\"}\n", NULL, REG_OK, 0 },
	{ ALL, "add", "01", { NULL }, ALL, ":2: user HW_ADDR=01 is there already",
	  REG_E_DUPLICATE, 2 },
	{ ALL, "add", "03", { "routers=x" }, ALL,
	  ": routers: expected an IPv4 address such as 192.0.2.1, got \"x\"", REG_E_OPTION, 0 },
	{ ALL, "remove", "01", { NULL }, L1 L3 L4, NULL, REG_OK, 2 },
	{ ALL, "remove", "DUID=02", { NULL }, L1 L2 L3, NULL, REG_OK, 4 },
	{ ALL, "remove", "02", { NULL }, ALL, ": user HW_ADDR=02 is not there", REG_E_ABSENT, 0 },
	{ ALL, "set", "01", { "a=z", "c=w" }, L1 "{\"type\": \"HW_ADDR\", \"id\": \"01\", \"a\": \"z\", "
	  "\"b\": \"y\", \"c\": \"w\"}\n" L3 L4, NULL, REG_OK, 2 },
	{ ALL, "set", "01", { "a" }, L1 "{\"type\": \"HW_ADDR\", \"id\": \"01\", \"b\": \"y\"}\n" L3 L4,
	  NULL, REG_OK, 2 },
	{ ALL, "set", "01", { "c", "a=", "b" },
	  L1 "{\"type\": \"HW_ADDR\", \"id\": \"01\", \"a\": \"\"}\n" L3 L4, NULL, REG_OK, 2 },
	{ ALL, "set", "03", { "a=z" }, ALL, ": user HW_ADDR=03 is not there", REG_E_ABSENT, 0 },
	{ ALL, "set", "01", { "option-82=hex:00" }, ALL,
	  ":2: option-82: option may not be overridden", REG_E_OPTION, 2 },
	{ ALL, "put", "DUID=02", { "a=z" },
	  L1 L2 L3 "{\"type\": \"DUID\", \"id\": \"02\", \"a\": \"z\"}\n", NULL, REG_OK, 4 },
	{ ALL, "put", "DUID=03", { "a=z", "b" },
	  ALL "{\"type\": \"DUID\", \"id\": \"03\", \"a\": \"z\"}\n", NULL, REG_OK, 0 },
	/* line ends, a missing one, a byte order mark, bad lines: all stay */
	{ "{\"type\":\"DUID\",\"id\":\"01\"}", "add", "02", { NULL },
	  "{\"type\":\"DUID\",\"id\":\"01\"}\n{\"type\": \"HW_ADDR\", \"id\": \"02\"}\n", NULL, REG_OK, 0 },
	{ "# c\r\n{\"type\":\"DUID\",\"id\":\"01\"}\r\n", "add", "02", { NULL }, "# c\r\n{\"type\":\"DUID\","
	  "\"id\":\"01\"}\r\n{\"type\": \"HW_ADDR\", \"id\": \"02\"}\r\n", NULL, REG_OK, 0 },
	{ "{\"type\":\"DUID\",\"id\":\"01\"}\r\n# c\n", "set", "DUID=01", { "a=b" },
	  "{\"type\": \"DUID\", \"id\": \"01\", \"a\": \"b\"}\r\n# c\n", NULL, REG_OK, 1 },
	{ "\xef\xbb\xbf{\"type\":\"DUID\",\"id\":\"01\"}\n", "set", "DUID=01", { "a=b" },
	  "\xef\xbb\xbf{\"type\": \"DUID\", \"id\": \"01\", \"a\": \"b\"}\n", NULL, REG_OK, 1 },
	{ "bad\n{\"type\":\"DUID\",\"id\":\"01\"}\nworse\n", "remove", "DUID=01", { NULL },
	  "bad\nworse\n", NULL, REG_OK, 2 },
	{ "{\"type\":\"DUID\",\"id\":\"01\"}\nx\n{\"type\":\"DUID\",\"id\":\"0:1\"}", "remove", "DUID=01",
	  { NULL }, "x\n", NULL, REG_OK, 1 },
	{ "x\n{\"type\":\"DUID\",\"id\":\"01\"}", "remove", "DUID=01", { NULL }, "x\n", NULL, REG_OK, 2 },
	/* nobody left */
	{ "{\"type\":\"DUID\",\"id\":\"01\"}\n", "remove", "DUID=01", { NULL }, "# no users\n", NULL,
	  REG_OK, 1 },
	{ "", "add", "01", { NULL }, "{\"type\": \"HW_ADDR\", \"id\": \"01\"}\n", NULL, REG_OK, 0 },
};

static enum edit_kind kind_of(const char *kind)
{
	static const char *const kinds[] = { "add", "set", "put", "remove" };
	size_t k = 0;

	while (strcmp(kinds[k], kind) != 0)
		k++;
	return (enum edit_kind)k;
}

static enum reg_err do_row(const char *path, const struct row *row, size_t *ret_line,
	struct reg_error *err)
{
	struct reg_pair pairs[3];
	struct edit e = { .kind = kind_of(row->kind), .pairs = pairs, .line = 77 };
	char why[REG_WHY];
	enum reg_err got;

	cr_assert_eq(reg_id_parse_any(row->id, strlen(row->id), &e.id, why), REG_OK, "%s", why);
	while (e.count < 3 && row->attrs[e.count] != NULL) {
		const char *a = row->attrs[e.count], *equals = strchr(a, '=');

		pairs[e.count++] = (struct reg_pair){ .name = a,
			.name_len = equals != NULL ? (size_t)(equals - a) : strlen(a),
			.value = equals != NULL ? equals + 1 : NULL,
			.value_len = equals != NULL ? strlen(equals + 1) : 0 };
	}
	got = registry_edit(path, &e, 1, false, err);
	*ret_line = e.line;
	return got;
}

Test(edit, one_user_and_nothing_else)
{
	struct temp t;

	temp_make(&t);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reg_error err = { "" };
		char *after;
		size_t line;

		temp_put(t.path, rows[i].before);
		cr_assert_eq(do_row(t.path, &rows[i], &line, &err), rows[i].err, "row %zu: %s", i,
			err.text);
		after = temp_read(t.path);
		cr_assert_str_eq(after, rows[i].after);
		cr_assert_eq(line, rows[i].line, "row %zu: line %zu", i, line);
		if (rows[i].error != NULL)
			cr_assert_str_eq(err.text + strlen(t.path), rows[i].error);
		free(after);
	}
	temp_remove(&t);
}

static struct edit edit_id(enum edit_kind kind, uint8_t id)
{
	struct edit e = { .kind = kind };

	reg_id_set(&e.id, REG_HW_ADDR, &id, 1);
	return e;
}

Test(edit, all_or_none)
{
	struct edit edits[3] = { edit_id(EDIT_ADD, 9), edit_id(EDIT_REMOVE, 1), edit_id(EDIT_ADD, 8) };
	struct edit bad[2] = { edit_id(EDIT_REMOVE, 1), edit_id(EDIT_REMOVE, 5) };
	struct edit twice[2] = { edit_id(EDIT_ADD, 7), edit_id(EDIT_PUT, 7) };
	struct reg_error err;
	struct temp t;
	char *text;

	temp_make(&t);
	temp_put(t.path, ALL);
	cr_assert_eq(registry_edit(t.path, bad, 2, false, &err), REG_E_ABSENT);
	cr_assert_eq(registry_edit(t.path, twice, 2, false, &err), REG_E_DUPLICATE);
	cr_assert_str_eq(err.text + strlen(t.path), ": user HW_ADDR=07 is edited twice");
	text = temp_read(t.path);
	cr_assert_str_eq(text, ALL);
	free(text);
	cr_assert_eq(registry_edit(t.path, edits, 3, false, &err), REG_OK);
	text = temp_read(t.path);
	cr_assert_str_eq(text, L1 L3 L4 "{\"type\": \"HW_ADDR\", \"id\": \"08\"}\n"
		"{\"type\": \"HW_ADDR\", \"id\": \"09\"}\n");
	free(text);
	temp_remove(&t);
}

Test(edit, the_file_itself)
{
	struct edit e = edit_id(EDIT_PUT, 1);
	struct reg_error err;
	struct stat st;
	struct temp t;
	char lock[128];
	int fd;

	temp_make(&t);
	cr_assert_eq(registry_edit(t.path, &e, 1, false, &err), REG_E_OPEN);
	cr_assert_str_eq(err.text + strlen(t.path), ": No such file or directory");
	cr_assert_eq(registry_edit(t.path, &e, 1, true, &err), REG_OK);
	cr_assert_eq(stat(t.path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0644);
	cr_assert_eq(chmod(t.path, 0640), 0);
	e = edit_id(EDIT_PUT, 2);
	cr_assert_eq(registry_edit(t.path, &e, 1, false, &err), REG_OK);
	cr_assert_eq(stat(t.path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0640, "the mode is kept");

	snprintf(lock, sizeof(lock), "%s.lock", t.path);
	fd = open(lock, O_RDWR);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	cr_assert_eq(registry_edit(t.path, &e, 1, false, &err), REG_E_BUSY);
	cr_assert_str_eq(err.text + strlen(t.path), ": being edited by someone else");
	close(fd);
	cr_assert_eq(registry_edit(t.path, &e, 1, false, &err), REG_OK);

	cr_assert_eq(rename(t.path, t.other), 0);
	cr_assert_eq(symlink(t.other, t.path), 0);
	cr_assert_eq(registry_edit(t.path, &e, 1, true, &err), REG_E_OPEN);
	unlink(t.path);
	cr_assert_eq(mkfifo(t.path, 0644), 0);
	cr_assert_eq(registry_edit(t.path, &e, 1, true, &err), REG_E_KIND);
	unlink(t.path);
	unlink(t.other);
	unlink(lock);
	cr_assert_eq(rmdir(t.dir), 0, "no temporary file is left");
	cr_assert_eq(registry_edit("/nonexistent/x", &e, 1, true, &err), REG_E_WRITE);
	cr_assert_str_eq(err.text, "/nonexistent/x: No such file or directory");
}

Test(edit, lines_that_are_or_would_be_too_long)
{
	static char value[5000];
	struct reg_pair pair = { "a", value, 1, 4000 };
	struct edit e = edit_id(EDIT_PUT, 1);
	struct reg_error err;
	struct temp t;
	char *text;

	temp_make(&t);
	memset(value, '\x01', sizeof(value));
	temp_put(t.path, L2);
	e.count = 1;
	e.pairs = &pair;
	cr_assert_eq(registry_edit(t.path, &e, 1, false, &err), REG_E_LINE);
	memset(value, 'x', sizeof(value));
	cr_assert_eq(registry_edit(t.path, &e, 1, false, &err), REG_OK);
	memset(value, 'x', sizeof(value) - 1);
	value[4998] = '\n';
	temp_write(t.path, value, 4999);
	cr_assert_eq(registry_edit(t.path, &e, 1, false, &err), REG_E_LINE);
	text = temp_read(t.path);
	cr_assert_eq(strlen(text), 4999, "nothing was lost");
	free(text);
	temp_remove(&t);
}

/* What is in force follows an edit: the new file is complete when it gets its name. */
Test(edit, a_thousand_users)
{
	struct edit *edits = calloc(1000, sizeof(*edits));
	struct load_result result;
	struct reg_error err;
	struct temp t;

	temp_make(&t);
	for (int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 1000; i++) {
			uint8_t id[2] = { (uint8_t)(i >> 8), (uint8_t)i };

			edits[i] = (struct edit){ .kind = round == 2 && i > 0 ? EDIT_REMOVE : EDIT_PUT };
			reg_id_set(&edits[i].id, REG_DUID, id, 2);
		}
		cr_assert_eq(registry_edit(t.path, edits, 1000, true, &err), REG_OK, "%s", err.text);
		cr_assert_eq(registry_load_file(t.path, false, NULL, &result, &err), REG_OK);
		cr_assert_eq(result.stats.users, round == 2 ? 1 : 1000);
		registry_free(result.registry);
	}
	free(edits);
	temp_remove(&t);
}
