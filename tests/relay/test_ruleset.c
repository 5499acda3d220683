/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules as the programs print them, and the answers that the checks go by. */
#include "relay/ruleset.h"

#include "tests/relay/netns.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct ruleset of(const char *iptables, const char *ip6tables, const char *nft)
{
	return (struct ruleset){ iptables != NULL ? strdup(iptables) : NULL,
		ip6tables != NULL ? strdup(ip6tables) : NULL, nft != NULL ? strdup(nft) : NULL };
}

/* Whether a ruleset of that one line of iptables, ip6tables or nft feeds the queue. */
static bool feeds(const char *line, int where, uint16_t queue)
{
	struct ruleset r = of(where == 0 ? line : NULL, where == 1 ? line : NULL,
		where == 2 ? line : NULL);
	bool yes = ruleset_feeds(&r, queue);

	ruleset_done(&r);
	return yes;
}

Test(ruleset, feeds)
{
	static const char num[] = "-A FORWARD -p udp -m udp --dport 67 -j NFQUEUE --queue-num 67 "
		"--queue-bypass\n";
	static const char balance[] = "-A FORWARD -j NFQUEUE --queue-balance 67:70\n";
	static const char *const nft[] = { "\tudp dport 67 queue flags bypass to 67-70\n",
		"\tudp dport 67 queue to 67-70\n", "\tudp dport 67 queue num 67-70 bypass\n" };

	for (int where = 0; where < 2; where++) {
		cr_assert(feeds(num, where, 67));
		cr_assert_not(feeds(num, where, 6));
		cr_assert_not(feeds(num, where, 68));
		cr_assert_not(feeds(num, where, 670));
		for (uint16_t n = 65; n < 73; n++)
			cr_assert_eq(feeds(balance, where, n), n >= 67 && n <= 70, "%u", n);
	}
	for (size_t i = 0; i < 3; i++)
		for (uint16_t n = 65; n < 73; n++)
			cr_assert_eq(feeds(nft[i], 2, n), n >= 67 && n <= 70, "%zu %u", i, n);
	cr_assert_not(feeds("", 0, 0));
	cr_assert_not(feeds("-A FORWARD --queue-num ", 0, 0));
}

Test(ruleset, feeds_from_input)
{
	struct ruleset r = of(
		"-A FORWARD -j NFQUEUE --queue-num 67\n-A INPUT -j NFQUEUE --queue-num 68\n"
		"-A USHER-INPUT -j NFQUEUE --queue-num 69\n",
		"-A INPUT -j NFQUEUE --queue-num 72\n",
		"table ip x {\n\tchain a {\n\t\ttype filter hook input priority 0;\n\t\tqueue to "
		"70\n\t}\n"
		"\tchain b {\n\t\ttype filter hook forward priority 0;\n\t\tqueue to 71\n\t}\n}\n");

	cr_assert_not(ruleset_feeds_from_input(&r, 67));
	cr_assert(ruleset_feeds_from_input(&r, 68));
	cr_assert(ruleset_feeds_from_input(&r, 69));
	cr_assert(ruleset_feeds_from_input(&r, 70));
	cr_assert_not(ruleset_feeds_from_input(&r, 71));
	/* DHCPv6 is of no interest to whoever looks for servers with packet sockets. */
	cr_assert_not(ruleset_feeds_from_input(&r, 72));
	ruleset_done(&r);
}

Test(ruleset, frames_queued_by_nftables)
{
	struct ruleset r = of(NULL, NULL, "table ip x {\n\t\tudp dport 67 queue to 67\n}\n");

	cr_assert_not(ruleset_queues_frames(&r));
	ruleset_done(&r);
	r = of(NULL, NULL, "table bridge x {\n\t\tudp dport 67 queue to 67\n}\n");
	cr_assert(ruleset_queues_frames(&r));
	ruleset_done(&r);
}

static const struct {
	const char *line;
	bool tracks, exempts4;
} lines[] = {
	{ "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n", true, false },
	{ "-A INPUT -m state --state NEW -j ACCEPT\n", true, false },
	{ "-A POSTROUTING -o eth0 -j MASQUERADE\n", true, false },
	{ "-A INPUT -p udp --dport 67 -j ACCEPT\n", false, false },
	{ "-A PREROUTING -p udp -m udp --dport 67:68 -j CT --notrack\n", false, true },
	{ "-A PREROUTING -p udp -m udp --dport 67 -j CT --notrack\n", false, true },
	{ "-A PREROUTING -p udp -m multiport --dports 67,68 -j CT --notrack\n", false, true },
	{ "-A PREROUTING -j NOTRACK\n", false, true },
	{ "-A PREROUTING -p udp --dport 68 -j CT --notrack\n", false, false },
	{ "-A PREROUTING -p udp --dport 670 -j CT --notrack\n", false, false },
	{ "-A PREROUTING -p udp --dport 53 -j CT --notrack\n", false, false },
};

Test(ruleset, tracking_and_exemptions)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct ruleset r = of(lines[i].line, NULL, NULL);

		cr_assert_eq(ruleset_tracks(&r), lines[i].tracks, "%s", lines[i].line);
		cr_assert_eq(ruleset_exempts(&r, 67), lines[i].exempts4, "%s", lines[i].line);
		cr_assert_not(ruleset_exempts(&r, 547));
		ruleset_done(&r);
	}
}

Test(ruleset, exemptions_by_family)
{
	struct ruleset r = of(NULL, "-A PREROUTING -p udp --dport 546:547 -j CT --notrack\n", NULL);

	cr_assert(ruleset_exempts(&r, 547));
	cr_assert_not(ruleset_exempts(&r, 67));
	cr_assert_not(ruleset_known(&r));
	ruleset_done(&r);
	r = of(NULL, NULL, "\t\tudp dport { 67, 68, 546, 547 } notrack\n");
	cr_assert(ruleset_exempts(&r, 67));
	cr_assert(ruleset_exempts(&r, 547));
	cr_assert(ruleset_known(&r));
	ruleset_done(&r);
}

Test(ruleset, any_queue)
{
	struct ruleset r = of("-A FORWARD -j ACCEPT\n-A X -j NFQUEUE --queue-balance 5:7\n", NULL, NULL);

	cr_expect_eq(ruleset_any_queue(&r), 5);
	ruleset_done(&r);
	r = of("-A FORWARD -j ACCEPT\n", NULL, "\t\tudp dport 67 queue flags bypass to 67-70\n");
	cr_expect_eq(ruleset_any_queue(&r), 67);
	ruleset_done(&r);
	r = of("-A FORWARD -j ACCEPT\n", NULL, NULL);
	cr_expect_eq(ruleset_any_queue(&r), -1);
	ruleset_done(&r);
}

Test(ruleset, of_the_kernel, .timeout = 30)
{
	struct ruleset r;

	netns_enter();
	netns_divert(6767, 4067, "");
	ruleset_read(&r);
	cr_assert(ruleset_known(&r));
	cr_assert(ruleset_feeds(&r, 4067));
	cr_assert_not(ruleset_feeds(&r, 4068));
	ruleset_done(&r);
}
