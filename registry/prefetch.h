/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks for memory ahead of its use. Any address may be given: one that is not mapped does nothing.
 *
 * gcc takes a function that does nothing but prefetch for one without effect and leaves out the
 * call to it (seen with gcc 12: registry_prefetch_user() was a bare return). An asm statement is an
 * effect; tests/fetches looks whether the instructions are there.
 */
#ifndef USHER_REGISTRY_PREFETCH_H
#define USHER_REGISTRY_PREFETCH_H

static inline void prefetch_read(const void *at)
{
	__builtin_prefetch(at);
	__asm__ volatile("");
}

static inline void prefetch_write(const void *at)
{
	__builtin_prefetch(at, 1);
	__asm__ volatile("");
}

#endif
