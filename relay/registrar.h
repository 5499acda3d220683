/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process of its own that may write the registry, for one that speaks to the outside and may not.
 * It adds users and does nothing else, and only for whoever knows the token: so the one that speaks
 * to the outside need not know it, and cannot add anybody when it is taken over.
 */
#ifndef USHER_RELAY_REGISTRAR_H
#define USHER_RELAY_REGISTRAR_H

#include <stddef.h>

enum {
	REGISTRAR_TOKEN_LEAST = 16, REGISTRAR_TOKEN_MOST = 256, /* characters */
	REGISTRAR_ID = 600,         /* characters of an id with its type */
	REGISTRAR_TEXT = 512,       /* of an answer */
};

enum registrar_result {
	REGISTRAR_DONE,
	REGISTRAR_FORBIDDEN,        /* a wrong token, or too many of them just now */
	REGISTRAR_REFUSED,          /* the id is wrong, or there already, or the file cannot be written */
	REGISTRAR_GONE,             /* the process does not answer */
};

struct registrar {
	int fd;                     /* -1: there is none */
};

/*
 * Starts the process, with the rights that the caller has now. registry is the file; token_file
 * holds the token in its first line and may be readable by its owner only. It ends when the caller
 * does. 0, or -1 with a text in err[cap].
 */
int registrar_start(struct registrar *r, const char *registry, const char *token_file, char *err,
	size_t cap);

/*
 * Asks it to do what "usher registry add REGISTRY ID" does; waits up to five seconds. ret: what to
 * say to whoever asked, empty if it was done.
 */
enum registrar_result registrar_add(
	struct registrar *r, const char *token, const char *id, char ret[static REGISTRAR_TEXT]);

void registrar_stop(struct registrar *r);

#endif
