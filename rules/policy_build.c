/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the order in which a policy comes about: subnets, then the rules that name them, then the
 * jumps from rule to rule, then the doubts about the whole. A config without rules gets the two
 * default rules, made of the same JSON that a person would write.
 */
#include "rules/policy_build.h"

#include "rules/action.h"
#include "rules/match.h"
#include "rules/order.h"
#include "rules/shadow.h"
#include "rules/writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct policy_builder {
	struct policy *policy;
	const struct node **rules;
	size_t rule_count;
	bool own_rules;
	struct rule_warning *last;
};

struct policy_builder *policy_begin(void)
{
	struct policy_builder *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->policy = calloc(1, sizeof(*b->policy));
	if (b->policy != NULL)
		b->policy->tests = arena_alloc(&b->policy->arena, sizeof(*b->policy->tests));
	if (b->policy == NULL || b->policy->tests == NULL) {
		policy_abandon(b);
		return NULL;
	}
	return b;
}

struct arena *policy_arena(struct policy_builder *b)
{
	return &b->policy->arena;
}

struct treatment *policy_treatment(struct policy_builder *b)
{
	return &b->policy->treat;
}

struct upstreams *policy_upstreams(struct policy_builder *b)
{
	return &b->policy->upstreams;
}

enum rule_err policy_add_subnet(
	struct policy_builder *b, const struct node *n, struct rule_error *err)
{
	struct subnets *s = &b->policy->subnets;
	struct subnet new, *all;
	enum rule_err e;

	if (s->count == SUBNETS_MAX)
		return node_fail(n, err, RULE_E_LIMIT,
			"expected no more than %d subnets, got another", SUBNETS_MAX);
	e = subnet_read(&b->policy->arena, n, &new, err);
	if (e != RULE_OK)
		return e;
	if (subnet_named(s, new.name, strlen(new.name)) != NULL)
		return node_expected(node_get(n, "name"), err, RULE_E_REPEAT,
			"a name that no other subnet has");
	all = arena_grow(&b->policy->arena, s->all, s->count, sizeof(*all));
	if (all == NULL)
		return err->code = RULE_E_MEMORY;
	s->all = all;
	s->all[s->count++] = new;
	return RULE_OK;
}

/* An address, alias or id by which two upstreams could not be told apart. */
static bool confusable(const struct upstreams *s, const struct upstream *u)
{
	for (size_t i = 0; i < u->count4; i++)
		if (upstream_with_id(s, u->addresses4[i]) != NULL)
			return true;
	for (size_t i = 0; i < u->count6; i++)
		if (upstream_with_address(s, u->addresses6[i], 16) != NULL)
			return true;
	return u->has_alias && (upstream_with_alias(s, u->alias) != NULL ||
		upstream_with_id(s, u->server_id) != NULL);
}

enum rule_err policy_add_upstream(
	struct policy_builder *b, const struct node *n, struct rule_error *err)
{
	struct upstreams *s = &b->policy->upstreams;
	struct upstream new, *all;
	enum rule_err e;

	if (s->count == UPSTREAMS_MAX)
		return node_fail(n, err, RULE_E_LIMIT,
			"expected no more than %d upstreams, got another", UPSTREAMS_MAX);
	e = upstream_read(&b->policy->arena, n, &new, err);
	if (e != RULE_OK)
		return e;
	if (upstream_named(s, new.name, strlen(new.name)) != NULL)
		return node_expected(node_get(n, "name"), err, RULE_E_REPEAT,
			"a name that no other upstream has");
	if (confusable(s, &new))
		return node_fail(n, err, RULE_E_REPEAT,
			"expected addresses, alias and server_id that no other upstream has");
	all = arena_grow(&b->policy->arena, s->all, s->count, sizeof(*all));
	if (all == NULL)
		return err->code = RULE_E_MEMORY;
	s->all = all;
	s->all[s->count++] = new;
	return RULE_OK;
}

void policy_own_rules(struct policy_builder *b)
{
	b->own_rules = true;
}

static enum rule_err add_rule(
	struct policy_builder *b, const struct node *n, struct rule_error *err)
{
	const struct node **all;

	if (b->rule_count == RULES_MAX)
		return node_fail(n, err, RULE_E_LIMIT,
			"expected no more than %d rules, got another", RULES_MAX);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	all = arena_grow(&b->policy->arena, b->rules, b->rule_count, sizeof(*all));
	if (all == NULL)
		return err->code = RULE_E_MEMORY;
	b->rules = all;
	b->rules[b->rule_count++] = n;
	return RULE_OK;
}

enum rule_err policy_add_rule(
	struct policy_builder *b, const struct node *n, struct rule_error *err)
{
	b->own_rules = true;
	return add_rule(b, n, err);
}

enum rule_err policy_add_relay(struct policy_builder *b, const struct prefix *p, uint8_t family)
{
	struct treatment *t = &b->policy->treat;
	struct prefix **list = family == 4 ? &t->relays4 : &t->relays6, *all;
	size_t *count = family == 4 ? &t->relay_count4 : &t->relay_count6;

	all = arena_grow(&b->policy->arena, *list, *count, sizeof(*all));
	if (all == NULL)
		return RULE_E_MEMORY;
	*list = all;
	all[(*count)++] = *p;
	return RULE_OK;
}

bool policy_warn(struct policy_builder *b, const struct node *n, const char *fmt, ...)
{
	struct rule_warning *w = arena_alloc(&b->policy->arena, sizeof(*w));
	va_list ap;

	if (w == NULL)
		return false;
	if (n != NULL) {
		w->line = n->line;
		node_path(n, w->path);
	}
	va_start(ap, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
	if (b->last == NULL)
		b->policy->warnings = w;
	else
		b->last->next = w;
	b->last = w;
	return true;
}

/*
 * The rules of DESIGN section 5: who is not registered is restricted, the others are the server's.
 */
static enum rule_err default_rules(struct policy_builder *b, struct rule_error *err)
{
	const struct subnets *s = &b->policy->subnets;
	const struct node *list;
	char text[256];
	int len;

	b->policy->default_rules = true;
	if (s->count == 0)
		return RULE_OK;
	len = snprintf(text, sizeof(text),
		"[ { \"when\": { \"registered\": false }, \"subnet\": \"%s\" },\n"
		"  { \"when\": { \"registered\": true }, \"subnet\": \"server\" } ]",
		s->all[s->count - 1].name);
	list = node_parse(&b->policy->arena, text, (size_t)len, err);
	if (list == NULL || add_rule(b, list->first, err) != RULE_OK)
		return err->code;
	return add_rule(b, list->first->next, err);
}

static enum rule_err compile_rule(
	struct policy_builder *b, const struct node *n, struct rule *rule, struct rule_error *err)
{
	struct policy *p = b->policy;
	struct match_reader match = { .arena = &p->arena, .tests = p->tests, .err = err };
	struct action_reader action = { .arena = &p->arena, .subnets = &p->subnets,
		.upstreams = &p->upstreams, .err = err };
	const struct node *when = node_get(n, "when");

	rule->base.hint = p->treat.hint;
	rule->base.enforce = p->treat.enforce;
	rule->line = p->default_rules ? 0 : n->line;
	rule->first = p->tests->count;
	if (action_parse(&action, n, rule) != RULE_OK)
		return err->code;
	if (when != NULL && match_parse(&match, when) != RULE_OK)
		return err->code;
	rule->end = p->tests->count;
	/* also of a rule that was passed over: for an answer it might hold or fail otherwise */
	for (size_t i = rule->first; i < rule->end; i++)
		p->by_query |= (p->tests->all[i].matcher->traits & MATCH_QUERY) != 0;
	rule->base.by_query = p->by_query;
	return RULE_OK;
}

/* A rule that does not hold hands on to the next one; behind the last stands "no rule". */
static enum rule_err link_rules(struct policy *p, struct rule_error *err)
{
	uint32_t next = TEST_DECIDED + (uint32_t)p->rule_count;
	struct order order;
	bool ordered = order_begin(&order, p->tests, p->rule_count);

	for (size_t i = p->rule_count; ordered && i-- > 0;) {
		struct rule *rule = &p->rules[i];

		rule->start = match_link(
			p->tests, &order, rule->first, rule->end, (uint32_t)i, next);
		next = rule->start;
	}
	p->start = next;
	order_done(&order);
	return ordered ? RULE_OK : (err->code = RULE_E_MEMORY);
}

static enum rule_err compile_rules(struct policy_builder *b, struct rule_error *err)
{
	struct policy *p = b->policy;

	if (!b->own_rules && default_rules(b, err) != RULE_OK)
		return err->code;
	p->rules = arena_alloc(&p->arena, b->rule_count * sizeof(*p->rules));
	if (p->rules == NULL)
		return err->code = RULE_E_MEMORY;
	for (; p->rule_count < b->rule_count; p->rule_count++)
		if (compile_rule(b, b->rules[p->rule_count], &p->rules[p->rule_count], err) !=
			RULE_OK)
			return err->code;
	return link_rules(p, err);
}

static enum rule_err warn_shadowed(struct policy_builder *b, struct rule_error *err)
{
	struct shadow s = shadow_begin(b->policy);

	for (size_t i = 0; i < b->policy->rule_count; i++) {
		enum shadow_result r = shadow_check(&s, i);

		if (r == SHADOW_NEVER &&
			!policy_warn(b, b->rules[i],
				"can never match: its conditions exclude each other"))
			return err->code = RULE_E_MEMORY;
		if (r == SHADOW_EARLIER && !policy_warn(b, b->rules[i],
			"can never match: the rules before it match all that it would"))
			return err->code = RULE_E_MEMORY;
	}
	return RULE_OK;
}

/*
 * A prefix without its length is one address, hardly what is meant: no other lease would be in it.
 */
static enum rule_err warn_single(struct policy_builder *b, struct rule_error *err)
{
	const struct subnets *s = &b->policy->subnets;
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < s->count; i++) {
		const struct subnet *n = &s->all[i];

		for (size_t j = 0; j < n->count4 + n->count6; j++) {
			bool v4 = j < n->count4;
			const struct prefix *p =
				v4 ? &n->prefixes4[j] : &n->prefixes6[j - n->count4];

			if (p->bits == (v4 ? 32 : 128) &&
				!policy_warn(b, NULL,
					"subnet \"%s\": %s is a single address: "
					"a prefix has a length, such as %s",
					n->name, prefix_text(p, v4 ? 4 : 6, text),
					v4 ? "192.0.2.0/24" : "2001:db8::/64"))
				return err->code = RULE_E_MEMORY;
		}
	}
	return RULE_OK;
}

/*
 * Where the restricted subnet lacks a protocol that others have, its clients are refused
 * everything.
 */
static enum rule_err warn_restricted(struct policy_builder *b, struct rule_error *err)
{
	const struct subnets *s = &b->policy->subnets;
	const struct subnet *last = s->count > 0 ? &s->all[s->count - 1] : NULL;
	size_t count4 = 0, count6 = 0;

	for (size_t i = 0; i < s->count; i++) {
		count4 += s->all[i].count4;
		count6 += s->all[i].count6;
	}
	if (last == NULL ||
		((count4 == 0 || last->count4 > 0) && (count6 == 0 || last->count6 > 0)))
		return RULE_OK;
	if (!policy_warn(b, NULL,
		    "subnet \"%s\", the restricted one, has no IPv%d prefix as others have, "
		    "so who is restricted gets no IPv%d address",
		    last->name, last->count4 == 0 ? 4 : 6, last->count4 == 0 ? 4 : 6))
		return err->code = RULE_E_MEMORY;
	return RULE_OK;
}

static void hash_text(void *ctx, const char *text, size_t len)
{
	uint32_t *h = ctx;

	for (size_t i = 0; i < len; i++)
		*h = (*h ^ (uint8_t)text[i]) * 16777619u; /* FNV-1a */
}

static uint16_t generation_of(const struct policy *p)
{
	uint32_t h = 2166136261u;
	struct writer w = writer_begin(hash_text, &h);

	writer_open(&w, NULL, '{');
	policy_print(p, &w);
	writer_close(&w, '{');
	return (uint16_t)(h ^ h >> 16);
}

struct policy *policy_finish(struct policy_builder *b, struct rule_error *err)
{
	struct policy *p = b->policy;

	if (subnets_compile(&p->subnets, &p->arena, err) != RULE_OK ||
		compile_rules(b, err) != RULE_OK || warn_restricted(b, err) != RULE_OK ||
		warn_single(b, err) != RULE_OK ||
		warn_shadowed(b, err) != RULE_OK) {
		policy_abandon(b);
		return NULL;
	}
	tzset(); /* so that no packet is the one that waits for the time zone file */
	p->generation = generation_of(p);
	free(b);
	return p;
}

void policy_abandon(struct policy_builder *b)
{
	if (b == NULL)
		return;
	policy_free(b->policy);
	free(b);
}
