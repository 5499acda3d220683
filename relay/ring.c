/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the double mapping: the second view of the same memory begins where the first ends, so that
 * a piece which wraps around is contiguous for write(2). Pages come into being when used, and a
 * ring that runs empty starts over at its base, so that light traffic never touches more than the
 * first.
 */
#include "relay/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int map_twice(struct ring *r)
{
	char *base = mmap(NULL, 2 * r->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return -errno;
	for (size_t i = 0; i < 2; i++)
		if (mmap(base + i * r->size, r->size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED, r->fd, 0) == MAP_FAILED) {
			int err = -errno;

			munmap(base, 2 * r->size);
			return err;
		}
	r->base = base;
	return 0;
}

int ring_init(struct ring *r, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int err;

	*r = (struct ring){ .size = (size + page - 1) / page * page };
	r->fd = memfd_create("usher-outcome", MFD_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	err = ftruncate(r->fd, (off_t)r->size) != 0 ? -errno : map_twice(r);
	if (err != 0)
		close(r->fd);
	return err;
}

void ring_done(struct ring *r)
{
	if (r->base == NULL)
		return;
	munmap(r->base, 2 * r->size);
	close(r->fd);
}

bool ring_put(struct ring *r, const void *src, size_t n)
{
	if (n > r->size - r->len)
		return false;
	memcpy(r->base + (r->start + r->len) % r->size, src, n);
	r->len += n;
	if (r->start + r->len > r->high)
		r->high = r->start + r->len;
	return true;
}

const char *ring_oldest(const struct ring *r)
{
	return r->base + r->start;
}

void ring_take(struct ring *r, size_t n)
{
	r->len -= n;
	r->start = r->len == 0 ? 0 : (r->start + n) % r->size;
}

void ring_trim(struct ring *r, size_t keep)
{
	if (r->len > 0 || r->high <= keep)
		return;
	fallocate(r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)r->size);
	r->high = 0;
}
