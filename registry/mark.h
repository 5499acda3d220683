/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mark: what a file was when it was last read, and how far. Tells whether a file is still that
 * one, or that one with more at its end.
 */
#ifndef USHER_REGISTRY_MARK_H
#define USHER_REGISTRY_MARK_H

#include "registry/lines.h"

#include <sys/stat.h>

struct mark {
	bool valid;
	dev_t dev;
	ino_t ino;
	uint64_t consumed;     /* offset up to which lines were taken */
	size_t lines;          /* up to there */
	bool ended;            /* the last of them had its '\n' */
	struct digest digest;  /* up to the size that the file had */
	/* Whether the whole was not yet compared, and how far that has come. */
	bool doubtful;
	uint64_t checked, checked_hash;
};

enum mark_fit { MARK_SAME, MARK_GREW, MARK_OTHER };

/*
 * Files of up to so many bytes are compared whole. Of larger ones the last 4 to 68 KiB are compared
 * at once, and the rest is left in doubt for mark_check().
 */
enum { MARK_WHOLE = 16 << 20 };

/* Compares an open file with the mark. chunk has LINES_CHUNK bytes. */
enum mark_fit mark_compare(struct mark *m, const struct file_io *io, int fd, const struct stat *st,
	char *chunk);

/*
 * Goes on comparing what is in doubt, at most 16 MiB a call. False: more to do. True: done, and
 * *ret_same says whether all of it is the same.
 */
bool mark_check(struct mark *m, const struct file_io *io, int fd, const struct stat *st,
	char *chunk, bool *ret_same);

#endif
