/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of the control socket: asks a running daemon. For the commands; says on standard
 * error what is wrong. docs/control.md.
 */
#ifndef USHER_RELAY_CONTROL_CLIENT_H
#define USHER_RELAY_CONTROL_CLIENT_H

#include "relay/command.h"
#include "rules/node.h"

#define FLAG_SOCKET { "socket", 's', "PATH", "the control socket, instead of the config's" }

/* Where the daemon is asked. What is 0 or NULL was not given on the command line. */
struct control_place {
	const char *config;          /* the config that names the socket */
	const char *socket;
	unsigned timeout_ms;         /* for an answer; 0: ten seconds */
	char *err;                   /* where it is said what is wrong, err[cap]; NULL: standard error */
	size_t cap;
};

/* A string member of a request. A list of them ends with a NULL name. */
struct control_argument {
	const char *name, *value;    /* value NULL: left out */
};

struct control_answer {
	const struct node *root;     /* an object; NULL: there is none */
	char *text;                  /* the line as it came */
	size_t len;
	struct arena arena;
};

/*
 * Sends one request and waits for its answer. EXIT_CODE_OK: the daemon says that it is done. Else
 * an exit code: EXIT_CODE_NETWORK when no daemon was reached, EXIT_CODE_CONFIG when it refused. The
 * answer is to be given back by control_answer_done() whatever is returned.
 */
int control_ask(const struct control_place *place, const char *command,
	const struct control_argument *arguments, struct control_answer *ret);
void control_answer_done(struct control_answer *a);

/* A string member of the answer, "" if it has none. Borrowed from it. */
const char *control_text(const struct control_answer *a, const char *name);
/* A number that is none or negative is 0. */
uint64_t control_number(const struct control_answer *a, const char *name);
/* The same of an object in the answer; NULL: 0. */
uint64_t control_number_of(const struct node *object, const char *name);

#endif
