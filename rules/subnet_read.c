/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a subnet is written in the config: reading it and writing it back. Whether it fits in
 * with the other subnets is for subnets_compile() to say.
 */
#include "rules/subnet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct subnet_key {
	const char *key;
	enum rule_err (*parse)(
		struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err);
};

/* What a name may not hold, because logs, outcome records and people must be able to quote it. */
static bool name_usable(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 127 || strchr("\"\\=@,", *p) != NULL)
			return false;
	return strcmp(name, "server") != 0;
}

static enum rule_err read_name(
	struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err)
{
	static const char what[] = "a name, without spaces and \" \\ = @ , and not \"server\",";
	enum rule_err e = node_string(n, 1, SUBNET_NAME_MAX, what, err);

	(void)a;
	if (e != RULE_OK)
		return e;
	if (!name_usable(n->text))
		return node_expected(
			n, err, RULE_E_VALUE, "%s of 1 to %d bytes", what, SUBNET_NAME_MAX);
	memcpy(s->name, n->text, n->len + 1);
	return RULE_OK;
}

enum rule_err prefix_read(
	const struct node *n, struct prefix *ret, uint8_t *ret_family, struct rule_error *err)
{
	enum rule_err e;

	if (n->kind != JSON_STRING)
		return node_expected(n, err, RULE_E_TYPE, "a prefix such as \"192.0.2.0/24\"");
	e = prefix_parse(n->text, ret, ret_family);
	if (e == RULE_E_CONFLICT)
		return node_expected(n, err, RULE_E_VALUE,
			"a prefix with no bits set behind its length, such as \"192.0.2.0/24\"");
	if (e != RULE_OK)
		return node_expected(n, err, RULE_E_VALUE,
			"a prefix such as \"192.0.2.0/24\" or \"2001:db8::/64\"");
	return RULE_OK;
}

static enum rule_err read_prefixes(
	struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err)
{
	size_t count = node_count(n);
	struct prefix p;
	uint8_t family = 0;

	if (count == 0)
		return node_expected(n, err, RULE_E_VALUE, "at least one prefix");
	s->prefixes4 = arena_alloc(a, count * sizeof(p));
	s->prefixes6 = arena_alloc(a, count * sizeof(p));
	if (s->prefixes4 == NULL || s->prefixes6 == NULL)
		return err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); i != NULL; i = node_next(n, i)) {
		enum rule_err e = prefix_read(i, &p, &family, err);

		if (e != RULE_OK)
			return e;
		if (family == 4)
			s->prefixes4[s->count4++] = p;
		else
			s->prefixes6[s->count6++] = p;
	}
	return RULE_OK;
}

static enum rule_err read_pd_prefixes(
	struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err)
{
	struct prefix p;
	uint8_t family = 0;

	s->prefixes_pd = arena_alloc(a, node_count(n) * sizeof(p));
	if (s->prefixes_pd == NULL)
		return err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); i != NULL; i = node_next(n, i)) {
		enum rule_err e = prefix_read(i, &p, &family, err);

		if (e != RULE_OK)
			return e;
		if (family != 6)
			return node_expected(i, err, RULE_E_VALUE, "an IPv6 prefix");
		s->prefixes_pd[s->count_pd++] = p;
	}
	return RULE_OK;
}

static enum rule_err read_hint4(
	struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err)
{
	(void)a;
	if (n->kind != JSON_STRING || inet_pton(AF_INET, n->text, s->hint4) != 1)
		return node_expected(n, err, RULE_E_VALUE, "an IPv4 address");
	s->has_hint4 = true;
	return RULE_OK;
}

static enum rule_err read_hint6(
	struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err)
{
	(void)a;
	if (n->kind != JSON_STRING || inet_pton(AF_INET6, n->text, s->hint6) != 1)
		return node_expected(n, err, RULE_E_VALUE, "an IPv6 address");
	s->has_hint6 = true;
	return RULE_OK;
}

static enum rule_err read_giaddr(
	struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err)
{
	(void)a;
	if (n->kind != JSON_STRING || inet_pton(AF_INET, n->text, s->giaddr) != 1)
		return node_expected(n, err, RULE_E_VALUE, "an IPv4 address");
	s->has_giaddr = true;
	return RULE_OK;
}

static enum rule_err read_max_lease(
	struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err)
{
	(void)a;
	return node_uint(n, 0, SUBNET_LEASE_UNSET - 1, &s->max_lease, err);
}

static const struct subnet_key keys[] = {
	{ "name", read_name },
	{ "prefixes", read_prefixes },
	{ "pd_prefixes", read_pd_prefixes },
	{ "hint4", read_hint4 },
	{ "hint6", read_hint6 },
	{ "giaddr", read_giaddr },
	{ "max_lease", read_max_lease },
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static enum rule_err read_key(
	struct arena *a, const struct node *n, struct subnet *s, struct rule_error *err)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].key, n->key) == 0)
			return keys[i].parse(a, n, s, err);
	return node_unknown(n, err, &keys[0].key, KEYS, sizeof(keys[0]));
}

enum rule_err subnet_read(
	struct arena *a, const struct node *n, struct subnet *ret, struct rule_error *err)
{
	struct subnet s = { .max_lease = SUBNET_LEASE_UNSET, .line = n->line };
	enum rule_err e = node_object(n, err);

	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = read_key(a, i, &s, err);
	if (e != RULE_OK)
		return e;
	if (s.name[0] == '\0')
		return node_expected(n, err, RULE_E_MISSING, "the key \"name\"");
	if (s.count4 + s.count6 == 0)
		return node_expected(
			n, err, RULE_E_MISSING, "the key \"prefixes\" in subnet \"%s\"", s.name);
	*ret = s;
	return RULE_OK;
}

static void print_prefixes(
	const struct prefix *p, size_t count, uint8_t family, struct writer *w)
{
	char text[PREFIX_TEXT_MAX];

	for (size_t i = 0; i < count; i++)
		writer_text(w, NULL, prefix_text(&p[i], family, text));
}

void subnet_print(const struct subnet *n, struct writer *w)
{
	char text[INET6_ADDRSTRLEN];

	writer_open_inline(w, NULL, '{');
	writer_text(w, "name", n->name);
	writer_open(w, "prefixes", '[');
	print_prefixes(n->prefixes4, n->count4, 4, w);
	print_prefixes(n->prefixes6, n->count6, 6, w);
	writer_close(w, '[');
	if (n->count_pd > 0) {
		writer_open(w, "pd_prefixes", '[');
		print_prefixes(n->prefixes_pd, n->count_pd, 6, w);
		writer_close(w, '[');
	}
	if (n->has_hint4)
		writer_text(w, "hint4", inet_ntop(AF_INET, n->hint4, text, sizeof(text)));
	if (n->has_hint6)
		writer_text(w, "hint6", inet_ntop(AF_INET6, n->hint6, text, sizeof(text)));
	if (n->has_giaddr)
		writer_text(w, "giaddr", inet_ntop(AF_INET, n->giaddr, text, sizeof(text)));
	writer_uint(w, "max_lease", n->max_lease);
	writer_close(w, '{');
}
