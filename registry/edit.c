/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the copying of a file with some lines changed. The old file is read line by line and
 * written to a new one beside it; the line of a user to be changed is read as an entry, merged, and
 * written as user_text() does. A bad line is copied: it is not this edit's business to judge it.
 */
#include "registry/edit.h"

#include "registry/builder.h"
#include "registry/entry.h"
#include "registry/entry_text.h"
#include "registry/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct job {
	const char *path;
	struct edit *edits;
	size_t count;
	struct reg_error *err;
	int lock, in;            /* descriptors, -1 when not open */
	FILE *out;
	char temp[PATH_MAX];
	struct stat was;         /* in */
	struct entry_reader *reader;
	char *chunk;
	const char *line_end;    /* of the line read last: what a new line gets */
	bool open_line;          /* what was written last has no line end */
	size_t written;          /* bytes */
};

static enum reg_err fail(struct job *j, enum reg_err e, size_t line, const char *why)
{
	reg_error_set(j->err, j->path, line, "%s", why);
	return e;
}

static int by_id(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;

	return reg_id_compare(&x->id, &y->id);
}

static struct edit *edit_of(const struct job *j, const struct reg_id *id)
{
	struct edit key = { .id = *id };

	return bsearch(&key, j->edits, j->count, sizeof(*j->edits), by_id);
}

static enum reg_err sort_edits(struct job *j)
{
	char text[REG_ID_TEXT], why[REG_ID_TEXT + 32];

	qsort(j->edits, j->count, sizeof(*j->edits), by_id);
	for (size_t i = 0; i < j->count; i++) {
		const struct reg_id *id = &j->edits[i].id;

		j->edits[i].line = 0;
		if (i == 0 || reg_id_compare(&j->edits[i - 1].id, id) != 0)
			continue;
		snprintf(why, sizeof(why), "user %s is edited twice",
			reg_id_text(id->type, id->bytes, id->len, text));
		return fail(j, REG_E_DUPLICATE, 0, why);
	}
	return REG_OK;
}

static void say_user(const struct edit *e, const char *what, char *why, size_t cap)
{
	char text[REG_ID_TEXT];

	snprintf(why, cap, "user %s %s", reg_id_text(e->id.type, e->id.bytes, e->id.len, text),
		what);
}

/* The attributes as they were, with those of the edit in their place or at the end. */
static size_t merge(const struct edit *e, const struct reg_entry *was,
	struct reg_pair to[static REG_PAIRS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < was->count; i++)
		to[n++] = was->pairs[i];
	for (size_t i = 0; i < e->count; i++) {
		const struct reg_pair *p = &e->pairs[i];
		size_t at = 0;

		while (at < n && (to[at].name_len != p->name_len ||
			memcmp(to[at].name, p->name, p->name_len) != 0))
			at++;
		if (p->value == NULL && at < n)
			memmove(&to[at], &to[at + 1], (--n - at) * sizeof(to[0]));
		else if (p->value != NULL && at < REG_PAIRS_MAX) {
			to[at] = *p;
			n += at == n;
		}
	}
	return n;
}

/* Whether the user is right by itself: its option values, its size. */
static enum reg_err check_user(struct job *j, const struct edit *e, const struct reg_pair *pairs,
	size_t count)
{
	struct builder_options options = { .name = j->path };
	struct reg_entry entry = { .id = e->id, .line = (uint32_t)e->line, .count = count,
		.pairs = pairs };
	struct builder *b;
	enum reg_err err = builder_begin(&options, &b);

	if (err != REG_OK)
		return fail(j, err, e->line, reg_strerror(err));
	err = builder_add(b, &entry, j->err);
	builder_free(b);
	return err;
}

static enum reg_err write_bytes(struct job *j, const char *bytes, size_t len)
{
	if (len > 0 && fwrite(bytes, 1, len, j->out) != len)
		return fail(j, REG_E_WRITE, 0, strerror(errno));
	j->written += len;
	return REG_OK;
}

static enum reg_err write_user(struct job *j, const struct edit *e, const struct reg_entry *was)
{
	struct reg_pair pairs[REG_PAIRS_MAX];
	size_t count = merge(e, was, pairs), len;
	char text[REG_LINE_MAX + 2];
	enum reg_err err = check_user(j, e, pairs, count);

	if (err != REG_OK)
		return err;
	len = entry_text(&e->id, pairs, count, text, sizeof(text));
	if (len > REG_LINE_MAX)
		return fail(j, REG_E_LINE, e->line, "line of more than 4095 bytes");
	return write_bytes(j, text, len);
}

/* One line of the old file: copied, changed, or left out with its end. */
static enum reg_err do_line(struct job *j, const struct lines *l, const char *line, size_t len)
{
	bool marked = l->line_at == 0 && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0;
	bool cr = len > 0 && line[len - 1] == '\r';
	size_t skip = marked ? 3 : 0;
	struct reg_entry entry;
	char why[REG_WHY];
	struct edit *e = NULL;
	enum reg_err err;

	if (!entry_is_blank(line + skip, len - skip) &&
		entry_read(j->reader, line + skip, len - skip, &entry, why) == REG_OK)
		e = edit_of(j, &entry.id);
	if (l->ended)
		j->line_end = cr ? "\r\n" : "\n";
	if (e != NULL) {
		if (e->line == 0)
			e->line = l->number;
		if (e->kind == EDIT_ADD) {
			say_user(e, "is there already", why, sizeof(why));
			return fail(j, REG_E_DUPLICATE, l->number, why);
		}
		err = write_bytes(j, line, skip);
		if (err != REG_OK || e->kind == EDIT_REMOVE)
			return err; /* nor is the line left open */
		err = write_user(j, e, &entry);
		if (err == REG_OK && l->ended)
			err = write_bytes(j, j->line_end, strlen(j->line_end));
	} else {
		err = write_bytes(j, line, len);
		if (err == REG_OK && l->ended)
			err = write_bytes(j, "\n", 1);
	}
	j->open_line = !l->ended;
	return err;
}

static enum reg_err copy_lines(struct job *j)
{
	static const struct digest none;
	const char *line;
	struct lines l;
	enum reg_err e;
	size_t len;

	if (j->in < 0)
		return REG_OK;
	lines_begin(&l, &file_io_system, j->in, j->chunk, &none, 0, (uint64_t)j->was.st_size, 0);
	while ((e = lines_next(&l, &line, &len)) == REG_OK) {
		e = do_line(j, &l, line, len);
		if (e != REG_OK)
			return e;
	}
	if (e == REG_E_LINE)
		return fail(j, e, l.number, "line of more than 4095 bytes, cannot be copied");
	if (e != REG_E_END)
		return fail(j, e, 0, e == REG_E_READ ? strerror(errno) : reg_strerror(e));
	return REG_OK;
}

/* What was not met in the old file: new users go to its end. */
static enum reg_err add_lines(struct job *j)
{
	static const struct reg_entry nobody;
	char why[REG_WHY];
	enum reg_err err = REG_OK;

	for (size_t i = 0; i < j->count && err == REG_OK; i++) {
		const struct edit *e = &j->edits[i];

		if (e->line != 0)
			continue;
		if (e->kind == EDIT_SET || e->kind == EDIT_REMOVE) {
			say_user(e, "is not there", why, sizeof(why));
			return fail(j, REG_E_ABSENT, 0, why);
		}
		if (j->open_line)
			err = write_bytes(j, j->line_end, strlen(j->line_end));
		j->open_line = false;
		if (err == REG_OK)
			err = write_user(j, e, &nobody);
		if (err == REG_OK)
			err = write_bytes(j, j->line_end, strlen(j->line_end));
	}
	if (err == REG_OK && j->written == 0)
		err = write_bytes(j, "# no users\n", strlen("# no users\n"));
	return err;
}

static enum reg_err take_lock(struct job *j)
{
	char name[PATH_MAX];

	if (snprintf(name, sizeof(name), "%s.lock", j->path) >= (int)sizeof(name))
		return fail(j, REG_E_OPEN, 0, strerror(ENAMETOOLONG));
	j->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (j->lock < 0)
		return fail(j, REG_E_WRITE, 0, strerror(errno));
	if (flock(j->lock, LOCK_EX | LOCK_NB) != 0)
		return fail(j, REG_E_BUSY, 0, reg_strerror(REG_E_BUSY));
	return REG_OK;
}

static enum reg_err open_old(struct job *j, bool create)
{
	j->in = open(j->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (j->in < 0 && errno == ENOENT && create) {
		j->was.st_mode = 0644;
		return REG_OK;
	}
	if (j->in < 0)
		return fail(j, REG_E_OPEN, 0, errno == ELOOP
			? "a symbolic link, expected the file itself" : strerror(errno));
	if (fstat(j->in, &j->was) != 0 || !S_ISREG(j->was.st_mode))
		return fail(j, REG_E_KIND, 0, reg_strerror(REG_E_KIND));
	return REG_OK;
}

static enum reg_err open_new(struct job *j)
{
	int fd;

	if (snprintf(j->temp, sizeof(j->temp), "%s.XXXXXX", j->path) >= (int)sizeof(j->temp)) {
		j->temp[0] = '\0';
		return fail(j, REG_E_OPEN, 0, strerror(ENAMETOOLONG));
	}
	fd = mkostemp(j->temp, O_CLOEXEC);
	if (fd < 0) {
		j->temp[0] = '\0';
		return fail(j, REG_E_WRITE, 0, strerror(errno));
	}
	/* The owner first: giving a file away may take bits from its mode. */
	if (j->in >= 0 && fchown(fd, j->was.st_uid, j->was.st_gid) != 0 && errno != EPERM) {
		close(fd);
		return fail(j, REG_E_WRITE, 0, strerror(errno));
	}
	if (fchmod(fd, j->was.st_mode & 0777) != 0 || (j->out = fdopen(fd, "w")) == NULL) {
		close(fd);
		return fail(j, REG_E_WRITE, 0, strerror(errno));
	}
	return REG_OK;
}

/* On the disk before it gets the name: after a power cut there is the old file or the new one. */
static enum reg_err put_in_place(struct job *j)
{
	bool written = fflush(j->out) == 0 && fsync(fileno(j->out)) == 0;
	int why = errno;

	if (fclose(j->out) != 0 && written) {
		written = false;
		why = errno;
	}
	j->out = NULL;
	if (written && rename(j->temp, j->path) != 0) {
		written = false;
		why = errno;
	}
	if (!written)
		return fail(j, REG_E_WRITE, 0, strerror(why));
	j->temp[0] = '\0';
	return REG_OK;
}

static enum reg_err run(struct job *j, bool create)
{
	enum reg_err e = sort_edits(j);

	j->reader = entry_reader_new(NULL);
	j->chunk = malloc(LINES_CHUNK);
	if (e == REG_OK && (j->reader == NULL || j->chunk == NULL))
		e = fail(j, REG_E_NOMEM, 0, reg_strerror(REG_E_NOMEM));
	if (e == REG_OK)
		e = take_lock(j);
	if (e == REG_OK)
		e = open_old(j, create);
	if (e == REG_OK)
		e = open_new(j);
	if (e == REG_OK)
		e = copy_lines(j);
	if (e == REG_OK)
		e = add_lines(j);
	if (e == REG_OK)
		e = put_in_place(j);
	return e;
}

enum reg_err registry_edit(const char *path, struct edit *edits, size_t count, bool create,
	struct reg_error *err)
{
	struct job j = { .path = path, .edits = edits, .count = count, .err = err, .lock = -1,
		.in = -1, .line_end = "\n" };
	enum reg_err e = run(&j, create);

	if (j.out != NULL)
		fclose(j.out);
	if (j.temp[0] != '\0')
		unlink(j.temp);
	if (j.in >= 0)
		close(j.in);
	if (j.lock >= 0)
		close(j.lock);
	entry_reader_free(j.reader);
	free(j.chunk);
	return e;
}
