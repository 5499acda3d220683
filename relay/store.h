/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The descriptors that systemd keeps for us from one run to the next (FileDescriptorStoreMax=): the
 * sockets of the queues. A queue lives as long as its socket is open anywhere, so what waits in it
 * outlives a restart, and a crash. Without systemd there is no store and nothing fails.
 */
#ifndef USHER_RELAY_STORE_H
#define USHER_RELAY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STORE_MOST = 64 };

struct store {
	bool open;               /* somebody keeps what is put in */
	size_t count;
	struct {
		int fd;              /* -1: it has been fetched */
		uint16_t queue;
	} all[STORE_MOST];
};

/*
 * Takes over what was handed to this process at its start, close-on-exec. Once, while there is one
 * thread: the environment that says so is cleared.
 */
void store_take(struct store *s);

/* The descriptor of that queue, the caller's from now on; -1: there is none. */
int store_fetch(struct store *s, uint16_t queue);

/*
 * Has a copy of the descriptor kept for the next run; it stays the caller's. Whether that was asked
 * for.
 */
bool store_keep(const struct store *s, uint16_t queue, int fd);

/* Has it kept no longer. */
void store_forget(const struct store *s, uint16_t queue);

/* Closes what nobody has fetched, and has it kept no longer. */
void store_done(struct store *s);

#endif
