/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/lines.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct digest none;

/* Lines of pseudo-random lengths, some empty; returns the text, its length in *ret_len. */
static char *make_text(size_t lines, unsigned int seed, size_t *ret_len)
{
	char *text = malloc(lines * 4100 + 1);
	size_t n = 0;

	for (size_t i = 0; i < lines; i++) {
		size_t len = (seed = seed * 1103515245 + 12345) % (i % 50 == 0 ? 4096 : 120);

		memset(text + n, 'a' + (int)(seed >> 16) % 26, len);
		n += len;
		text[n++] = '\n';
	}
	*ret_len = n;
	return text;
}

/* Reads all lines, puts them together again, and compares. */
static void check_lines(const struct file_io *io, int fd, const char *text, size_t len,
	const struct digest *digest, uint64_t from, struct digest *ret)
{
	static char chunk[LINES_CHUNK];
	struct lines l;
	const char *line;
	size_t n, number = 0;
	uint64_t at = from;
	enum reg_err e;

	lines_begin(&l, io, fd, chunk, digest, from, len, 0);
	while ((e = lines_next(&l, &line, &n)) == REG_OK) {
		cr_assert_eq(l.line_at, at);
		cr_assert_eq(l.number, ++number);
		cr_assert_eq(memcmp(text + at, line, n), 0);
		at += n + l.ended;
		cr_assert_eq(l.ended, at <= len && at > 0 && text[at - 1] == '\n');
		cr_assert_eq(l.digest.upto - l.len + l.pos, at);
	}
	cr_assert_eq(e, REG_E_END);
	cr_assert_eq(at, len);
	*ret = l.digest;
}

static ssize_t a_few_bytes(int fd, void *buf, size_t n, off_t offset)
{
	static unsigned int calls;
	size_t some = 1 + ++calls % 1000;

	if (calls % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	return pread(fd, buf, n < some ? n : some, offset);
}

static const struct file_io halting = { .pread = a_few_bytes };

Test(lines, whatever_the_length)
{
	struct temp t;

	temp_make(&t);
	for (unsigned int seed = 0; seed < 20; seed++) {
		size_t len;
		char *text = make_text(seed * 100, seed, &len);
		struct digest a, b;
		int fd;

		if (seed % 2 == 1)
			len--; /* the last line without its end */
		temp_write(t.path, text, len);
		fd = open(t.path, O_RDONLY);
		check_lines(&file_io_system, fd, text, len, &none, 0, &a);
		check_lines(&halting, fd, text, len, &none, 0, &b);
		cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
		cr_assert_eq(a.upto, len);
		cr_assert(a.boundary == 0 || a.boundary + LINES_OVERLAP <= len);
		cr_assert_eq(a.boundary % LINES_CHUNK, 0);
		cr_assert_leq(len - a.boundary, LINES_CHUNK + LINES_OVERLAP);
		close(fd);
		free(text);
	}
	temp_remove(&t);
}

/* Reading what was added, from any place, gives the digest of reading all. */
Test(lines, what_was_added)
{
	size_t len;
	char *text = make_text(3000, 5, &len);
	struct temp t;
	int fd;

	temp_make(&t);
	temp_write(t.path, text, len);
	fd = open(t.path, O_RDONLY);
	for (size_t old = 0; old < len; old = old * 2 + 777) {
		struct digest before, whole, added;
		const char *end = memrchr(text, '\n', old);
		size_t from = end != NULL ? (size_t)(end - text) + 1 : 0;

		check_lines(&file_io_system, fd, text, old, &none, 0, &before);
		check_lines(&file_io_system, fd, text, len, &before, from, &added);
		check_lines(&file_io_system, fd, text, len, &none, 0, &whole);
		cr_assert_eq(memcmp(&whole, &added, sizeof(whole)), 0);
	}
	close(fd);
	free(text);
	temp_remove(&t);
}

Test(lines, too_long_a_line_is_passed_over)
{
	static const size_t lengths[] = { 4095, 4096, 70000, 300000 };
	static char chunk[LINES_CHUNK];
	struct temp t;

	temp_make(&t);
	for (size_t i = 0; i < 4; i++) {
		char *text = malloc(lengths[i] + 10);
		struct lines l;
		const char *line;
		size_t n;
		int fd;

		memset(text, 'x', lengths[i] + 3);
		memcpy(text, "a\n", 2);
		memcpy(text + 2 + lengths[i], "\nb\n", 3);
		temp_write(t.path, text, lengths[i] + 5);
		fd = open(t.path, O_RDONLY);
		lines_begin(&l, &file_io_system, fd, chunk, &none, 0, lengths[i] + 5, 0);
		cr_assert_eq(lines_next(&l, &line, &n), REG_OK);
		cr_assert_eq(lines_next(&l, &line, &n), i == 0 ? REG_OK : REG_E_LINE);
		cr_assert_eq(lines_next(&l, &line, &n), REG_OK);
		cr_assert_eq(n, 1);
		cr_assert_eq(line[0], 'b');
		cr_assert_eq(l.number, 3);
		cr_assert_eq(lines_next(&l, &line, &n), REG_E_END);
		close(fd);
		free(text);
	}
	temp_remove(&t);
}

static int eio_after;

static ssize_t failing(int fd, void *buf, size_t n, off_t offset)
{
	if (eio_after-- <= 0) {
		errno = EIO;
		return -1;
	}
	return pread(fd, buf, n, offset);
}

static const struct file_io broken = { .pread = failing };

Test(lines, read_errors_and_a_file_cut_off)
{
	static char chunk[LINES_CHUNK];
	size_t len, n;
	char *text = make_text(3000, 9, &len);
	struct lines l;
	struct temp t;
	const char *line;
	enum reg_err e;
	int fd;

	temp_make(&t);
	temp_write(t.path, text, len);
	fd = open(t.path, O_RDONLY);
	for (int after = 0; after < 3; after++) {
		eio_after = after;
		lines_begin(&l, &broken, fd, chunk, &none, 0, len, 0);
		while ((e = lines_next(&l, &line, &n)) == REG_OK)
			;
		cr_assert_eq(e, REG_E_READ);
		cr_assert_eq(errno, EIO);
	}
	lines_begin(&l, &file_io_system, fd, chunk, &none, 0, len, 0);
	cr_assert_eq(lines_next(&l, &line, &n), REG_OK);
	cr_assert_eq(truncate(t.path, (off_t)len / 2), 0);
	while ((e = lines_next(&l, &line, &n)) == REG_OK)
		;
	cr_assert_eq(e, REG_E_CHANGED);
	close(fd);
	free(text);
	temp_remove(&t);
}
