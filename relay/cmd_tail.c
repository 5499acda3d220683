/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher tail: the last records of an outcome file, and with -f those that follow, for a person.
 * Follows the path through rotation: what is left in the old file is read before the new one, and a
 * file that got shorter is read from its beginning.
 */
#include "relay/command.h"

#include "relay/config.h"
#include "relay/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 200, RECORDS = 10, RECORD_BYTES = 512 };

enum { FLAG_OF_CONFIG, FLAG_FOLLOW, FLAG_JSON, FLAG_NUMBER };

const struct flag tail_flags[] = {
	FLAG_CONFIG,
	{ "follow", 'f', NULL, "go on with the records that come, until it is interrupted" },
	{ "json", 'j', NULL, "JSON lines, whatever the format of the file" },
	{ "number", 'n', "COUNT", "how many records to begin with, instead of 10" },
	{ NULL, 0, NULL, NULL },
};

struct following {
	const char *path;
	int fd;                      /* -1: the file is not there now */
	struct tail tail;
	char buf[65536];
};

static int fail(const char *path, int err)
{
	fprintf(stderr, "usher: %s: %s\n", path, strerror(err));
	return EXIT_CODE_FILE;
}

/* Reads to the end of what is there. 0 or an errno. */
static int read_rest(struct following *f)
{
	ssize_t n;

	do {
		n = read(f->fd, f->buf, sizeof(f->buf));
		if (n > 0)
			tail_feed(&f->tail, f->buf, (size_t)n);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? errno : 0;
}

/* From a place in the middle, to which the file is wound. 0 or an errno. */
static int read_from(struct following *f, off_t start)
{
	ssize_t n;
	size_t at = 0;

	tail_begin(&f->tail);
	if (lseek(f->fd, start, SEEK_SET) < 0)
		return errno;
	n = read(f->fd, f->buf, sizeof(f->buf));
	if (n < 0)
		return errno;
	if (start > 0)
		at = tail_resume(f->buf, (size_t)n);
	tail_feed(&f->tail, f->buf + at, (size_t)n - at);
	return read_rest(f);
}

/* The last `wanted` records: looks back further until it has found as many. 0 or an errno. */
static int read_last(struct following *f, size_t wanted)
{
	FILE *out = f->tail.out;
	off_t size = lseek(f->fd, 0, SEEK_END), window = (off_t)wanted * RECORD_BYTES + 4096;
	off_t start;
	int err;

	/* What cannot be wound back, a pipe, is read from where it is. */
	if (size < 0)
		return read_rest(f);
	f->tail.out = NULL;
	do {
		start = window < size ? size - window : 0;
		err = read_from(f, start);
		window *= 4;
	} while (err == 0 && f->tail.count < wanted && start > 0);
	f->tail.out = out;
	f->tail.skip = f->tail.count > wanted ? f->tail.count - wanted : 0;
	if (err == 0)
		err = read_from(f, start);
	f->tail.skip = 0;
	return err;
}

/* Goes over to the file that is at the path now, if that is another. */
static int keep_up(struct following *f)
{
	struct stat path, open_file;
	int err = f->fd >= 0 ? read_rest(f) : 0;

	if (err != 0 || stat(f->path, &path) != 0)
		return err;
	if (f->fd >= 0 && fstat(f->fd, &open_file) == 0 && path.st_ino == open_file.st_ino &&
		path.st_dev == open_file.st_dev) {
		if (S_ISREG(path.st_mode) && path.st_size < lseek(f->fd, 0, SEEK_CUR))
			return read_from(f, 0);
		return 0;
	}
	if (f->fd >= 0)
		close(f->fd);
	tail_begin(&f->tail);
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	return f->fd >= 0 ? read_rest(f) : 0;
}

static int follow(struct following *f)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000 };
	int err = 0;

	while (err == 0 && fflush(f->tail.out) == 0) {
		nanosleep(&pause, NULL);
		err = keep_up(f);
	}
	return err;
}

static int tail_file(struct following *f, size_t wanted, bool forever)
{
	int err;

	f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return fail(f->path, errno);
	err = read_last(f, wanted);
	if (err == 0 && forever)
		err = follow(f);
	if (f->fd >= 0)
		close(f->fd);
	return err == 0 ? EXIT_CODE_OK : fail(f->path, err);
}

/* The config's outcome file, the richer one of two, to be freed; NULL: none, and it is said why. */
static char *file_of(const char *config)
{
	struct config_error err;
	struct config *c = config_load(config, &err);
	const char *path;
	char *copy;

	if (c == NULL) {
		fprintf(stderr, "usher: %s\n", err.text);
		return NULL;
	}
	path = c->outcome.json_file[0] != '\0' ? c->outcome.json_file : c->outcome.file;
	if (path[0] == '\0')
		fprintf(stderr, "usher: %s: outcome.file is empty: no records are written\n", config);
	copy = path[0] != '\0' ? strdup(path) : NULL;
	config_free(c);
	return copy;
}

static bool count_of(const char *text, size_t *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*ret = v;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && v <= 1000000;
}

int cmd_tail(int argc, char **argv)
{
	const char *values[FLAGS_MAX];
	int at = command_flags(argc, argv, tail_flags, values), code = EXIT_CODE_CONFIG;
	struct following *f;
	size_t wanted = RECORDS;
	char *path;

	if (at < 0 || argc - at > 1 ||
		(values[FLAG_NUMBER] != NULL && !count_of(values[FLAG_NUMBER], &wanted)))
		return EXIT_CODE_USAGE;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return EXIT_CODE_MEMORY;
	path = argc > at ? strdup(argv[at]) :
		file_of(values[FLAG_OF_CONFIG] != NULL ? values[FLAG_OF_CONFIG] : CONFIG_PATH);
	f->path = path;
	f->tail.out = stdout;
	f->tail.json = values[FLAG_JSON] != NULL;
	f->tail.colour = isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
	if (path != NULL)
		code = tail_file(f, wanted, values[FLAG_FOLLOW] != NULL);
	free(path);
	free(f);
	return code;
}
