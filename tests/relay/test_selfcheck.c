/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Made-up surroundings in a directory, and what is said of them: exactly the findings that apply.
 */
#include "relay/selfcheck.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/usher-root-XXXXXX", said[8192];
static const char *ports[] = { "c0", NULL };
static struct config config;
static struct ruleset rules;

static const char fed[] = "-A FORWARD -j NFQUEUE --queue-num 67\n";
static const char fed_and_exempt[] = "-A FORWARD -j NFQUEUE --queue-num 67\n"
	"-A PREROUTING -p udp --dport 67:68 -j CT --notrack\n";
static const char exempt6[] = "-A PREROUTING -p udp --dport 546:547 -j CT --notrack\n";

static void setup(void)
{
	cr_assert_not_null(mkdtemp(root));
	config = (struct config){ .queue_first = 67, .queue_last = 67 };
	rules = (struct ruleset){ strdup(fed), strdup(""), NULL };
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static void teardown(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	ruleset_done(&rules);
}

TestSuite(selfcheck, .init = setup, .fini = teardown);

/* Writes text to a file under root, with all directories above it. */
static void put(const char *file, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, file);
	for (char *c = path + strlen(root) + 1; (c = strchr(c, '/')) != NULL; c++) {
		*c = '\0';
		mkdir(path, 0700);
		*c = '/';
	}
	f = fopen(path, "w");
	cr_assert_not_null(f, "%s", path);
	fputs(text, f);
	fclose(f);
}

static void set_rules(const char *iptables, const char *ip6tables)
{
	ruleset_done(&rules);
	rules = (struct ruleset){ strdup(iptables), strdup(ip6tables), NULL };
}

static void note(void *ctx, enum log_level level, const char *text)
{
	(void)ctx;
	strcat(said, level == LEVEL_WARNING ? "W " : "I ");
	strcat(said, text);
	strcat(said, "\n");
}

static void check(void)
{
	struct selfcheck s = { .config = &config, .rules = &rules, .root = root, .say = note };

	said[0] = '\0';
	selfcheck_run(&s);
}

static size_t findings(void)
{
	size_t n = 0;

	check();
	for (const char *c = said; (c = strchr(c, '\n')) != NULL; c++)
		n++;
	return n;
}

static void bridge(const char *call4, const char *call6)
{
	put("/sys/class/net/br0/brif/c0/x", "");
	put("/sys/class/net/br0/brif/s0/x", "");
	put("/sys/class/net/c0/brport/x", "");
	put("/proc/sys/net/bridge/bridge-nf-call-iptables", call4);
	put("/proc/sys/net/bridge/bridge-nf-call-ip6tables", call6);
	put("/proc/net/if_inet6", "");
}

Test(selfcheck, nothing_the_matter)
{
	cr_assert_eq(findings(), 0, "%s", said);
	bridge("1\n", "1\n");
	cr_assert_eq(findings(), 0, "%s", said);
}

Test(selfcheck, advice_while_failing_open)
{
	config.fail_open = true;
	cr_assert_eq(findings(), 1);
	cr_assert_not_null(strstr(said, "I fail is open"));
}

Test(selfcheck, bridge_without_br_netfilter)
{
	put("/sys/class/net/br0/brif/c0/x", "");
	cr_assert_eq(findings(), 0, "a bridge of one port: %s", said);
	put("/sys/class/net/br0/brif/s0/x", "");
	cr_assert_eq(findings(), 1, "%s", said);
	cr_assert_not_null(strstr(said, "modprobe br_netfilter"));
	config.client_interfaces = (struct names){ ports, 1 };
	cr_assert_eq(findings(), 0, "c0 is no port of it: %s", said);
	put("/sys/class/net/c0/brport/x", "");
	cr_assert_eq(findings(), 1, "%s", said);
	rules.nft = strdup("table bridge x {\n udp dport 67 queue to 67\n}\n");
	cr_assert_eq(findings(), 0, "frames are queued by nftables: %s", said);
}

Test(selfcheck, interfaces_that_are_not_there)
{
	static const char *named[] = { "c0", "c" };

	config.client_interfaces = (struct names){ named, 2 };
	config.server_interfaces = (struct names){ named + 1, 1 };
	cr_assert_eq(findings(), 0, "nothing is known: %s", said);
	put("/proc/net/dev", "Inter-|   Receive\n face |bytes\n    lo: 1 2\n   c0: 3 4\n");
	cr_assert_eq(findings(), 2, "%s", said);
	cr_assert_not_null(strstr(said, "W client_interfaces: there is no interface \"c\" here now"));
	cr_assert_not_null(strstr(said, "W server_interfaces: there is no interface \"c\" here now"));
	put("/proc/net/dev", "  c:1\n c0:2\n");
	cr_assert_eq(findings(), 0, "%s", said);
}

Test(selfcheck, bridge_switches)
{
	bridge("0\n", "1\n");
	cr_assert_eq(findings(), 1, "%s", said);
	cr_assert_not_null(strstr(said, "bridge-nf-call-iptables=1"));
	bridge("0\n", "0\n");
	cr_assert_eq(findings(), 2, "%s", said);
	cr_assert_not_null(strstr(said, "bridge-nf-call-ip6tables=1"));
}

Test(selfcheck, conntrack_on_a_bridge)
{
	put("/proc/sys/net/netfilter/nf_conntrack_count", "12\n");
	cr_assert_eq(findings(), 0, "no bridge: %s", said);
	bridge("1\n", "1\n");
	cr_assert_eq(findings(), 2, "%s", said);
	cr_assert_not_null(strstr(said, "--dport 67:68 -j CT --notrack"));
	cr_assert_not_null(strstr(said, "--dport 546:547 -j CT --notrack"));
	set_rules(fed_and_exempt, "");
	cr_assert_eq(findings(), 1, "%s", said);
	set_rules(fed_and_exempt, exempt6);
	cr_assert_eq(findings(), 0, "%s", said);
	put("/proc/sys/net/netfilter/nf_conntrack_count", "0\n");
	set_rules(fed, "");
	cr_assert_eq(findings(), 0, "conntrack is idle: %s", said);
	set_rules(
		"-A FORWARD -j NFQUEUE --queue-num 67\n-A INPUT -m conntrack --ctstate NEW\n", "");
	cr_assert_eq(findings(), 2, "a rule switches it on: %s", said);
}

Test(selfcheck, queues_without_rules)
{
	config.queue_last = 69;
	cr_assert_eq(findings(), 2, "%s", said);
	cr_assert_not_null(strstr(said, "queue 68"));
	cr_assert_not_null(strstr(said, "queue 69"));
	ruleset_done(&rules);
	rules = (struct ruleset){ NULL, NULL, NULL };
	cr_assert_eq(findings(), 0, "rules that cannot be read are not missing: %s", said);
}

Test(selfcheck, server_with_a_packet_socket)
{
	char path[256];

	put("/proc/net/packet", "sk RefCnt Type Proto Iface R Rmem User Inode\n"
		"ffff 3 3 0800 2 1 0 0 1001\n");
	put("/proc/net/udp",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt uid\n"
		"  1: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 "
		"1002 2 0 0\n");
	put("/proc/77/comm", "dhcpd\n");
	put("/proc/77/fd/x", "");
	snprintf(path, sizeof(path), "%s/proc/77/fd/5", root);
	cr_assert_eq(symlink("socket:[1001]", path), 0);
	snprintf(path, sizeof(path), "%s/proc/77/fd/6", root);
	cr_assert_eq(symlink("socket:[1002]", path), 0);
	cr_assert_eq(findings(), 0, "the rules are in FORWARD: %s", said);
	set_rules("-A INPUT -j NFQUEUE --queue-num 67\n", "");
	cr_assert_eq(findings(), 1, "%s", said);
	cr_assert_not_null(strstr(said, "dhcpd (pid 77)"));
}
