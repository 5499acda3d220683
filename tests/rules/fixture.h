/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of rules/ begin with: a policy from a text, a registry from a few words, the facts
 * of a packet. A mistake in a text ends the test.
 */
#ifndef USHER_TESTS_RULES_FIXTURE_H
#define USHER_TESTS_RULES_FIXTURE_H

#include "rules/policy_build.h"
#include "rules/writer.h"
#include "tests/build.h"

/* Two subnets, "open" and "restricted", as members of an object. */
#define SUBNETS \
	"\"subnets\": [ { \"name\": \"open\", \"prefixes\": [\"192.0.2.0/24\", \"2001:db8:1::/64\"] }," \
	"{ \"name\": \"restricted\", \"prefixes\": [\"198.51.100.0/24\", \"3000::/64\"] } ]"

/* Of an object with "subnets" and, if it likes, "rules"; NULL with *err. */
struct policy *fixture_load(const char *json, struct rule_error *err);
/* The same; an error ends the test. */
struct policy *fixture_policy(const char *json);
/* { SUBNETS, "rules": rules } */
struct policy *fixture_rules(const char *rules);

/* What policy_print() writes, as a whole object. Static memory, overwritten by the next call. */
const char *fixture_print(const struct policy *p);

/*
 * A registry of one user, HW_ADDR 020000000001, whose attributes are given as
 * "name=value;name=value", and that user.
 */
struct fixture_user {
	struct registry *registry;
	const struct reg_user *user;
};
struct fixture_user fixture_user(const char *attributes);
void fixture_user_done(struct fixture_user *u);

/* Facts together with what they point at. */
struct fixture_packet {
	struct build bytes;
	struct dhcp4_view view4;
	struct dhcp6_view view6;
	struct facts facts;
};

/* A DHCPv4 query with these options (hex, behind option 53) and giaddr (hex; "" for none). */
void fixture_query4(
	struct fixture_packet *p, uint8_t type, const char *options, const char *giaddr);
/*
 * A DHCPv6 query with these options (hex), inside a Relay-forward with that link-address and these
 * options unless link is "" (hex, 16 bytes).
 */
void fixture_query6(struct fixture_packet *p, uint8_t type, const char *options, const char *link,
	const char *relay_options);

#endif
