/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how the actions of a rule are written. Each is read once into the rule's decision; nothing
 * of this file runs for a packet.
 */
#include "rules/action.h"

#include <stdio.h>
#include <string.h>

const struct choice enforce_choices[] = {
	{ "nak", ENFORCE_NAK },
	{ "log", ENFORCE_LOG },
	{ NULL, 0 },
};

static enum rule_err no_subnet(struct action_reader *r, const struct node *n)
{
	char names[RULE_TEXT_MAX / 2] = "";
	size_t len = 0;

	for (size_t i = 0; i < r->subnets->count && len < sizeof(names); i++)
		len += (size_t)snprintf(
			names + len, sizeof(names) - len, "\"%s\", ", r->subnets->all[i].name);
	return node_expected(n, r->err, RULE_E_REFERENCE,
		"%s\"server\" or \"@\" and an attribute of the user", names);
}

static enum rule_err parse_subnet(struct action_reader *r, const struct node *n, struct rule *ret)
{
	if (n->kind != JSON_STRING)
		return no_subnet(r, n);
	ret->subnet_text = n->text;
	if (strcmp(n->text, "server") == 0) {
		ret->kind = SUBNET_SERVER;
		return RULE_OK;
	}
	if (n->text[0] == '@' && n->len > 1) {
		ret->kind = SUBNET_ATTRIBUTE;
		ret->attribute = n->text + 1;
		return RULE_OK;
	}
	ret->kind = SUBNET_NAMED;
	ret->subnet = subnet_named(r->subnets, n->text, n->len);
	return ret->subnet != NULL ? RULE_OK : no_subnet(r, n);
}

static void print_subnet(const struct rule *rule, struct writer *w)
{
	writer_text(w, "subnet", rule->subnet_text);
}

static enum rule_err parse_max_lease(
	struct action_reader *r, const struct node *n, struct rule *ret)
{
	return node_uint(n, 0, UINT32_MAX - 1, &ret->base.max_lease, r->err);
}

static void print_max_lease(const struct rule *rule, struct writer *w)
{
	writer_uint(w, "max_lease", rule->base.max_lease);
}

static enum rule_err parse_hint(struct action_reader *r, const struct node *n, struct rule *ret)
{
	unsigned int v;
	enum rule_err e = node_choice(n, hint_choices, &v, r->err);

	if (e == RULE_OK)
		ret->base.hint = (enum hint)v;
	ret->base.own_hint = true;
	return e;
}

static void print_hint(const struct rule *rule, struct writer *w)
{
	writer_text(w, "hint", choice_name(hint_choices, rule->base.hint));
}

static enum rule_err parse_enforce(struct action_reader *r, const struct node *n, struct rule *ret)
{
	unsigned int v;
	enum rule_err e = node_choice(n, enforce_choices, &v, r->err);

	if (e == RULE_OK)
		ret->base.enforce = (enum enforce)v;
	return e;
}

static void print_enforce(const struct rule *rule, struct writer *w)
{
	writer_text(w, "enforce", choice_name(enforce_choices, rule->base.enforce));
}

static enum rule_err parse_drop(struct action_reader *r, const struct node *n, struct rule *ret)
{
	return node_bool(n, &ret->base.drop, r->err);
}

static void print_drop(const struct rule *rule, struct writer *w)
{
	writer_bool(w, "drop", rule->base.drop);
}

static enum rule_err parse_pass(struct action_reader *r, const struct node *n, struct rule *ret)
{
	return node_bool(n, &ret->base.pass, r->err);
}

static void print_pass(const struct rule *rule, struct writer *w)
{
	writer_bool(w, "pass", rule->base.pass);
}

static enum rule_err parse_outcome(struct action_reader *r, const struct node *n, struct rule *ret)
{
	bool v = true;
	enum rule_err e = node_bool(n, &v, r->err);

	ret->base.no_outcome = !v;
	return e;
}

static void print_outcome(const struct rule *rule, struct writer *w)
{
	writer_bool(w, "outcome", !rule->base.no_outcome);
}

static enum rule_err no_upstream(struct action_reader *r, const struct node *n)
{
	char names[RULE_TEXT_MAX / 2] = "";
	size_t len = 0;

	for (size_t i = 0; i < r->upstreams->count && len < sizeof(names); i++)
		len += (size_t)snprintf(
			names + len, sizeof(names) - len, "\"%s\", ", r->upstreams->all[i].name);
	if (len == 0)
		return node_fail(n, r->err, RULE_E_REFERENCE, "needs \"upstreams\"");
	return node_expected(n, r->err, RULE_E_REFERENCE,
		"%sor \"@\" and an attribute of the user", names);
}

static enum rule_err parse_upstream(
	struct action_reader *r, const struct node *n, struct rule *ret)
{
	size_t count = 0;

	ret->upstream_texts =
		arena_alloc(r->arena, (node_count(n) + 1) * sizeof(*ret->upstream_texts));
	if (ret->upstream_texts == NULL)
		return r->err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); i != NULL; i = node_next(n, i)) {
		const struct upstream *u = NULL;

		if (i->kind == JSON_STRING)
			u = upstream_named(r->upstreams, i->text, i->len);
		if (u != NULL)
			ret->base.upstreams |= upstream_bit(r->upstreams, u);
		else if (i->kind == JSON_STRING && i->text[0] == '@' && i->len > 1 &&
			node_count(n) == 1 && r->upstreams->count > 0)
			ret->upstream_attribute = i->text + 1;
		else
			return no_upstream(r, i);
		ret->upstream_texts[count++] = i->text;
	}
	return count > 0 ? RULE_OK : no_upstream(r, n);
}

static void print_upstream(const struct rule *rule, struct writer *w)
{
	writer_open_inline(w, "upstream", '[');
	for (const char **text = rule->upstream_texts; *text != NULL; text++)
		writer_text(w, NULL, *text);
	writer_close(w, '[');
}

static const struct action actions[] = {
	{ "subnet", parse_subnet, print_subnet,
		"the subnet: its name, \"server\", or \"@\" and the user's attribute that names it" },
	{ "options", option_edits_parse, option_edits_print,
		"options of the answer: \"set\", \"default\" and \"remove\"" },
	{ "max_lease", parse_max_lease, print_max_lease,
		"longest lease in seconds; 0: no limit but the subnet's" },
	{ "hint", parse_hint, print_hint, "how the server is told the subnet, instead of the config's" },
	{ "upstream", parse_upstream, print_upstream,
		"in relay mode who is asked: names, or \"@\" and the user's attribute that names one" },
	{ "enforce", parse_enforce, print_enforce,
		"what the guard does, instead of the config's" },
	{ "drop", parse_drop, print_drop, "true: drop the packet" },
	{ "pass", parse_pass, print_pass, "true: leave the query and its answer alone" },
	{ "outcome", parse_outcome, print_outcome, "false: write no record" },
};
enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

const struct action *action_table(size_t *ret_count)
{
	*ret_count = ACTIONS;
	return actions;
}

static enum rule_err parse_member(struct action_reader *r, const struct node *n, struct rule *ret)
{
	const char *known[ACTIONS + 1] = { "when" };

	for (size_t i = 0; i < ACTIONS; i++) {
		known[i + 1] = actions[i].key;
		if (strcmp(actions[i].key, n->key) != 0)
			continue;
		ret->given |= 1u << i;
		return actions[i].parse(r, n, ret);
	}
	return node_unknown(n, r->err, known, ACTIONS + 1, sizeof(known[0]));
}

enum rule_err action_parse(struct action_reader *r, const struct node *object, struct rule *ret)
{
	enum rule_err e = node_object(object, r->err);

	for (const struct node *n = object->first; e == RULE_OK && n != NULL; n = n->next)
		if (strcmp(n->key, "when") != 0)
			e = parse_member(r, n, ret);
	if (e == RULE_OK && ret->base.drop && ret->base.pass)
		return node_fail(object, r->err, RULE_E_CONFLICT,
			"expected either \"drop\" or \"pass\", got both");
	return e;
}

void action_print(const struct rule *rule, struct writer *w)
{
	for (size_t i = 0; i < ACTIONS; i++)
		if ((rule->given >> i & 1) != 0)
			actions[i].print(rule, w);
}
