/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two mappings side by side, the second without any permission; the bytes end where it begins. */
#include "tests/guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t room(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page) / page * page;
}

uint8_t *guard_copy(const void *src, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *base = mmap(NULL, room(n) + page, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED || mprotect(base + room(n), page, PROT_NONE) != 0)
		abort();
	if (src != NULL && n > 0)
		memcpy(base + room(n) - n, src, n);
	return base + room(n) - n;
}

void guard_free(uint8_t *p, size_t n)
{
	if (p != NULL)
		munmap(p + n - room(n), room(n) + (size_t)sysconf(_SC_PAGESIZE));
}
