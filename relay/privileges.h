/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Giving privileges away for good. */
#ifndef USHER_RELAY_PRIVILEGES_H
#define USHER_RELAY_PRIVILEGES_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Becomes nobody, with the groups given and no others, without any capability and unable to get one
 * back. Who is not root already keeps user and groups and gives away the rest. 0, or a negative
 * errno: then the process must not go on. Only for a process with one thread.
 */
int privileges_drop(const gid_t *groups, size_t count);

#endif
