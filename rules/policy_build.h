/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making a policy: begin, add, finish. Only finish looks at the whole and yields the policy.
 */
#ifndef USHER_RULES_POLICY_BUILD_H
#define USHER_RULES_POLICY_BUILD_H

#include "rules/policy.h"

enum { RULES_MAX = 10000 };

struct policy_builder;

/* NULL without memory. */
struct policy_builder *policy_begin(void);

/*
 * Where the nodes given to the functions below must live: they stay in use as long as the policy.
 * Borrowed until the builder is finished or abandoned.
 */
struct arena *policy_arena(struct policy_builder *b);

/* The treatment of packets, all zero, to be filled in before policy_finish(). */
struct treatment *policy_treatment(struct policy_builder *b);

/* One element of "subnets". LIMIT, REPEAT (a name given twice), and what subnet_read() returns. */
enum rule_err policy_add_subnet(
	struct policy_builder *b, const struct node *n, struct rule_error *err);

/*
 * One element of "upstreams". LIMIT, REPEAT (a name or address given twice), and upstream_read()'s.
 */
enum rule_err policy_add_upstream(
	struct policy_builder *b, const struct node *n, struct rule_error *err);

/* Those added so far, whose hints may still be changed. */
struct upstreams *policy_upstreams(struct policy_builder *b);

/* One element of "rules"; read by policy_finish(), when all subnets are known. LIMIT, MEMORY. */
enum rule_err policy_add_rule(
	struct policy_builder *b, const struct node *n, struct rule_error *err);

/* There is a list of rules, though it may be empty: the default rules do not apply. */
void policy_own_rules(struct policy_builder *b);

/* One of the relays that are trusted. */
enum rule_err policy_add_relay(struct policy_builder *b, const struct prefix *p, uint8_t family);

/* Adds to the policy's warnings, with the place of n (which may be NULL). False without memory. */
bool policy_warn(struct policy_builder *b, const struct node *n, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The policy, or NULL with *err. The builder is gone either way. Errors: those of
 * subnets_compile(), match_parse() and action_parse(); a rule that can never match is a warning.
 */
struct policy *policy_finish(struct policy_builder *b, struct rule_error *err);

/* Throws the builder and all that was added away. NULL is allowed. */
void policy_abandon(struct policy_builder *b);

#endif
