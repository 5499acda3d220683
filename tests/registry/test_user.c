/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/user.h"
#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HW(id, rest) "{\"type\":\"HW_ADDR\",\"id\":\"" id "\"" rest "}\n"

static const char text[] =
	HW("01", "")
	HW("02", ",\"note\":\"hall\",\"bootfile\":\"/b\",\"subnet\":\"open\",\"tftp_server\":\"\"")
	HW("03", ",\"subnet\":\"restricted\",\"tftp_server\":\"t.example.com\",\"bootfile\":\"\"")
	HW("04", ",\"pxe_fields\":\"auto\",\"bootfile\":\"b\",\"tftp_server\":\"t\",\"subnet\":\"s\"")
	HW("05", ",\"\":\"empty name\",\"a\":\"\"");

/* By user and attribute: the value, or NULL. */
static const char *const known[5][REG_ATTR_COUNT] = {
	{ NULL, NULL, NULL, NULL },
	{ "/b", NULL, "open", NULL },
	{ NULL, "t.example.com", "restricted", NULL },
	{ "b", "t", "s", "auto" },
	{ NULL, NULL, NULL, NULL },
};

static bool is(const char *value, size_t len, const char *expect)
{
	return strlen(expect) == len && memcmp(value, expect, len) == 0;
}

Test(user, known_attributes)
{
	struct registry *reg = make_registry(text, NULL, NULL, NULL, NULL, NULL);
	const struct reg_user *user = NULL;

	for (size_t u = 0; u < 5; u++) {
		user = registry_next(reg, user);
		for (size_t a = 0; a < REG_ATTR_COUNT; a++) {
			const char *value = "untouched";
			size_t len = 9;
			bool there = registry_known(user, (enum reg_attr)a, &value, &len);

			cr_assert_eq(there, known[u][a] != NULL);
			cr_assert(is(value, len, there ? known[u][a] : "untouched"));
		}
	}
	registry_free(reg);
}

Test(user, attributes_by_name_and_in_order)
{
	struct registry *reg = make_registry(text, NULL, NULL, NULL, NULL, NULL);
	char buf[1024];

	cr_assert_str_eq(attrs_text(find_user(reg, "01"), buf), "");
	cr_assert_str_eq(attrs_text(find_user(reg, "02"), buf),
		"note=hall;bootfile=/b;subnet=open;tftp_server=;");
	cr_assert_str_eq(attrs_text(find_user(reg, "05"), buf), "=empty name;a=;");
	static const struct {
		const char *id, *name, *value;
	} rows[] = {
		{ "01", "note", NULL },  { "02", "note", "hall" }, { "02", "bootfile", "/b" },
		{ "02", "", NULL },      { "02", "tftp_server", "" }, { "02", "not", NULL },
		{ "02", "notes", NULL }, { "05", "", "empty name" }, { "05", "a", "" },
		{ "05", "note", NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = "untouched";
		size_t len = 9;
		bool there = registry_attr(find_user(reg, rows[i].id), rows[i].name,
			strlen(rows[i].name), &value, &len);

		cr_assert_eq(there, rows[i].value != NULL, "%s %s", rows[i].id, rows[i].name);
		cr_assert(is(value, len, there ? rows[i].value : "untouched"));
	}
	registry_free(reg);
}

Test(user, names_of_known_attributes)
{
	for (size_t a = 0; a < REG_ATTR_COUNT; a++) {
		const char *name = reg_attr_name((enum reg_attr)a);

		cr_assert_eq(reg_attr_find(name, strlen(name)), (enum reg_attr)a);
	}
	cr_assert_eq(reg_attr_find("bootfil", 7), REG_ATTR_COUNT);
	cr_assert_eq(reg_attr_find("", 0), REG_ATTR_COUNT);
	cr_assert_str_eq(reg_attr_name(REG_ATTR_COUNT), "?");
}

/* Thousands of names: every one is found, and only where it was given. */
Test(user, many_names)
{
	enum { USERS = 3000 };
	char *many = malloc(USERS * 100), name[32];
	struct registry *reg;
	size_t n = 0;

	for (unsigned int i = 0; i < USERS; i++)
		n += (size_t)sprintf(many + n, "{\"type\":\"HW_ADDR\",\"id\":\"%04x\",\"n%u\":\"%u\","
			"\"bootfile\":\"%u\"}\n", i, i, i, i);
	reg = make_registry(many, NULL, NULL, NULL, NULL, NULL);
	const struct reg_user *user = NULL;

	for (unsigned int i = 0; i < USERS; i++) {
		const char *value, *boot;
		size_t len, boot_len, name_len = (size_t)sprintf(name, "n%u", i);

		user = registry_next(reg, user);
		cr_assert(registry_attr(user, name, name_len, &value, &len));
		cr_assert(is(value, len, name + 1));
		cr_assert(registry_known(user, REG_ATTR_BOOTFILE, &boot, &boot_len));
		cr_assert(is(boot, boot_len, name + 1));
		name_len = (size_t)sprintf(name, "n%u", i + 1);
		cr_assert_not(registry_attr(user, name, name_len, &value, &len));
	}
	registry_free(reg);
	free(many);
}
