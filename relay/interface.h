/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces as one worker sees them: the name of an index, the side it is on, and the
 * addresses of this host. Answers from a cache that is at most a second (addresses: five seconds)
 * old, so that interfaces may come, go and be renamed.
 */
#ifndef USHER_RELAY_INTERFACE_H
#define USHER_RELAY_INTERFACE_H

#include "relay/pipeline.h"

#include <net/if.h>

enum {
	INTERFACE_CACHE = 32,
	INTERFACE_ADDRESSES = 256,
};

/* Names of interfaces, borrowed. */
struct interface_list {
	const char *const *names;
	size_t count;
};

struct interface_entry {
	uint32_t index;
	char name[IF_NAMESIZE];
};

/* What was found out; holds no pointer, so that it may be shared with a process that cannot ask. */
struct interface_table {
	uint64_t version;            /* another one whenever anything below has changed */
	uint32_t count, address_count;
	struct interface_entry cache[INTERFACE_CACHE];
	uint8_t address_len[INTERFACE_ADDRESSES];
	uint8_t addresses[INTERFACE_ADDRESSES][16];
};

struct interfaces {
	struct interface_list client, server;
	int fd;                      /* a socket to ask with, -1: none */
	bool told;                   /* knows what it was told and asks nothing */
	int64_t names_ns,
		addresses_ns; /* when the caches were emptied or filled, CLOCK_MONOTONIC */
	struct interface_table table;
	enum side sides[INTERFACE_CACHE];
};

/* Never fails: without a socket every name is unknown. */
void interfaces_init(struct interfaces *t);
/* The same for one that is told by interfaces_adopt(): it opens nothing. */
void interfaces_init_told(struct interfaces *t);
void interfaces_done(struct interfaces *t);

/*
 * Finds out what whoever works on that slot may ask. keep: what was found out before
 * must stay; false if there is no room beside it.
 */
bool interfaces_learn(struct interfaces *t, const struct slot *s, bool keep);
/* Finds out the addresses of this host, at most every five seconds. */
void interfaces_learn_addresses(struct interfaces *t);
/* Copies what `from` has found out, if it is not that already. */
void interface_table_copy(struct interface_table *to, const struct interface_table *from);
/* Likewise, for one that is told. */
void interfaces_adopt(struct interfaces *t, const struct interface_table *from);

/* Takes the lists of the config that is in force from now on. */
void interfaces_use(
	struct interfaces *t, struct interface_list client, struct interface_list server);

/* Once a batch: forgets what is too old. */
void interfaces_tick(struct interfaces *t);

/*
 * The side a packet came from: its bridge port's if that is in a list, else its interface's. What
 * this host itself sends comes from the server's side. ret_name, always set, is valid until the
 * next tick: the interface it came in by, of a packet of this host the one it leaves by; "" if
 * unknown.
 */
enum side interfaces_side(struct interfaces *t, const struct slot *s, const char **ret_name);

/* Whether addr (4 or 16 bytes, network order) is an address of this host. */
bool interfaces_own(struct interfaces *t, const uint8_t *addr, size_t len);

#endif
