/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides that comparing a large file takes longer than a packet may wait. Who only appends leaves
 * the old end where it was, and an editor that writes the whole file anew moves it; so the end is
 * looked at first. Who overwrites some bytes in the middle and appends in one go is found out a
 * little later.
 */
#include "registry/mark.h"

#include <string.h>

enum { CHECK_CHUNKS = 16 }; /* a mebibyte: the next change waits until it is read */

static bool begins_as_marked(struct mark *m, const struct file_io *io, int fd, char *chunk)
{
	const struct digest *d = &m->digest;
	bool whole = d->upto <= MARK_WHOLE, same = false;
	uint64_t at = whole ? 0 : d->boundary, hash = whole ? 0 : d->boundary_hash;

	digest_check(d, io, fd, &at, &hash, SIZE_MAX, chunk, &same);
	if (same && !whole) {
		m->doubtful = true;
		m->checked = m->checked_hash = 0;
	}
	return same;
}

/* A last line without '\n' was taken as it was; more text on it would make it another line. */
static bool goes_on_with_new_line(const struct mark *m, const struct file_io *io, int fd)
{
	char next[2] = { 0 };

	if (m->ended)
		return true;
	if (io->pread(fd, next, sizeof(next), (off_t)m->consumed) < 1)
		return false;
	return next[0] == '\n' || (next[0] == '\r' && next[1] == '\n');
}

static bool is_marked(const struct mark *m, const struct stat *st)
{
	return m->valid && st->st_dev == m->dev && st->st_ino == m->ino &&
		(uint64_t)st->st_size >= m->digest.upto;
}

enum mark_fit mark_compare(struct mark *m, const struct file_io *io, int fd, const struct stat *st,
	char *chunk)
{
	if (!is_marked(m, st) || !begins_as_marked(m, io, fd, chunk))
		return MARK_OTHER;
	if ((uint64_t)st->st_size == m->digest.upto)
		return MARK_SAME;
	return goes_on_with_new_line(m, io, fd) ? MARK_GREW : MARK_OTHER;
}

bool mark_check(struct mark *m, const struct file_io *io, int fd, const struct stat *st,
	char *chunk, bool *ret_same)
{
	*ret_same = false;
	if (is_marked(m, st) && !digest_check(&m->digest, io, fd, &m->checked, &m->checked_hash,
		CHECK_CHUNKS, chunk, ret_same))
		return false;
	m->doubtful = false;
	return true;
}
