/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listening unix socket in the file system: made, given to its owner, removed again. */
#ifndef USHER_RELAY_CONTROL_SOCKET_H
#define USHER_RELAY_CONTROL_SOCKET_H

#include "relay/control.h"

struct control_socket {
	int fd;
	const char *path;            /* borrowed */
	dev_t dev;                   /* what was made at the path */
	ino_t ino;
};

/*
 * Makes and listens on o->path. 0, and ret->fd does not block; or a negative errno, a text in
 * err[cap], and ret->fd is -1. Nobody can connect before owner, group and mode are as they should
 * be.
 */
int control_socket_open(struct control_socket *ret, const struct control_options *o, char *err,
	size_t cap);

/* Closes it, and removes the path if that is still what was made there. fd -1 is allowed. */
void control_socket_close(struct control_socket *s);

#endif
