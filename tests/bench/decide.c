/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy_decide() alone, for policies of 100 rules of which the last decides: what a packet pays
 * for the rules when all of them must be asked. Hides how such a policy is made; the packet is a
 * real DISCOVER behind a relay agent.
 */
#include "tests/bench/bench.h"

#include "dhcpcodec/dhcp4.h"
#include "relay/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RULES = 100, DECISIONS = 1000, ROUNDS = 1000 };

/*
 * One kind of rule; %u is the rule's number. None of the first 99 holds, and each must be looked
 * at.
 */
static const struct kind {
	const char *name, *when;
} kinds[] = {
	{ "id_prefix", "\"id_prefix\": \"02:aa:%02x\"" },
	{ "vendor_class", "\"vendor_class\": \"Phone-%u*\"" },
	{ "vendor_class_inside", "\"vendor_class\": \"*-%u-*\"" },
	{ "circuit_id", "\"circuit_id\": \"port-%u\"" },
	{ "relay", "\"relay\": \"10.%u.0.0/16\"" },
	{ "user", "\"user\": { \"group\": \"g%u\" }" },
	{ "two_conditions", "\"registered\": false, \"vendor_class\": \"*-%u-*\", \"circuit_id\": \"port-%u\"" },
	{ "three_conditions", "\"weekday\": [\"mon\", \"tue\", \"wed\", \"thu\", \"fri\", \"sat\", \"sun\"], "
		  "\"time\": \"00:00-24:00\", \"id_prefix\": \"02:aa:%02x\"" },
};

static const char head[] =
	"{ \"outcome\": { \"file\": \"\" }, \"control\": \"\", \"subnets\": ["
	" { \"name\": \"open\", \"prefixes\": \"10.1.0.0/16\" },"
	" { \"name\": \"restricted\", \"prefixes\": \"10.99.0.0/16\" } ], \"rules\": [";

static struct config *policy_of(const struct kind *k)
{
	static char text[64 * 1024], when[512];
	struct config_error err;
	struct config *c;
	size_t len = (size_t)snprintf(text, sizeof(text), "%s", head);

	for (unsigned i = 0; i + 1 < RULES; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(when, sizeof(when), k->when, i, i);
#pragma GCC diagnostic pop
		len += (size_t)snprintf(text + len, sizeof(text) - len,
			"{ \"when\": { %s }, \"subnet\": \"open\" },", when);
	}
	len += (size_t)snprintf(text + len, sizeof(text) - len, "{ \"subnet\": \"restricted\" } ] }");
	c = config_parse(k->name, text, len, &err);
	if (c == NULL)
		bench_die(k->name, err.text);
	return c;
}

/* A DISCOVER with a vendor class, that a relay agent has put its circuit-id into. */
static size_t discover(uint8_t *msg, size_t cap)
{
	static const uint8_t options[] = {
		0x63, 0x82, 0x53, 0x63, 53, 1, 1, 60, 14, 'P', 'X', 'E', 'C', 'l', 'i', 'e', 'n', 't', ':',
		'A', 'r', 'c', 'h', 55, 3, 1, 3, 6, 82, 10, 1, 8, 'p', 'o', 'r', 't', '-', 'x', '1', '2', 255,
	};

	if (cap < DHCP4_MIN_LEN)
		bench_die("decide", "no room for a message");
	memset(msg, 0, DHCP4_MIN_LEN);
	msg[DHCP4_OP] = BOOTREQUEST;
	msg[DHCP4_HTYPE] = 1;
	msg[DHCP4_HLEN] = 6;
	memcpy(msg + DHCP4_GIADDR, "\xc0\0\2\1", 4);
	memcpy(msg + DHCP4_CHADDR, "\2\0\0\0\0\x0b", 6);
	memcpy(msg + 236, options, sizeof(options));
	return DHCP4_MIN_LEN;
}

static void measure(const struct kind *k, const struct facts *f)
{
	static int64_t took[ROUNDS];
	struct config *c = policy_of(k);
	struct decision d;
	size_t last = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		int64_t from = bench_now_ns();

		for (size_t n = 0; n < DECISIONS; n++) {
			policy_decide(c->policy, f, &d);
			last += d.rule_index == RULES - 1;
		}
		took[i] = bench_now_ns() - from;
	}
	if (last != (size_t)ROUNDS * DECISIONS)
		bench_die(k->name, "not the last rule decided");
	printf("{\"rules\":%d,\"condition\":\"%s\",\"ns\":%.1f,\"ns_p90\":%.1f}\n", RULES, k->name,
		(double)bench_percentile(took, ROUNDS, 0.5) / DECISIONS,
		(double)bench_percentile(took, ROUNDS, 0.9) / DECISIONS);
	config_free(c);
}

int bench_decide(int argc, char **argv)
{
	uint8_t msg[DHCP4_MIN_LEN];
	struct dhcp4_view view;
	struct facts f = {
		.family = 4,
		.type = DHCPDISCOVER,
		.view4 = &view,
		.id = msg + DHCP4_CHADDR,
		.id_len = 6,
		.id_type = REG_HW_ADDR,
		.interface = "eth1",
		.now = 1700000000,
	};

	(void)argv;
	if (argc != 1 || dhcp4_view_init(&view, msg, discover(msg, sizeof(msg))) != DHCP_OK)
		bench_die("decide", "takes no arguments");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		measure(&kinds[i], &f);
	return 0;
}
