/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides chunks, lines that lie across two of them, short reads and interrupted ones. The file is
 * never mapped: one that is cut off while it is mapped kills the reader (SIGBUS). Knows nothing of
 * what is on a line.
 */
#include "registry/lines.h"

#include "registry/siphash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int system_open(const char *path, int flags)
{
	return open(path, flags);
}

const struct file_io file_io_system = { .open = system_open, .pread = pread };

/* Not a secret: it tells edits apart, not attackers. */
static uint64_t hash_chunk(uint64_t before, const char *bytes, size_t n)
{
	uint8_t key[16] = { 'u', 's', 'h', 'e', 'r' };

	memcpy(key + 8, &before, sizeof(before));
	return siphash13(key, bytes, n);
}

/* Reads all of buf[0..n) unless the file ends: the bytes read, or -1 with errno. */
static ssize_t read_all(const struct file_io *io, int fd, char *buf, size_t n, uint64_t offset)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = io->pread(fd, buf + done, n - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static size_t chunk_size(uint64_t at, uint64_t limit)
{
	return limit - at < LINES_CHUNK ? (size_t)(limit - at) : LINES_CHUNK;
}

bool digest_check(const struct digest *d, const struct file_io *io, int fd, uint64_t *at,
	uint64_t *hash, size_t chunks, char *buf, bool *ret_same)
{
	for (; *at < d->upto && chunks > 0; chunks--) {
		size_t want = chunk_size(*at, d->upto);

		if (read_all(io, fd, buf, want, *at) != (ssize_t)want) {
			*ret_same = false;
			return true;
		}
		*hash = hash_chunk(*hash, buf, want);
		*at += want;
	}
	*ret_same = *at >= d->upto && *hash == d->hash;
	return *at >= d->upto;
}

void lines_begin(struct lines *l, const struct file_io *io, int fd, char *chunk,
	const struct digest *digest, uint64_t from, uint64_t limit, size_t number)
{
	memset(l, 0, offsetof(struct lines, carry));
	l->io = io;
	l->fd = fd;
	l->chunk = chunk;
	l->limit = limit;
	l->number = number;
	l->digest.boundary = l->digest.upto = digest->boundary;
	l->digest.boundary_hash = l->digest.hash = digest->boundary_hash;
	/*
	 * From the boundary on all is hashed again, but what lies before `from` is no line of ours.
	 */
	l->pos = (size_t)(from - digest->boundary);
}

/* The next chunk; pos may point beyond it, into one that follows. REG_E_END at the limit. */
static enum reg_err refill(struct lines *l)
{
	struct digest *d = &l->digest;
	size_t want = chunk_size(d->upto, l->limit);
	ssize_t got;

	if (want == 0)
		return REG_E_END;
	got = read_all(l->io, l->fd, l->chunk, want, d->upto);
	if (got != (ssize_t)want)
		return got < 0 ? REG_E_READ : REG_E_CHANGED;
	if (d->upto + LINES_OVERLAP <= l->limit) {
		d->boundary = d->upto;
		d->boundary_hash = d->hash;
	}
	d->hash = hash_chunk(d->hash, l->chunk, want);
	d->upto += want;
	l->pos -= l->len < l->pos ? l->len : l->pos;
	l->len = want;
	return REG_OK;
}

/* Appends to the line across chunks; one byte too many is remembered, the rest is not. */
static void carry(struct lines *l, const char *bytes, size_t n)
{
	size_t room = sizeof(l->carry) - l->carried;

	memcpy(l->carry + l->carried, bytes, n < room ? n : room);
	l->carried += n < room ? n : room;
}

static enum reg_err deliver(struct lines *l, const char *text, size_t len, bool ended,
	const char **ret, size_t *ret_len)
{
	l->number++;
	l->ended = ended;
	*ret = text;
	*ret_len = len;
	return len > REG_LINE_MAX ? REG_E_LINE : REG_OK;
}

enum reg_err lines_next(struct lines *l, const char **ret, size_t *ret_len)
{
	const char *nl = NULL;
	enum reg_err e = REG_OK;

	l->carried = 0;
	l->line_at = l->digest.upto - l->len + l->pos;
	for (;;) {
		const char *begin = l->chunk + l->pos;
		size_t n = l->len > l->pos ? l->len - l->pos : 0;

		if (n > 0) {
			nl = memchr(begin, '\n', n);
			n = nl != NULL ? (size_t)(nl - begin) : n;
			l->pos += n + (nl != NULL);
			if (nl != NULL && l->carried == 0)
				return deliver(l, begin, n, true, ret, ret_len);
			carry(l, begin, n);
			if (nl != NULL)
				break;
		}
		e = refill(l);
		if (e != REG_OK)
			break;
	}
	if (e != REG_OK && (e != REG_E_END || l->carried == 0))
		return e;
	return deliver(l, l->carry, l->carried, nl != NULL, ret, ret_len);
}
