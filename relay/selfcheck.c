/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where the kernel tells what: bridges in /sys/class/net, br_netfilter's switches and
 * conntrack's count in /proc/sys, sockets in /proc/net. A table of checks; each looks at its own
 * matter and says nothing if it does not apply. Sources of the findings: PROTOCOL 0.16 (first
 * packet lost on a bridge), E.1 (packet sockets are served before netfilter), E.16 (br_netfilter).
 */
#include "relay/selfcheck.h"

#include "relay/raw_server.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 512 };

static void say(const struct selfcheck *s, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(const struct selfcheck *s, enum log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->say(s->ctx, level, text);
}

/* The number in a file of /proc; -1 if there is none. */
static long number_in(const struct selfcheck *s, const char *file)
{
	char path[PATH_ROOM];
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", s->root, file);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	fclose(f);
	return value;
}

static bool exists(
	const struct selfcheck *s, const char *before, const char *name, const char *after)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s%s%s%s", s->root, before, name, after);
	return access(path, F_OK) == 0;
}

static bool any_bridged(const struct selfcheck *s, const struct names *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (exists(s, "/sys/class/net/", list->all[i], "/brport"))
			return true;
	return false;
}

static size_t entries_of(const char *path)
{
	struct dirent *e;
	size_t count = 0;
	DIR *d = opendir(path);

	while (d != NULL && (e = readdir(d)) != NULL)
		count += e->d_name[0] != '.';
	if (d != NULL)
		closedir(d);
	return count;
}

/* A bridge with one port forwards nothing; container hosts have many of those. */
static bool any_bridge(const struct selfcheck *s)
{
	char path[PATH_ROOM];
	bool found = false;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%s/sys/class/net", s->root);
	d = opendir(path);
	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/sys/class/net/%s/brif", s->root, e->d_name);
		found = e->d_name[0] != '.' && entries_of(path) >= 2;
	}
	if (d != NULL)
		closedir(d);
	return found;
}

/*
 * Whether usher stands on a bridge: its interfaces are ports of one, or none are named and one
 * exists.
 */
static bool on_bridge(const struct selfcheck *s)
{
	const struct config *c = s->config;

	if (c->client_interfaces.count + c->server_interfaces.count == 0)
		return any_bridge(s);
	return any_bridged(s, &c->client_interfaces) || any_bridged(s, &c->server_interfaces);
}

static void check_bridge(const struct selfcheck *s)
{
	static const char dir[] = "/proc/sys/net/bridge";

	if (!on_bridge(s) || ruleset_queues_frames(s->rules))
		return;
	if (!exists(s, dir, "", "")) {
		say(s, LEVEL_WARNING,
			"there is a bridge, but br_netfilter is not loaded: bridged DHCP does not "
			"reach the rules: modprobe br_netfilter");
		return;
	}
	if (number_in(s, "/proc/sys/net/bridge/bridge-nf-call-iptables") == 0)
		say(s, LEVEL_WARNING,
			"there is a bridge, but bridged DHCPv4 does not reach the rules: sysctl -w "
			"net.bridge.bridge-nf-call-iptables=1");
	if (exists(s, "/proc/net/if_inet6", "", "") &&
		number_in(s, "/proc/sys/net/bridge/bridge-nf-call-ip6tables") == 0)
		say(s, LEVEL_WARNING,
			"there is a bridge, but bridged DHCPv6 does not reach the rules: sysctl -w "
			"net.bridge.bridge-nf-call-ip6tables=1");
}

static void check_conntrack(const struct selfcheck *s)
{
	bool tracks = number_in(s, "/proc/sys/net/netfilter/nf_conntrack_count") > 0 ||
		ruleset_tracks(s->rules);

	if (!tracks || !on_bridge(s) || !ruleset_known(s->rules))
		return;
	if (number_in(s, "/proc/sys/net/bridge/bridge-nf-call-iptables") == 1 &&
		!ruleset_exempts(s->rules, 67))
		say(s, LEVEL_WARNING,
			"DHCPv4 is tracked by conntrack: on a bridge the first packet of each "
			"client is then lost: iptables -t raw -A PREROUTING -p udp --dport 67:68 "
			"-j CT --notrack");
	if (number_in(s, "/proc/sys/net/bridge/bridge-nf-call-ip6tables") == 1 &&
		!ruleset_exempts(s->rules, 547))
		say(s, LEVEL_WARNING,
			"DHCPv6 is tracked by conntrack: on a bridge the first packet of each "
			"client is then lost: ip6tables -t raw -A PREROUTING -p udp --dport "
			"546:547 -j CT --notrack");
}

static void check_rules(const struct selfcheck *s)
{
	int other = ruleset_any_queue(s->rules);
	char more[128] = "";

	if (other >= 0 && (other < s->config->queue_first || other > s->config->queue_last))
		snprintf(more, sizeof(more), "; there is one for queue %d, and \"queues\" of the "
			"config should be what usher-divert --queue was told", other);
	for (unsigned n = s->config->queue_first; n <= s->config->queue_last; n++)
		if (ruleset_known(s->rules) && !ruleset_feeds(s->rules, (uint16_t)n))
			say(s, LEVEL_WARNING,
				"no rule brings packets to queue %u yet: usher-divert "
				"writes them%s",
				n, more);
}

/* Whether a line of /proc/net/dev, which shows what this process may use, begins with the name. */
static bool has_interface(const char *devices, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = devices; line != NULL; line = strchr(line, '\n')) {
		line += strspn(line, "\n ");
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			return true;
	}
	return false;
}

static void check_list(
	const struct selfcheck *s, const char *devices, const char *key, const struct names *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!has_interface(devices, list->all[i]))
			say(s, LEVEL_WARNING,
				"%s: there is no interface \"%s\" here now: \"ip link\" lists "
				"what there is",
				key, list->all[i]);
}

static void check_interfaces(const struct selfcheck *s)
{
	char path[PATH_ROOM], *devices = NULL;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/net/dev", s->root);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (getdelim(&devices, &cap, '\0', f) > 0) {
		check_list(s, devices, "client_interfaces", &s->config->client_interfaces);
		check_list(s, devices, "server_interfaces", &s->config->server_interfaces);
	}
	free(devices);
	fclose(f);
}

static void check_raw_server(const struct selfcheck *s)
{
	char name[320];

	/* A relay agent has rules in INPUT too, and another thing to say. */
	if (s->config->mode == MODE_RELAY)
		return;
	for (unsigned n = s->config->queue_first; n <= s->config->queue_last; n++) {
		if (!ruleset_feeds_from_input(s->rules, (uint16_t)n) ||
			!raw_server_find(s->root, name, sizeof(name)))
			continue;
		say(s, LEVEL_WARNING,
			"%s reads DHCPv4 from a packet socket, before any rule in INPUT: it sees "
			"queries unchanged. Give it a network namespace of its own behind a "
			"bridge: usher-divert host-netns builds it",
			name);
		return;
	}
}

static void advise(const struct selfcheck *s)
{
	if (s->config->fail_open && s->config->mode == MODE_INLINE)
		say(s, LEVEL_INFO,
			"fail is open: when usher is stopped or its queue is full, clients get "
			"what the server itself chooses. Make the restricted subnet the server's "
			"own choice, or set \"fail\" to \"closed\" and write rules without "
			"--queue-bypass");
}

void selfcheck_run(const struct selfcheck *s)
{
	static void (*const checks[])(const struct selfcheck *) = {
		check_interfaces, check_bridge, check_conntrack, check_rules, check_raw_server,
		selfcheck_relay, advise,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](s);
}
