/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of the config that only one key has: queue numbers, marks, the key of the state,
 * relays, identities. What is part of the policy (subnets, rules, relays) goes to its builder,
 * which says whether it fits together.
 */
#include "relay/config_key.h"

#include "rules/pattern.h"
#include "rules/writer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A queue number at *text, *text behind it. */
static bool queue_number_parse(const char **text, uint16_t *ret)
{
	unsigned long v;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	v = strtoul(*text, &end, 10);
	*text = end;
	*ret = (uint16_t)v;
	return v <= UINT16_MAX;
}

static enum rule_err parse_queues(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	const char *text = n->kind == JSON_STRING || n->kind == JSON_NUMBER ? n->text : "";
	struct config *c = r->config;
	bool good = queue_number_parse(&text, &c->queue_first);

	(void)k;
	c->queue_last = c->queue_first;
	if (good && *text == '-') {
		text++;
		good = queue_number_parse(&text, &c->queue_last);
	}
	if (!good || *text != '\0')
		return node_expected(n, r->err, RULE_E_VALUE,
			"a queue number from 0 to 65535 such as \"67\", or two such as \"67-70\"");
	if (c->queue_last < c->queue_first || c->queue_last - c->queue_first >= CONFIG_QUEUES)
		return node_expected(n, r->err, RULE_E_VALUE,
			"the lower number first, and no more than %d queues", CONFIG_QUEUES);
	return RULE_OK;
}

static void print_queues(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	char text[16];

	(void)k;
	snprintf(text, sizeof(text), c->queue_first == c->queue_last ? "%u" : "%u-%u",
		c->queue_first, c->queue_last);
	writer_text(w, key, text);
}

const struct config_type type_queues = { "queue numbers", parse_queues, print_queues };

static bool mark_parse(const char **text, uint32_t *ret)
{
	unsigned long long v;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	v = strtoull(*text, &end, 0);
	*text = end;
	*ret = (uint32_t)v;
	return errno == 0 && v <= UINT32_MAX;
}

static enum rule_err parse_mark(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	const char *text = n->kind == JSON_STRING ? n->text : "";
	uint32_t mark, mask = UINT32_MAX;
	bool good = mark_parse(&text, &mark);

	(void)k;
	if (good && *text == '/') {
		text++;
		good = mark_parse(&text, &mask);
	}
	if (!good || *text != '\0' || (mark & ~mask) != 0)
		return node_expected(n, r->err, RULE_E_VALUE,
			"a mark and the mask that holds it, such as \"0xd4c0/0xffff\"");
	r->config->mark = mark;
	r->config->mark_mask = mask;
	return RULE_OK;
}

static void print_mark(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	char text[32];

	(void)k;
	snprintf(text, sizeof(text), "0x%x/0x%x", c->mark, c->mark_mask);
	writer_text(w, key, text);
}

const struct config_type type_mark = { "mark", parse_mark, print_mark };

static enum rule_err parse_state_key(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	uint8_t key[16] = { 0 };
	size_t len;

	(void)k;
	if (n->kind != JSON_STRING || !pattern_hex_read(n->text, n->len, key, sizeof(key), &len) ||
		(len != 0 && len != sizeof(key)))
		return node_fail(n, r->err, RULE_E_VALUE, "expected 32 hex digits, or \"\"");
	memcpy(policy_treatment(r->builder)->digest_key, key, sizeof(key));
	return RULE_OK;
}

/* Not the key: what `usher check` prints is shown to others. */
static void print_state_key(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	(void)c;
	(void)k;
	(void)key;
	(void)w;
}

const struct config_type type_state_key = { "hex digits", parse_state_key, print_state_key };

static enum rule_err parse_relays(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	enum rule_err e = RULE_OK;
	struct prefix p;
	uint8_t family;

	(void)k;
	for (const struct node *i = node_items(n); e == RULE_OK && i != NULL; i = node_next(n, i)) {
		e = prefix_read(i, &p, &family, r->err);
		if (e == RULE_OK)
			e = policy_add_relay(r->builder, &p, family);
	}
	return e;
}

static void print_relays(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	const struct treatment *t = &c->policy->treat;
	char text[PREFIX_TEXT_MAX];

	(void)k;
	writer_open_inline(w, key, '[');
	for (size_t i = 0; i < t->relay_count4; i++)
		writer_text(w, NULL, prefix_text(&t->relays4[i], 4, text));
	for (size_t i = 0; i < t->relay_count6; i++)
		writer_text(w, NULL, prefix_text(&t->relays6[i], 6, text));
	writer_close(w, '[');
}

const struct config_type type_relays = { "list of addresses or prefixes", parse_relays,
	print_relays };

static enum rule_err parse_identify(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	struct treatment *t = policy_treatment(r->builder);

	(void)k;
	if (n->kind != JSON_STRING && n->kind != JSON_ARRAY)
		return node_expected(n, r->err, RULE_E_TYPE, "a list of id types");
	for (const struct node *i = node_items(n); i != NULL; i = node_next(n, i)) {
		enum reg_id_type type = REG_ID_TYPES;

		if (i->kind == JSON_STRING)
			type = reg_id_type_find(i->text, i->len);
		if (type == REG_ID_TYPES)
			return node_expected(i, r->err, RULE_E_VALUE,
				"HW_ADDR, DUID, CLIENT_ID, CIRCUIT_ID, REMOTE_ID or SUBSCRIBER_ID");
		if (memchr(t->identify, (int)type, t->identify_count) != NULL)
			return node_fail(i, r->err, RULE_E_REPEAT, "is listed twice");
		t->identify[t->identify_count++] = (uint8_t)type;
	}
	return RULE_OK;
}

static void print_identify(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	const struct treatment *t = &c->policy->treat;

	(void)k;
	writer_open_inline(w, key, '[');
	for (size_t i = 0; i < t->identify_count; i++)
		writer_text(w, NULL, reg_id_type_name((enum reg_id_type)t->identify[i]));
	writer_close(w, '[');
}

const struct config_type type_identify = { "list of id types", parse_identify, print_identify };

static enum rule_err parse_subnets(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	enum rule_err e = RULE_OK;

	(void)k;
	if (n->kind != JSON_ARRAY)
		return node_expected(n, r->err, RULE_E_TYPE, "a list of subnets");
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = policy_add_subnet(r->builder, i, r->err);
	return e;
}

static enum rule_err parse_rules(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	enum rule_err e = RULE_OK;

	(void)k;
	if (n->kind == JSON_NULL)
		return RULE_OK;
	if (n->kind != JSON_ARRAY)
		return node_expected(n, r->err, RULE_E_TYPE, "a list of rules");
	policy_own_rules(r->builder);
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = policy_add_rule(r->builder, i, r->err);
	return e;
}

/* Subnets and rules are printed last, by policy_print(). */
static void print_nothing(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	(void)c;
	(void)k;
	(void)key;
	(void)w;
}

const struct config_type type_subnets = { "list of subnets", parse_subnets, print_nothing };
const struct config_type type_rules = { "list of rules", parse_rules, print_nothing };
