/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A subnet: a named steering target, with the prefixes that belong to it and the hints that lead a
 * server to it. Subnets are compiled once from the config and never change afterwards.
 */
#ifndef USHER_RULES_SUBNET_H
#define USHER_RULES_SUBNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SUBNET_NAME_MAX = 63, SUBNETS_MAX = 250 };

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
	uint8_t hint6[16];     /* written as link-address: RFC 8415 section 9 */
	uint32_t max_lease;    /* seconds; 0 = no limit */
};

struct subnets {
	struct subnet *all;
	size_t count;
};

/* The subnet whose prefixes hold the address (the longest prefix wins), or NULL. Network order. */
const struct subnet *subnet_of4(const struct subnets *s, const uint8_t addr[static 4]);
const struct subnet *subnet_of6(const struct subnets *s, const uint8_t addr[static 16]);
/* The subnet whose prefix-delegation prefixes (and no others) hold the delegated prefix, or NULL. */
const struct subnet *subnet_of_pd(const struct subnets *s, const uint8_t addr[static 16]);
const struct subnet *subnet_named(const struct subnets *s, const char *name, size_t len);
const struct subnet *subnet_with_id(const struct subnets *s, uint8_t id);

bool prefix_holds(const struct prefix *p, const uint8_t *addr);

#endif
