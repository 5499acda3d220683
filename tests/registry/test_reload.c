/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/reload.h"
#include "registry/source_file.h"
#include "tests/registry/make.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SETTLE = 40 };

#define U(id) "{\"type\":\"HW_ADDR\",\"id\":\"" id "\"}\n"

/* What a reload does, seen from outside: the users in force, how often that changed, what was said. */
struct world {
	struct temp t;
	struct source *source;
	struct reload reload;
	struct registry *reg;
	struct load_stats stats;
	unsigned int published;
	char said[2048];
};

static void publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct world *w = ctx;

	cr_assert_eq(fd >= 0, w->reload.options.shared);
	if (fd >= 0)
		close(fd);
	registry_free(w->reg);
	w->reg = reg;
	w->stats = *stats;
	w->published++;
}

/* "F" failed, "R" recovered, "W" warned, then the text without the directory. */
static void say(void *ctx, enum reload_news news, const char *text)
{
	struct world *w = ctx;
	size_t n = strlen(w->said);

	cr_assert_eq(strncmp(text, w->t.path, strlen(w->t.path)), 0, "%s", text);
	snprintf(w->said + n, sizeof(w->said) - n, "%c%s|", "FRW"[news],
		text + strlen(w->t.path));
}

static enum reg_err begin_as(struct world *w, const char *text, bool skip_bad, bool shared,
	struct reg_error *err)
{
	struct source_file_options file = { .path = w->t.path, .settle_ms = SETTLE, .watch = true };
	struct reload_options options = { .skip_bad = skip_bad, .shared = shared,
		.settle_ms = SETTLE, .publish = publish, .say = say, .ctx = w };

	memset(w, 0, sizeof(*w));
	temp_make(&w->t);
	if (text != NULL)
		temp_put(w->t.path, text);
	cr_assert_eq(source_file_new(&file, &w->source, err), REG_OK);
	options.source = w->source;
	w->reload.options.shared = shared;
	return reload_first(&w->reload, &options, err);
}

static void begin(struct world *w, const char *text)
{
	struct reg_error err;

	cr_assert_eq(begin_as(w, text, false, false, &err), REG_OK, "%s", err.text);
	cr_assert_eq(w->published, 1);
}

static void end(struct world *w)
{
	reload_done(&w->reload);
	w->source->ops->free(w->source);
	registry_free(w->reg);
	temp_remove(&w->t);
}

/* One pass, as after an event. */
static enum reg_err pass(struct world *w)
{
	w->source->ops->stirred(w->source);
	return reload_pass(&w->reload, false, NULL);
}

/* Passes as the thread would make them, until nothing is due any more. */
static void settle(struct world *w)
{
	int due;

	while ((due = reload_due(&w->reload)) >= 0) {
		temp_sleep_ms((unsigned int)due + 1);
		pass(w);
	}
}

static const char *users(const struct world *w)
{
	static char text[2048];
	const struct reg_user *user = NULL;
	size_t n = 0;

	text[0] = '\0';
	while ((user = registry_next(w->reg, user)) != NULL) {
		const uint8_t *id;
		size_t len;

		registry_user_id(user, &id, &len);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%02x ", id[len - 1]);
	}
	return text;
}

static void said(struct world *w, const char *expect)
{
	cr_assert_str_eq(w->said, expect);
	w->said[0] = '\0';
}

Test(reload, first_reading)
{
	struct reg_error err;
	struct world w;

	cr_assert_eq(begin_as(&w, U("01") "bad\n", false, false, &err), REG_E_SYNTAX);
	cr_assert_eq(w.published, 0);
	said(&w, "");
	end(&w);
	cr_assert_eq(begin_as(&w, NULL, false, false, &err), REG_E_OPEN);
	end(&w);
	cr_assert_eq(begin_as(&w, "", false, false, &err), REG_OK, "empty is a registry at the start");
	cr_assert_str_eq(users(&w), "");
	end(&w);
	cr_assert_eq(begin_as(&w, U("01") "bad\n" U("02") "{", true, false, &err), REG_OK);
	cr_assert_str_eq(users(&w), "01 02 ");
	cr_assert_eq(w.stats.bad, 2);
	said(&w, "W:2: invalid char in json text|"
		"W:4: last line is unfinished: premature EOF|");
	end(&w);
}

Test(reload, good_edits_are_in_force_at_once)
{
	struct world w;

	begin(&w, U("01") U("02"));
	cr_assert_eq(pass(&w), REG_OK);
	cr_assert_eq(w.published, 1, "nothing happened");
	temp_append(w.t.path, U("03"));
	cr_assert_eq(pass(&w), REG_OK);
	cr_assert_str_eq(users(&w), "01 02 03 ");
	cr_assert(w.stats.added);
	cr_assert_eq(w.stats.read, 1);
	temp_put(w.t.path, U("04") U("05"));
	pass(&w);
	cr_assert_str_eq(users(&w), "04 05 ");
	cr_assert_not(w.stats.added);
	temp_replace(&w.t, U("06") U("07"));
	pass(&w);
	cr_assert_str_eq(users(&w), "06 07 ");
	chmod(w.t.path, 0600);
	pass(&w);
	cr_assert_eq(w.published, 4, "not for a change of mode");
	cr_assert_eq(reload_due(&w.reload), -1);
	said(&w, "");
	end(&w);
}

/*
 * R1: a file that is written anew in place, byte by byte, with the writer holding it open: the users
 * in force are the old ones until it is closed, or still for long enough.
 */
Test(reload, r1_half_written)
{
	static const char text[] = U("01") U("02") U("03") U("04");
	struct world w;
	int fd;

	begin(&w, U("01") U("02"));
	fd = open(w.t.path, O_WRONLY | O_TRUNC);
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		pass(&w);
		if (w.published == 1)
			cr_assert_str_eq(users(&w), "01 02 ");
		else
			cr_assert_eq(strncmp(users(&w), "01 02 ", 6), 0);
		cr_assert_eq(write(fd, text + n, 1), 1);
	}
	close(fd);
	pass(&w);
	cr_assert_str_eq(users(&w), "01 02 03 04 ");
	said(&w, "");
	end(&w);
}

/* The same, but opened and closed for each byte, as careless scripts do: no user is ever lost. */
Test(reload, r1_half_written_and_closed)
{
	static const char text[] = U("01") U("02") U("03") U("04") U("05") U("06");
	struct world w;

	begin(&w, text);
	temp_put(w.t.path, "");
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char byte[2] = { text[n], '\0' };

		pass(&w);
		if (n < 3 * (sizeof(U("01")) - 1) - 1)
			cr_assert_str_eq(users(&w), "01 02 03 04 05 06 ", "after %zu bytes", n);
		temp_append(w.t.path, byte);
	}
	pass(&w);
	cr_assert_str_eq(users(&w), "01 02 03 04 05 06 ");
	end(&w);
}

/* R2: cut at a line end and closed: believed at once if it is but a few, else after a while. */
Test(reload, r2_cut_at_every_line)
{
	static const char text[] = U("01") U("02") U("03") U("04") U("05") U("06");
	static const char *const parts[] = { "", "01 ", "01 02 ", "01 02 03 ", "01 02 03 04 ",
		"01 02 03 04 05 " };

	for (size_t kept = 0; kept < 6; kept++) {
		size_t n = kept * (sizeof(U("01")) - 1);
		char expect[64];
		struct world w;

		begin(&w, text);
		temp_write(w.t.path, text, n);
		pass(&w);
		cr_assert_str_eq(users(&w), kept >= 3 ? parts[kept] : "01 02 03 04 05 06 ");
		settle(&w);
		cr_assert_str_eq(users(&w), kept >= 1 ? parts[kept] : "01 02 03 04 05 06 ");
		snprintf(expect, sizeof(expect), "W: %zu users, there were 6|", kept);
		said(&w, kept == 0 ? "F: has no users any more|" : kept < 3 ? expect : "");
		temp_write(w.t.path, text, sizeof(text) - 1);
		pass(&w);
		cr_assert_str_eq(users(&w), "01 02 03 04 05 06 ");
		said(&w, kept == 0 ? "R|" : "");
		end(&w);
	}
}

/* What was held back is dropped when the rest of the file follows. */
Test(reload, r2_the_rest_follows)
{
	struct world w;

	begin(&w, U("01") U("02") U("03") U("04") U("05"));
	temp_put(w.t.path, U("01"));
	pass(&w);
	cr_assert_geq(reload_due(&w.reload), 1);
	temp_append(w.t.path, U("02"));
	pass(&w);
	cr_assert_eq(w.published, 1);
	temp_append(w.t.path, U("06"));
	pass(&w);
	cr_assert_str_eq(users(&w), "01 02 06 ");
	cr_assert_eq(w.published, 2);
	cr_assert_eq(reload_due(&w.reload), -1);
	said(&w, "");
	/* Held, then broken: what is held is not believed while the file is bad. */
	temp_put(w.t.path, U("01"));
	pass(&w);
	temp_append(w.t.path, "bad\n");
	pass(&w);
	temp_sleep_ms(SETTLE + 5);
	pass(&w);
	cr_assert_str_eq(users(&w), "01 02 06 ");
	temp_put(w.t.path, U("01"));
	settle(&w);
	pass(&w);
	cr_assert_str_eq(users(&w), "01 ");
	said(&w, "F:2: invalid char in json text|R|W: 1 users, there were 3|");
	end(&w);
}

/* A file renamed to its place is complete, however few users it has; comments show intent. */
Test(reload, r2_fewer_on_purpose)
{
	struct world w;

	begin(&w, U("01") U("02") U("03") U("04") U("05"));
	temp_replace(&w.t, U("01"));
	pass(&w);
	cr_assert_str_eq(users(&w), "01 ");
	temp_replace(&w.t, "# nobody for now\n");
	pass(&w);
	cr_assert_str_eq(users(&w), "");
	temp_replace(&w.t, U("01"));
	pass(&w);
	temp_replace(&w.t, "");
	pass(&w);
	cr_assert_str_eq(users(&w), "01 ", "nothing at all is an accident");
	cr_assert_eq(reload_pass(&w.reload, true, NULL), REG_OK);
	cr_assert_str_eq(users(&w), "", "unless somebody insists");
	said(&w, "F: has no users any more|R|");
	end(&w);
}

/* R3: replaced again and again; the descriptors do not grow in number. */
Test(reload, r3_replaced)
{
	struct world w;
	int before, after;

	begin(&w, U("01"));
	before = open("/dev/null", O_RDONLY);
	close(before);
	for (unsigned int i = 0; i < 1000; i++) {
		char text[64], expect[8];

		snprintf(text, sizeof(text), "{\"type\":\"HW_ADDR\",\"id\":\"%02x\"}\n", i % 256);
		snprintf(expect, sizeof(expect), "%02x ", i % 256);
		temp_replace(&w.t, text);
		pass(&w);
		cr_assert_str_eq(users(&w), expect);
	}
	after = open("/dev/null", O_RDONLY);
	close(after);
	cr_assert_eq(before, after);
	end(&w);
}

/* R4: gone, its directory gone, both back. */
Test(reload, r4_gone_and_back)
{
	struct world w;

	begin(&w, U("01") U("02"));
	unlink(w.t.path);
	cr_assert_eq(pass(&w), REG_E_OPEN);
	said(&w, "");
	settle(&w);
	said(&w, "F: No such file or directory|");
	pass(&w);
	said(&w, "");
	cr_assert_str_eq(users(&w), "01 02 ");
	rmdir(w.t.dir);
	pass(&w);
	cr_assert_eq(mkdir(w.t.dir, 0755), 0);
	pass(&w);
	temp_put(w.t.path, U("01") U("03"));
	cr_assert_eq(pass(&w), REG_OK);
	cr_assert_str_eq(users(&w), "01 03 ");
	said(&w, "R|");
	/* What an editor does: away with the old one, a new one in its place. */
	cr_assert_eq(rename(w.t.path, w.t.other), 0);
	pass(&w);
	temp_put(w.t.path, U("01") U("04"));
	pass(&w);
	cr_assert_str_eq(users(&w), "01 04 ");
	said(&w, "");
	end(&w);
}

/* R5, R6: something else in its place. */
Test(reload, r5_r6_something_else)
{
	struct world w;

	begin(&w, U("01") U("02"));
	unlink(w.t.path);
	cr_assert_eq(symlink("/etc/shadow", w.t.path), 0);
	pass(&w);
	settle(&w);
	said(&w, "F: a symbolic link, expected the file itself|");
	unlink(w.t.path);
	cr_assert_eq(mkfifo(w.t.path, 0644), 0);
	pass(&w);
	settle(&w);
	said(&w, "F: not a regular file|");
	unlink(w.t.path);
	cr_assert_eq(mkdir(w.t.path, 0755), 0);
	pass(&w);
	settle(&w);
	said(&w, "");
	rmdir(w.t.path);
	cr_assert_str_eq(users(&w), "01 02 ");
	cr_assert_eq(w.published, 1);
	temp_replace(&w.t, U("03"));
	pass(&w);
	cr_assert_str_eq(users(&w), "03 ");
	said(&w, "R|");
	end(&w);
}

/* R7: too large. */
Test(reload, r7_huge)
{
	struct world w;

	begin(&w, U("01") U("02"));
	temp_put(w.t.other, "");
	cr_assert_eq(truncate(w.t.other, (off_t)10 << 30), 0);
	cr_assert_eq(rename(w.t.other, w.t.path), 0);
	cr_assert_eq(pass(&w), REG_E_SIZE);
	said(&w, "F: 10737418240 bytes, larger than the size limit of 4294967296 bytes|");
	cr_assert_str_eq(users(&w), "01 02 ");
	temp_replace(&w.t, U("03"));
	pass(&w);
	said(&w, "R|");
	end(&w);
}

/* R9: a bad line is said once, with its place; so is another one; and the recovery. */
Test(reload, r9_bad_lines)
{
	static const struct {
		const char *text, *say;
	} rows[] = {
		{ U("01") "{}\n", "F:2: no \"type\", expected \"HW_ADDR\" or \"DUID\"|" },
		{ U("01") U("02") U("01"), "F:3: user HW_ADDR=01 is given twice, first on line 1|" },
		{ U("01") "\xff\n", "F:2: invalid char in json text|" },
		{ U("01") "{\"type\":\"HW_ADDR\",\"id\":\"02\",\"a\":\"\\u0000\"}\n",
		  "F:2: contains a NUL byte|" },
		{ "[]\n", "F:1: expected an object: {\"type\": \"HW_ADDR\", \"id\": \"...\"}|" },
	};
	struct world w;

	begin(&w, U("01") U("02"));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		temp_put(w.t.path, rows[i].text);
		pass(&w);
		said(&w, rows[i].say);
		temp_replace(&w.t, rows[i].text);
		pass(&w);
		said(&w, "");
		cr_assert_str_eq(users(&w), "01 02 ");
	}
	temp_put(w.t.path, U("01") U("02"));
	pass(&w);
	said(&w, "R|");
	pass(&w);
	said(&w, "");
	/* A bad line added, and taken away again: what is in force never was anything else. */
	temp_append(w.t.path, "x\n");
	pass(&w);
	said(&w, "F:3: invalid char in json text|");
	temp_put(w.t.path, U("01") U("02"));
	pass(&w);
	said(&w, "R|");
	end(&w);
}

Test(reload, r9_bad_lines_left_out)
{
	struct reg_error err;
	struct world w;

	cr_assert_eq(begin_as(&w, U("01") U("02"), true, false, &err), REG_OK);
	temp_append(w.t.path, "x\n" U("03"));
	pass(&w);
	cr_assert_str_eq(users(&w), "01 02 03 ");
	said(&w, "W:3: invalid char in json text|");
	temp_replace(&w.t, U("01") "bad\n" U("02"));
	pass(&w);
	said(&w, "W:2: invalid char in json text|");
	temp_replace(&w.t, U("01") "bad\n" U("04"));
	pass(&w);
	cr_assert_str_eq(users(&w), "01 04 ");
	said(&w, "");
	temp_replace(&w.t, U("01") "{\"type");
	pass(&w);
	settle(&w);
	cr_assert_str_eq(users(&w), "01 04 ", "an unfinished file is not a bad line");
	said(&w, "F:2: last line is unfinished: premature EOF|");
	end(&w);
}

/* A line added in two writes: the lines before count, it follows when it is whole. */
Test(reload, a_line_added_in_two_writes)
{
	struct world w;

	begin(&w, U("01"));
	temp_append(w.t.path, U("02") "{\"type\":\"HW_ADDR\",");
	cr_assert_eq(pass(&w), REG_E_UNFINISHED);
	cr_assert_str_eq(users(&w), "01 02 ");
	temp_append(w.t.path, "\"id\":\"03\"}");
	cr_assert_eq(pass(&w), REG_OK);
	cr_assert_str_eq(users(&w), "01 02 03 ");
	temp_append(w.t.path, "\n");
	pass(&w);
	cr_assert_eq(w.published, 3, "nothing new in a line end");
	said(&w, "");
	temp_append(w.t.path, "{\"type\"");
	pass(&w);
	settle(&w);
	said(&w, "F:4: last line is unfinished: premature EOF|");
	chmod(w.t.path, 0600);
	pass(&w);
	said(&w, "");
	temp_append(w.t.path, ":\"HW_ADDR\",\"id\":\"04\"}\n");
	pass(&w);
	cr_assert_str_eq(users(&w), "01 02 03 04 ");
	said(&w, "R|");
	end(&w);
}

static int pread_errno;

static ssize_t failing_pread(int fd, void *buf, size_t n, off_t offset)
{
	if (pread_errno != 0) {
		errno = pread_errno;
		return -1;
	}
	return pread(fd, buf, n, offset);
}

static int plain_open(const char *path, int flags)
{
	return open(path, flags);
}

static const struct file_io failing_io = { .open = plain_open, .pread = failing_pread };

/* R8, M1: a disk or a memory that fails is tried again though the file has not changed. */
Test(reload, r8_failures_that_pass)
{
	struct source_file_options file = { .settle_ms = SETTLE, .watch = true, .io = &failing_io };
	struct reload_options options = { .settle_ms = SETTLE, .publish = publish, .say = say };
	struct scarcity scarcity;
	struct reg_error err;
	struct world w;

	memset(&w, 0, sizeof(w));
	temp_make(&w.t);
	temp_put(w.t.path, U("01"));
	scarcity_init(&scarcity, SIZE_MAX);
	file.path = w.t.path;
	cr_assert_eq(source_file_new(&file, &w.source, &err), REG_OK);
	options.source = w.source;
	options.memory = &scarcity.memory;
	options.ctx = &w;
	cr_assert_eq(reload_first(&w.reload, &options, &err), REG_OK);

	pread_errno = EIO;
	temp_replace(&w.t, U("02"));
	cr_assert_eq(pass(&w), REG_E_READ);
	cr_assert_eq(pass(&w), REG_E_READ);
	said(&w, "F: Input/output error|");
	pread_errno = 0;
	cr_assert_eq(pass(&w), REG_OK);
	cr_assert_str_eq(users(&w), "02 ");
	said(&w, "R|");

	temp_replace(&w.t, U("03"));
	for (size_t refuse = 1;; refuse++) {
		enum reg_err e;

		scarcity_init(&scarcity, refuse);
		e = pass(&w);
		if (e == REG_OK)
			break;
		cr_assert_eq(e, REG_E_NOMEM);
		cr_assert_str_eq(users(&w), "02 ");
	}
	cr_assert_str_eq(users(&w), "03 ");
	said(&w, "F: out of memory|R|");
	end(&w);
}

Test(reload, everybody_may_write)
{
	struct world w;

	begin(&w, U("01"));
	cr_assert_eq(chmod(w.t.path, 0666), 0);
	temp_append(w.t.path, U("02"));
	pass(&w);
	said(&w, "W: everybody may write to it|");
	temp_append(w.t.path, U("03"));
	pass(&w);
	said(&w, "");
	end(&w);
}

Test(reload, shared_memory)
{
	struct reg_error err;
	struct world w;

	cr_assert_eq(begin_as(&w, U("01") U("02") U("03"), false, true, &err), REG_OK);
	temp_append(w.t.path, U("04"));
	pass(&w);
	cr_assert_str_eq(users(&w), "01 02 03 04 ");
	temp_put(w.t.path, U("01"));
	pass(&w);
	cr_assert_eq(w.published, 2);
	end(&w);
}
