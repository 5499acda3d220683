/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/mark.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char chunk[LINES_CHUNK];

/* Marks the file as it is, read to its end. */
static struct mark mark_file(const char *path)
{
	struct mark m = { .valid = true, .ended = true };
	struct digest none = { 0 };
	const char *line;
	struct lines l;
	struct stat st;
	size_t n;
	int fd = open(path, O_RDONLY);

	fstat(fd, &st);
	lines_begin(&l, &file_io_system, fd, chunk, &none, 0, (uint64_t)st.st_size, 0);
	while (lines_next(&l, &line, &n) == REG_OK)
		m.ended = l.ended;
	m.dev = st.st_dev;
	m.ino = st.st_ino;
	m.digest = l.digest;
	m.consumed = l.digest.upto;
	m.lines = l.number;
	close(fd);
	return m;
}

static enum mark_fit fit(struct mark *m, const char *path)
{
	int fd = open(path, O_RDONLY);
	enum mark_fit f;
	struct stat st;

	fstat(fd, &st);
	f = mark_compare(m, &file_io_system, fd, &st, chunk);
	close(fd);
	return f;
}

Test(mark, what_an_edit_makes_of_a_file)
{
	static const struct {
		const char *before, *after;
		enum mark_fit fit;
	} rows[] = {
		{ "a\nb\n", "a\nb\n", MARK_SAME },
		{ "a\nb\n", "a\nb\nc\n", MARK_GREW },
		{ "a\nb\n", "a\nb\nc", MARK_GREW },
		{ "a\nb\n", "a\nB\n", MARK_OTHER },
		{ "a\nb\n", "A\nb\nc\n", MARK_OTHER },
		{ "a\nb\n", "a\n", MARK_OTHER },
		{ "a\nb\n", "", MARK_OTHER },
		{ "a\nb\n", "\na\nb\n", MARK_OTHER },
		{ "", "", MARK_SAME },
		{ "", "a\n", MARK_GREW },
		/* the last line had no end: only a line end may follow */
		{ "a\nb", "a\nb", MARK_SAME },
		{ "a\nb", "a\nb\n", MARK_GREW },
		{ "a\nb", "a\nb\r\n", MARK_GREW },
		{ "a\nb", "a\nb\nc\n", MARK_GREW },
		{ "a\nb", "a\nbc\n", MARK_OTHER },
		{ "a\nb", "a\nb\r", MARK_OTHER },
	};
	struct temp t;

	temp_make(&t);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mark m;

		temp_put(t.path, rows[i].before);
		m = mark_file(t.path);
		temp_put(t.path, rows[i].after);
		cr_assert_eq(fit(&m, t.path), rows[i].fit, "row %zu", i);
		cr_assert_not(m.doubtful);
		temp_replace(&t, rows[i].after);
		cr_assert_eq(fit(&m, t.path), MARK_OTHER, "another file, row %zu", i);
		m.valid = false;
		cr_assert_eq(fit(&m, t.path), MARK_OTHER);
	}
	temp_remove(&t);
}

static bool check(struct mark *m, const char *path, bool *ret_same)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	bool done;

	fstat(fd, &st);
	done = mark_check(m, &file_io_system, fd, &st, chunk, ret_same);
	close(fd);
	return done;
}

/* How often there was more to do. */
static int steps_of_check(struct mark *m, const char *path, bool *ret_same)
{
	int steps = 0;

	while (!check(m, path, ret_same))
		steps++;
	return steps;
}

/* Too large to be compared at once: the end decides first, and all of it later. */
Test(mark, large_files_are_compared_in_two_steps)
{
	size_t len = (40 << 20) + 12345;
	char *text = malloc(len + 10);
	struct temp t;
	struct mark m;
	bool same;
	int fd;

	temp_make(&t);
	memset(text, 'x', len);
	for (size_t i = 99; i < len; i += 100)
		text[i] = '\n';
	temp_write(t.path, text, len);
	m = mark_file(t.path);
	m.ended = true;
	temp_append(t.path, "more\n");
	cr_assert_eq(fit(&m, t.path), MARK_GREW);
	cr_assert(m.doubtful);
	cr_assert_eq(steps_of_check(&m, t.path, &same), 40, "a mebibyte at a time");
	cr_assert(same);
	cr_assert_not(m.doubtful);

	fd = open(t.path, O_WRONLY);
	cr_assert_eq(pwrite(fd, "y", 1, 20 << 20), 1);
	close(fd);
	cr_assert_eq(fit(&m, t.path), MARK_GREW, "the end is the same");
	cr_assert_eq(steps_of_check(&m, t.path, &same), 40);
	cr_assert_not(same);

	fd = open(t.path, O_WRONLY);
	cr_assert_eq(pwrite(fd, "y", 1, (off_t)len - 50), 1);
	close(fd);
	cr_assert_eq(fit(&m, t.path), MARK_OTHER, "the end is not");
	cr_assert_eq(truncate(t.path, 1 << 20), 0);
	m.doubtful = true;
	m.checked = m.checked_hash = 0;
	cr_assert(check(&m, t.path, &same));
	cr_assert_not(same);
	free(text);
	temp_remove(&t);
}
