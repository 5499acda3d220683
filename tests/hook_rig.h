/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rig with hook libraries: those of tests/hooks and hooks/examples, as built beside the program,
 * and callouts that are functions of the test. Anything that goes wrong ends the program with a
 * message.
 */
#ifndef USHER_TESTS_HOOK_RIG_H
#define USHER_TESTS_HOOK_RIG_H

#define USHER_HOOKS_HOST
#include "usher/hooks.h"

#include "relay/hook.h"
#include "relay/park.h"
#include "tests/rig.h"

struct hook_rig {
	struct rig *rig;
	struct park_board board;
	int wake;
	uint8_t xid;                 /* the last byte of the next message's transaction id; 0: the usual */
	uint8_t query[4096];         /* the last query as it left, an IP packet */
	size_t query_len;
};

/* "test-hooks/log" or "hooks/template": the path of the library as built. Static. */
const char *hook_path(const char *name);

/* libraries: the elements of "hooks_libraries", in which %s stands for nothing. */
struct hook_rig *hook_rig_new(const char *libraries, const char *more_config, const char *registry);
void hook_rig_free(struct hook_rig *r);

/*
 * The element for tests/hooks/call.c. points: "pkt4_receive" and so on, functions beside them,
 * ended by NULL; before: those whose name begins with "!". Static memory, one of four in turn.
 */
struct hook_fn {
	const char *point;
	usher_callout_fn *fn;
};
extern usher_destroy_fn *hook_destroy; /* of its contexts; NULL: none */
const char *hook_call(const struct hook_fn *fns, size_t context, struct usher_library **self);

/* Messages of the client 02:00:00:00:00:0a; options in hex, in which message type and END are. */
const struct slot *hook_query4(struct hook_rig *r, const char *options, uint32_t ciaddr);
/*
 * What a server would answer to the last query, of that type, its lease 60 s. 0: no answer was
 * sent.
 */
const struct slot *hook_answer4(struct hook_rig *r, uint8_t type);
/* DHCPv6: options in hex; of an answer those of the server's own message. */
const struct slot *hook_query6(struct hook_rig *r, uint8_t type, const char *options);
const struct slot *hook_answer6(struct hook_rig *r, uint8_t type, const char *options);

/* The message that leaves, "" if it does not: as show4() and show6() have it. */
const char *hook_shown(const struct slot *s);

#endif
