/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/password.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum reg_err read_text(const char *text, size_t len, struct password *ret,
	struct reg_error *err)
{
	enum reg_err e;
	struct temp t;

	temp_make(&t);
	temp_write(t.path, text, len);
	cr_assert_eq(chmod(t.path, 0600), 0);
	e = password_read(ret, t.path, "", err);
	temp_remove(&t);
	return e;
}

Test(password, the_first_line_of_a_file)
{
	static const struct {
		const char *text, *expect;
	} rows[] = {
		{ "", "" }, { "geheim", "geheim" }, { "geheim\n", "geheim" },
		{ "geheim\r\n", "geheim" },
		{ " with blanks \nrest\n", " with blanks " }, { "\nrest", "" },
	};
	struct password p;
	struct reg_error err;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(read_text(rows[i].text, strlen(rows[i].text), &p, &err), REG_OK);
		cr_assert_str_eq(p.text, rows[i].expect);
	}
	password_forget(&p);
	for (size_t i = 0; i < sizeof(p); i++)
		cr_assert_eq(p.text[i], 0);
}

Test(password, its_length)
{
	char text[PASSWORD_MAX + 3];
	struct password p;
	struct reg_error err;

	memset(text, 'x', sizeof(text));
	cr_assert_eq(read_text(text, PASSWORD_MAX, &p, &err), REG_OK);
	cr_assert_eq(strlen(p.text), PASSWORD_MAX);
	text[PASSWORD_MAX] = '\n';
	cr_assert_eq(read_text(text, PASSWORD_MAX + 2, &p, &err), REG_OK);
	cr_assert_eq(strlen(p.text), PASSWORD_MAX);
	text[PASSWORD_MAX] = 'x';
	cr_assert_eq(read_text(text, PASSWORD_MAX + 1, &p, &err), REG_E_SIZE);
	cr_assert_null(strstr(err.text, "xxx"), "an error tells nothing of it");
	cr_assert_str_eq(p.text, "");
}

Test(password, a_file_that_will_not_do)
{
	struct password p;
	struct reg_error err;
	struct temp t;

	temp_make(&t);
	cr_assert_eq(password_read(&p, t.path, "", &err), REG_E_OPEN);
	cr_assert_not_null(strstr(err.text, "No such file"));
	temp_put(t.path, "geheim\n");
	cr_assert_eq(chmod(t.path, 0604), 0);
	cr_assert_eq(password_read(&p, t.path, "", &err), REG_E_OPEN);
	cr_assert_not_null(strstr(err.text, "chmod o-rw"));
	cr_assert_str_eq(p.text, "");
	cr_assert_eq(chmod(t.path, 0640), 0);
	cr_assert_eq(password_read(&p, t.path, "", &err), REG_OK);
	cr_assert_eq(password_read(&p, t.dir, "", &err), REG_E_OPEN);
	cr_assert_eq(unlink(t.path), 0);
	cr_assert_eq(mkfifo(t.path, 0600), 0);
	cr_assert_eq(password_read(&p, t.path, "", &err), REG_E_OPEN, "a FIFO keeps nobody");
	temp_remove(&t);
}

Test(password, in_the_environment)
{
	struct password p;
	struct reg_error err;

	cr_assert_eq(password_read(&p, "", "", &err), REG_OK);
	cr_assert_str_eq(p.text, "");
	unsetenv("USHER_TEST_SECRET");
	cr_assert_eq(password_read(&p, "", "USHER_TEST_SECRET", &err), REG_E_OPEN);
	cr_assert_str_eq(err.text, "USHER_TEST_SECRET: there is no such environment variable");
	setenv("USHER_TEST_SECRET", "geheim", 1);
	cr_assert_eq(password_read(&p, "", "USHER_TEST_SECRET", &err), REG_OK);
	cr_assert_str_eq(p.text, "geheim");
	password_forget(&p);
}
