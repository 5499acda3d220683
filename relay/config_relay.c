/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of the config that only relay mode has, and what of a config is right in one mode
 * only: a relay agent needs links and servers, and some hints and answers are a relay agent's
 * alone.
 */
#include "relay/config_key.h"

#include "rules/match.h"
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

/* NULL, or a member that is a text. */
static const struct node *text_in(const struct node *object, const char *key)
{
	const struct node *n = object != NULL && object->kind == JSON_OBJECT
		? node_get(object, key) : NULL;

	return n != NULL && n->kind == JSON_STRING ? n : NULL;
}

static enum rule_err hint_is_giaddr(struct config_reader *r, const struct node *object)
{
	const struct node *hint = text_in(object, "hint");

	if (hint == NULL || strcmp(hint->text, "giaddr") == 0 || strcmp(hint->text, "none") == 0)
		return RULE_OK;
	return node_expected(hint, r->err, RULE_E_CONFLICT,
		"\"giaddr\" or \"none\", since relay.agent_option is false");
}

/* What the kind of a server says is that it can be told so, not that it must be. */
static enum hint as_giaddr(enum hint hint)
{
	return hint == HINT_NONE ? HINT_NONE : HINT_GIADDR;
}

/* What would be written into option 82. */
static enum rule_err check_no_agent(struct config_reader *r, const struct node *relay)
{
	const struct node *circuit = text_in(relay, "circuit_id"), *flags = node_get(relay, "flags");
	static const char why[] = "is part of option 82: it needs \"agent_option\": true";

	if (circuit != NULL && circuit->len > 0)
		return node_fail(circuit, r->err, RULE_E_CONFLICT, why);
	if (flags != NULL && flags->truth)
		return node_fail(flags, r->err, RULE_E_CONFLICT, why);
	return RULE_OK;
}

/*
 * A condition that the answer cannot be asked for, in a "when" or a group within; NULL if there is
 * none. The interface is known by giaddr.
 */
static const struct node *query_only(const struct node *n)
{
	size_t count;
	const struct matcher *table = match_table(&count);
	const struct node *found = NULL;

	if (n->key != NULL && strcmp(n->key, "user") == 0)
		return NULL;
	for (size_t i = 0; n->key != NULL && i < count; i++)
		if (strcmp(table[i].key, n->key) == 0 && (table[i].traits & MATCH_QUERY) != 0 &&
			strcmp(n->key, "interface") != 0)
			return n;
	if (n->kind != JSON_OBJECT && n->kind != JSON_ARRAY)
		return NULL;
	for (const struct node *i = n->first; found == NULL && i != NULL; i = i->next)
		found = query_only(i);
	return found;
}

static bool warn_by_giaddr(struct config_reader *r, const struct node *root)
{
	const struct node *rules = node_get(root, "rules");
	struct treatment *t = policy_treatment(r->builder);
	bool ok = true;

	for (const struct node *i = rules != NULL ? rules->first : NULL; i != NULL; i = i->next) {
		const struct node *when = i->kind == JSON_OBJECT ? node_get(i, "when") : NULL;
		const struct node *n = when != NULL ? query_only(when) : NULL;

		if (n != NULL)
			ok &= policy_warn(r->builder, n, "is not to be seen in an answer of DHCPv4, "
				"and without option 82 (relay.agent_option is false) the rules are "
				"asked again for that: they must give it the same subnet");
	}
	if (r->config->libraries.count > 0)
		ok &= policy_warn(r->builder, node_get(root, "hooks_libraries"),
			"what one chooses for a query of DHCPv4 does not hold for the answer: "
			"relay.agent_option is false");
	for (size_t i = 0; i < t->identify_count; i++)
		if (t->identify[i] == REG_CLIENT_ID || t->identify[i] == REG_DUID)
			return ok && policy_warn(r->builder, node_get(root, "identify"),
				"without option 82 (relay.agent_option is false) needs DHCPv4 servers "
				"that put option 61 into their answers (RFC 6842): Kea does");
	return ok;
}

/* No option 82 of ours: giaddr alone says where a client belongs. */
static enum rule_err check_by_giaddr(struct config_reader *r, const struct node *root)
{
	const struct node *upstreams = node_get(root, "upstreams"), *rules = node_get(root, "rules");
	struct upstreams *all = policy_upstreams(r->builder);
	struct treatment *t = policy_treatment(r->builder);
	enum rule_err e = check_no_agent(r, node_get(root, "relay"));

	if (e == RULE_OK)
		e = hint_is_giaddr(r, root);
	for (const struct node *i = upstreams->first; e == RULE_OK && i != NULL; i = i->next)
		e = hint_is_giaddr(r, i);
	for (const struct node *i = rules != NULL ? rules->first : NULL; e == RULE_OK && i != NULL;
		i = i->next)
		e = hint_is_giaddr(r, i);
	if (e != RULE_OK)
		return e;
	t->relay.circuit_id = "";
	t->relay.relay_flags = false;
	t->hint = as_giaddr(t->hint);
	for (size_t i = 0; i < all->count; i++)
		all->all[i].hint = as_giaddr(all->all[i].hint);
	if (upstreams_of_family(all, 4) == 0)
		return RULE_OK;
	if (t->relay_count4 > 0 && !policy_warn(r->builder, node_get(root, "trusted_relays"),
		"are relayed for, but their clients not steered: relay.agent_option is false, and "
		"giaddr is theirs"))
		return r->err->code = RULE_E_MEMORY;
	return warn_by_giaddr(r, root) ? RULE_OK : (r->err->code = RULE_E_MEMORY);
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
	if (!t->relay.agent_option && check_by_giaddr(r, root) != RULE_OK)
		return r->err->code;
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
