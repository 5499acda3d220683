/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A callout at every hook point that writes a line into a file: the point, and each argument with
 * what it says. With "parameters": { "file": PATH, "steps": { POINT: "skip" or "drop" } }.
 */
#include "usher/hooks.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line {
	char text[4096];
	size_t len;
};

static void put(struct line *l, const char *text)
{
	size_t n = strlen(text);

	if (n < sizeof(l->text) - l->len) {
		memcpy(l->text + l->len, text, n + 1);
		l->len += n;
	}
}

static void put_lease(struct line *l, const struct usher_lease *lease)
{
	char addr[INET6_ADDRSTRLEN], text[128];

	inet_ntop(lease->family == 6 ? AF_INET6 : AF_INET, lease->address, addr, sizeof(addr));
	snprintf(text, sizeof(text), "%s%s%s%s", addr, lease->is_prefix ? "/pd" : "",
		lease->valid > 0 ? ":valid" : "", lease->declined ? ":declined" : "");
	put(l, text);
}

static void put_packet(struct line *l, struct usher_packet *p)
{
	char text[64];

	snprintf(text, sizeof(text), "type%u%s", usher_type(p), usher_registered(p) ? ":known" : "");
	put(l, text);
}

static void put_argument(struct line *l, struct usher_callout *c, const char *name)
{
	struct usher_lease lease = USHER_LEASE_INIT;
	struct usher_packet *p = usher_get_packet(c, name);
	const char *text;
	bool truth;

	put(l, " ");
	put(l, name);
	put(l, "=");
	if (p != NULL)
		put_packet(l, p);
	else if (usher_get_bool(c, name, &truth) == USHER_OK)
		put(l, truth ? "true" : "false");
	for (size_t i = 0; usher_get_text(c, name, i, &text) == USHER_OK; i++) {
		put(l, i > 0 ? "," : "");
		put(l, text);
	}
	for (size_t i = 0; usher_get_lease(c, name, i, &lease) == USHER_OK; i++) {
		put(l, i > 0 ? "," : "");
		put_lease(l, &lease);
	}
}

static int note(struct usher_callout *c)
{
	int fd = *(int *)usher_data(usher_library_of(c));
	struct line l = { .len = 0 };
	const char *name, *step = usher_value_text(usher_value_get(usher_value_get(
		usher_parameters(usher_library_of(c)), "steps"), usher_point(c)), "");

	if (step[0] != '\0')
		usher_set_step(c, strcmp(step, "skip") == 0 ? USHER_SKIP : USHER_DROP);
	put(&l, usher_point(c));
	for (size_t i = 0; (name = usher_argument(c, i)) != NULL; i++)
		put_argument(&l, c, name);
	put(&l, "\n");
	return write(fd, l.text, l.len) == (ssize_t)l.len ? 0 : 1;
}

int version(void)
{
	return USHER_HOOKS_VERSION;
}

int multi_threading_compatible(void)
{
	return 1;
}

int load(struct usher_library *lib)
{
	const char *path = usher_value_text(
		usher_value_get(usher_parameters(lib), "file"), "/tmp/usher-hooks.log");
	int *fd = malloc(sizeof(*fd));

	if (fd == NULL)
		return 1;
	*fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	usher_set_data(lib, fd);
	return *fd < 0;
}

int unload(struct usher_library *lib)
{
	int *fd = usher_data(lib);

	if (fd != NULL)
		close(*fd);
	free(fd);
	return 0;
}

#define POINT(name) \
	int name(struct usher_callout *c) \
	{ \
		return note(c); \
	}

POINT(buffer4_receive)
POINT(pkt4_receive)
POINT(subnet4_select)
POINT(lease4_select)
POINT(lease4_renew)
POINT(lease4_release)
POINT(lease4_decline)
POINT(leases4_committed)
POINT(pkt4_send)
POINT(buffer4_send)
POINT(lease4_expire)
POINT(lease4_recover)
POINT(buffer6_receive)
POINT(pkt6_receive)
POINT(subnet6_select)
POINT(lease6_select)
POINT(lease6_renew)
POINT(lease6_rebind)
POINT(lease6_release)
POINT(lease6_decline)
POINT(leases6_committed)
POINT(pkt6_send)
POINT(buffer6_send)
POINT(lease6_expire)
POINT(lease6_recover)
