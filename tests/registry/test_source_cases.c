/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases of every source, with a file. */
#include "tests/registry/source_cases.h"

#include "registry/source_file.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { USERS = 10, LINE = 512 };

struct file {
	struct temp t;
	char users[USERS][LINE];
	bool held;              /* the edits are not to be written yet */
};

static void save(struct file *f)
{
	char text[USERS * LINE] = "{\"type\":\"DUID\",\"id\":\"ffff\"}\n";

	if (f->held)
		return;
	for (size_t i = 0; i < USERS; i++)
		strcat(text, f->users[i]);
	temp_replace(&f->t, text);
}

static void clear(void *ctx)
{
	struct file *f = ctx;

	memset(f->users, 0, sizeof(f->users));
	save(f);
}

static void put(void *ctx, unsigned int number, const char *type, const char *id, const char *attrs)
{
	struct file *f = ctx;
	char *line = f->users[number];
	size_t n = (size_t)sprintf(line, "{\"type\":\"%s\",\"id\":\"%s\"", type, id);

	while (*attrs != '\0') {
		size_t name = strcspn(attrs, "="), value = strcspn(attrs + name + 1, ";");

		n += (size_t)sprintf(line + n, ",\"%.*s\":\"%.*s\"", (int)name, attrs, (int)value,
			attrs + name + 1);
		attrs += name + value + 2;
	}
	strcpy(line + n, "}\n");
	save(f);
}

static void take(void *ctx, unsigned int number)
{
	struct file *f = ctx;

	f->users[number][0] = '\0';
	save(f);
}

static void begin(void *ctx)
{
	struct file *f = ctx;

	f->held = true;
}

static void commit(void *ctx)
{
	struct file *f = ctx;

	f->held = false;
	save(f);
}

static struct source *open_source(void *ctx)
{
	struct file *f = ctx;
	struct source_file_options options = { .path = f->t.path, .settle_ms = 20, .watch = true };
	struct source *s = NULL;
	struct reg_error err;

	cr_assert_eq(source_file_new(&options, &s, &err), REG_OK);
	return s;
}

Test(source_cases, file)
{
	struct file f = { .held = false };
	struct medium m = { clear, put, take, begin, commit, open_source, &f };

	temp_make(&f.t);
	source_cases_run(&m);
	temp_remove(&f.t);
}
