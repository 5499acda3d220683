/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides mmap, mremap and memory files, and how a large region comes to lie in huge pages. Mappings
 * are made without a reservation of swap, because the first size is a guess on the large side and
 * only what is written is ever backed by memory.
 *
 * A large region begins, ends and grows where huge pages do. To cut one into small ones, as an
 * mremap(2) to another alignment, a truncation or a write to one page of a private mapping does, is
 * worse than never to have had it: on a virtual machine an access to it was seen to take
 * microseconds.
 */
#include "registry/region.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	HUGE = 2 << 20,
	HUGE_FROM = 4 << 20, /* below this a huge page would waste more than it saves */
	HUGE_STEP = 16 << 20, /* as much is made ready at once */
};

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* Linux 6.1 */
#endif

static bool granted(const struct reg_memory *memory, size_t bytes)
{
	return memory == NULL || memory->grant == NULL || memory->grant(memory->ctx, bytes);
}

void *reg_realloc(const struct reg_memory *memory, void *old, size_t bytes)
{
	return granted(memory, bytes) ? realloc(old, bytes) : NULL;
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

size_t region_pages(size_t used)
{
	return round_up(used, used < HUGE ? page_size() : HUGE);
}

/*
 * Address space for a region and the page before it. The page can be written to, and there is
 * nothing at the region's place yet. NULL: there is not so much.
 */
static uint8_t *reserve(size_t size)
{
	size_t page = page_size(), align = size < HUGE ? page : HUGE, spare = align - page;
	uint8_t *from, *base;

	size = round_up(size, page);
	from = mmap(NULL, page + size + spare, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		-1, 0);
	if (from == MAP_FAILED)
		return NULL;
	base = from + page + (align - ((uintptr_t)from + page) % align) % align;
	if (base - page > from)
		munmap(from, (size_t)(base - page - from));
	if (base < from + page + spare)
		munmap(base + size, (size_t)(from + page + spare - base));
	if (mprotect(base - page, page, PROT_READ | PROT_WRITE) == 0)
		return base;
	munmap(base - page, page + size);
	return NULL;
}

uint8_t *region_map(int fd, size_t size)
{
	uint8_t *base = reserve(size);

	if (base == NULL || mmap(base, size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE | MAP_FIXED, fd, 0) !=
		MAP_FAILED)
		return base;
	region_unmap(base, size);
	return NULL;
}

bool region_protect(void *base, size_t size)
{
	size_t page = page_size();

	return mprotect((uint8_t *)base - page, page + size, PROT_READ) == 0;
}

void region_unmap(void *base, size_t size)
{
	size_t page = page_size();

	munmap((uint8_t *)base - page, page + size);
}

/*
 * Pages are huge at once where /sys/kernel/mm/transparent_hugepage says so for whoever asks. In
 * memory files it seldom does; but a page in each range of that size, and then the ranges
 * collapsed, makes them so, in a twentieth of the time that as many small pages take.
 */
static void make_ready(struct region *r, size_t bytes)
{
	size_t upto = round_up(bytes, HUGE_STEP);

	if (r->size < HUGE_FROM || r->plain) {
		r->ready = r->size;
		return;
	}
	if (upto > r->size)
		upto = r->size;
	for (size_t at = r->ready; at < upto; at += HUGE)
		*(volatile uint8_t *)(r->base + at) = r->base[at];
	r->plain = madvise(r->base + r->ready, upto - r->ready, MADV_COLLAPSE) != 0;
	r->ready = upto;
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

static bool map_new(struct region *r)
{
	int flags = r->fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;

	r->base = reserve(r->size);
	return r->base != NULL && mmap(r->base, r->size, PROT_READ | PROT_WRITE,
		flags | MAP_NORESERVE | MAP_FIXED, r->fd, 0) != MAP_FAILED;
}

enum reg_err region_open(struct region *r, const struct reg_memory *memory, size_t bytes,
	bool shared)
{
	enum reg_err e = REG_OK;

	*r = (struct region){ .memory = memory, .fd = -1 };
	if (bytes > SIZE_MAX / 2 || !granted(memory, bytes))
		return REG_E_NOMEM;
	r->size = region_pages(bytes);
	if (shared)
		e = open_file(r);
	if (e == REG_OK && !map_new(r))
		e = REG_E_NOMEM;
	if (e != REG_OK) {
		region_drop(r);
		return e;
	}
	prefer_huge(r);
	return REG_OK;
}

/* Elsewhere, where there is room for more. */
static enum reg_err move(struct region *r, size_t size)
{
	uint8_t *base = reserve(size);

	if (base == NULL)
		return REG_E_NOMEM;
	if (mremap(r->base, r->size, size, MREMAP_MAYMOVE | MREMAP_FIXED, base) == MAP_FAILED) {
		region_unmap(base, size);
		return REG_E_NOMEM;
	}
	region_unmap(r->base, 0);
	r->base = base;
	r->size = size;
	prefer_huge(r);
	return REG_OK;
}

static enum reg_err resize(struct region *r, size_t bytes)
{
	size_t size = r->size;

	if (bytes > SIZE_MAX / 2)
		return REG_E_NOMEM;
	while (size < bytes)
		size += size / 2 + page_size();
	size = region_pages(size);
	if (!granted(r->memory, size))
		return REG_E_NOMEM;
	if (r->fd >= 0 && ftruncate(r->fd, (off_t)size) != 0)
		return REG_E_NOMEM;
	return move(r, size);
}

enum reg_err region_grow(struct region *r, size_t bytes)
{
	enum reg_err e = REG_OK;

	if (bytes <= r->ready)
		return REG_OK;
	if (bytes > r->size)
		e = resize(r, bytes);
	if (e == REG_OK)
		make_ready(r, bytes);
	return e;
}

/*
 * F_SEAL_WRITE would do, but before Linux 6.7 a file with it cannot be mapped shared even for
 * reading. F_SEAL_FUTURE_WRITE lets none but our own mapping write, and that one is given up here:
 * the new one is private.
 */
static enum reg_err seal(struct region *r, size_t size)
{
	uint8_t *base;

	if (ftruncate(r->fd, (off_t)size) != 0 || fcntl(r->fd, F_ADD_SEALS,
		F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
		return REG_E_SYSTEM;
	base = region_map(r->fd, size);
	if (base == NULL)
		return REG_E_SYSTEM;
	region_unmap(r->base, r->size);
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
		region_unmap(r->base, r->size);
	if (r->fd >= 0)
		close(r->fd);
	r->base = NULL;
	r->fd = -1;
	errno = saved;
}
