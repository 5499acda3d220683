/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides two caches. Indexes are turned into names by an ioctl each, once a second and index, and
 * the side follows from the name; so an interface that is renamed or replaced moves to its new side
 * by itself. Addresses come from getifaddrs(3), which allocates, and are asked for only while
 * packets arrive whose giaddr is looked at.
 */
#include "relay/interface.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	SECOND = 1000000000,
	LOCAL_OUT = 3,           /* NF_INET_LOCAL_OUT */
};

static const int64_t names_ns = SECOND, addresses_ns = 5LL * SECOND;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec;
}

void interfaces_init(struct interfaces *t)
{
	memset(t, 0, sizeof(*t));
	/* netdevice(7): any socket will do, and a sandbox may know only these. */
	t->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	t->addresses_ns = -addresses_ns;
}

void interfaces_done(struct interfaces *t)
{
	if (t->fd >= 0)
		close(t->fd);
}

void interfaces_use(
	struct interfaces *t, struct interface_list client, struct interface_list server)
{
	t->client = client;
	t->server = server;
	t->count = 0;
}

void interfaces_tick(struct interfaces *t)
{
	int64_t now = now_ns();

	if (now - t->names_ns < names_ns)
		return;
	t->names_ns = now;
	t->count = 0;
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

static struct interface_entry *resolve(struct interfaces *t, uint32_t index)
{
	struct interface_entry *e =
		&t->cache[t->count < INTERFACE_CACHE ? t->count++ : t->oldest++];
	struct ifreq req = { .ifr_ifindex = (int)index };

	t->oldest %= INTERFACE_CACHE;
	*e = (struct interface_entry){ .index = index };
	if (t->fd >= 0 && ioctl(t->fd, SIOCGIFNAME, &req) == 0)
		memcpy(e->name, req.ifr_name, strnlen(req.ifr_name, sizeof(e->name) - 1));
	e->side = side_of_name(t, e->name);
	return e;
}

static const struct interface_entry *find(struct interfaces *t, uint32_t index)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->cache[i].index == index)
			return &t->cache[i];
	return resolve(t, index);
}

enum side interfaces_side(struct interfaces *t, const struct slot *s, const char **ret_name)
{
	uint32_t out = s->physoutdev != 0 ? s->physoutdev : s->outdev;
	uint32_t in = s->physindev != 0 ? s->physindev : s->indev;
	const struct interface_entry *e;

	*ret_name = "";
	if (in == 0 && s->hook == LOCAL_OUT && out != 0) {
		*ret_name = find(t, out)->name;
		return SIDE_SERVER;
	}
	if (in == 0)
		return SIDE_UNKNOWN;
	e = find(t, in);
	*ret_name = e->name;
	if (e->side != SIDE_UNKNOWN || s->indev == 0 || s->indev == in)
		return e->side;
	return side_of_name(t, find(t, s->indev)->name);
}

static void keep(struct interfaces *t, const struct sockaddr *sa)
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

static void read_addresses(struct interfaces *t)
{
	int64_t now = now_ns();
	struct ifaddrs *all;

	if (now - t->addresses_ns < addresses_ns || getifaddrs(&all) != 0)
		return;
	t->addresses_ns = now;
	t->address_count = 0;
	for (const struct ifaddrs *a = all; a != NULL; a = a->ifa_next)
		keep(t, a->ifa_addr);
	freeifaddrs(all);
}

bool interfaces_own(struct interfaces *t, const uint8_t *addr, size_t len)
{
	read_addresses(t);
	for (size_t i = 0; i < t->address_count; i++)
		if (t->address_len[i] == len && memcmp(t->addresses[i], addr, len) == 0)
			return true;
	return false;
}
