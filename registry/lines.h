/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of a file, read in large pieces, and a digest of what was read, by which it is later
 * told whether a file that has become longer is otherwise the same.
 */
#ifndef USHER_REGISTRY_LINES_H
#define USHER_REGISTRY_LINES_H

#include "registry/entry.h"

#include <sys/types.h>

/* The system calls, for tests to fail. */
struct file_io {
	int (*open)(const char *path, int flags);
	ssize_t (*pread)(int fd, void *buf, size_t n, off_t offset);
};

extern const struct file_io file_io_system;

enum {
	LINES_CHUNK = 64 * 1024, /* bytes read at a time; offsets of chunks are multiples of it */
	LINES_OVERLAP = 4096,    /* at least so much before the end is compared */
};

/*
 * Of the first `upto` bytes of a file: a hash over its chunks, each starting from the one before.
 */
struct digest {
	uint64_t upto;
	uint64_t hash;
	uint64_t boundary;      /* a multiple of LINES_CHUNK, at most upto - LINES_OVERLAP, or 0 */
	uint64_t boundary_hash; /* of the first `boundary` bytes */
};

/*
 * Continues to hash a file at *at, *hash (both begin as the digest's boundary or as 0) up to
 * d->upto, for at most `chunks` chunks. True when that is done or the file ended before; *ret_same
 * then says whether the bytes are those of the digest. False: more to do. buf has LINES_CHUNK
 * bytes.
 */
bool digest_check(const struct digest *d, const struct file_io *io, int fd, uint64_t *at,
	uint64_t *hash, size_t chunks, char *buf, bool *ret_same);

struct lines {
	const struct file_io *io; /* borrowed */
	int fd;                   /* borrowed */
	struct digest digest;     /* of all read so far */
	uint64_t limit;           /* offset where reading ends, whatever the file has become */
	char *chunk;              /* LINES_CHUNK bytes, borrowed */
	size_t pos, len;
	uint64_t line_at;         /* offset of the line returned last */
	size_t number;            /* of the line returned last, from 1 */
	bool ended;               /* it had its '\n' */
	size_t carried;
	char carry[REG_LINE_MAX + 1];
};

/*
 * Reads from offset `from`, which is at most digest->upto and not below digest->boundary, up to
 * `limit`. digest: of the file as it was read before, all 0 for a first time with from = 0. number:
 * of the last line before. chunk: LINES_CHUNK bytes.
 */
void lines_begin(struct lines *l, const struct file_io *io, int fd, char *chunk,
	const struct digest *digest, uint64_t from, uint64_t limit, size_t number);

/*
 * The next line without its '\n', borrowed until the next call. The last one may have none: ended
 * tells. REG_E_END: no more; REG_E_LINE: longer than REG_LINE_MAX, the rest of it was passed over;
 * REG_E_READ: errno says why; REG_E_CHANGED: the file is shorter than limit.
 */
enum reg_err lines_next(struct lines *l, const char **ret, size_t *ret_len);

#endif
