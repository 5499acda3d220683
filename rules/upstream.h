/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The upstream servers of relay mode: where queries are sent, whose answers are believed, and how
 * each server is told a subnet. Read once from the config, never changed afterwards.
 */
#ifndef USHER_RULES_UPSTREAM_H
#define USHER_RULES_UPSTREAM_H

#include "rules/arena.h"
#include "rules/node.h"
#include "rules/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UPSTREAMS_MAX = 8,           /* a set of them is a byte of bits */
	UPSTREAM_NAME_MAX = 63,
	UPSTREAM_INTERFACE_MAX = 15,
};

/* How the subnet is named to the server; GIADDR: by our own address in it (relay mode only). */
enum hint {
	HINT_NONE = 0,
	HINT_LINK_SELECTION = 1,
	HINT_SUBNET_SELECTION = 2,
	HINT_BOTH = 3,
	HINT_GIADDR = 4,
};

/* Kinds of server that are known to understand a hint, or none; ANY says nothing. */
enum server_kind {
	SERVER_ANY,
	SERVER_KEA,
	SERVER_ISC,
	SERVER_DNSMASQ,
	SERVER_WINDOWS,
	SERVER_WINDOWS_2012,
	SERVER_RFC2131,
	SERVER_UDHCPD,
	SERVER_KINDS
};

extern const struct choice hint_choices[], server_choices[];
/* What a server of that kind obeys; not of ANY. */
enum hint server_hint(enum server_kind kind);

/* Which of several upstreams get a query. */
enum choose { CHOOSE_ALL, CHOOSE_FIRST, CHOOSE_HASH };

struct upstream {
	char name[UPSTREAM_NAME_MAX + 1];
	enum server_kind server;
	uint8_t (*addresses4)[4], (*addresses6)[16]; /* the first one is asked, all are heard */
	size_t count4, count6;
	bool has_hint;               /* given, or the server's kind says it; else the config's */
	enum hint hint;
	bool has_alias;
	uint8_t alias[4];            /* what clients see as the server identifier: an address of ours */
	uint8_t server_id[4];        /* what the server itself calls itself; has_alias only */
	char multicast[UPSTREAM_INTERFACE_MAX + 1]; /* DHCPv6 by ff05::1:3 there; "": by unicast */
	unsigned int line;           /* in the config */
};

struct upstreams {
	struct upstream *all;
	size_t count;
};

/* A set of upstreams: bit i is all[i]. */
typedef uint8_t upstream_set;

/*
 * Reads one element of the config's "upstreams". Errors: KEY, TYPE, VALUE, MISSING (name, address),
 * REPEAT (an address twice), MEMORY.
 */
enum rule_err upstream_read(
	struct arena *a, const struct node *n, struct upstream *ret, struct rule_error *err);
/* Writes it as the config would have it. */
void upstream_print(const struct upstream *u, struct writer *w);

/* NULL if there is none of that name. */
const struct upstream *upstream_named(const struct upstreams *s, const char *name, size_t len);
/* The one that has this address (4 or 16 bytes) among its own, or NULL. */
const struct upstream *upstream_with_address(
	const struct upstreams *s, const uint8_t *addr, size_t len);
/* The one that clients know by this alias, or NULL. */
const struct upstream *upstream_with_alias(const struct upstreams *s, const uint8_t addr[static 4]);
/* The one that calls itself so, by its server_id or any of its addresses, or NULL. */
const struct upstream *upstream_with_id(const struct upstreams *s, const uint8_t addr[static 4]);

static inline upstream_set upstream_bit(const struct upstreams *s, const struct upstream *u)
{
	return (upstream_set)(1u << (u - s->all));
}

/* All of those that can be asked by a family, 4 or 6. */
upstream_set upstreams_of_family(const struct upstreams *s, uint8_t family);

#endif
