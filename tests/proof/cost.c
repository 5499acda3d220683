/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how one packet's instructions are told from another's: callgrind counts only inside
 * pipeline_run(), and is asked for what it has after each. Without valgrind the requests do
 * nothing.
 */
#include "tests/proof/proof.h"

#include "dhcpcodec/dhcp4.h"
#include "dhcpcodec/dhcp6.h"
#include "dhcpcodec/frame.h"
#include "tests/corpus.h"
#include "tests/exercise_packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

static struct rig *rigs[EXERCISE_RIGS];
static size_t packets;

static void die(const char *label)
{
	fprintf(stderr, "proof: %s: is dropped\n", label);
	exit(1);
}

static const struct slot *count(const char *class, const char *name, unsigned which, const uint8_t *pkt,
	size_t len, enum side side)
{
	struct rig_packet p = { .bytes = pkt, .len = len, .side = side };
	const struct slot *s;
	char label[200];

	snprintf(label, sizeof(label), "%s %s:config-%u:from-%s %zu", class, name, which,
		side == SIDE_CLIENT ? "client" : "server", len);
	CALLGRIND_ZERO_STATS;
	s = rig_run(rigs[which], &p);
	CALLGRIND_DUMP_STATS_AT(label);
	packets++;
	if (strcmp(class, "ordinary") == 0 && s->verdict != SLOT_ACCEPT)
		die(label);
	return s;
}

/* A message under each config, from either side. */
static void message(const char *class, const char *name, int family, const uint8_t *msg, size_t len)
{
	static struct build b;

	for (unsigned which = 0; which < EXERCISE_RIGS; which++) {
		for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
			exercise_datagram(&b, family, msg, len, side);
			count(class, name, which, b.b, b.len, side);
		}
	}
}

/* -- what goes over any network all day -- */

/* As a Windows client and Kea fill them. */
#define CLIENT_HEAD "3d0701020000000001 0c066f6666696365 3c084d53465420352e30 "
#define CLIENT_LIST "370e0103060f1f212b2c2e2f7779f9fc ff"
#define SERVER_LIST \
	"36040a010001 330400000e10 3a0400000708 3b0400000c4e 0104ffffff00 03040a010001 06080a0100350a010135 " \
	"0f0b6578616d706c652e6f7267 1c040a0100ff 420c746674702e6578616d706c65 430a7078656c696e75782e30 "

static const struct {
	const char *name, *query, *answer;
} exchanges4[] = {
	{ "discover", "350101 " CLIENT_HEAD CLIENT_LIST, "350102 " SERVER_LIST },
	{ "request", "350103 32040a630007 36040a010001 51090000006f6666696365 " CLIENT_HEAD CLIENT_LIST,
		"350105 " SERVER_LIST },
};

/* With option 82 as it reached the server. */
static void answer4(const char *name, unsigned which, uint8_t client, const uint8_t *query, size_t len,
	const char *options)
{
	static struct build msg, b;
	struct dhcp4_view v;
	struct frame f;
	struct tlv t;

	msg.len = 0;
	build_message4(&msg, BOOTREPLY, options);
	msg.b[DHCP4_CHADDR + 5] = client;
	memcpy(msg.b + DHCP4_YIADDR, client == 0x0a ? "\x0a\x01\0\x07" : "\x0a\x63\0\x07", 4);
	if (frame_parse(&f, query, len, 0) == DHCP_OK &&
		dhcp4_view_init(&v, query + f.pay_off, f.pay_len) == DHCP_OK &&
		dhcp4_get(&v, DHO_AGENT_OPTIONS, &t))
		build_bytes(&msg, t.val - 2, t.len + 2u);
	build_hex(&msg, "ff");
	exercise_datagram(&b, 4, msg.b, msg.len, SIDE_SERVER);
	count("ordinary", name, which, b.b, b.len, SIDE_SERVER);
}

#define CLIENT6 "0001000a000300010200000000" /* and the last byte of the DUID */
#define IA_EMPTY "0003000c000000010000000000000000"
#define IA_GIVEN(subnet) \
	"000300280000000100000e1000001518 00050018 20010db8" subnet "000000000000000000aa 00000e1000001c20"
#define QUERY6 "0006000a00170018003b0011001f 000800020000"
#define SERVER6 "0002000a00030001020000000001"
#define ANSWER6 \
	SERVER6 "00170020 20010db8000100000000000000000053 20010db8000100000000000000010053 " \
	"0018000d076578616d706c65036f726700"

static const struct {
	const char *name, *query, *answer;
} exchanges6[] = {
	{ "solicit-of-0c", "01010203 " CLIENT6 "0c" IA_EMPTY QUERY6,
		"02010203 " CLIENT6 "0c" IA_GIVEN("0001") ANSWER6 },
	{ "request6-of-0c", "03010203 " CLIENT6 "0c" IA_GIVEN("0001") SERVER6 QUERY6,
		"07010203 " CLIENT6 "0c" IA_GIVEN("0001") ANSWER6 },
	{ "solicit-of-0d", "01010203 " CLIENT6 "0d" IA_EMPTY QUERY6,
		"02010203 " CLIENT6 "0d" IA_GIVEN("0099") ANSWER6 },
	{ "request6-of-0d", "03010203 " CLIENT6 "0d" IA_GIVEN("0099") SERVER6 QUERY6,
		"07010203 " CLIENT6 "0d" IA_GIVEN("0099") ANSWER6 },
};

/* Within the relay layer, if one reached the server. */
static void answer6(const char *name, unsigned which, const uint8_t *query, size_t len, const char *text)
{
	static struct build msg, b;
	struct dhcp6_view v;
	struct frame f;
	struct tlv t;
	size_t opened;

	msg.len = 0;
	if (frame_parse(&f, query, len, 0) == DHCP_OK &&
		dhcp6_view_init(&v, query + f.pay_off, f.pay_len) == DHCP_OK && v.depth > 0 &&
		dhcp6_layer_get(&v, 0, D6O_INTERFACE_ID, &t)) {
		build_bytes(&msg, v.msg, DHCP6_RELAY_HEAD);
		msg.b[0] = DHCPV6_RELAY_REPL;
		build_bytes(&msg, t.val - 4, t.len + 4u);
		opened = build_open(&msg, D6O_RELAY_MSG);
		build_hex(&msg, text);
		build_close(&msg, opened);
	} else {
		build_hex(&msg, text);
	}
	exercise_datagram(&b, 6, msg.b, msg.len, SIDE_SERVER);
	count("ordinary", name, which, b.b, b.len, SIDE_SERVER);
}

static void exchange4(size_t i, uint8_t client, unsigned which)
{
	static struct build msg, b;
	const struct slot *s;
	char name[64];

	msg.len = 0;
	build_message4(&msg, BOOTREQUEST, exchanges4[i].query);
	msg.b[DHCP4_CHADDR + 5] = client;
	build_pad(&msg, 300);
	exercise_datagram(&b, 4, msg.b, msg.len, SIDE_CLIENT);
	snprintf(name, sizeof(name), "%s-of-%02x", exchanges4[i].name, client);
	s = count("ordinary", name, which, b.b, b.len, SIDE_CLIENT);
	answer4(name, which, client, s->edited ? s->out : b.b, s->edited ? s->out_len : b.len,
		exchanges4[i].answer);
}

static void exchange6(size_t i, unsigned which)
{
	static struct build msg, b;
	const struct slot *s;

	msg.len = 0;
	build_hex(&msg, exchanges6[i].query);
	exercise_datagram(&b, 6, msg.b, msg.len, SIDE_CLIENT);
	s = count("ordinary", exchanges6[i].name, which, b.b, b.len, SIDE_CLIENT);
	answer6(exchanges6[i].name, which, s->edited ? s->out : b.b, s->edited ? s->out_len : b.len,
		exchanges6[i].answer);
}

static void ordinary(void)
{
	for (unsigned which = 0; which < EXERCISE_RIGS; which++) {
		for (size_t i = 0; i < sizeof(exchanges4) / sizeof(exchanges4[0]); i++) {
			exchange4(i, 0x0a, which);
			exchange4(i, 0x0b, which);
		}
		for (size_t i = 0; i < sizeof(exchanges6) / sizeof(exchanges6[0]); i++)
			exchange6(i, which);
	}
}

/* -- the corpus, and each message of it with bytes changed -- */

enum { MUTANTS = 5 };

static void mutants(int family, const struct corpus_message *m, size_t number)
{
	static const uint8_t values[] = { 0, 1, 52, 82, 118, 255 };
	static uint8_t bytes[1500];
	uint64_t seed = 88172645463325252ULL + number;
	char name[128];

	for (size_t i = 0; i < MUTANTS && m->len > 0 && m->len <= sizeof(bytes); i++) {
		memcpy(bytes, m->bytes, m->len);
		for (size_t k = 0; k < 4; k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			bytes[seed % m->len] = values[seed / m->len % sizeof(values)];
		}
		snprintf(name, sizeof(name), "%s:changed-%zu", m->name, i);
		message("corpus", name, family, bytes, m->len);
	}
}

static void corpus(int family)
{
	struct corpus *c = corpus_read(family);

	for (size_t i = 0; i < c->count; i++) {
		if (c->messages[i].len > 65535 - 60)
			continue;
		message("corpus", c->messages[i].name, family, c->messages[i].bytes, c->messages[i].len);
		mutants(family, &c->messages[i], i);
	}
	corpus_free(c);
}

/* -- whatever is repeated until the message is full -- */

static const struct {
	const char *name;
	int family;
	const char *head, *body;
} crowds[] = {
	{ "pads", 4, "350101", "00" },
	{ "empty-options", 4, "350101", "c800" },
	{ "one-option-split", 4, "350101", "c80101" },
	{ "agent-options", 4, "350101", "520400020100" },
	{ "empty-agent-options", 4, "350101", "5200" },
	{ "empty-sub-options", 4, "350101", "52100101020003000400050006000700080009000a" },
	{ "subnet-selection", 4, "350101", "76040a010000" },
	{ "client-ids", 4, "350101", "3d0101" },
	{ "vendor-blocks", 4, "350101", "7d050000118b00" },
	{ "bootfiles", 4, "350105 36040a010001 330400000e10", "430161" },
	{ "overridden", 4, "350105 36040a010001", "430161 420162 0600 0c00" },
	{ "answer-agent-options", 4, "350105 36040a010001", "5212 0501000911000007ed0c4458010000000000000000" },
	{ "empty-options6", 6, "01010203 " CLIENT6 "0c", "00c80000" },
	{ "empty-ias", 6, "01010203 " CLIENT6 "0c", IA_EMPTY },
	{ "given-ias", 6, "07010203 " CLIENT6 "0c", IA_GIVEN("0001") },
	{ "ia-pds", 6, "07010203 " CLIENT6 "0c",
		"0019 0029 0000000100000e1000001518 001a0019 00000e1000001c2040 20010db8009900000000000000000000" },
	{ "empty-vendor6", 6, "07010203 " CLIENT6 "0c", "001100040000118b" },
	{ "vendor6", 6, "07010203 " CLIENT6 "0c", "001100090000118b 00210001 61" },
	{ "overridden6", 6, "07010203 " CLIENT6 "0c", "003b000161" },
	{ "client-ids6", 6, "01010203", CLIENT6 "0c" },
	{ "status6", 6, "07010203 " CLIENT6 "0c", "000d00020000" },
	{ "relay-options", 6, "0c00 20010db8000000000000000000000001 fe800000000000000000000000000001",
		"001200016b" },
	{ "reply-options", 6, "0d00 20010db8000000000000000000000001 fe800000000000000000000000000001",
		"001200016b" },
};

static void crowd(size_t i, size_t size)
{
	static struct build msg;
	uint8_t body[64];
	size_t n = hex_read(crowds[i].body, body, sizeof(body));

	msg.len = 0;
	if (crowds[i].family == 4)
		build_dhcp4(&msg, strncmp(crowds[i].head, "350105", 6) == 0 ? BOOTREPLY : BOOTREQUEST);
	build_hex(&msg, crowds[i].head);
	while (msg.len + n + 1 <= size)
		build_bytes(&msg, body, n);
	if (crowds[i].family == 4)
		build_hex(&msg, "ff");
	message("crowd", crowds[i].name, crowds[i].family, msg.b, msg.len);
}

/* Relay layers in each other: the most that are read, and more. */
static void nested(unsigned depth, uint8_t type)
{
	static struct build msg, inner;

	inner.len = 0;
	build_hex(&inner, type == DHCPV6_RELAY_FORW ? exchanges6[0].query : exchanges6[1].answer);
	for (unsigned i = 0; i < depth; i++) {
		size_t opened;

		msg.len = 0;
		build_relay6(&msg, type, (uint8_t)i, 1, 1);
		build_hex(&msg, "001200016b");
		opened = build_open(&msg, D6O_RELAY_MSG);
		build_bytes(&msg, inner.b, inner.len);
		build_close(&msg, opened);
		inner.len = 0;
		build_bytes(&inner, msg.b, msg.len);
	}
	message("crowd", type == DHCPV6_RELAY_FORW ? "nested-queries" : "nested-answers", 6, inner.b, inner.len);
}

void proof_cost(void)
{
	static const size_t sizes[] = { 1400, 7000, 35000 };

	for (unsigned i = 0; i < EXERCISE_RIGS; i++)
		rigs[i] = exercise_rig(i);
	ordinary();
	corpus(4);
	corpus(6);
	for (size_t i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
			crowd(i, sizes[k]);
	for (unsigned depth = 1; depth <= 40; depth *= 2) {
		nested(depth, DHCPV6_RELAY_FORW);
		nested(depth, DHCPV6_RELAY_REPL);
	}
	for (unsigned i = 0; i < EXERCISE_RIGS; i++)
		rig_free(rigs[i]);
	printf("cost: %zu packets\n", packets);
}
