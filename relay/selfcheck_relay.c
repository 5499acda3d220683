/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a relay agent needs of the machine it starts on: interfaces with addresses, aliases that are
 * its own, and nobody else who does the same by a packet socket. Only says so: all of it may come
 * later.
 */
#include "relay/selfcheck.h"

#include "relay/interface.h"
#include "relay/link.h"
#include "relay/raw_server.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

static void warn(const struct selfcheck *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void warn(const struct selfcheck *s, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->say(s->ctx, LEVEL_WARNING, text);
}

static void check_link(
	const struct selfcheck *s, const struct client_link *l, const struct upstreams *upstreams)
{
	if (l->index == 0)
		warn(s, "client_interfaces: there is no interface \"%s\" yet", l->name);
	else if (!l->has4 && upstreams_of_family(upstreams, 4) != 0)
		warn(s, "interface %s has no IPv4 address yet, and DHCPv4 clients there are not "
			"relayed before it has: it becomes giaddr, which servers answer to",
			l->name);
	else if (!l->has6 && upstreams_of_family(upstreams, 6) != 0)
		warn(s, "neither interface %s nor any other has an IPv6 address that servers "
			"could answer to, and DHCPv6 clients there are not relayed before one has",
			l->name);
}

static bool has_upstream_by_giaddr(const struct config *c)
{
	const struct upstreams *s = &c->policy->upstreams;
	bool found = false;

	for (size_t i = 0; i < s->count; i++)
		found |= s->all[i].count4 > 0 &&
			(s->all[i].has_hint ? s->all[i].hint : c->policy->treat.hint) == HINT_GIADDR;
	return found;
}

static bool some_link_names(const struct links *links, const struct subnet *n)
{
	for (size_t i = 0; i < links->count; i++)
		if (link_addr4_in(&links->all[i], n) != NULL)
			return true;
	return false;
}

/*
 * A subnet that servers are told by giaddr needs an address of ours for it: without option 82 one
 * on the client's link, by which the answer's link is known; with it any of this machine.
 */
static void check_giaddrs(const struct selfcheck *s, const struct links *links)
{
	const struct policy *policy = s->config->policy;
	bool alone = !policy->treat.relay.agent_option;
	struct interfaces own;
	char text[INET_ADDRSTRLEN];

	if (!has_upstream_by_giaddr(s->config))
		return;
	interfaces_init(&own);
	for (size_t i = 0; i < policy->subnets.count; i++) {
		const struct subnet *n = &policy->subnets.all[i];
		const char *addr = inet_ntop(AF_INET, n->giaddr, text, sizeof(text));

		if (n->count4 == 0)
			continue;
		if (n->has_giaddr && !interfaces_own(&own, n->giaddr, sizeof(n->giaddr)))
			warn(s, "subnet \"%s\": giaddr %s is not an address of this machine yet, so "
				"answers to it do not arrive: ip address add", n->name, addr);
		else if (n->has_giaddr && alone && link_with_addr4(links, n->giaddr) == NULL)
			warn(s, "subnet \"%s\": giaddr %s is on no client interface, and without "
				"option 82 (relay.agent_option is false) clients cannot be told it: "
				"ip address add it there", n->name, addr);
		else if (!some_link_names(links, n) && (alone || !n->has_giaddr))
			warn(s, "subnet \"%s\": no client interface has an address in it, so that "
				"giaddr cannot name it to the server: ip address add", n->name);
	}
	interfaces_done(&own);
}

static void check_aliases(const struct selfcheck *s, const struct upstreams *upstreams)
{
	struct interfaces own;
	char text[INET_ADDRSTRLEN];

	interfaces_init(&own);
	for (size_t i = 0; i < upstreams->count; i++) {
		const struct upstream *u = &upstreams->all[i];

		if (u->has_alias && !interfaces_own(&own, u->alias, sizeof(u->alias)))
			warn(s, "upstream \"%s\": the alias %s is not an address of this machine "
				"yet, so renewals to it do not arrive: ip address add", u->name,
				inet_ntop(AF_INET, u->alias, text, sizeof(text)));
	}
	interfaces_done(&own);
}

void selfcheck_relay(const struct selfcheck *s)
{
	const struct upstreams *upstreams;
	struct links links;
	char name[320];

	if (s->config->mode != MODE_RELAY)
		return;
	upstreams = &s->config->policy->upstreams;
	links_use(&links, s->config);
	links_tick(&links);
	for (size_t i = 0; i < links.count; i++)
		check_link(s, &links.all[i], upstreams);
	check_aliases(s, upstreams);
	check_giaddrs(s, &links);
	if (raw_server_find(s->root, name, sizeof(name)))
		warn(s, "%s reads DHCPv4 from a packet socket, and hears clients beside usher: stop it if "
			"it is a relay agent; a server here must read UDP sockets (Kea: "
			"\"dhcp-socket-type\": \"udp\")", name);
}
