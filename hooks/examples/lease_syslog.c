/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lease_syslog: a line to syslog for each lease granted, given back, declined and expired.
 *
 *   { "library": ".../lease_syslog.so", "parameters": { "facility": "local3" } }
 *
 * The connection to syslog is made when it is loaded, so that it works in a sandbox as well.
 */
#include <usher/hooks.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

int version(void)
{
	return USHER_HOOKS_VERSION;
}

/* syslog(3) is. */
int multi_threading_compatible(void)
{
	return 1;
}

int load(struct usher_library *lib)
{
	static const struct {
		const char *name;
		int facility;
	} known[] = {
		{ "daemon", LOG_DAEMON }, { "user", LOG_USER }, { "local0", LOG_LOCAL0 },
		{ "local1", LOG_LOCAL1 }, { "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 },
		{ "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 }, { "local6", LOG_LOCAL6 },
		{ "local7", LOG_LOCAL7 },
	};
	const char *facility = usher_value_text(
		usher_value_get(usher_parameters(lib), "facility"), "daemon");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, facility) == 0) {
			openlog("usher-leases", LOG_NDELAY, known[i].facility);
			return 0;
		}
	usher_log(lib, USHER_ERROR, "expected a facility such as \"daemon\" or \"local3\", got \"%s\"",
		facility);
	return 1;
}

int unload(struct usher_library *lib)
{
	(void)lib;
	closelog();
	return 0;
}

static void say(const struct usher_lease *l, const char *what)
{
	const uint8_t *id = l->family == 4 ? l->hw : l->id;
	size_t len = l->family == 4 ? l->hw_len : l->id_len, n = 0;
	char addr[INET6_ADDRSTRLEN], who[300] = "";

	for (size_t i = 0; i < len && n + 4 < sizeof(who); i++)
		n += (size_t)snprintf(who + n, sizeof(who) - n, "%s%02x", i > 0 ? ":" : "", id[i]);
	inet_ntop(l->family == 4 ? AF_INET : AF_INET6, l->address, addr, sizeof(addr));
	if (l->valid > 0)
		syslog(LOG_INFO, "%s/%u %s %s for %u s%s", addr, l->prefix_len, what, who, l->valid,
			l->registered ? "" : ", not registered");
	else
		syslog(LOG_INFO, "%s/%u %s %s", addr, l->prefix_len, what, who);
}

static int committed(struct usher_callout *c, const char *granted, const char *deleted)
{
	struct usher_lease l = USHER_LEASE_INIT;

	for (size_t i = 0; usher_get_lease(c, granted, i, &l) == USHER_OK; i++)
		say(&l, "granted to");
	for (size_t i = 0; usher_get_lease(c, deleted, i, &l) == USHER_OK; i++)
		say(&l, "given back by");
	return 0;
}

int leases4_committed(struct usher_callout *c)
{
	return committed(c, "leases4", "deleted_leases4");
}

int leases6_committed(struct usher_callout *c)
{
	return committed(c, "leases6", "deleted_leases6");
}

static int expired(struct usher_callout *c, const char *name)
{
	struct usher_lease l = USHER_LEASE_INIT;

	if (usher_get_lease(c, name, 0, &l) == USHER_OK)
		say(&l, l.declined ? "usable again, once declined by" : "expired, of");
	return 0;
}

int lease4_expire(struct usher_callout *c)
{
	return expired(c, "lease4");
}

int lease6_expire(struct usher_callout *c)
{
	return expired(c, "lease6");
}
