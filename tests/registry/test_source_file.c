/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/source_file.h"
#include "tests/registry/make.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SETTLE = 30 };

#define USER(id) "{\"type\":\"HW_ADDR\",\"id\":\"" id "\"}"

static struct source *open_source(const struct temp *t, bool watch, const struct file_io *io)
{
	struct source_file_options options = { .path = t->path, .settle_ms = SETTLE, .watch = watch,
		.io = io };
	struct source *s = NULL;
	struct reg_error err;

	cr_assert_eq(source_file_new(&options, &s, &err), REG_OK);
	return s;
}

/* Reads to the end: the ids, each followed by its line, and errors in brackets. */
static enum reg_err read_all(struct source *s, bool added, bool taken, char out[static 2048])
{
	struct source_facts facts;
	struct reg_entry entry;
	struct reg_error err;
	size_t n = 0;
	enum reg_err e = s->ops->open(s, added, &facts, &err), first = REG_OK;

	out[0] = '\0';
	if (e != REG_OK) {
		snprintf(out, 2048, "[%s]", err.text);
		return e;
	}
	while ((e = s->ops->next(s, &entry, &err)) != REG_E_END && !source_broke(e)) {
		if (e == REG_OK) {
			char id[REG_ID_TEXT];

			reg_id_text(entry.id.type, entry.id.bytes, entry.id.len, id);
			n += (size_t)snprintf(out + n, 2048 - n, "%s@%u ", strchr(id, '=') + 1,
				entry.line);
		} else {
			n += (size_t)snprintf(out + n, 2048 - n, "[%s] ", strchr(err.text, ':'));
		}
		if (first == REG_OK)
			first = e;
	}
	if (e != REG_E_END) {
		snprintf(out + n, 2048 - n, "[%s]", strchr(err.text, ':'));
		first = e;
	}
	s->ops->close(s, taken);
	return first;
}

#define T(s) s, sizeof(s) - 1
static const struct {
	const char *text;
	size_t len;
	const char *expect;
} files[] = {
	{ T(""), "" },
	{ T("\n"), "" },
	{ T(USER("01") "\n" USER("02") "\n"), "01@1 02@2 " },
	{ T(USER("01") "\n" USER("02")), "01@1 02@2 " },
	{ T(USER("01") "\r\n" USER("02") "\r\n"), "01@1 02@2 " },
	{ T("\n# c\n \t\n" USER("01") "\n\n" USER("02") "\n\n"), "01@4 02@6 " },
	{ T("\xef\xbb\xbf" USER("01") "\n" USER("02") "\n"), "01@1 02@2 " },
	{ T("\xef\xbb\xbf# c\n" USER("02") "\n"), "02@2 " },
	{ T("\xef\xbb\xbf"), "" },
	{ T(USER("01") "\n\xef\xbb\xbf" USER("02") "\n"), "01@1 [:2: a name or text must stand in double quotes] " },
	{ T(USER("01") "\n\0\n" USER("02") "\n"), "01@1 [:2: contains a NUL byte] 02@3 " },
	{ T(USER("01") "\n" "{\n}\n" USER("02") "\n"),
	  "01@1 [:2: it ends too early: a bracket or a quote is not closed] [:3: a comma, colon or bracket is missing, or is one too many] 02@4 " },
	/* the last line, cut anywhere */
	{ T(USER("01") "\n" "{\"type\":\"HW_"), "01@1 [:2: last line is unfinished: it ends too early: a bracket or a quote is not closed] " },
	{ T(USER("01") "\n" "{"), "01@1 [:2: last line is unfinished: it ends too early: a bracket or a quote is not closed] " },
	{ T(USER("01") "\n" "{\"type\":\"HW_ADDR\"}"), "01@1 [:2: last line is unfinished: no \"id\"," },
	{ T(USER("01") "\n" "# a comm"), "01@1 " },
	{ T("{\"type\":\"HW_ADDR\",\"id\":\"0"), "[:1: last line is unfinished: it ends too early: a bracket or a quote is not closed] " },
};

/* R9 of the faults: what a file may look like. */
Test(source_file, texts)
{
	struct temp t;

	temp_make(&t);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct source *s = open_source(&t, false, NULL);
		char out[2048];

		temp_write(t.path, files[i].text, files[i].len);
		read_all(s, false, true, out);
		cr_assert_eq(strncmp(out, files[i].expect, strlen(files[i].expect)), 0,
			"row %zu: %s", i, out);
		s->ops->free(s);
	}
	temp_remove(&t);
}

/* Cut after any byte: only whole lines count, and the rest is known to be a part. */
Test(source_file, every_cut)
{
	static const char text[] = USER("01") "\n" USER("02") "\n" USER("03") "\n";
	struct temp t;

	temp_make(&t);
	for (size_t n = 0; n < sizeof(text); n++) {
		struct source *s = open_source(&t, false, NULL);
		size_t line = sizeof(USER("01")), whole = n / line + (n % line == line - 1);
		char out[2048];
		bool unfinished;
		enum reg_err e;

		temp_write(t.path, text, n);
		e = read_all(s, false, true, out);
		unfinished = n % line != 0 && n % line != line - 1;
		cr_assert_eq(e, unfinished ? REG_E_UNFINISHED : REG_OK);
		cr_assert_eq(strncmp(out, "01@1 02@2 03@3 ", 5 * whole), 0);
		cr_assert_eq(strstr(out, "unfinished") != NULL, unfinished);
		s->ops->free(s);
	}
	temp_remove(&t);
}

static const char *refusal(const struct temp *t, char out[static 2048])
{
	struct source *s = open_source(t, false, NULL);

	cr_assert_neq(read_all(s, false, true, out), REG_OK);
	s->ops->free(s);
	return out + 1 + strlen(t->path);
}

/* R5, R6, R8: refused at once and never waited for. */
Test(source_file, what_is_not_a_regular_file)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);
	char out[2048];
	struct temp t;

	temp_make(&t);
	cr_assert_str_eq(refusal(&t, out), ": No such file or directory]");
	cr_assert_eq(symlink("/etc/shadow", t.path), 0);
	cr_assert_str_eq(refusal(&t, out), ": a symbolic link, expected the file itself]");
	unlink(t.path);
	cr_assert_eq(symlink("nowhere", t.path), 0);
	cr_assert_str_eq(refusal(&t, out), ": a symbolic link, expected the file itself]");
	unlink(t.path);
	cr_assert_eq(symlink("registry.jsonl", t.path), 0);
	cr_assert_str_eq(refusal(&t, out), ": a symbolic link, expected the file itself]");
	unlink(t.path);
	cr_assert_eq(mkfifo(t.path, 0644), 0);
	cr_assert_str_eq(refusal(&t, out), ": not a regular file]");
	unlink(t.path);
	cr_assert_eq(mkdir(t.path, 0755), 0);
	cr_assert_str_eq(refusal(&t, out), ": not a regular file]");
	rmdir(t.path);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", t.path);
	cr_assert_eq(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_str_eq(refusal(&t, out), ": No such device or address]");
	close(sock);
	unlink(t.path);
	if (mknod(t.path, S_IFCHR | 0644, 1 << 8 | 3) == 0)
		cr_assert_str_eq(refusal(&t, out), ": not a regular file]");
	temp_remove(&t);
}

/* R7: ten sparse gigabytes are refused unread, one long line is one bad line. */
Test(source_file, huge)
{
	struct source *s;
	char out[2048], *text = malloc(9 << 20);
	struct temp t;

	temp_make(&t);
	temp_put(t.path, "");
	cr_assert_eq(truncate(t.path, (off_t)10 << 30), 0);
	s = open_source(&t, false, NULL);
	cr_assert_eq(read_all(s, false, true, out), REG_E_SIZE);
	cr_assert_not_null(strstr(out, "larger than the size limit of 4294967296 bytes"));
	memset(text, '[', 9 << 20);
	text[(9 << 20) - 1] = '\n';
	temp_write(t.path, text, 9 << 20);
	temp_append(t.path, USER("01") "\n");
	cr_assert_eq(read_all(s, false, true, out), REG_E_LINE);
	cr_assert_str_eq(out, "[:1: line of more than 4095 bytes] 01@2 ");
	s->ops->free(s);
	free(text);
	temp_remove(&t);
}

static int fault_errno, fault_after;

static int faulty_open(const char *path, int flags)
{
	if (fault_after-- == 0) {
		errno = fault_errno;
		return -1;
	}
	return open(path, flags);
}

static ssize_t faulty_pread(int fd, void *buf, size_t n, off_t offset)
{
	if (fault_after-- == 0) {
		errno = fault_errno;
		return -1;
	}
	return pread(fd, buf, n < 10 ? n : 10, offset);
}

static const struct file_io faulty = { .open = faulty_open, .pread = faulty_pread };

/* R8, M2: every system call fails once, by every reason; short reads all the way. */
Test(source_file, system_calls_that_fail)
{
	static const int errors[] = { EIO, ESTALE, EMFILE, ENFILE, EACCES, ENOMEM, EINTR };
	struct temp t;

	temp_make(&t);
	temp_put(t.path, USER("01") "\n" USER("02") "\n");
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		for (int after = 0; after < 8; after++) {
			struct source *s = open_source(&t, false, &faulty);
			char out[2048];
			enum reg_err e;

			fault_errno = errors[i];
			fault_after = after;
			e = read_all(s, false, true, out);
			if (errors[i] == EINTR && after > 0) {
				cr_assert_eq(e, REG_OK);
			} else if (fault_after < 0 && e != REG_OK) {
				cr_assert_eq(e, after == 0 ? REG_E_OPEN : REG_E_READ);
				cr_assert_not_null(strstr(out, strerror(errors[i])));
			} else {
				cr_assert_str_eq(out, "01@1 02@2 ");
			}
			s->ops->free(s);
		}
	}
	temp_remove(&t);
}

static enum source_state look(struct source *s)
{
	struct reg_error err;

	s->ops->stirred(s);
	return s->ops->look(s, &err);
}

Test(source_file, looking)
{
	char out[2048];
	struct source *s;
	struct temp t;
	int fd;

	temp_make(&t);
	temp_put(t.path, USER("01") "\n");
	s = open_source(&t, true, NULL);
	cr_assert_geq(s->ops->fd(s), 0);
	cr_assert_eq(read_all(s, false, true, out), REG_OK);
	cr_assert_eq(look(s), SOURCE_QUIET);
	cr_assert_not(s->ops->stirred(s));

	temp_append(t.path, USER("02") "\n");
	cr_assert(s->ops->stirred(s));
	cr_assert_eq(look(s), SOURCE_GREW);
	cr_assert_eq(look(s), SOURCE_GREW, "until it is read");
	cr_assert_eq(read_all(s, true, true, out), REG_OK);
	cr_assert_str_eq(out, "02@2 ");
	cr_assert_eq(look(s), SOURCE_QUIET);

	chmod(t.path, 0600);
	cr_assert_eq(look(s), SOURCE_SAME);
	cr_assert_eq(look(s), SOURCE_QUIET);
	temp_put(t.path, USER("03") "\n");
	cr_assert_eq(look(s), SOURCE_NEW, "closed after writing");
	cr_assert_eq(read_all(s, false, true, out), REG_OK);
	temp_replace(&t, USER("04") "\n");
	cr_assert_eq(look(s), SOURCE_NEW);
	cr_assert_eq(read_all(s, false, true, out), REG_OK);

	/* a writer that does not close: added lines count, anything else must settle */
	fd = open(t.path, O_WRONLY | O_APPEND);
	cr_assert_eq(write(fd, USER("05") "\n", sizeof(USER("05"))), sizeof(USER("05")));
	cr_assert_eq(look(s), SOURCE_GREW);
	cr_assert_eq(read_all(s, true, true, out), REG_OK);
	cr_assert_str_eq(out, "05@2 ");
	cr_assert_eq(ftruncate(fd, 0), 0);
	cr_assert_eq(look(s), SOURCE_UNSETTLED);
	cr_assert_eq(write(fd, USER("06") "\n", sizeof(USER("06"))), sizeof(USER("06")));
	cr_assert_eq(look(s), SOURCE_UNSETTLED);
	temp_sleep_ms(SETTLE + 10);
	cr_assert_eq(look(s), SOURCE_NEW);
	cr_assert_eq(read_all(s, false, true, out), REG_OK);
	close(fd);
	cr_assert_eq(look(s), SOURCE_QUIET);

	/* renamed to its place, and added to before anybody looked: what came counts at once */
	temp_replace(&t, USER("07") "\n");
	cr_assert(s->ops->stirred(s));
	fd = open(t.path, O_WRONLY | O_APPEND);
	cr_assert_eq(write(fd, USER("08") "\n{", sizeof(USER("08")) + 1), sizeof(USER("08")) + 1);
	cr_assert_eq(look(s), SOURCE_NEW);
	cr_assert_eq(ftruncate(fd, 5), 0);
	cr_assert_eq(look(s), SOURCE_UNSETTLED, "but not what it has become");
	close(fd);

	unlink(t.path);
	cr_assert_eq(look(s), SOURCE_GONE);
	temp_put(t.path, USER("07") "\n");
	cr_assert_eq(look(s), SOURCE_NEW);
	s->ops->free(s);
	temp_remove(&t);
}

Test(source_file, added_lines_and_their_numbers)
{
	static const struct {
		const char *more, *expect;
		enum source_state state;
	} steps[] = {
		{ USER("02"), "02@2 ", SOURCE_GREW },                 /* no line end yet, but whole */
		{ "\n", "", SOURCE_GREW },                            /* here it is */
		{ "\n# c\n" USER("03") "\n{\"type\"", "03@5 [:6: last line is unfinished", SOURCE_GREW },
		{ ":\"HW_ADDR\"", "[:6: last line is unfinished", SOURCE_GREW },
		{ ",\"id\":\"04\"}\r\n", "04@6 ", SOURCE_GREW },
		{ USER("05") "\n" USER("06") "\n", "05@7 06@8 ", SOURCE_GREW },
		{ USER("07"), "07@9 ", SOURCE_GREW },
		{ "x\n", NULL, SOURCE_NEW },                          /* it was not whole after all */
	};
	char out[2048];
	struct source *s;
	struct temp t;

	temp_make(&t);
	temp_put(t.path, USER("01") "\n");
	s = open_source(&t, true, NULL);
	read_all(s, false, true, out);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		temp_append(t.path, steps[i].more);
		cr_assert_eq(look(s), steps[i].state, "step %zu", i);
		if (steps[i].expect == NULL)
			continue;
		read_all(s, true, true, out);
		cr_assert_eq(strncmp(out, steps[i].expect, strlen(steps[i].expect)), 0,
			"step %zu: %s", i, out);
		cr_assert_eq(look(s), SOURCE_QUIET);
	}
	s->ops->free(s);
	temp_remove(&t);
}

/* A reading that was not taken leaves the one before as what others are compared with. */
Test(source_file, not_taken)
{
	char out[2048];
	struct source *s;
	struct temp t;

	temp_make(&t);
	temp_put(t.path, USER("01") "\n");
	s = open_source(&t, true, NULL);
	read_all(s, false, true, out);
	temp_append(t.path, "bad\n");
	cr_assert_eq(look(s), SOURCE_GREW);
	read_all(s, true, false, out);
	cr_assert_eq(look(s), SOURCE_QUIET, "tried already");
	temp_append(t.path, USER("02") "\n");
	cr_assert_eq(look(s), SOURCE_GREW);
	read_all(s, true, false, out);
	cr_assert_eq(strncmp(out, "[:2: ", 5), 0);
	temp_put(t.path, USER("01") "\n");
	cr_assert_eq(look(s), SOURCE_SAME, "back to what it was");
	s->ops->free(s);
	temp_remove(&t);
}

static const struct temp *overwritten;
static int overwrite_in;

static ssize_t overwriting_pread(int fd, void *buf, size_t n, off_t offset)
{
	if (overwrite_in-- == 0)
		temp_put(overwritten->path, USER("07") "\n" USER("08") "\n" USER("09") "\n");
	return pread(fd, buf, n < 20 ? n : 20, offset);
}

static const struct file_io overwriting = { .open = faulty_open, .pread = overwriting_pread };

/* Overwritten while it is read: never a mixture. */
Test(source_file, overwritten_while_it_is_read)
{
	bool changed = false, read = false;
	struct temp t;

	temp_make(&t);
	overwritten = &t;
	for (int i = 0; i < 12; i++) {
		struct source *s;
		char out[2048];
		enum reg_err e;

		temp_put(t.path, USER("01") "\n" USER("02") "\n" USER("03") "\n");
		fault_after = -1;
		s = open_source(&t, true, &overwriting);
		overwrite_in = i;
		e = read_all(s, false, true, out);
		if (e == REG_OK)
			cr_assert(strcmp(out, "01@1 02@2 03@3 ") == 0 ||
				strcmp(out, "07@1 08@2 09@3 ") == 0, "%s", out);
		else
			cr_assert_eq(e, REG_E_CHANGED, "%s", out);
		changed |= e == REG_E_CHANGED;
		read |= e == REG_OK;
		s->ops->free(s);
	}
	cr_assert(changed && read);
	temp_remove(&t);
}

/* Overwritten in the middle and appended to in one go: found out at once, or a little later. */
Test(source_file, not_only_appended_to)
{
	size_t line = sizeof(USER("010203")), count = (20 << 20) / line;
	char *text = malloc(count * line + 1), out[2048];
	struct source_facts facts;
	struct reg_entry entry;
	struct reg_error err;
	struct source *s;
	struct temp t;
	int fd, more = 0;

	temp_make(&t);
	for (size_t i = 0; i < count; i++)
		sprintf(text + i * line, USER("%06zx") "\n", i);
	temp_write(t.path, text, count * line);
	s = open_source(&t, true, NULL);
	cr_assert_eq(s->ops->open(s, false, &facts, &err), REG_OK);
	while (s->ops->next(s, &entry, &err) == REG_OK)
		;
	s->ops->close(s, true);
	cr_assert_eq(s->ops->verify(s), SOURCE_QUIET);

	fd = open(t.path, O_WRONLY);
	cr_assert_eq(pwrite(fd, USER("ffffff"), line - 1, (off_t)(line * 5)), (ssize_t)line - 1);
	close(fd);
	temp_append(t.path, USER("01") "\n");
	cr_assert_eq(look(s), SOURCE_GREW);
	cr_assert_eq(read_all(s, true, true, out), REG_OK);
	while (s->ops->verify(s) == SOURCE_UNSETTLED)
		more++;
	cr_assert_eq(more, 20, "a mebibyte at a time");
	cr_assert_eq(look(s), SOURCE_NEW);
	s->ops->free(s);
	free(text);
	temp_remove(&t);
}

/* Without inotify the file is asked itself. */
Test(source_file, unwatched)
{
	struct source *s;
	char out[2048];
	struct temp t;

	temp_make(&t);
	temp_put(t.path, USER("01") "\n");
	s = open_source(&t, false, NULL);
	read_all(s, false, true, out);
	cr_assert_lt(s->ops->fd(s), 0);
	cr_assert_not(s->ops->stirred(s));
	temp_sleep_ms(10);
	temp_replace(&t, USER("02") "\n");
	cr_assert(s->ops->stirred(s));
	cr_assert_eq(look(s), SOURCE_UNSETTLED);
	temp_sleep_ms(SETTLE + 10);
	cr_assert_eq(look(s), SOURCE_NEW);
	read_all(s, false, true, out);
	cr_assert_str_eq(out, "02@1 ");
	cr_assert_not(s->ops->stirred(s));
	s->ops->free(s);
	temp_remove(&t);
}

Test(source_file, cannot_be_made)
{
	struct source_file_options options = { .path = "", .watch = true };
	struct source *s;
	struct reg_error err;

	cr_assert_eq(source_file_new(&options, &s, &err), REG_E_OPEN);
	cr_assert_str_eq(err.text, ": not a file name");
	for (size_t refuse = 1; refuse <= 3; refuse++) {
		struct scarcity scarcity;

		scarcity_init(&scarcity, refuse);
		options = (struct source_file_options){ .path = "x", .memory = &scarcity.memory };
		cr_assert_eq(source_file_new(&options, &s, &err), REG_E_NOMEM);
		cr_assert_str_eq(err.text, "x: out of memory");
	}
}
