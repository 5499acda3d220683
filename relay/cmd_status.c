/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher status: how the daemon is and what it has done, on a page for a person, or with --json as
 * the daemon sent it. Only the layout is here; the figures are status.c's.
 */
#include "relay/command.h"

#include "relay/control_client.h"
#include "relay/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLAG_OF_CONFIG, FLAG_OF_SOCKET, FLAG_JSON };

const struct flag status_flags[] = {
	FLAG_CONFIG, FLAG_SOCKET,
	{ "json", 'j', NULL, "one line of JSON, as docs/control.md describes it" },
	{ NULL, 0, NULL, NULL },
};

static uint64_t number(const struct node *object, const char *name)
{
	return control_number_of(object, name);
}

/* The elements of a list, which an older or newer daemon may not send. */
static const struct node *items(const struct node *list)
{
	return list != NULL && list->kind == JSON_ARRAY ? list->first : NULL;
}

static bool truth(const struct node *object, const char *name)
{
	const struct node *n = node_get(object, name);

	return n != NULL && n->kind == JSON_BOOL && n->truth;
}

/* Safe for a terminal, in one of a few buffers that take turns. */
static const char *text(const struct node *object, const char *name)
{
	static char bufs[4][1024];
	static unsigned turn;
	const struct node *n = node_get(object, name);
	char *buf = bufs[turn++ % 4];

	if (n == NULL || n->kind != JSON_STRING)
		return "";
	log_escape(buf, sizeof(bufs[0]), n->text, n->len);
	return buf;
}

/* "3 d 4 h", "12 min 5 s", "250 ms": the two largest units. */
static const char *duration(uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *name;
	} units[] = {
		{ 86400000, "d" }, { 3600000, "h" }, { 60000, "min" }, { 1000, "s" }, { 1, "ms" },
	};
	static char bufs[4][48];
	static unsigned turn;
	char *buf = bufs[turn++ % 4];
	size_t i = 0;

	while (i < 4 && ms < units[i].ms)
		i++;
	if (i >= 3)
		snprintf(buf, sizeof(bufs[0]), "%" PRIu64 " %s", ms / units[i].ms, units[i].name);
	else
		snprintf(buf, sizeof(bufs[0]), "%" PRIu64 " %s %" PRIu64 " %s", ms / units[i].ms,
			units[i].name, ms % units[i].ms / units[i + 1].ms, units[i + 1].name);
	return buf;
}

static void print_program(const struct node *s)
{
	const struct node *error = node_get(s, "last_error");

	printf("usher %s, up %s (since %s)\n", text(s, "version"), duration(number(s, "uptime_ms")),
		text(s, "started"));
	if (truth(s, "paused"))
		printf("PAUSED for %s: all packets pass untouched; \"usher resume\" ends it\n",
			duration(number(s, "paused_ms")));
	printf("config      %s, log level %s, %" PRIu64 " reloads, %" PRIu64 " of them refused\n",
		text(s, "config"), text(s, "log_level"), number(s, "reloads"),
		number(s, "reloads_failed"));
	if (error != NULL)
		printf("last error  %s ago: %s\n", duration(number(error, "ago_ms")),
			text(error, "text"));
	else
		printf("last error  none\n");
}

static void print_registry(const struct node *s)
{
	const struct node *r = node_get(s, "registry");

	printf("registry    %s: ", text(r, "source"));
	if (!truth(r, "present"))
		printf("none was read yet\n");
	else
		printf("%" PRIu64 " users, %" PRIu64 " KiB, in force for %s, read in %" PRIu64
			".%03" PRIu64 " ms\n", number(r, "users"), number(r, "bytes") / 1024,
			duration(number(r, "age_ms")), number(r, "read_us") / 1000,
			number(r, "read_us") % 1000);
	if (number(r, "left_out") > 0)
		printf("            %" PRIu64 " entries left out: see \"usher check\"\n",
			number(r, "left_out"));
	if (truth(r, "failing"))
		printf("            THE LAST READING FAILED, an older one is in force: see "
			"\"usher check\"\n");
}

static void print_outcome(const struct node *s)
{
	const struct node *all = node_get(s, "outcome");

	for (const struct node *o = items(all); o != NULL; o = node_next(all, o)) {
		printf("outcome     %s (%s): %" PRIu64 " records, %" PRIu64 " late, %" PRIu64
			" lost\n", text(o, "file"), text(o, "format"), number(o, "records"),
			number(o, "late"), number(o, "lost"));
		if (truth(o, "stalled"))
			printf("            THE DISK DOES NOT TAKE RECORDS: %" PRIu64
				" KiB wait in memory\n", number(o, "waiting_bytes") / 1024);
	}
}

static void print_queues(const struct node *s)
{
	const struct node *all = node_get(s, "queues"), *q = node_get(s, "queue");

	for (const struct node *n = items(all); n != NULL; n = node_next(all, n))
		if (truth(n, "bound"))
			printf("queue %-5" PRIu64 " %" PRIu64 " of %" PRIu64
				" packets wait; dropped by the kernel: %" PRIu64 " queue full, %"
				PRIu64 " socket full\n", number(n, "number"), number(n, "waiting"),
				number(n, "length"), number(n, "dropped_full"),
				number(n, "dropped_socket"));
		else
			printf("queue %-5" PRIu64 " not in the kernel's table, or that is not to be "
				"read: /proc/net/netfilter/nfnetlink_queue\n",
				number(n, "number"));
	if (number(q, "workers_silent") > 0)
		printf("            %" PRIu64 " OF %" PRIu64 " WORKERS DO NOT ANSWER: they hang\n",
			number(q, "workers_silent"), number(q, "workers"));
	if (number(q, "missed") + number(q, "overruns") > 0)
		printf("            %" PRIu64 " packets missed in %" PRIu64
			" overruns: raise \"receive_buffer\" or use more queues\n",
			number(q, "missed"), number(q, "overruns"));
}

static void print_relay(const struct node *s)
{
	const struct node *r = node_get(s, "relay");

	if (r == NULL)
		return;
	printf("relay mode  %" PRIu64 " packets sent; could not be: %" PRIu64 " for want of a route, %"
		PRIu64 " refused, %" PRIu64 " for want of room, %" PRIu64 " too long, %" PRIu64
		" otherwise\n", number(r, "sent"), number(r, "no_route"), number(r, "refused"),
		number(r, "no_room"), number(r, "too_long"), number(r, "failed"));
}

/* What nobody sees in the counters: that nothing comes, or nothing comes back. */
static void print_silence(const struct node *s)
{
	const struct node *all = node_get(s, "unanswered");

	for (const struct node *u = items(all); u != NULL; u = node_next(all, u))
		if (truth(u, "alarming"))
			printf("            NO DHCPv%" PRIu64 " SERVER ANSWERS: %" PRIu64
				" queries in %s. Is it up, and do its answers come by here "
				"(\"usher-divert show\")?\n", number(u, "family"),
				number(u, "queries"), duration(number(u, "for_ms")));
	if (number(node_get(s, "packets"), "received") == 0)
		printf("            no packet has come yet: \"usher check --system\" says what keeps "
			"them away\n");
}

static void print_times(const struct node *s, const char *name, const char *title)
{
	const struct node *h = node_get(s, name), *buckets = node_get(h, "buckets");
	uint64_t count = number(h, "count"), seen = 0;

	if (count == 0)
		return;
	printf("%-11s mean %.3f ms", title, (double)number(h, "sum_us") / (double)count / 1000);
	for (const struct node *b = items(buckets); b != NULL; b = node_next(buckets, b)) {
		seen += number(b, "count");
		if (seen * 100 < count * 99)
			continue;
		if (node_get(b, "up_to_us") != NULL)
			printf(", 99 of 100 within %g ms", (double)number(b, "up_to_us") / 1000);
		break;
	}
	printf("\n");
}

static void print_packets(const struct node *s)
{
	const struct node *p = node_get(s, "packets"), *all;

	printf("\npackets     %" PRIu64 ": %" PRIu64 " accepted, %" PRIu64 " dropped\n",
		number(p, "received"), number(p, "accepted"), number(p, "dropped"));
	print_silence(s);
	all = node_get(s, "messages");
	for (const struct node *m = items(all); m != NULL; m = node_next(all, m))
		printf("%10" PRIu64 "  DHCPv%" PRIu64 " %s\n", number(m, "packets"),
			number(m, "family"), text(m, "type"));
	all = node_get(s, "causes");
	if (all != NULL && all->first != NULL)
		printf("verdicts\n");
	for (const struct node *c = items(all); c != NULL; c = node_next(all, c)) {
		printf("%10" PRIu64 "  %s (%s)", number(c, "packets"), text(c, "text"),
			text(c, "name"));
		if (number(c, "dropped") > 0)
			printf(", %" PRIu64 " dropped", number(c, "dropped"));
		printf("\n");
	}
	all = node_get(s, "leases");
	if (all != NULL && all->first != NULL)
		printf("leases\n");
	for (const struct node *l = items(all); l != NULL; l = node_next(all, l))
		printf("%10" PRIu64 "  DHCPv%" PRIu64 " %s, %s clients\n", number(l, "count"),
			number(l, "family"), text(l, "event"),
			truth(l, "registered") ? "registered" : "other");
	all = node_get(s, "servers");
	if (all != NULL && all->first != NULL)
		printf("servers\n");
	for (const struct node *v = items(all); v != NULL; v = node_next(all, v))
		printf("%10" PRIu64 "  answers of %s\n", number(v, "answers"), text(v, "server"));
}

int cmd_status(int argc, char **argv)
{
	const char *values[FLAGS_MAX];
	struct control_answer a;
	int code;

	if (command_flags(argc, argv, status_flags, values) != argc)
		return EXIT_CODE_USAGE;
	code = control_ask(&(struct control_place){ values[FLAG_OF_CONFIG], values[FLAG_OF_SOCKET] },
		"status", NULL, &a);
	if (code == EXIT_CODE_OK && values[FLAG_JSON] != NULL) {
		fwrite(a.text, 1, a.len, stdout);
	} else if (code == EXIT_CODE_OK) {
		print_program(a.root);
		print_registry(a.root);
		print_outcome(a.root);
		print_queues(a.root);
		print_relay(a.root);
		print_times(a.root, "handling_time", "handling");
		print_times(a.root, "answer_time", "answers");
		print_packets(a.root);
	}
	control_answer_done(&a);
	return code;
}
