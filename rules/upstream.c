/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how an upstream server is written in the config, and what kinds of server there are: a
 * profile says which hint a server obeys, so that nobody has to know the RFCs by heart. Sends
 * nothing and decides nothing: which upstream is asked is relay/choose.c's.
 */
#include "rules/upstream.h"

#include <arpa/inet.h>
#include <string.h>

const struct choice hint_choices[] = {
	{ "link-selection", HINT_LINK_SELECTION },
	{ "subnet-selection", HINT_SUBNET_SELECTION },
	{ "both", HINT_BOTH },
	{ "giaddr", HINT_GIADDR },
	{ "none", HINT_NONE },
	{ NULL, 0 },
};

const struct choice server_choices[] = {
	{ "any", SERVER_ANY },
	{ "kea", SERVER_KEA },
	{ "isc", SERVER_ISC },
	{ "dnsmasq", SERVER_DNSMASQ },
	{ "windows", SERVER_WINDOWS },
	{ "windows-2012", SERVER_WINDOWS_2012 },
	{ "rfc2131", SERVER_RFC2131 },
	{ "udhcpd", SERVER_UDHCPD },
	{ NULL, 0 },
};

/*
 * PROTOCOL A.2. Kea, ISC and dnsmasq were tried; Windows from Server 2016 on is said to know 82.5,
 * older ones 118; "rfc2131" knows no more than giaddr; udhcpd has one subnet.
 */
enum hint server_hint(enum server_kind kind)
{
	static const uint8_t hints[SERVER_KINDS] = {
		[SERVER_ANY] = HINT_LINK_SELECTION,
		[SERVER_KEA] = HINT_LINK_SELECTION,
		[SERVER_ISC] = HINT_LINK_SELECTION,
		[SERVER_DNSMASQ] = HINT_LINK_SELECTION,
		[SERVER_WINDOWS] = HINT_LINK_SELECTION,
		[SERVER_WINDOWS_2012] = HINT_SUBNET_SELECTION,
		[SERVER_RFC2131] = HINT_GIADDR,
		[SERVER_UDHCPD] = HINT_NONE,
	};

	return (enum hint)hints[kind];
}

struct upstream_key {
	const char *key;
	enum rule_err (*parse)(
		struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err);
};

static enum rule_err read_name(
	struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err)
{
	enum rule_err e = node_string(n, 1, UPSTREAM_NAME_MAX, "a name", err);

	(void)a;
	if (e == RULE_OK)
		memcpy(u->name, n->text, n->len + 1);
	return e;
}

static bool has_address(const struct upstream *u, const uint8_t *addr, size_t len)
{
	for (size_t i = 0; len == 4 && i < u->count4; i++)
		if (memcmp(u->addresses4[i], addr, len) == 0)
			return true;
	for (size_t i = 0; len == 16 && i < u->count6; i++)
		if (memcmp(u->addresses6[i], addr, len) == 0)
			return true;
	return false;
}

static enum rule_err add_address(const struct node *n, struct upstream *u, struct rule_error *err)
{
	uint8_t addr[16];
	size_t len = 0;

	if (n->kind == JSON_STRING && inet_pton(AF_INET, n->text, addr) == 1)
		len = 4;
	else if (n->kind == JSON_STRING && inet_pton(AF_INET6, n->text, addr) == 1)
		len = 16;
	/* What cannot be a host: this network, multicast, ::. */
	if (len == 0 || (len == 4 && (addr[0] == 0 || addr[0] >= 224)) ||
		(len == 16 && (addr[0] == 0xff || (addr[0] == 0 && addr[15] == 0))))
		return node_expected(n, err, RULE_E_VALUE, "the IPv4 or IPv6 address of a server");
	if (has_address(u, addr, len))
		return node_fail(n, err, RULE_E_REPEAT, "is listed twice");
	if (len == 4)
		memcpy(u->addresses4[u->count4++], addr, len);
	else
		memcpy(u->addresses6[u->count6++], addr, len);
	return RULE_OK;
}

static enum rule_err read_address(
	struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err)
{
	size_t count = node_count(n);
	enum rule_err e = RULE_OK;

	if (count == 0)
		return node_expected(n, err, RULE_E_VALUE, "at least one address");
	u->addresses4 = arena_alloc(a, count * sizeof(*u->addresses4));
	u->addresses6 = arena_alloc(a, count * sizeof(*u->addresses6));
	if (u->addresses4 == NULL || u->addresses6 == NULL)
		return err->code = RULE_E_MEMORY;
	for (const struct node *i = node_items(n); e == RULE_OK && i != NULL; i = node_next(n, i))
		e = add_address(i, u, err);
	return e;
}

static enum rule_err read_server(
	struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err)
{
	unsigned int kind;
	enum rule_err e = node_choice(n, server_choices, &kind, err);

	(void)a;
	if (e == RULE_OK)
		u->server = (enum server_kind)kind;
	return e;
}

static enum rule_err read_hint(
	struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err)
{
	unsigned int hint;
	enum rule_err e = node_choice(n, hint_choices, &hint, err);

	(void)a;
	if (e != RULE_OK)
		return e;
	u->hint = (enum hint)hint;
	u->has_hint = true;
	return RULE_OK;
}

static enum rule_err read_host4(const struct node *n, uint8_t ret[static 4], struct rule_error *err)
{
	if (n->kind != JSON_STRING || inet_pton(AF_INET, n->text, ret) != 1 || ret[0] == 0 ||
		ret[0] >= 224)
		return node_expected(n, err, RULE_E_VALUE, "an IPv4 address");
	return RULE_OK;
}

static enum rule_err read_alias(
	struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err)
{
	(void)a;
	u->has_alias = true;
	return read_host4(n, u->alias, err);
}

static enum rule_err read_server_id(
	struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err)
{
	(void)a;
	return read_host4(n, u->server_id, err);
}

static enum rule_err read_multicast(
	struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err)
{
	enum rule_err e = node_string(n, 1, UPSTREAM_INTERFACE_MAX, "an interface name", err);

	(void)a;
	if (e == RULE_OK)
		memcpy(u->multicast, n->text, n->len + 1);
	return e;
}

static const struct upstream_key keys[] = {
	{ "name", read_name },
	{ "address", read_address },
	{ "server", read_server },
	{ "hint", read_hint },
	{ "alias", read_alias },
	{ "server_id", read_server_id },
	{ "multicast", read_multicast },
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static enum rule_err read_key(
	struct arena *a, const struct node *n, struct upstream *u, struct rule_error *err)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].key, n->key) == 0)
			return keys[i].parse(a, n, u, err);
	return node_unknown(n, err, &keys[0].key, KEYS, sizeof(keys[0]));
}

enum rule_err upstream_read(
	struct arena *a, const struct node *n, struct upstream *ret, struct rule_error *err)
{
	struct upstream u = { .line = n->line };
	enum rule_err e = node_object(n, err);

	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = read_key(a, i, &u, err);
	if (e != RULE_OK)
		return e;
	if (u.name[0] == '\0')
		return node_expected(n, err, RULE_E_MISSING, "the key \"name\"");
	if (u.count4 + u.count6 == 0)
		return node_expected(
			n, err, RULE_E_MISSING, "the key \"address\" in upstream \"%s\"", u.name);
	if (u.has_alias && u.count4 == 0)
		return node_fail(node_get(n, "alias"), err, RULE_E_CONFLICT,
			"needs an IPv4 address of the upstream");
	if (node_get(n, "server_id") != NULL && !u.has_alias)
		return node_fail(node_get(n, "server_id"), err, RULE_E_CONFLICT, "needs an alias");
	if (u.multicast[0] != '\0' && u.count6 == 0)
		return node_fail(node_get(n, "multicast"), err, RULE_E_CONFLICT,
			"needs an IPv6 address of the upstream, by which its answers are known");
	/* Without an id of its own a server calls itself by the address that it is asked at. */
	if (u.has_alias && node_get(n, "server_id") == NULL)
		memcpy(u.server_id, u.addresses4[0], 4);
	if (!u.has_hint && u.server != SERVER_ANY) {
		u.hint = server_hint(u.server);
		u.has_hint = true;
	}
	*ret = u;
	return RULE_OK;
}

void upstream_print(const struct upstream *u, struct writer *w)
{
	char text[INET6_ADDRSTRLEN];

	writer_open_inline(w, NULL, '{');
	writer_text(w, "name", u->name);
	writer_open(w, "address", '[');
	for (size_t i = 0; i < u->count4; i++)
		writer_text(w, NULL, inet_ntop(AF_INET, u->addresses4[i], text, sizeof(text)));
	for (size_t i = 0; i < u->count6; i++)
		writer_text(w, NULL, inet_ntop(AF_INET6, u->addresses6[i], text, sizeof(text)));
	writer_close(w, '[');
	writer_text(w, "server", choice_name(server_choices, u->server));
	if (u->has_hint)
		writer_text(w, "hint", choice_name(hint_choices, u->hint));
	if (u->has_alias) {
		writer_text(w, "alias", inet_ntop(AF_INET, u->alias, text, sizeof(text)));
		writer_text(w, "server_id", inet_ntop(AF_INET, u->server_id, text, sizeof(text)));
	}
	if (u->multicast[0] != '\0')
		writer_text(w, "multicast", u->multicast);
	writer_close(w, '{');
}

const struct upstream *upstream_named(const struct upstreams *s, const char *name, size_t len)
{
	for (size_t i = 0; i < s->count; i++)
		if (strlen(s->all[i].name) == len && memcmp(s->all[i].name, name, len) == 0)
			return &s->all[i];
	return NULL;
}

const struct upstream *upstream_with_address(
	const struct upstreams *s, const uint8_t *addr, size_t len)
{
	for (size_t i = 0; i < s->count; i++)
		if (has_address(&s->all[i], addr, len))
			return &s->all[i];
	return NULL;
}

const struct upstream *upstream_with_alias(const struct upstreams *s, const uint8_t addr[static 4])
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].has_alias && memcmp(s->all[i].alias, addr, 4) == 0)
			return &s->all[i];
	return NULL;
}

const struct upstream *upstream_with_id(const struct upstreams *s, const uint8_t addr[static 4])
{
	for (size_t i = 0; i < s->count; i++)
		if (s->all[i].has_alias && memcmp(s->all[i].server_id, addr, 4) == 0)
			return &s->all[i];
	return upstream_with_address(s, addr, 4);
}

upstream_set upstreams_of_family(const struct upstreams *s, uint8_t family)
{
	upstream_set set = 0;

	for (size_t i = 0; i < s->count; i++)
		if ((family == 4 ? s->all[i].count4 : s->all[i].count6) > 0)
			set |= (upstream_set)(1u << i);
	return set;
}
