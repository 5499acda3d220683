/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of the config that only relay mode has, and what of a config is right in one mode
 * only: a relay agent needs links and servers, and some hints and answers are a relay agent's
 * alone.
 */
#include "relay/config_key.h"

#include "rules/writer.h"

#include <arpa/inet.h>
#include <string.h>

static enum rule_err parse_upstreams(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	enum rule_err e = RULE_OK;

	(void)k;
	if (n->kind != JSON_ARRAY)
		return node_expected(n, r->err, RULE_E_TYPE, "a list of upstreams");
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = policy_add_upstream(r->builder, i, r->err);
	return e;
}

static void print_upstreams(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	const struct upstreams *s = &c->policy->upstreams;

	(void)k;
	writer_open(w, key, '[');
	for (size_t i = 0; i < s->count; i++)
		upstream_print(&s->all[i], w);
	writer_close(w, '[');
}

const struct config_type type_upstreams = { "list of upstreams", parse_upstreams,
	print_upstreams };

static enum rule_err read_link_key(
	const struct node *n, struct relay_link *l, struct rule_error *err)
{
	static const char *const known[] = { "interface", "address4", "address6" };
	enum rule_err e;

	if (strcmp(n->key, "interface") == 0) {
		e = node_string(n, 1, UPSTREAM_INTERFACE_MAX, "an interface name", err);
		if (e == RULE_OK)
			memcpy(l->name, n->text, n->len + 1);
		return e;
	}
	if (strcmp(n->key, "address4") == 0) {
		l->has4 = n->kind == JSON_STRING && inet_pton(AF_INET, n->text, l->addr4) == 1;
		return l->has4 ? RULE_OK
			: node_expected(n, err, RULE_E_VALUE, "an IPv4 address of this machine");
	}
	if (strcmp(n->key, "address6") == 0) {
		l->has6 = n->kind == JSON_STRING && inet_pton(AF_INET6, n->text, l->addr6) == 1 &&
			(l->addr6[0] & 0xe0) == 0x20;
		/* unique local addresses too: RFC 4193 */
		l->has6 |= n->kind == JSON_STRING && (l->addr6[0] & 0xfe) == 0xfc;
		return l->has6 ? RULE_OK : node_expected(n, err, RULE_E_VALUE,
			"an IPv6 address of this machine that servers can reach");
	}
	return node_unknown(n, err, known, 3, sizeof(known[0]));
}

static enum rule_err read_link(
	struct config_reader *r, const struct node *n, struct relaying *relay)
{
	struct relay_link l = { .has4 = false }, *all;
	enum rule_err e = node_object(n, r->err);

	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = read_link_key(i, &l, r->err);
	if (e != RULE_OK)
		return e;
	if (l.name[0] == '\0')
		return node_expected(n, r->err, RULE_E_MISSING, "the key \"interface\"");
	for (size_t i = 0; i < relay->link_count; i++)
		if (strcmp(relay->links[i].name, l.name) == 0)
			return node_fail(n, r->err, RULE_E_REPEAT, "is listed twice");
	all = arena_grow(policy_arena(r->builder), relay->links, relay->link_count, sizeof(*all));
	if (all == NULL)
		return r->err->code = RULE_E_MEMORY;
	relay->links = all;
	all[relay->link_count++] = l;
	return RULE_OK;
}

static enum rule_err parse_links(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	struct relaying *relay = &policy_treatment(r->builder)->relay;
	enum rule_err e = RULE_OK;

	(void)k;
	if (n->kind != JSON_ARRAY)
		return node_expected(n, r->err, RULE_E_TYPE, "a list of links");
	for (const struct node *i = n->first; e == RULE_OK && i != NULL; i = i->next)
		e = read_link(r, i, relay);
	return e;
}

static void print_links(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	const struct relaying *relay = &c->policy->treat.relay;
	char text[INET6_ADDRSTRLEN];

	(void)k;
	writer_open(w, key, '[');
	for (size_t i = 0; i < relay->link_count; i++) {
		const struct relay_link *l = &relay->links[i];

		writer_open_inline(w, NULL, '{');
		writer_text(w, "interface", l->name);
		if (l->has4)
			writer_text(w, "address4",
				inet_ntop(AF_INET, l->addr4, text, sizeof(text)));
		if (l->has6)
			writer_text(w, "address6",
				inet_ntop(AF_INET6, l->addr6, text, sizeof(text)));
		writer_close(w, '{');
	}
	writer_close(w, '[');
}

const struct config_type type_links = { "list of links", parse_links, print_links };

/* What stands for something begins with a percent sign. */
static enum rule_err parse_format(
	struct config_reader *r, const struct config_key *k, const struct node *n)
{
	enum rule_err e = node_string(n, k->min, k->max, "a text", r->err);

	for (const char *at = n->text; e == RULE_OK && (at = strchr(at, '%')) != NULL; at += 2)
		if (at[1] != 'i' && at[1] != '%')
			return node_expected(n, r->err, RULE_E_VALUE,
				"a text in which %%i stands for the interface and %%%% for a "
				"percent sign");
	return e == RULE_OK ? type_text.parse(r, k, n) : e;
}

static void print_format(
	const struct config *c, const struct config_key *k, const char *key, struct writer *w)
{
	type_text.print(c, k, key, w);
}

const struct config_type type_format = { "text", parse_format, print_format };

static bool gives_choice(const struct node *object, const char *key, const char *value)
{
	const struct node *n = object != NULL ? node_get(object, key) : NULL;

	return n != NULL && n->kind == JSON_STRING && strcmp(n->text, value) == 0;
}

static enum rule_err only_in_relay_mode(
	struct config_reader *r, const struct node *object, const char *key, const char *value)
{
	if (!gives_choice(object, key, value))
		return RULE_OK;
	return node_fail(node_get(object, key), r->err, RULE_E_CONFLICT,
		"\"%s\" needs \"mode\": \"relay\"", value);
}

static enum rule_err check_inline(struct config_reader *r, const struct node *root)
{
	const struct node *rules = node_get(root, "rules"), *upstreams = node_get(root, "upstreams");
	enum rule_err e = only_in_relay_mode(r, root, "hint", "giaddr");

	if (e == RULE_OK)
		e = only_in_relay_mode(r, root, "server", "rfc2131");
	if (e == RULE_OK)
		e = only_in_relay_mode(r, root, "on_mismatch", "nak-inject");
	for (const struct node *i = rules != NULL ? rules->first : NULL; e == RULE_OK && i != NULL;
		i = i->next)
		e = only_in_relay_mode(r, i, "hint", "giaddr");
	if (e == RULE_OK && upstreams != NULL && upstreams->first != NULL &&
		!policy_warn(r->builder, upstreams, "are not used: \"mode\" is not \"relay\""))
		return r->err->code = RULE_E_MEMORY;
	return e;
}

static bool is_client_interface(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->client_interfaces.count; i++)
		if (strcmp(c->client_interfaces.all[i], name) == 0)
			return true;
	return false;
}

static enum rule_err check_links(struct config_reader *r, const struct node *root)
{
	const struct node *relay = node_get(root, "relay");
	const struct node *links = relay != NULL ? node_get(relay, "links") : NULL;

	for (const struct node *i = links != NULL ? links->first : NULL; i != NULL; i = i->next) {
		const struct node *name = node_get(i, "interface");

		if (!is_client_interface(r->config, name->text))
			return node_expected(name, r->err, RULE_E_REFERENCE,
				"one of client_interfaces");
	}
	return RULE_OK;
}

static enum rule_err check_relay(struct config_reader *r, const struct node *root)
{
	const struct node *mode = node_get(root, "mode");
	const struct node *upstreams = node_get(root, "upstreams");
	struct treatment *t = policy_treatment(r->builder);
	if (r->config->client_interfaces.count == 0)
		return node_fail(mode, r->err, RULE_E_MISSING,
			"\"relay\" needs client_interfaces: where the clients are");
	if (upstreams == NULL || upstreams->first == NULL)
		return node_fail(mode, r->err, RULE_E_MISSING,
			"\"relay\" needs upstreams: the servers to relay to");
	t->relay.on = true;
	/* PROTOCOL A.9: who relays need not let the server extend a lease that is then refused. */
	if (node_get(root, "on_mismatch") == NULL)
		t->on_mismatch = MISMATCH_INJECT;
	return check_links(r, root);
}

enum rule_err config_check_mode(struct config_reader *r, const struct node *root)
{
	struct treatment *t = policy_treatment(r->builder);

	/* The server's kind is a default: what is written out counts. */
	if (r->config->server != SERVER_ANY && node_get(root, "hint") == NULL)
		t->hint = server_hint(r->config->server);
	return r->config->mode == MODE_RELAY ? check_relay(r, root) : check_inline(r, root);
}
