/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides mmap, mremap and memory files. Mappings are made without a reservation of swap, because the
 * first size is a guess on the large side and only what is written is ever backed by memory.
 */
#include "registry/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE_FROM = 4 << 20 }; /* below this a huge page would waste more than it saves */

static bool granted(const struct reg_memory *memory, size_t bytes)
{
	return memory == NULL || memory->grant == NULL || memory->grant(memory->ctx, bytes);
}

void *reg_realloc(const struct reg_memory *memory, void *old, size_t bytes)
{
	return granted(memory, bytes) ? realloc(old, bytes) : NULL;
}

size_t region_pages(size_t used)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (used + page - 1) / page * page;
}

static void prefer_huge(const struct region *r)
{
	if (r->size >= HUGE_FROM)
		madvise(r->base, r->size, MADV_HUGEPAGE);
}

static enum reg_err open_file(struct region *r)
{
	r->fd = memfd_create("usher-registry", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (r->fd < 0)
		return REG_E_SYSTEM;
	return ftruncate(r->fd, (off_t)r->size) == 0 ? REG_OK : REG_E_NOMEM;
}

enum reg_err region_open(struct region *r, const struct reg_memory *memory, size_t bytes,
	bool shared)
{
	int flags = shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
	enum reg_err e = REG_OK;
	void *base = MAP_FAILED;

	*r = (struct region){ .memory = memory, .size = region_pages(bytes), .fd = -1 };
	if (!granted(memory, bytes))
		return REG_E_NOMEM;
	if (shared)
		e = open_file(r);
	if (e == REG_OK)
		base = mmap(NULL, r->size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, r->fd, 0);
	if (base == MAP_FAILED) {
		region_drop(r);
		return e != REG_OK ? e : REG_E_NOMEM;
	}
	r->base = base;
	prefer_huge(r);
	return REG_OK;
}

enum reg_err region_grow(struct region *r, size_t bytes)
{
	size_t size = r->size;
	void *base;

	if (bytes <= size)
		return REG_OK;
	while (size < bytes)
		size += size / 2 + region_pages(1);
	size = region_pages(size);
	if (!granted(r->memory, size))
		return REG_E_NOMEM;
	if (r->fd >= 0 && ftruncate(r->fd, (off_t)size) != 0)
		return REG_E_NOMEM;
	base = mremap(r->base, r->size, size, MREMAP_MAYMOVE);
	if (base == MAP_FAILED)
		return REG_E_NOMEM;
	r->base = base;
	r->size = size;
	prefer_huge(r);
	return REG_OK;
}

/*
 * F_SEAL_WRITE would do, but before Linux 6.7 a file with it cannot be mapped shared even for
 * reading. F_SEAL_FUTURE_WRITE lets none but our own mapping write, and that one is given up here: the
 * new one is private.
 */
static enum reg_err seal(struct region *r, size_t size)
{
	void *base;

	if (ftruncate(r->fd, (off_t)size) != 0 || fcntl(r->fd, F_ADD_SEALS,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
		return REG_E_SYSTEM;
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, r->fd, 0);
	if (base == MAP_FAILED)
		return REG_E_SYSTEM;
	munmap(r->base, r->size);
	r->base = base;
	r->size = size;
	return REG_OK;
}

enum reg_err region_close(struct region *r, size_t used, void **ret_base, size_t *ret_size,
	int *ret_fd)
{
	size_t size = region_pages(used);

	if (r->fd >= 0) {
		if (seal(r, size) != REG_OK)
			return REG_E_SYSTEM;
	} else if (r->size > size) {
		munmap(r->base + size, r->size - size);
	}
	*ret_base = r->base;
	*ret_size = size;
	*ret_fd = r->fd;
	r->base = NULL;
	r->fd = -1;
	return REG_OK;
}

void region_drop(struct region *r)
{
	int saved = errno;

	if (r->base != NULL)
		munmap(r->base, r->size);
	if (r->fd >= 0)
		close(r->fd);
	r->base = NULL;
	r->fd = -1;
	errno = saved;
}
