/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients that want a lease: so many at a time go through DISCOVER, OFFER, REQUEST and ACK, or
 * SOLICIT, ADVERTISE, REQUEST and REPLY, and begin anew as others when they are done. They stand on
 * their link without a relay of their own, which perfdhcp cannot in DHCPv4, so that relays can be
 * compared. Hides what of an answer a client repeats in its next query. One thread.
 */
#include "tests/bench/bench.h"

#include "dhcpcodec/dhcp4.h"
#include "dhcpcodec/dhcp6.h"
#include "tests/bench/users.h"
#include "tests/bench/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 1024, LATE_NS = 1000000000, SAMPLES = 1 << 20 };

struct client {
	bool waiting, second;
	uint32_t xid;
	uint32_t who;
	int64_t asked;
};

struct link {
	struct wire wire;
	uint8_t local[16];           /* link-local address of the device */
	bool v6;
	uint32_t users, next, round;
	size_t at_once;
	struct client clients[CLIENTS];
	struct traffic query[2];
	int64_t *took[2];
	size_t count[2], lost, done;
	int64_t measured_from;
};

/* The client's place in the table is the low part of the transaction id. */
static void ask(struct link *l, struct client *c, struct traffic *t)
{
	static uint8_t frames[1][WIRE_MAX];
	static const uint8_t everybody4[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t everybody6[6] = { 0x33, 0x33, 0, 1, 0, 2 };
	size_t len = WIRE_HEAD + t->len;
	uint8_t mac[TRAFFIC_MAC];

	traffic_turn(t, TRAFFIC_STEERED, c->who);
	traffic_mac(TRAFFIC_STEERED, c->who, mac);
	c->xid = (++l->round << 10 | (uint32_t)(c - l->clients)) & 0xffffff;
	if (l->v6) {
		memcpy(t->packet + 8, l->local, sizeof(l->local));
		t->packet[t->xid_at] = (uint8_t)(c->xid >> 16);
		be16_put(t->packet + t->xid_at + 1, c->xid);
	} else {
		be32_put(t->packet + t->xid_at, c->xid);
	}
	frame_seal(&t->frame, t->packet, t->frame.pay_len);
	wire_head(frames[0], l->v6 ? everybody6 : everybody4, l->v6 ? l->wire.mac : mac,
		t->frame.family);
	memcpy(frames[0] + WIRE_HEAD, t->packet, t->len);
	c->asked = bench_now_ns();
	c->waiting = true;
	wire_send(&l->wire, frames, &len, 1);
}

static void begin(struct link *l, struct client *c)
{
	c->second = false;
	c->who = l->next++ % l->users;
	ask(l, c, &l->query[0]);
}

/*
 * RFC 2131 4.3.2: a REQUEST in SELECTING names server and address; they lie where traffic.c has put
 * them.
 */
static bool request4(struct link *l, struct client *c, const struct dhcp4_view *offer)
{
	struct traffic *t = &l->query[1];
	struct tlv server, from;
	struct dhcp4_view v;

	if (!dhcp4_get(offer, DHO_SERVER_ID, &server) || server.len != 4 ||
		dhcp4_view_init(&v, t->packet + t->frame.pay_off, t->frame.pay_len) != DHCP_OK)
		return false;
	dhcp4_get(&v, DHO_SERVER_ID, &from);
	memcpy(t->packet + (from.val - t->packet), server.val, 4);
	dhcp4_get(&v, DHO_REQUESTED_ADDRESS, &from);
	memcpy(t->packet + (from.val - t->packet), offer->msg + DHCP4_YIADDR, 4);
	ask(l, c, t);
	return true;
}

static size_t append(uint8_t *to, size_t at, const struct tlv *t)
{
	memcpy(to + at, t->at, tlv_size(&TLV_DHCP6, t));
	return at + tlv_size(&TLV_DHCP6, t);
}

/* RFC 8415 18.2.2: the REQUEST has the server's identifier and the IA as it was advertised. */
static bool request6(struct link *l, struct client *c, const struct dhcp6_view *advertise)
{
	struct traffic *t = &l->query[1];
	uint8_t msg[512];
	size_t at = DHCP6_HEAD;
	struct tlv id, server, ia;

	if (!dhcp6_get(advertise, D6O_CLIENTID, &id) ||
		!dhcp6_get(advertise, D6O_SERVERID, &server) ||
		!dhcp6_get(advertise, D6O_IA_NA, &ia) || id.len != TRAFFIC_DUID ||
		(size_t)server.len + ia.len > sizeof(msg) - 64)
		return false;
	at = append(msg, at, &id);
	at = append(msg, at, &server);
	at = append(msg, at, &ia);
	t->frame.pay_len = at;
	t->len = t->frame.pay_off + at;
	memcpy(t->packet + t->frame.pay_off + DHCP6_HEAD, msg + DHCP6_HEAD, at - DHCP6_HEAD);
	t->mac_at[0] = t->frame.pay_off + DHCP6_HEAD + 4 + 4;
	t->macs = 1;
	ask(l, c, t);
	return true;
}

static void note(struct link *l, struct client *c, int64_t now)
{
	size_t half = c->second ? 1 : 0;

	if (c->asked < l->measured_from)
		return;
	if (l->count[half] < SAMPLES)
		l->took[half][l->count[half]++] = now - c->asked;
	l->done += half;
}

static struct client *waiting_for(struct link *l, uint32_t xid)
{
	struct client *c = &l->clients[xid & (CLIENTS - 1)];

	return c->waiting && c->xid == xid ? c : NULL;
}

static void take4(struct link *l, const uint8_t *msg, size_t len)
{
	struct dhcp4_view v;
	struct client *c;

	if (dhcp4_view_init(&v, msg, len) != DHCP_OK || msg[DHCP4_OP] != BOOTREPLY)
		return;
	c = waiting_for(l, be32_get(msg + DHCP4_XID));
	if (c == NULL || v.type != (c->second ? DHCPACK : DHCPOFFER))
		return;
	note(l, c, bench_now_ns());
	c->waiting = false;
	c->second = !c->second;
	if (!c->second || !request4(l, c, &v))
		begin(l, c);
}

static void take6(struct link *l, const uint8_t *msg, size_t len)
{
	struct dhcp6_view v;
	struct client *c;

	if (dhcp6_view_init(&v, msg, len) != DHCP_OK || v.depth > 0)
		return;
	c = waiting_for(l, (uint32_t)msg[1] << 16 | be16_get(msg + 2));
	if (c == NULL || v.type != (c->second ? DHCPV6_REPLY : DHCPV6_ADVERTISE))
		return;
	note(l, c, bench_now_ns());
	c->waiting = false;
	c->second = !c->second;
	if (!c->second || !request6(l, c, &v))
		begin(l, c);
}

static void take(struct link *l, const uint8_t *frame, size_t len)
{
	const uint8_t *pkt = frame + WIRE_HEAD;
	struct frame f;

	if (len < WIRE_HEAD || frame_parse(&f, pkt, len - WIRE_HEAD, 0) != DHCP_OK)
		return;
	if (l->v6 && f.family == 6 && f.dport == 546)
		take6(l, pkt + f.pay_off, f.pay_len);
	else if (!l->v6 && f.family == 4 && f.dport == 68)
		take4(l, pkt + f.pay_off, f.pay_len);
}

static void give_up_late_ones(struct link *l)
{
	int64_t now = bench_now_ns();

	for (size_t i = 0; i < l->at_once; i++)
		if (now - l->clients[i].asked > LATE_NS) {
			l->lost += l->clients[i].asked >= l->measured_from;
			begin(l, &l->clients[i]);
		}
}

static void run(struct link *l, int64_t warm_ns, int64_t ns)
{
	int64_t end = bench_now_ns() + warm_ns + ns;
	uint8_t frame[WIRE_MAX];
	unsigned turns = 0;

	l->measured_from = bench_now_ns() + warm_ns;
	for (size_t i = 0; i < l->at_once; i++)
		begin(l, &l->clients[i]);
	while (bench_now_ns() < end) {
		size_t len = wire_receive(&l->wire, frame, 10);

		take(l, frame, len);
		if (len == 0 || ++turns % 1024 == 0)
			give_up_late_ones(l);
	}
}

/* RFC 4291 2.5.1: fe80::, then the hardware address with ff:fe in its middle. */
static void link_local(struct link *l)
{
	const uint8_t *mac = l->wire.mac;
	const uint8_t id[8] = { mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };

	l->local[0] = 0xfe;
	l->local[1] = 0x80;
	memcpy(l->local + 8, id, sizeof(id));
}

static void print(struct link *l, uint64_t seconds)
{
	static const char *const names[] = { "first", "second" };

	printf("{\"exchanges_per_s\":%.1f,\"done\":%zu,\"lost\":%zu",
		(double)l->done / (double)seconds, l->done, l->lost);
	for (size_t h = 0; h < 2; h++)
		printf(",\"%s\":{\"p50\":%lld,\"p99\":%lld,\"p999\":%lld}", names[h],
			(long long)bench_percentile(l->took[h], l->count[h], 0.5),
			(long long)bench_percentile(l->took[h], l->count[h], 0.99),
			(long long)bench_percentile(l->took[h], l->count[h], 0.999));
	printf("}\n");
}

int bench_exchange(int argc, char **argv)
{
	static struct link l;
	uint64_t seconds;

	if (argc != 6)
		bench_die("exchange", "DEVICE 4|6 AT_ONCE USERS SECONDS");
	l.v6 = bench_number(argv[2]) == 6;
	l.at_once = (size_t)bench_number(argv[3]);
	l.users = users_of_class((size_t)bench_number(argv[4]));
	seconds = bench_number(argv[5]);
	if (l.at_once < 1 || l.at_once > CLIENTS)
		bench_die("exchange", "1 to 1024 at once");
	wire_open(&l.wire, argv[1], 1);
	link_local(&l);
	traffic_query(&l.query[0], l.v6 ? TRAFFIC_SOLICIT : TRAFFIC_DISCOVER);
	traffic_query(&l.query[1], l.v6 ? TRAFFIC_REQUEST6 : TRAFFIC_REQUEST);
	for (size_t h = 0; h < 2; h++)
		l.took[h] = calloc(SAMPLES, sizeof(int64_t));
	if (l.took[0] == NULL || l.took[1] == NULL)
		bench_die("exchange", "no memory");
	run(&l, 1000000000, (int64_t)seconds * 1000000000);
	print(&l, seconds);
	return 0;
}
