/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a batch gets its memory: one anonymous mapping, whose pages come into being when a slot
 * is first used. An idle daemon thus pays for no slot, and a batch may be shared with a second
 * process by mapping it once more. Huge pages are refused: they would make 2 MiB of the first slot
 * touched.
 */
#include "relay/batch.h"

#include <errno.h>
#include <sys/mman.h>

_Static_assert(offsetof(struct batch, slots) % 8 == 0 && sizeof(struct slot) % 8 == 0,
	"a slot begins aligned");
_Static_assert(offsetof(struct slot, raw) % 4 == 0, "raw[] holds an aligned netlink message");

static size_t size_of(size_t slots)
{
	return sizeof(struct batch) + slots * sizeof(struct slot);
}

struct batch *batch_new(size_t slots)
{
	struct batch *b;

	if (slots < 1 || slots > BATCH_MAX) {
		errno = EINVAL;
		return NULL;
	}
	b = mmap(NULL, size_of(slots), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b == MAP_FAILED)
		return NULL;
	madvise(b, size_of(slots), MADV_NOHUGEPAGE);
	return b;
}

struct batch *batch_free(struct batch *b, size_t slots)
{
	if (b != NULL)
		munmap(b, size_of(slots));
	return NULL;
}
