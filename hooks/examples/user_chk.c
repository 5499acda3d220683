/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * user_chk: Kea's library of that name over again, as a library of usher's, to show that the interface
 * suffices. Clients that are not registered get the last subnet; the attributes bootfile and
 * tftp_server of a user, or of the default user, go into the answer; a record of each answer goes into
 * a file. The registry is usher's: look-ups are not done again. Use it with "rules": [ { "subnet":
 * "server" } ] and an empty "outcome.file", else usher does it all as well.
 *
 *   { "library": ".../user_chk.so", "parameters": { "outcome": "/var/log/usher/user_chk.txt" } }
 */
#include <usher/hooks.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DHCPNAK = 6, BOOT_FILE = 67, TFTP_SERVER = 66, CABLELABS = 4491 };

struct user_chk {
	int outcome;             /* -1: no records */
};

int version(void)
{
	return USHER_HOOKS_VERSION;
}

/* A record is one write, whoever else appends. */
int multi_threading_compatible(void)
{
	return 1;
}

int load(struct usher_library *lib)
{
	const char *path = usher_value_text(usher_value_get(usher_parameters(lib), "outcome"), NULL);
	struct user_chk *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return 1;
	usher_set_data(lib, u);
	u->outcome = -1;
	if (path == NULL)
		return 0;
	u->outcome = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (u->outcome < 0)
		usher_log(lib, USHER_ERROR, "%s cannot be opened", path);
	return u->outcome < 0;
}

int unload(struct usher_library *lib)
{
	struct user_chk *u = usher_data(lib);

	if (u != NULL && u->outcome >= 0)
		close(u->outcome);
	free(u);
	return 0;
}

/* USER_CHK 3.2: the last subnet of the collection for who is not registered. */
static int select_subnet(struct usher_callout *c, const char *query, const char *subnet,
	const char *collection)
{
	const char *name, *last = NULL;

	if (usher_get_step(c) != USHER_CONTINUE || usher_registered(usher_get_packet(c, query)))
		return 0;
	for (size_t i = 0; usher_get_text(c, collection, i, &name) == USHER_OK; i++)
		last = name;
	return last != NULL ? usher_set_text(c, subnet, last) : 0;
}

int subnet4_select(struct usher_callout *c)
{
	return select_subnet(c, "query4", "subnet4", "subnet4collection");
}

int subnet6_select(struct usher_callout *c)
{
	return select_subnet(c, "query6", "subnet6", "subnet6collection");
}

static void put_hex(char *to, size_t cap, const uint8_t *bytes, size_t len)
{
	size_t n = 0;

	to[0] = '\0';
	for (size_t i = 0; i < len && n + 4 < cap; i++)
		n += (size_t)snprintf(to + n, cap - n, "%s%02x", i > 0 ? ":" : "", bytes[i]);
}

static int record(const struct user_chk *u, struct usher_packet *p, const struct usher_lease *l)
{
	char id[512], addr[INET6_ADDRSTRLEN], head[32] = "", prefix[8] = "", text[1024];
	int n;

	if (u->outcome < 0)
		return 0;
	put_hex(id, sizeof(id), l->family == 4 ? l->hw : l->id, l->family == 4 ? l->hw_len : l->id_len);
	inet_ntop(l->family == 4 ? AF_INET : AF_INET6, l->address, addr, sizeof(addr));
	if (l->family == 4)
		snprintf(head, sizeof(head), "hwtype=%u ", l->hw_type);
	if (l->is_prefix)
		snprintf(prefix, sizeof(prefix), "/%u", l->prefix_len);
	n = snprintf(text, sizeof(text), "id_type=%s\nclient=%s%s\naddr=%s%s\nregistered=%s\n\n",
		l->family == 4 ? "HW_ADDR" : "DUID", head, id, addr, prefix,
		usher_registered(p) ? "yes" : "no");
	return write(u->outcome, text, (size_t)n) == n ? 0 : 1;
}

/* The attribute of the user, or of the default user for who is none (USER_CHK 1.6: no merging). */
static bool attribute(struct usher_packet *p, const char *name, const uint8_t **val, size_t *len)
{
	const char *text;
	int rc = usher_registered(p) ? usher_attribute(p, name, &text, len)
				     : usher_default_attribute(p, name, &text, len);

	*val = (const uint8_t *)text;
	return rc == USHER_OK && *len > 0;
}

/* No room is no reason to withhold an answer. */
static int settle(int rc)
{
	return rc == USHER_E_NO_SPACE || rc == USHER_E_READ_ONLY ? 0 : rc;
}

int pkt4_send(struct usher_callout *c)
{
	const struct user_chk *u = usher_data(usher_library_of(c));
	struct usher_packet *p = usher_get_packet(c, "response4");
	struct usher_lease l = USHER_LEASE_INIT;
	const uint8_t *val;
	size_t len;
	int rc = 0;

	if (usher_get_step(c) != USHER_CONTINUE || usher_type(p) == DHCPNAK)
		return 0;
	if (usher_packet_lease(p, 0, &l) == USHER_OK)
		rc = record(u, p, &l);
	if (attribute(p, "bootfile", &val, &len)) {
		rc |= settle(usher_set_option(p, BOOT_FILE, val, len));
		if (len <= 128)
			rc |= settle(usher_set_field(p, USHER_FILE, val, len));
	}
	if (attribute(p, "tftp_server", &val, &len))
		rc |= settle(usher_set_option(p, TFTP_SERVER, val, len));
	return rc;
}

int pkt6_send(struct usher_callout *c)
{
	const struct user_chk *u = usher_data(usher_library_of(c));
	struct usher_packet *p = usher_get_packet(c, "response6");
	struct usher_lease l = USHER_LEASE_INIT;
	const uint8_t *val;
	size_t len;
	int rc = 0;

	if (usher_get_step(c) != USHER_CONTINUE || usher_packet_lease(p, 0, &l) != USHER_OK)
		return 0;
	rc = record(u, p, &l);
	if (attribute(p, "bootfile", &val, &len))
		rc |= settle(usher_set_vendor(p, CABLELABS, 33, val, len));
	if (attribute(p, "tftp_server", &val, &len))
		rc |= settle(usher_set_vendor(p, CABLELABS, 32, val, len));
	return rc;
}
