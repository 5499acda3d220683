/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A subnet: a named steering target, with the prefixes that belong to it and the hints that lead a
 * server to it. Subnets are compiled once from the config and never change afterwards.
 */
#ifndef USHER_RULES_SUBNET_H
#define USHER_RULES_SUBNET_H

#include "rules/arena.h"
#include "rules/node.h"
#include "rules/writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SUBNET_NAME_MAX = 63,
	SUBNETS_MAX = 250,
	SUBNET_RESTRICTED_LEASE = 300,  /* max_lease of the restricted subnet unless the config says */
	PREFIX_TEXT_MAX = 64,
};
#define SUBNET_LEASE_UNSET UINT32_MAX

/* An address prefix; IPv4 uses the first four bytes. Network order, host bits zero. */
struct prefix {
	uint8_t addr[16];
	uint8_t bits;
};

struct subnet {
	char name[SUBNET_NAME_MAX + 1];
	uint8_t id;            /* 1..254: a hash of the name; travels in the state (PROTOCOL A.4) */
	bool restricted;       /* the last one of the config */
	struct prefix *prefixes4, *prefixes6, *prefixes_pd;
	size_t count4, count6, count_pd;
	bool has_hint4, has_hint6;
	uint8_t hint4[4];      /* written into 82.5 or 118: RFC 3527, RFC 3011 */
	bool has_giaddr;
	uint8_t giaddr[4];     /* our own address in it, for servers that look at giaddr alone */
	uint8_t hint6[16];     /* written as link-address: RFC 8415 section 9 */
	uint32_t max_lease;    /* seconds; 0 = no limit */
	unsigned int line;     /* in the config, for errors; 0 if there is none */
};

/* The prefixes of all subnets of one kind, sorted and disjoint, for the look-up of an address. */
struct prefix_map {
	struct prefix_entry {
		struct prefix prefix;
		uint8_t subnet;        /* index in subnets->all */
	} *all;
	size_t count;
};

struct subnets {
	struct subnet *all;
	size_t count;
	struct prefix_map map4, map6, map_pd;  /* made by subnets_compile() */
};

/*
 * Completes subnets whose names, prefixes and given hints are set: the last one becomes the
 * restricted one, ids are given out, missing hints get their default (the network address of the
 * first IPv4 prefix; ::1 in the first IPv6 prefix), the maps are made in `a`. Errors, with err's
 * line and path set to the subnet's: OVERLAP (names both subnets), HINT, MEMORY.
 */
enum rule_err subnets_compile(struct subnets *s, struct arena *a, struct rule_error *err);

/*
 * Reads one element of the config's "subnets"; all but the name has a default that
 * subnets_compile() fills in. ret->max_lease is SUBNET_LEASE_UNSET if it was not given.
 */
enum rule_err subnet_read(
	struct arena *a, const struct node *n, struct subnet *ret, struct rule_error *err);
/* Writes a compiled subnet as the config would have it, with what was left out filled in. */
void subnet_print(const struct subnet *n, struct writer *w);

/* The subnet whose prefixes hold the address (the longest prefix wins), or NULL. Network order. */
const struct subnet *subnet_of4(const struct subnets *s, const uint8_t addr[static 4]);
const struct subnet *subnet_of6(const struct subnets *s, const uint8_t addr[static 16]);
/*
 * The subnet one of whose prefix-delegation prefixes (and no others) holds all of the delegated
 * prefix, or NULL: one that is larger than they are is nobody's. bits: its length.
 */
const struct subnet *subnet_of_pd(
	const struct subnets *s, const uint8_t addr[static 16], uint8_t bits);
const struct subnet *subnet_named(const struct subnets *s, const char *name, size_t len);
const struct subnet *subnet_with_id(const struct subnets *s, uint8_t id);

/* addr has at least as many bytes as the prefix covers. */
bool prefix_holds(const struct prefix *p, const uint8_t *addr);

/* Whether one of the prefixes does. */
bool prefixes_hold(const struct prefix *p, size_t n, const uint8_t *addr);
/*
 * Reads "192.0.2.0/24" or "2001:db8::/32"; an address alone is a prefix of its whole length. Sets
 * the family (4 or 6). RULE_E_VALUE: not a prefix; RULE_E_CONFLICT: bits are set after its length.
 */
enum rule_err prefix_parse(const char *text, struct prefix *ret, uint8_t *ret_family);
/* The same of a node. */
enum rule_err prefix_read(
	const struct node *n, struct prefix *ret, uint8_t *ret_family, struct rule_error *err);
/* The text of a prefix, which prefix_parse() reads back. */
const char *prefix_text(const struct prefix *p, uint8_t family, char buf[static PREFIX_TEXT_MAX]);

#endif
