/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decide(): from what is known of a packet to what is to be done with it. Walks the jumps that
 * rules/match.c laid through the tests of all rules, copies the decision that the rule's actions
 * were read into, and settles the one thing that depends on the user: the subnet.
 *
 * Making a policy is rules/policy_build.c, writing it rules/policy_print.c.
 */
#include "rules/policy.h"

#include "rules/action.h"
#include "rules/match.h"

#include <stdlib.h>
#include <string.h>

static const struct subnet *restricted(const struct policy *p)
{
	return p->subnets.count > 0 ? &p->subnets.all[p->subnets.count - 1] : NULL;
}

/* Sets the subnet that the text of an attribute names. */
static void name_subnet(
	const struct policy *p, const char *name, size_t len, struct decision *ret)
{
	ret->source = SUBNET_BY_USER;
	if (len == strlen("server") && memcmp(name, "server", len) == 0) {
		ret->subnet = NULL;
		return;
	}
	ret->subnet = subnet_named(&p->subnets, name, len);
	if (ret->subnet == NULL) {
		ret->source = SUBNET_BY_UNKNOWN;
		ret->subnet = restricted(p);
	}
}

/* The value of the attribute that the rule goes by, if the user has one that is not empty. */
static bool attribute_of(const struct rule *rule, const struct reg_user *user, const char **ret,
	size_t *ret_len)
{
	if (user == NULL || rule->kind == SUBNET_NAMED)
		return false;
	if (rule->kind == SUBNET_ATTRIBUTE &&
		registry_attr(user, rule->attribute, strlen(rule->attribute), ret, ret_len) &&
		*ret_len > 0)
		return true;
	return registry_known(user, REG_ATTR_SUBNET, ret, ret_len);
}

static void settle_subnet(const struct policy *p, const struct rule *rule,
	const struct reg_user *user, struct decision *ret)
{
	const char *name;
	size_t len;

	if (attribute_of(rule, user, &name, &len)) {
		name_subnet(p, name, len, ret);
	} else if (rule->kind == SUBNET_NAMED || rule->kind == SUBNET_SERVER) {
		ret->source = SUBNET_BY_RULE;
		ret->subnet = rule->subnet;
	} else {
		ret->source = SUBNET_BY_DEFAULT;
		ret->subnet = user != NULL ? NULL : restricted(p);
	}
}

/* The lesser of two limits of which 0 is none. */
static uint32_t lesser(uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/* An attribute that names no upstream of ours restricts nothing: the config's own choice stands. */
static void settle_upstream(const struct policy *p, const struct rule *rule,
	const struct reg_user *user, struct decision *ret)
{
	const struct upstream *u = NULL;
	const char *name;
	size_t len;

	if (rule->upstream_attribute != NULL && user != NULL &&
		registry_attr(user, rule->upstream_attribute, strlen(rule->upstream_attribute),
			&name, &len))
		u = upstream_named(&p->upstreams, name, len);
	if (u != NULL)
		ret->upstreams = upstream_bit(&p->upstreams, u);
}

void policy_decision_of(const struct policy *p, uint16_t rule_index, const struct reg_user *user,
	struct decision *ret)
{
	if (rule_index < p->rule_count) {
		const struct rule *rule = &p->rules[rule_index];

		*ret = rule->base;
		ret->rule = rule;
		ret->rule_index = rule_index;
		settle_subnet(p, rule, user, ret);
		settle_upstream(p, rule, user, ret);
	} else {
		*ret = (struct decision){
			.subnet = restricted(p),
			.rule_index = (uint16_t)p->rule_count,
			.hint = p->treat.hint,
			.enforce = p->treat.enforce,
			.by_query = p->by_query,
			.source = SUBNET_BY_NO_RULE,
		};
	}
	if (ret->subnet != NULL)
		ret->max_lease = lesser(ret->max_lease, ret->subnet->max_lease);
}

void policy_decide(const struct policy *p, const struct facts *f, struct decision *ret)
{
	struct evidence e;

	evidence_init(&e, f, p->tests->attributes);
	policy_decision_of(p, (uint16_t)match_run(p->tests, p->start, &e), f->user, ret);
}

struct policy *policy_free(struct policy *p)
{
	if (p != NULL) {
		struct arena arena = p->arena;

		arena_done(&arena);
		free(p);
	}
	return NULL;
}
