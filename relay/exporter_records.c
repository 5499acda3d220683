/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a growing file is followed: by offset, in pieces, across a rename (logrotate "create")
 * and a cut (logrotate "copytruncate"). A line counts when it is one JSON object (RFC 8259),
 * because it is handed on as it is; what it means is the page's business.
 */
#include "relay/exporter_records.h"

#include "registry/json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 65536, AT_ONCE = 1 << 20 };

struct exporter_records {
	const char *path;
	int fd;
	struct stat opened;          /* what fd is */
	off_t offset;
	bool begun, torn;            /* not the first opening; the line at hand is to be left out */
	uint64_t next, bad;          /* next: number of the record that comes */
	char *lines[RECORDS_KEPT];   /* record n is in lines[n % RECORDS_KEPT] */
	char partial[RECORD_BYTES];
	size_t partial_len;
};

struct exporter_records *exporter_records_new(const char *path)
{
	struct exporter_records *r = calloc(1, sizeof(*r));

	if (r != NULL) {
		r->path = path;
		r->fd = -1;
	}
	return r;
}

struct exporter_records *exporter_records_free(struct exporter_records *r)
{
	if (r == NULL)
		return NULL;
	for (size_t i = 0; i < RECORDS_KEPT; i++)
		free(r->lines[i]);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
	return NULL;
}

uint64_t exporter_records_bad(const struct exporter_records *r)
{
	return r->bad;
}

/* --- lines ----------------------------------------------------------------------------------- */

static bool see(void *ctx, const struct json_event *ev)
{
	bool *is_object = ctx;

	if (ev->depth == 0 && ev->kind == JSON_OBJECT)
		*is_object = true;
	return true;
}

static bool is_object(const char *text, size_t len)
{
	static const struct json_rules rules = { .max_depth = 4 };
	bool found = false;

	return json_parse(text, len, &rules, see, &found, NULL) == REG_OK && found;
}

static void keep(struct exporter_records *r, const char *text, size_t len)
{
	char *copy = is_object(text, len) ? strndup(text, len) : NULL;

	if (copy == NULL) {
		r->bad++;
		return;
	}
	free(r->lines[r->next % RECORDS_KEPT]);
	r->lines[r->next++ % RECORDS_KEPT] = copy;
}

/* A piece of the file; the line that it ends in waits for its rest. */
static void take(struct exporter_records *r, const char *text, size_t len)
{
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end != NULL ? (size_t)(end - text) : len;

		if (r->torn || n > sizeof(r->partial) - r->partial_len) {
			r->bad += !r->torn;
			r->torn = true;
		} else {
			memcpy(r->partial + r->partial_len, text, n);
			r->partial_len += n;
		}
		if (end == NULL)
			return;
		if (!r->torn && r->partial_len > 0)
			keep(r, r->partial, r->partial_len);
		r->torn = false;
		r->partial_len = 0;
		text += n + 1;
		len -= n + 1;
	}
}

/* --- the file -------------------------------------------------------------------------------- */

/* The first time only the end of the file counts, from the first line that begins in it. */
static int open_file(struct exporter_records *r)
{
	r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (r->fd < 0)
		return -errno;
	if (fstat(r->fd, &r->opened) != 0 || !S_ISREG(r->opened.st_mode)) {
		close(r->fd);
		r->fd = -1;
		return -EINVAL;
	}
	r->offset = !r->begun && r->opened.st_size > RECORDS_PAST ?
		r->opened.st_size - RECORDS_PAST : 0;
	r->torn = r->offset > 0;
	r->partial_len = 0;
	r->begun = true;
	return 0;
}

/* Whether the path leads to another file by now. */
static bool was_replaced(const struct exporter_records *r)
{
	struct stat st;

	return stat(r->path, &st) == 0 &&
		(st.st_ino != r->opened.st_ino || st.st_dev != r->opened.st_dev);
}

static void notice_cut(struct exporter_records *r)
{
	struct stat st;

	if (fstat(r->fd, &st) == 0 && st.st_size < r->offset) {
		r->offset = 0;
		r->partial_len = 0;
		r->torn = false;
	}
}

/* Whether the end of the file was reached. */
static bool read_on(struct exporter_records *r)
{
	static char piece[PIECE];

	for (size_t done = 0; done < AT_ONCE; done += PIECE) {
		ssize_t n = pread(r->fd, piece, sizeof(piece), r->offset);

		if (n <= 0)
			return true;
		take(r, piece, (size_t)n);
		r->offset += n;
	}
	return false;
}

int exporter_records_poll(struct exporter_records *r)
{
	bool replaced;
	int err;

	if (r->path[0] == '\0')
		return -ENOENT;
	if (r->fd < 0 && (err = open_file(r)) != 0)
		return err;
	replaced = was_replaced(r);      /* before the old one is read to its end */
	notice_cut(r);
	if (read_on(r) && replaced) {
		close(r->fd);
		r->fd = -1;
		err = open_file(r);
		if (err != 0)
			return err;
		read_on(r);
	}
	return 0;
}

/* --- looking --------------------------------------------------------------------------------- */

static bool is_separator(char c)
{
	return c == ':' || c == '-';
}

/*
 * Text to compare: lower case, without separators if they do not count. dst has room for all of
 * src.
 */
static void normalise(char *dst, const char *src, bool bare)
{
	for (; *src != '\0'; src++)
		if (!bare || !is_separator(*src))
			*dst++ = (char)tolower((unsigned char)*src);
	*dst = '\0';
}

/* An IPv6 address with "::" would be another one without. */
static bool is_bare(const char *search)
{
	return strspn(search, "0123456789abcdefABCDEF:-.") == strlen(search) &&
		strstr(search, "::") == NULL;
}

static bool contains(const char *line, const char *wanted, bool bare)
{
	char text[RECORD_BYTES + 1];

	normalise(text, line, bare);
	return strstr(text, wanted) != NULL;
}

void exporter_records_write(const struct exporter_records *r, uint64_t after, const char *search,
	size_t limit, FILE *out)
{
	uint64_t oldest = r->next > RECORDS_KEPT ? r->next - RECORDS_KEPT : 0;
	uint64_t from = after > oldest ? after : oldest, first = r->next;
	bool bare = is_bare(search);
	char wanted[RECORD_BYTES + 1] = "";
	const char *comma = "";

	if (strlen(search) < sizeof(wanted))
		normalise(wanted, search, bare);
	while (first > from && limit > 0)
		limit -= contains(r->lines[--first % RECORDS_KEPT], wanted, bare);
	fprintf(out, "{\"next\":%llu,\"records\":[", (unsigned long long)r->next);
	for (; first < r->next; first++) {
		const char *line = r->lines[first % RECORDS_KEPT];

		if (!contains(line, wanted, bare))
			continue;
		fprintf(out, "%s\n%s", comma, line);
		comma = ",";
	}
	fprintf(out, "]}\n");
}
