/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process holds which socket, from /proc. All of /proc is read for an answer, and what may
 * not be read is not found; not for the packet path.
 */
#ifndef USHER_RELAY_SOCKETS_H
#define USHER_RELAY_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Some sockets by inode number. */
struct sockets {
	size_t count;
	ino_t inodes[64];
};

/* Adds one; what exceeds the room is left out. */
void sockets_add(struct sockets *s, ino_t inode);

/*
 * Finds a process that holds at least one socket of each of sets[0..count), and writes "name (pid
 * 123)" to dst[cap]. root is put before /proc.
 */
bool sockets_holder(
	const char *root, const struct sockets *sets, size_t count, char *dst, size_t cap);

#endif
