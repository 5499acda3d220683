/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides two caches. Indexes are turned into names by an ioctl each, once a second and index, and
 * the side follows from the name; so an interface that is renamed or replaced moves to its new side
 * by itself. Addresses come from getifaddrs(3), which allocates, and are asked for only while
 * packets arrive whose giaddr is looked at.
 */
#include "relay/interface.h"

#include "registry/clock.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SECOND = 1000000000,
};

static const int64_t names_ns = SECOND, addresses_ns = 5LL * SECOND;

void interfaces_init(struct interfaces *t)
{
	memset(t, 0, sizeof(*t));
	/* netdevice(7): any socket will do, and a sandbox may know only these. */
	t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	t->addresses_ns = -addresses_ns;
}

void interfaces_init_told(struct interfaces *t)
{
	memset(t, 0, sizeof(*t));
	t->fd = -1;
	t->told = true;
}

void interfaces_done(struct interfaces *t)
{
	if (t->fd >= 0)
		close(t->fd);
}

static bool is_in(const struct interface_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->names[i], name) == 0)
			return true;
	return false;
}

static enum side side_of_name(const struct interfaces *t, const char *name)
{
	if (is_in(&t->client, name))
		return SIDE_CLIENT;
	return is_in(&t->server, name) ? SIDE_SERVER : SIDE_UNKNOWN;
}

/* Names that we were told stay until others are told; only their sides are found out anew. */
static void forget(struct interfaces *t)
{
	if (!t->told) {
		t->table.count = 0;
		return;
	}
	for (size_t i = 0; i < t->table.count; i++)
		t->sides[i] = side_of_name(t, t->table.cache[i].name);
}

void interfaces_use(
	struct interfaces *t, struct interface_list client, struct interface_list server)
{
	t->client = client;
	t->server = server;
	forget(t);
}

void interfaces_tick(struct interfaces *t)
{
	int64_t now = clock_now_ns();

	if (now - t->names_ns < names_ns)
		return;
	t->names_ns = now;
	forget(t);
}

static size_t resolve(struct interfaces *t, uint32_t index)
{
	struct ifreq req = { .ifr_ifindex = (int)index };
	struct interface_entry *e;
	size_t i;

	if (t->table.count == INTERFACE_CACHE)
		t->table.count = 0;
	i = t->table.count++;
	e = &t->table.cache[i];
	*e = (struct interface_entry){ .index = index };
	if (t->fd >= 0 && ioctl(t->fd, SIOCGIFNAME, &req) == 0)
		memcpy(e->name, req.ifr_name, strnlen(req.ifr_name, sizeof(e->name) - 1));
	t->sides[i] = side_of_name(t, e->name);
	t->table.version++;
	return i;
}

static size_t find(struct interfaces *t, uint32_t index)
{
	for (size_t i = 0; i < t->table.count; i++)
		if (t->table.cache[i].index == index)
			return i;
	return resolve(t, index);
}

bool interfaces_learn(struct interfaces *t, const struct slot *s, bool keep)
{
	const uint32_t all[] = { s->indev, s->physindev, s->outdev, s->physoutdev };

	if (t->table.count + sizeof(all) / sizeof(all[0]) > INTERFACE_CACHE) {
		if (keep)
			return false;
		t->table.count = 0;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] != 0)
			find(t, all[i]);
	return true;
}

void interface_table_copy(struct interface_table *to, const struct interface_table *from)
{
	if (to->version == from->version)
		return;
	to->count = from->count;
	memcpy(to->cache, from->cache, from->count * sizeof(from->cache[0]));
	to->address_count = from->address_count;
	memcpy(to->address_len, from->address_len, sizeof(to->address_len));
	memcpy(to->addresses, from->addresses, sizeof(to->addresses));
	to->version = from->version;
}

void interfaces_adopt(struct interfaces *t, const struct interface_table *from)
{
	if (t->table.version == from->version)
		return;
	interface_table_copy(&t->table, from);
	forget(t);
}

enum side interfaces_side(struct interfaces *t, const struct slot *s, const char **ret_name)
{
	uint32_t out = s->physoutdev != 0 ? s->physoutdev : s->outdev;
	uint32_t in = s->physindev != 0 ? s->physindev : s->indev;
	size_t i;

	*ret_name = "";
	if (in == 0 && s->hook == HOOK_LOCAL_OUT && out != 0) {
		*ret_name = t->table.cache[find(t, out)].name;
		return SIDE_SERVER;
	}
	if (in == 0)
		return SIDE_UNKNOWN;
	i = find(t, in);
	*ret_name = t->table.cache[i].name;
	if (t->sides[i] != SIDE_UNKNOWN || s->indev == 0 || s->indev == in)
		return t->sides[i];
	return t->sides[find(t, s->indev)];
}

static void keep(struct interface_table *t, const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	uint8_t *to;

	if (sa == NULL || t->address_count == INTERFACE_ADDRESSES)
		return;
	to = t->addresses[t->address_count];
	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		memcpy(to, &v4.sin_addr, 4);
		t->address_len[t->address_count++] = 4;
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		memcpy(to, &v6.sin6_addr, 16);
		t->address_len[t->address_count++] = 16;
	}
}

void interfaces_learn_addresses(struct interfaces *t)
{
	int64_t now = clock_now_ns();
	struct ifaddrs *all;

	if (now - t->addresses_ns < addresses_ns || getifaddrs(&all) != 0)
		return;
	t->addresses_ns = now;
	t->table.address_count = 0;
	t->table.version++;
	for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next)
		keep(&t->table, a->ifa_addr);
	freeifaddrs(all);
}

bool interfaces_own(struct interfaces *t, const uint8_t *addr, size_t len)
{
	const struct interface_table *known = &t->table;

	if (!t->told)
		interfaces_learn_addresses(t);
	for (size_t i = 0; i < known->address_count; i++)
		if (known->address_len[i] == len && memcmp(known->addresses[i], addr, len) == 0)
			return true;
	return false;
}
