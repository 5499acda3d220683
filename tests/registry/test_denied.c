/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a file cannot be opened is said with whose it is and what to do. */
#include "registry/denied.h"

#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OTHER = 54321 };   /* a user whom nobody has made */

static const char *file = "there", *folder = "folder", *inside = "folder/file";

/* What another user than root is told of the path; by way of a pipe. */
static const char *told(const char *path, bool writing)
{
	static char text[512];
	int fds[2], status;
	ssize_t n;

	cr_assert_eq(pipe(fds), 0);
	if (fork() == 0) {
		char why[512];

		if (setgid(OTHER) != 0 || setuid(OTHER) != 0)
			_exit(1);
		denied_text(EACCES, path, writing, why, sizeof(why));
		_exit(write(fds[1], why, strlen(why)) < 0);
	}
	wait(&status);
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static struct temp temp;

static void make_files(void)
{
	temp_make(&temp);
	cr_assert_eq(chdir(temp.dir), 0);
	cr_assert_eq(chmod(".", 0755), 0);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	cr_assert_eq(mkdir(folder, 0700), 0);
}

static void remove_files(void)
{
	unlink(file);
	rmdir(folder);
	temp_remove(&temp);
}

Test(denied, whose_it_is_and_what_to_do, .init = make_files, .fini = remove_files)
{
	if (geteuid() != 0)
		return;
	cr_expect_str_eq(told(file, false),
		"Permission denied: it is root:root's, mode 0600, and this is user 54321: "
		"chgrp 54321 there; chmod g+r there");
	cr_expect_str_eq(told(file, true),
		"Permission denied: it is root:root's, mode 0600, and this is user 54321: "
		"chown 54321:54321 there");
}

Test(denied, of_a_directory, .init = make_files, .fini = remove_files)
{
	if (geteuid() != 0)
		return;
	cr_expect_str_eq(told(inside, false),
		"Permission denied: its directory is root:root's, mode 0700, and this is user 54321: "
		"chgrp 54321 folder; chmod g+rx folder");
	cr_expect_str_eq(told(inside, true),
		"Permission denied: its directory is root:root's, mode 0700, and this is user 54321: "
		"chown 54321:54321 folder");
}

Test(denied, other_errors_are_the_systems)
{
	char why[64];

	cr_expect_str_eq(denied_text(ENOENT, "x", false, why, sizeof(why)), "No such file or directory");
}
