/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that a registry is built in: grows while it is written, is cut to size when it is
 * done. Holds the one door through which registry/ takes memory, so that a test can close it at any
 * step.
 */
#ifndef USHER_REGISTRY_REGION_H
#define USHER_REGISTRY_REGION_H

#include "registry/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Asked before memory is taken; false makes that a REG_E_NOMEM. grant NULL: never refused. */
struct reg_memory {
	bool (*grant)(void *ctx, size_t bytes);
	void *ctx;
};

/* realloc() behind the door: NULL when refused or out of memory, old is then untouched. */
void *reg_realloc(const struct reg_memory *memory, void *old, size_t bytes);

struct region {
	const struct reg_memory *memory; /* borrowed */
	uint8_t *base; /* a page before it is writable, too, and what is there is nobody else's */
	size_t size;   /* of the mapping; its bytes are zero until written */
	size_t ready;  /* so much may be written to */
	bool plain;    /* huge pages could not be had */
	int fd;        /* of a shared region, else -1 */
};

/*
 * A region of at least `bytes`, of which region_grow() says what may be written to. shared: in a
 * memory file, so that it can be given to another process; else anonymous; a large one in huge
 * pages where the kernel likes. REG_E_NOMEM, REG_E_SYSTEM.
 */
enum reg_err region_open(struct region *r, const struct reg_memory *memory, size_t bytes,
	bool shared);

/* Room to write at least `bytes`; base may move. The region is untouched on REG_E_NOMEM. */
enum reg_err region_grow(struct region *r, size_t bytes);

/*
 * Cuts the region to region_pages(used), *ret_size, and gives it away: *ret_base is then the
 * caller's to region_unmap(). A shared one is sealed and can only be read from then on; *ret_fd is
 * its file, the caller's to close, else -1. On an error (REG_E_SYSTEM) the region is still there.
 */
enum reg_err region_close(struct region *r, size_t used, void **ret_base, size_t *ret_size,
	int *ret_fd);

/* The size that region_close() will give. */
size_t region_pages(size_t used);

void region_drop(struct region *r);

/*
 * What was given away: mapped again, to be read only, from a file of that size, or NULL with errno;
 * the page before it, too, made read only; given back.
 */
uint8_t *region_map(int fd, size_t size);
bool region_protect(void *base, size_t size);
void region_unmap(void *base, size_t size);

#endif
