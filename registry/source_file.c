/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what a registry file may be and become while it is read: half written, cut off, replaced,
 * grown, a FIFO, a symbolic link. Two rules carry all of it. A file that somebody has written to
 * and not yet closed is read only if it merely grew, or has been still for held_ms. And a file is
 * what it was at open: bytes that come later wait for the next reading.
 *
 * Does not keep users and does not decide whether fewer of them are believed: load.c and refresh.c.
 */
#include "registry/source_file.h"

#include "registry/clock.h"
#include "registry/denied.h"
#include "registry/mark.h"
#include "registry/siphash.h"
#include "registry/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source_file {
	struct source source;
	struct source_file_options options;
	const struct file_io *io;
	struct watch watch;
	/* reading */
	int fd;
	struct stat opened;
	struct watch_state then, now; /* what was known before it was opened, and after */
	struct lines lines;
	struct mark reading;
	struct entry_reader *reader;
	char *chunk;
	/* comparing */
	struct mark mark;            /* of what is in use */
	_Atomic uint64_t tried;      /* signature at the last open, taken or not; 0: none */
	unsigned int changes_tried, writes_tried; /* watch_state then */
	unsigned int arrivals_taken; /* watch_state of what is in use */
	uint64_t settling;           /* signature of a file waited for, since: */
	int64_t settling_since;      /* CLOCK_MONOTONIC, ms */
	unsigned int changes_told;   /* by stirred(), and only of it */
	struct source_tally *tally;  /* NULL: nobody looks */
	char path[];
};

static struct source_file *of(struct source *s)
{
	return (struct source_file *)(void *)s;
}

/* Different whenever a system call has changed the file; never 0. */
static uint64_t signature(const struct stat *st)
{
	const int64_t all[] = { (int64_t)st->st_dev, (int64_t)st->st_ino, st->st_size,
		st->st_mtim.tv_sec, st->st_mtim.tv_nsec, st->st_ctim.tv_sec, st->st_ctim.tv_nsec };
	static const uint8_t key[16] = "usher signature";

	return siphash13(key, all, sizeof(all)) | 1;
}

static bool path_stat(const struct source_file *f, struct stat *st)
{
	return fstatat(AT_FDCWD, f->path, st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int file_fd(const struct source *s)
{
	const struct watch *w = &((const struct source_file *)(const void *)s)->watch;

	return atomic_load(&w->blind) ? -1 : w->fd;
}

static void file_share(struct source *s, struct source_tally *tally)
{
	struct source_file *f = of(s);

	f->tally = tally;
	watch_share(&f->watch, &tally->taken);
}

static bool file_stirred(struct source *s)
{
	struct source_file *f = of(s);
	struct watch_state state;
	struct stat st;
	bool changed;

	watch_drain(&f->watch, &state);
	changed = state.changes != f->changes_told;
	f->changes_told = state.changes;
	if (f->tally != NULL)
		atomic_store(&f->tally->told, state.taken);
	if (changed)
		return true;
	return !state.watched && path_stat(f, &st) && signature(&st) != f->tried;
}

static const char *why_not_opened(int err, const char *path, char *dst, size_t cap)
{
	if (err == ELOOP)
		return "a symbolic link, expected the file itself";
	return denied_text(err, path, false, dst, cap);
}

/* O_NONBLOCK: a FIFO without a writer must not hold us. fstat() then says what it is. */
static enum reg_err open_regular(struct source_file *f, struct reg_error *err)
{
	int fd = f->io->open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char why[512];

	if (fd < 0) {
		reg_error_set(err, f->path, 0, "%s", why_not_opened(errno, f->path, why, sizeof(why)));
		return REG_E_OPEN;
	}
	if (fstat(fd, &f->opened) != 0 || !S_ISREG(f->opened.st_mode)) {
		close(fd);
		reg_error_set(err, f->path, 0, "%s", reg_strerror(REG_E_KIND));
		return REG_E_KIND;
	}
	f->fd = fd;
	return REG_OK;
}

static void drop_open(struct source_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/*
 * Opens it between two looks at what has happened to it: the second one knows of everything that
 * was done to the file before it was opened, and so whether somebody is in the middle of writing
 * it.
 */
static enum reg_err open_watched(struct source_file *f, struct reg_error *err)
{
	enum reg_err e;

	drop_open(f);
	watch_drain(&f->watch, &f->then);
	e = open_regular(f, err);
	watch_drain(&f->watch, &f->now);
	return e;
}

static void note_tried(struct source_file *f)
{
	f->tried = signature(&f->opened);
	f->changes_tried = f->then.changes;
	f->writes_tried = f->then.writes;
}

/* Whether the file is the one in use, the same or grown. Unless it is the same, it stays open. */
static enum source_state compare(struct source_file *f)
{
	static const enum source_state states[] = { [MARK_SAME] = SOURCE_SAME,
		[MARK_GREW] = SOURCE_GREW, [MARK_OTHER] = SOURCE_NEW };
	enum source_state state;

	if (open_watched(f, NULL) != REG_OK)
		return SOURCE_NEW;
	state = states[mark_compare(&f->mark, f->io, f->fd, &f->opened, f->chunk)];
	if (state != SOURCE_SAME)
		return state;
	note_tried(f);
	drop_open(f);
	/* Its last line may be as unfinished as it was. */
	return f->mark.consumed < f->mark.digest.upto ? SOURCE_QUIET : SOURCE_SAME;
}

/* Whether it was renamed to its place since it was last taken, and has not become shorter. */
static bool came_whole(const struct source_file *f, const struct stat *st)
{
	return f->now.arrived_ino == st->st_ino && st->st_size >= f->now.arrived_size &&
		f->now.arrivals != f->arrivals_taken;
}

/*
 * Whether a file that may still be being written has been still for long enough. Its writer's
 * closing it is an event, so it is known whether he has: one who still may go on is given longer,
 * but not for ever, since there are programs that never close a file.
 */
static bool settled(struct source_file *f, const struct stat *st, uint64_t sig)
{
	unsigned int still_ms = f->options.settle_ms;

	if (f->now.held && f->options.held_ms > still_ms)
		still_ms = f->options.held_ms;
	if (f->now.watched && f->changes_tried != f->now.changes &&
		(!f->now.writing || came_whole(f, st)))
		return true;
	if (sig != f->settling) {
		f->settling = sig;
		f->settling_since = clock_now_ms();
	}
	return clock_now_ms() - f->settling_since >= still_ms;
}

static enum source_state file_look(struct source *s, struct reg_error *err)
{
	struct source_file *f = of(s);
	enum source_state state;
	struct stat st;
	uint64_t sig;

	drop_open(f);
	watch_renew(&f->watch);
	if (!path_stat(f, &st)) {
		reg_error_set(err, f->path, 0, "%s", strerror(errno));
		f->tried = 0;
		return SOURCE_GONE;
	}
	sig = signature(&st);
	watch_drain(&f->watch, &f->now);
	if (sig == f->tried && f->writes_tried == f->now.writes)
		return SOURCE_QUIET;
	state = compare(f);
	if (state != SOURCE_NEW || settled(f, f->fd >= 0 ? &f->opened : &st, sig))
		return state;
	drop_open(f);
	return SOURCE_UNSETTLED;
}

static enum source_state file_verify(struct source *s)
{
	struct source_file *f = of(s);
	bool done = true, same = false;

	if (!f->mark.doubtful)
		return SOURCE_QUIET;
	if (open_regular(f, NULL) == REG_OK)
		done = mark_check(&f->mark, f->io, f->fd, &f->opened, f->chunk, &same);
	drop_open(f);
	if (!done)
		return SOURCE_UNSETTLED;
	if (same)
		return SOURCE_QUIET;
	f->mark.valid = f->mark.doubtful = false;
	f->tried = 0;
	f->changes_tried--;
	return SOURCE_NEW;
}

/* What a reading begins with: the place where the one in use ended, or the start of the file. */
static void begin_reading(struct source_file *f, bool added)
{
	f->reading = (struct mark){ .valid = true, .dev = f->opened.st_dev,
		.ino = f->opened.st_ino, .ended = true };
	if (added) {
		f->reading.doubtful = f->mark.doubtful;
		f->reading.digest = f->mark.digest;
		f->reading.consumed = f->mark.consumed;
		f->reading.ended = f->mark.ended;
		/* What is left of the last line counts as that line. */
		f->reading.lines = f->mark.ended ? f->mark.lines : f->mark.lines - 1;
	}
	lines_begin(&f->lines, f->io, f->fd, f->chunk, &f->reading.digest, f->reading.consumed,
		(uint64_t)f->opened.st_size, f->reading.lines);
}

static enum reg_err file_open(struct source *s, bool added, struct source_facts *ret,
	struct reg_error *err)
{
	struct source_file *f = of(s);
	enum reg_err e = f->fd < 0 ? open_watched(f, err) : REG_OK;

	if (e != REG_OK)
		return e;
	note_tried(f);
	f->settling = 0;
	if ((uint64_t)f->opened.st_size > f->options.max_bytes) {
		reg_error_set(err, f->path, 0, "%lld bytes, %s of %llu bytes",
			(long long)f->opened.st_size, reg_strerror(REG_E_SIZE),
			(unsigned long long)f->options.max_bytes);
		drop_open(f);
		return REG_E_SIZE;
	}
	begin_reading(f, added);
	s->blank = true;
	*ret = (struct source_facts){
		.bytes = (size_t)(f->lines.limit - f->reading.consumed),
		.whole = came_whole(f, &f->opened),
		.exposed = (f->opened.st_mode & S_IWOTH) != 0,
	};
	return REG_OK;
}

/*
 * At the end of the file: whether it is still what it was at open. If it was written to meanwhile,
 * it may have been added to, which does no harm, or overwritten under our hands.
 */
static enum reg_err still_same(struct source_file *f, struct reg_error *err)
{
	const struct digest *d = &f->lines.digest;
	uint64_t at = d->boundary, hash = d->boundary_hash;
	struct watch_state end;
	bool same = false;
	struct stat st;

	watch_drain(&f->watch, &end);
	if (fstat(f->fd, &st) == 0 && st.st_size == f->opened.st_size &&
		st.st_mtim.tv_sec == f->opened.st_mtim.tv_sec &&
		st.st_mtim.tv_nsec == f->opened.st_mtim.tv_nsec && end.writes == f->then.writes)
		return REG_OK;
	digest_check(d, f->io, f->fd, &at, &hash, SIZE_MAX, f->chunk, &same);
	if (!same) {
		reg_error_set(err, f->path, 0, "%s", reg_strerror(REG_E_CHANGED));
		return REG_E_CHANGED;
	}
	f->reading.doubtful = true;
	return REG_OK;
}

static enum reg_err at_end(struct source_file *f, enum reg_err e, struct reg_error *err)
{
	if (e != REG_E_END) {
		reg_error_set(err, f->path, 0, "%s", e == REG_E_READ ? strerror(errno)
			: reg_strerror(e));
		return e;
	}
	e = still_same(f, err);
	return e == REG_OK ? REG_E_END : e;
}

static enum reg_err line_error(struct source_file *f, enum reg_err e, const char *why,
	struct reg_error *err)
{
	bool unfinished = !f->lines.ended && e != REG_E_LINE;

	reg_error_set(err, f->path, f->lines.number, "%s%s", unfinished
		? "last line is unfinished: " : "", why);
	if (!unfinished)
		return e;
	f->reading.consumed = f->lines.line_at;
	f->reading.lines = f->lines.number - 1;
	f->reading.ended = true;
	return REG_E_UNFINISHED;
}

/* A byte order mark at the start of the file is passed over. */
static void skip_mark(const struct source_file *f, const char **line, size_t *len)
{
	if (f->lines.line_at == 0 && *len >= 3 && memcmp(*line, "\xef\xbb\xbf", 3) == 0) {
		*line += 3;
		*len -= 3;
	}
}

static enum reg_err file_next(struct source *s, struct reg_entry *ret, struct reg_error *err)
{
	struct source_file *f = of(s);
	char why[REG_WHY];
	const char *line;
	enum reg_err e;
	size_t len;

	for (;;) {
		e = lines_next(&f->lines, &line, &len);
		if (e != REG_OK && e != REG_E_LINE)
			return at_end(f, e, err);
		f->reading.consumed = f->lines.digest.upto - f->lines.len + f->lines.pos;
		f->reading.lines = f->lines.number;
		s->done = (size_t)f->reading.consumed;
		f->reading.ended = f->lines.ended;
		skip_mark(f, &line, &len);
		/* A comment is more than white space: it says that somebody means it so. */
		if (e == REG_OK && entry_is_blank(line, len)) {
			s->blank = s->blank && memchr(line, '#', len) == NULL;
			continue;
		}
		s->blank = false;
		e = entry_read(f->reader, line, len, ret, why);
		ret->line = (uint32_t)f->lines.number;
		return e == REG_OK ? e : line_error(f, e, why, err);
	}
}

static void file_close(struct source *s, bool taken)
{
	struct source_file *f = of(s);

	drop_open(f);
	if (!taken)
		return;
	f->reading.digest = f->lines.digest;
	f->mark = f->reading;
	/* An arrival after this one was opened is another's. */
	f->arrivals_taken = f->opened.st_ino == f->now.arrived_ino ? f->now.arrivals
		: f->then.arrivals;
}

static void file_free(struct source *s)
{
	struct source_file *f = of(s);

	drop_open(f);
	watch_close(&f->watch);
	entry_reader_free(f->reader);
	free(f->chunk);
	free(f);
}

static const struct source_ops ops = {
	.kind = "file",
	.fd = file_fd,
	.stirred = file_stirred,
	.share = file_share,
	.look = file_look,
	.verify = file_verify,
	.open = file_open,
	.next = file_next,
	.close = file_close,
	.free = file_free,
};

enum reg_err source_file_new(const struct source_file_options *options, struct source **ret,
	struct reg_error *err)
{
	size_t len = strlen(options->path);
	struct source_file *f = reg_realloc(options->memory, NULL, sizeof(*f) + len + 1);

	if (f == NULL) {
		reg_error_set(err, options->path, 0, "%s", reg_strerror(REG_E_NOMEM));
		return REG_E_NOMEM;
	}
	memset(f, 0, sizeof(*f));
	memcpy(f->path, options->path, len + 1);
	f->source = (struct source){ .ops = &ops, .name = f->path };
	f->options = *options;
	f->io = options->io != NULL ? options->io : &file_io_system;
	f->fd = f->watch.fd = -1;
	if (options->max_bytes == 0)
		f->options.max_bytes = SOURCE_FILE_MAX;
	f->reader = entry_reader_new(options->memory);
	f->chunk = reg_realloc(options->memory, NULL, LINES_CHUNK);
	if (f->reader == NULL || f->chunk == NULL ||
		(options->watch && !watch_open(&f->watch, f->path))) {
		bool memory = f->reader == NULL || f->chunk == NULL;

		reg_error_set(err, options->path, 0, memory ? "out of memory" : "not a file name");
		file_free(&f->source);
		return memory ? REG_E_NOMEM : REG_E_OPEN;
	}
	*ret = &f->source;
	return REG_OK;
}
