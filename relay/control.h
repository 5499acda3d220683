/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a unix stream socket in the loop of the main thread, over which lines come in
 * and lines go out. What they say is the business of whoever answers; docs/control.md. A bounded
 * number of clients, each with a bounded line and a bounded time, so that one that hangs or floods
 * costs the others nothing but their turn.
 */
#ifndef USHER_RELAY_CONTROL_H
#define USHER_RELAY_CONTROL_H

#include "relay/loop.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
	CONTROL_CLIENTS = 16,    /* one more sends the one away that has been still for longest */
	CONTROL_LINE = 16 * 1024, /* bytes of a request; a client that sends more is sent away */
	CONTROL_MS = 5000,       /* for a request to come whole, and for its answer to be taken */
};

struct control_options {
	const char *path;        /* borrowed */
	const char *owner, *group; /* names or numbers; "": who runs usher */
	unsigned mode;           /* of the socket */
	unsigned timeout_ms;     /* 0: CONTROL_MS */
	/*
	 * Answers the request line[0..len), without its newline, of the process `who` by writing
	 * one line to out.
	 */
	void (*answer)(void *ctx, const struct ucred *who, const char *line, size_t len, FILE *out);
	void *ctx;
};

struct control;

/*
 * Listens; a socket that a dead usher left behind is replaced. 0; or a negative errno, and in
 * err[cap] what is wrong with what, and the remedy. The loop must outlive it.
 */
int control_open(struct control **ret, struct loop *loop, const struct control_options *o,
	char *err, size_t cap);

/* Sends all clients away and removes the socket. NULL is allowed; returns NULL. */
struct control *control_close(struct control *c);

#endif
