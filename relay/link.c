/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how an interface's index and addresses are found: if_nametoindex(3) and getifaddrs(3),
 * every two seconds at most, so that interfaces and addresses may come and go. A link is known by
 * its name, which a restart and a second usher share; an index is the kernel's of today.
 */
#include "relay/link.h"

#include "registry/clock.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

static const int64_t look_ns = 2000000000;

static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h != 0 ? h : 1;
}

static void use_given(struct client_link *l, const struct relaying *relay)
{
	for (size_t i = 0; i < relay->link_count; i++) {
		const struct relay_link *given = &relay->links[i];

		if (strcmp(given->name, l->name) != 0)
			continue;
		l->fixed4 = l->has4 = given->has4;
		memcpy(l->addr4, given->addr4, sizeof(l->addr4));
		l->fixed6 = l->has6 = given->has6;
		memcpy(l->addr6, given->addr6, sizeof(l->addr6));
	}
}

void links_use(struct links *l, const struct config *c)
{
	const struct relaying *relay = &c->policy->treat.relay;
	const struct upstreams *u = &c->policy->upstreams;

	memset(l, 0, sizeof(*l));
	for (size_t i = 0; i < u->count; i++)
		memcpy(l->multicast_names[i], u->all[i].multicast, sizeof(l->multicast_names[i]));
	for (size_t i = 0; relay->on && i < c->client_interfaces.count && i < LINKS_MAX; i++) {
		struct client_link *link = &l->all[l->count++];
		const char *name = c->client_interfaces.all[i];

		memcpy(link->name, name, strnlen(name, sizeof(link->name) - 1));
		link->hash = name_hash(link->name);
		use_given(link, relay);
	}
}

static void keep4(struct client_link *l, const struct sockaddr *sa)
{
	struct sockaddr_in v4;

	memcpy(&v4, sa, sizeof(v4));
	if (l->count4 < LINK_ADDRESSES)
		memcpy(l->all4[l->count4++], &v4.sin_addr, sizeof(l->all4[0]));
	if (l->has4)
		return;
	memcpy(l->addr4, &v4.sin_addr, sizeof(l->addr4));
	l->has4 = true;
}

static bool reachable6(const uint8_t addr[static 16])
{
	return (addr[0] & 0xe0) == 0x20 || (addr[0] & 0xfe) == 0xfc;
}

static void keep6(struct client_link *l, const uint8_t addr[static 16])
{
	if (!l->has_local && addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80) {
		memcpy(l->local6, addr, sizeof(l->local6));
		l->has_local = true;
	} else if (!l->has6 && reachable6(addr)) {
		memcpy(l->addr6, addr, sizeof(l->addr6));
		l->has6 = true;
	}
}

static void keep(struct links *l, const struct ifaddrs *a, uint8_t any6[static 16])
{
	struct sockaddr_in6 v6;

	if (a->ifa_addr == NULL)
		return;
	if (a->ifa_addr->sa_family == AF_INET6) {
		memcpy(&v6, a->ifa_addr, sizeof(v6));
		if (any6[0] == 0 && reachable6(v6.sin6_addr.s6_addr))
			memcpy(any6, &v6.sin6_addr, 16);
	}
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->all[i].name, a->ifa_name) != 0)
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			keep4(&l->all[i], a->ifa_addr);
		else if (a->ifa_addr->sa_family == AF_INET6)
			keep6(&l->all[i], v6.sin6_addr.s6_addr);
	}
}

static void read_addresses(struct links *l)
{
	uint8_t any6[16] = { 0 };
	struct ifaddrs *all;

	if (getifaddrs(&all) != 0)
		return;
	for (size_t i = 0; i < l->count; i++) {
		l->all[i].has4 = l->all[i].fixed4;
		l->all[i].has6 = l->all[i].fixed6;
		l->all[i].has_local = false;
		l->all[i].count4 = 0;
	}
	for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next)
		keep(l, a, any6);
	freeifaddrs(all);
	/* A client's link often has no address but the link-local one. */
	for (size_t i = 0; any6[0] != 0 && i < l->count; i++)
		keep6(&l->all[i], any6);
}

bool links_tick(struct links *l)
{
	int64_t now;

	if (l->count == 0)
		return false;
	now = clock_now_ns();
	if (now < l->next_ns)
		return false;
	l->next_ns = now + look_ns;
	for (size_t i = 0; i < l->count; i++)
		l->all[i].index = if_nametoindex(l->all[i].name);
	for (size_t i = 0; i < UPSTREAMS_MAX; i++)
		l->multicast[i] = l->multicast_names[i][0] != '\0'
			? if_nametoindex(l->multicast_names[i]) : 0;
	read_addresses(l);
	return true;
}

const struct client_link *link_with_index(const struct links *l, uint32_t index)
{
	for (size_t i = 0; l != NULL && i < l->count; i++)
		if (l->all[i].index == index)
			return &l->all[i];
	return NULL;
}

const struct client_link *link_with_hash(const struct links *l, uint32_t hash)
{
	for (size_t i = 0; l != NULL && i < l->count; i++)
		if (l->all[i].hash == hash)
			return &l->all[i];
	return NULL;
}

static bool has_addr4(const struct client_link *l, const uint8_t addr[static 4])
{
	if (l->has4 && memcmp(l->addr4, addr, 4) == 0)
		return true;
	for (size_t i = 0; i < l->count4; i++)
		if (memcmp(l->all4[i], addr, 4) == 0)
			return true;
	return false;
}

const struct client_link *link_with_addr4(const struct links *l, const uint8_t addr[static 4])
{
	for (size_t i = 0; l != NULL && i < l->count; i++)
		if (has_addr4(&l->all[i], addr))
			return &l->all[i];
	return NULL;
}

const uint8_t *link_addr4_in(const struct client_link *l, const struct subnet *s)
{
	if (s->has_giaddr && has_addr4(l, s->giaddr))
		return s->giaddr;
	if (l->has4 && prefixes_hold(s->prefixes4, s->count4, l->addr4))
		return l->addr4;
	for (size_t i = 0; i < l->count4; i++)
		if (prefixes_hold(s->prefixes4, s->count4, l->all4[i]))
			return l->all4[i];
	return NULL;
}
