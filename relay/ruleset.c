/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides three programs and how their output looks. A rule is a line; what is asked of it is whether
 * it holds certain words, with numbers compared as numbers. It is not an interpreter of rules: a
 * rule that can never match counts like any other, so the answers err on the side of silence.
 */
#include "relay/ruleset.h"

#include "relay/run_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ruleset_read(struct ruleset *r)
{
	r->iptables = run_program((char *[]){ "iptables-save", NULL });
	r->ip6tables = run_program((char *[]){ "ip6tables-save", NULL });
	r->nft = run_program((char *[]){ "nft", "list", "ruleset", NULL });
}

void ruleset_done(struct ruleset *r)
{
	free(r->iptables);
	free(r->ip6tables);
	free(r->nft);
}

bool ruleset_known(const struct ruleset *r)
{
	return r->iptables != NULL || r->nft != NULL;
}

/* Copies the next line of *text into line[cap]; false at the end. What is too long is cut. */
static bool next_line(const char **text, char *line, size_t cap)
{
	size_t n;

	if (*text == NULL || **text == '\0')
		return false;
	n = strcspn(*text, "\n");
	snprintf(line, cap, "%.*s", (int)(n < cap ? n : cap - 1), *text);
	*text += n + ((*text)[n] == '\n');
	return true;
}

/* Whether the number, or the range first:last or first-last, behind the words holds n. */
static bool number_after(const char *line, const char *words, uint16_t n)
{
	const char *at = strstr(line, words);
	unsigned first, last;
	char dash;

	if (at == NULL)
		return false;
	at += strlen(words);
	if (sscanf(at, "%u%c%u", &first, &dash, &last) == 3 && (dash == ':' || dash == '-'))
		return first <= n && n <= last;
	return sscanf(at, "%u", &first) == 1 && first == n;
}

static const char *const queue_words[] = { "--queue-num ", "--queue-balance ", "queue num ",
	"queue to ", "queue flags bypass to ", "queue flags fanout to ",
	"queue flags bypass,fanout to " };

enum { QUEUE_WORDS = sizeof(queue_words) / sizeof(queue_words[0]) };

static bool queues_to(const char *line, uint16_t queue)
{
	for (size_t i = 0; i < QUEUE_WORDS; i++)
		if (number_after(line, queue_words[i], queue))
			return true;
	return false;
}

static int first_queue(const char *text)
{
	char line[1024];
	int number;

	while (next_line(&text, line, sizeof(line)))
		for (size_t i = 0; i < QUEUE_WORDS; i++) {
			const char *at = strstr(line, queue_words[i]);

			if (at != NULL && sscanf(at + strlen(queue_words[i]), "%d", &number) == 1)
				return number;
		}
	return -1;
}

int ruleset_any_queue(const struct ruleset *r)
{
	const char *const texts[] = { r->iptables, r->ip6tables, r->nft };
	int number = -1;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && number < 0; i++)
		number = first_queue(texts[i]);
	return number;
}

static bool any_feeds(const char *text, uint16_t queue)
{
	char line[1024];

	while (next_line(&text, line, sizeof(line)))
		if (queues_to(line, queue))
			return true;
	return false;
}

bool ruleset_feeds(const struct ruleset *r, uint16_t queue)
{
	return any_feeds(r->iptables, queue) || any_feeds(r->ip6tables, queue) ||
		any_feeds(r->nft, queue);
}

/* "-A INPUT ...", or a chain of somebody's that is called after the hook. */
static bool any_feeds_from_input(const char *text, uint16_t queue)
{
	char line[1024], chain[64];

	while (next_line(&text, line, sizeof(line)))
		if (sscanf(line, "-A %63s", chain) == 1 && strstr(chain, "INPUT") != NULL &&
			queues_to(line, queue))
			return true;
	return false;
}

/* In nft's listing the hook is told in the chain's first line. */
static bool nft_feeds_from_input(const char *text, uint16_t queue)
{
	char line[1024];
	bool input = false;

	while (next_line(&text, line, sizeof(line))) {
		if (strstr(line, "hook ") != NULL)
			input = strstr(line, "hook input") != NULL;
		if (input && queues_to(line, queue))
			return true;
	}
	return false;
}

bool ruleset_feeds_from_input(const struct ruleset *r, uint16_t queue)
{
	return any_feeds_from_input(r->iptables, queue) || nft_feeds_from_input(r->nft, queue);
}

bool ruleset_queues_frames(const struct ruleset *r)
{
	const char *text = r->nft;
	char line[1024];
	bool bridge = false;

	while (next_line(&text, line, sizeof(line))) {
		if (strncmp(line, "table ", 6) == 0)
			bridge = strncmp(line, "table bridge ", 13) == 0;
		if (bridge && strstr(line, " queue ") != NULL)
			return true;
	}
	return false;
}

static bool any_has(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; text != NULL && i < count; i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

bool ruleset_tracks(const struct ruleset *r)
{
	static const char *const words[] = { " -m conntrack ", " -m state ", "-j MASQUERADE",
		"-j SNAT", "-j DNAT", "-j REDIRECT", " ct state ", " masquerade", " snat ",
		" dnat " };
	const size_t count = sizeof(words) / sizeof(words[0]);

	return any_has(r->iptables, words, count) || any_has(r->ip6tables, words, count) ||
		any_has(r->nft, words, count);
}

/* A rule for all ports exempts DHCP as well. */
static bool covers_port(const char *line, uint16_t port)
{
	char number[8];

	if (strstr(line, "port") == NULL)
		return true;
	if (number_after(line, "--dport ", port) || number_after(line, "dport ", port))
		return true;
	snprintf(number, sizeof(number), "%u", port);
	return (strstr(line, "dports ") != NULL || strstr(line, "dport {") != NULL) &&
		strstr(line, number) != NULL;
}

static bool any_exempts(const char *text, uint16_t port)
{
	char line[1024];

	while (next_line(&text, line, sizeof(line)))
		if ((strstr(line, "notrack") != NULL || strstr(line, "-j NOTRACK") != NULL) &&
			covers_port(line, port))
			return true;
	return false;
}

bool ruleset_exempts(const struct ruleset *r, uint16_t port)
{
	return any_exempts(port == 67 ? r->iptables : r->ip6tables, port) ||
	       any_exempts(r->nft, port);
}
