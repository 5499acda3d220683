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
	if (raw_server_find(s->root, name, sizeof(name)))
		warn(s, "%s reads DHCPv4 from a packet socket, and hears clients beside usher: stop it if "
			"it is a relay agent; a server here must read UDP sockets (Kea: "
			"\"dhcp-socket-type\": \"udp\")", name);
}
