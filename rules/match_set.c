/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions whose values come out of a small set: each is a bit, a list of values is a mask, and
 * whether a packet is among them is one shift.
 *
 * Message types are those of queries: RFC 2132 9.6, RFC 4388, RFC 6926, RFC 7724; RFC 8415 7.3,
 * RFC 5007, RFC 7341, RFC 9686. Some names mean one message in DHCPv4 and one in DHCPv6.
 */
#include "rules/match_row.h"

#include <stdio.h>
#include <string.h>

enum { V6 = 64 };  /* bits from here on are DHCPv6 message types */

static const struct choice id_types[] = {
#define X(name, least, most) { #name, REG_##name },
	REG_ID_TYPE_LIST(X)
#undef X
	{ NULL, 0 },
};

static const struct choice messages[] = {
	{ "DISCOVER", DHCPDISCOVER },
	{ "REQUEST", DHCPREQUEST },
	{ "REQUEST", V6 + DHCPV6_REQUEST },
	{ "DECLINE", DHCPDECLINE },
	{ "DECLINE", V6 + DHCPV6_DECLINE },
	{ "RELEASE", DHCPRELEASE },
	{ "RELEASE", V6 + DHCPV6_RELEASE },
	{ "INFORM", DHCPINFORM },
	{ "LEASEQUERY", DHCPLEASEQUERY },
	{ "LEASEQUERY", V6 + DHCPV6_LEASEQUERY },
	{ "BULKLEASEQUERY", DHCPBULKLEASEQUERY },
	{ "ACTIVELEASEQUERY", DHCPACTIVELEASEQUERY },
	{ "SOLICIT", V6 + DHCPV6_SOLICIT },
	{ "CONFIRM", V6 + DHCPV6_CONFIRM },
	{ "RENEW", V6 + DHCPV6_RENEW },
	{ "REBIND", V6 + DHCPV6_REBIND },
	{ "INFORMATION-REQUEST", V6 + DHCPV6_INFORMATION_REQUEST },
	{ "DHCPV4-QUERY", V6 + DHCPV6_DHCPV4_QUERY },
	{ "ADDR-REG-INFORM", V6 + DHCPV6_ADDR_REG_INFORM },
	{ NULL, 0 },
};

static const struct choice weekdays[] = {
	{ "mon", 1 },
	{ "tue", 2 },
	{ "wed", 3 },
	{ "thu", 4 },
	{ "fri", 5 },
	{ "sat", 6 },
	{ "sun", 0 },
	{ NULL, 0 },
};

static void set_add(struct test *t, unsigned int bit)
{
	t->set[bit / 64] |= (uint64_t)1 << bit % 64;
}

static bool set_has(const struct test *t, unsigned int bit)
{
	return (t->set[bit / 64] >> bit % 64 & 1) != 0;
}

/* A name or a list of names; a name that stands for several values means all of them. */
static enum rule_err parse_names(struct match_reader *r, const struct matcher *m,
	const struct node *n, const struct choice *choices)
{
	struct test *t = match_new(r, m);
	unsigned int bit;
	enum rule_err e;

	if (t == NULL)
		return RULE_E_MEMORY;
	e = match_not_empty(r, n, "at least one name");
	for (const struct node *i = node_items(n); e == RULE_OK && i != NULL; i = node_next(n, i)) {
		e = node_choice(i, choices, &bit, r->err);
		for (const struct choice *c = choices; e == RULE_OK && c->name != NULL; c++)
			if (strcmp(c->name, i->text) == 0)
				set_add(t, c->value);
	}
	return e;
}

static void print_names(const struct test *t, const struct choice *choices, struct writer *w)
{
	const char *last = "";
	size_t count = 0;

	for (const struct choice *c = choices; c->name != NULL; c++) {
		count += set_has(t, c->value) && strcmp(c->name, last) != 0;
		last = c->name;
	}
	if (count > 1)
		writer_open(w, t->matcher->key, '[');
	last = "";
	for (const struct choice *c = choices; c->name != NULL; c++) {
		if (set_has(t, c->value) && strcmp(c->name, last) != 0)
			writer_text(w, count > 1 ? NULL : t->matcher->key, c->name);
		last = c->name;
	}
	if (count > 1)
		writer_close(w, '[');
}

MATCH_PARSE(parse_registered)
{
	struct test *t = match_new(r, m);
	bool truth = false;
	enum rule_err e;

	if (t == NULL)
		return RULE_E_MEMORY;
	e = node_bool(n, &truth, r->err);
	set_add(t, truth);
	return e;
}

MATCH_EVAL(eval_registered)
{
	return set_has(t, e->facts->user != NULL);
}

MATCH_PRINT(print_registered)
{
	writer_bool(w, "registered", set_has(&ts->all[i], 1));
}

MATCH_PARSE(parse_id_type)
{
	return parse_names(r, m, n, id_types);
}

MATCH_EVAL(eval_id_type)
{
	return e->facts->id != NULL && set_has(t, e->facts->id_type);
}

MATCH_PRINT(print_id_type)
{
	print_names(&ts->all[i], id_types, w);
}

MATCH_PARSE(parse_family)
{
	struct test *t = match_new(r, m);

	if (t == NULL)
		return RULE_E_MEMORY;
	if (n->kind != JSON_NUMBER || (strcmp(n->text, "4") != 0 && strcmp(n->text, "6") != 0))
		return node_expected(n, r->err, RULE_E_VALUE, "4 or 6");
	set_add(t, strcmp(n->text, "6") == 0);
	return RULE_OK;
}

MATCH_EVAL(eval_family)
{
	return set_has(t, e->facts->family == 6);
}

MATCH_PRINT(print_family)
{
	writer_uint(w, "family", set_has(&ts->all[i], 1) ? 6 : 4);
}

MATCH_PARSE(parse_message)
{
	return parse_names(r, m, n, messages);
}

MATCH_EVAL(eval_message)
{
	uint8_t type = e->facts->type;

	return type < V6 && set_has(t, e->facts->family == 6 ? V6 + (unsigned int)type : type);
}

MATCH_PRINT(print_message)
{
	print_names(&ts->all[i], messages, w);
}

MATCH_PARSE(parse_weekday)
{
	return parse_names(r, m, n, weekdays);
}

MATCH_EVAL(eval_weekday)
{
	uint8_t day;

	evidence_minute(e, &day);
	return set_has(t, day);
}

MATCH_PRINT(print_weekday)
{
	print_names(&ts->all[i], weekdays, w);
}
