/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what the packets look like. The queries are those of dhclient 4.4 in size and options; the
 * answers have what Kea, ISC and dnsmasq put into one. Addresses follow the subnets of
 * scripts/bench: "open" is 10.1.0.0/16 and 2001:db8:1::/64, "restricted" 10.99.0.0/16 and
 * 2001:db8:99::/64.
 */
#include "tests/bench/traffic.h"

#include "dhcpcodec/agent.h"
#include "dhcpcodec/dhcp4.h"
#include "dhcpcodec/dhcp6.h"
#include "tests/build.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[TRAFFIC_KINDS] = { "discover", "request", "solicit", "request6" };

static const char marker[] = "0210ddccbbaa"; /* a hardware address, found again by its bytes */

const char *traffic_name(enum traffic_kind kind)
{
	return names[kind];
}

enum traffic_kind traffic_kind_of(const char *name)
{
	size_t i = 0;

	while (i < TRAFFIC_KINDS && strcmp(names[i], name) != 0)
		i++;
	return (enum traffic_kind)i;
}

static void die(const char *why)
{
	fprintf(stderr, "traffic: %s\n", why);
	exit(1);
}

void traffic_mac(enum traffic_class class, uint32_t n, uint8_t ret[static TRAFFIC_MAC])
{
	ret[0] = 0x02;
	ret[1] = (uint8_t)class;
	be32_put(ret + 2, n);
}

void traffic_duid(enum traffic_class class, uint32_t n, uint8_t ret[static TRAFFIC_DUID])
{
	be32_put(ret, 0x00030001);
	traffic_mac(class, n, ret + 4);
}

/* Takes the finished packet over and finds every place where the marker stands. */
static void adopt(struct traffic *t, const struct build *b, size_t xid, size_t xid_len)
{
	uint8_t mac[TRAFFIC_MAC];

	memset(t, 0, sizeof(*t));
	if (b->len > sizeof(t->packet) ||
		frame_parse(&t->frame, b->b, b->len, FRAME_VERIFY) != DHCP_OK)
		die("not a packet");
	memcpy(t->packet, b->b, b->len);
	t->len = b->len;
	t->xid_at = t->frame.pay_off + xid;
	t->xid_len = xid_len;
	hex_read(marker, mac, sizeof(mac));
	for (size_t i = t->frame.src_off; i + sizeof(mac) <= t->len && t->macs < 4; i++)
		if (memcmp(t->packet + i, mac, sizeof(mac)) == 0)
			t->mac_at[t->macs++] = i;
	if (t->macs == 0)
		die("a packet without its client");
}

void traffic_turn(struct traffic *t, enum traffic_class class, uint32_t n)
{
	uint8_t mac[TRAFFIC_MAC];

	traffic_mac(class, n, mac);
	for (size_t i = 0; i < t->macs; i++)
		memcpy(t->packet + t->mac_at[i], mac, sizeof(mac));
	memcpy(t->packet + t->xid_at, mac + sizeof(mac) - t->xid_len, t->xid_len);
	frame_seal(&t->frame, t->packet, t->frame.pay_len);
}

/* 300 bytes as RFC 1542 2.1 wants them, with what dhclient asks for. */
static void query4(struct build *msg, bool request)
{
	static const char common[] = "0c0b 636c69656e742d68 6f7374 "
		"370f 011c02790f060c28771a7903211a2a 3c0a 6468637063642d392e34";

	build_dhcp4(msg, BOOTREQUEST);
	hex_read(marker, msg->b + DHCP4_CHADDR, TRAFFIC_MAC);
	build_hex(msg, request ? "350103 36040a000001 32040a010005 390205dc" : "350101 390205dc");
	build_hex(msg, common);
	build_hex(msg, "ff");
	build_pad(msg, DHCP4_MIN_LEN);
}

static void query6(struct build *msg, bool request)
{
	size_t ia;

	build_dhcp6(msg, request ? DHCPV6_REQUEST : DHCPV6_SOLICIT);
	build_hex(msg, "0001000a 00030001");
	build_hex(msg, marker);
	if (request)
		build_hex(msg, "0002000e 0001000126aabbcc 525400123456");
	build_hex(msg, "00060008 0017 0018 0027 001f 00080002 0000");
	ia = build_open(msg, D6O_IA_NA);
	build_hex(msg, "00001234 00000e10 00001518");
	if (request)
		build_hex(msg, "00050018 20010db8000100000000000000000005 00001c20 00002a30");
	build_close(msg, ia);
}

void traffic_query(struct traffic *t, enum traffic_kind kind)
{
	struct build *msg = calloc(1, sizeof(*msg)), *packet = calloc(1, sizeof(*packet));
	bool v6 = kind == TRAFFIC_SOLICIT || kind == TRAFFIC_REQUEST6;

	if (msg == NULL || packet == NULL)
		die("no memory");
	if (v6) {
		query6(msg, kind == TRAFFIC_REQUEST6);
		build_ip6(packet, 17, "", 546, 547, msg->b, msg->len);
		memset(packet->b + 8 + 10, 0, TRAFFIC_MAC);
		hex_read(marker, packet->b + 8 + 10, TRAFFIC_MAC);
	} else {
		query4(msg, kind == TRAFFIC_REQUEST);
		build_ip4(packet, "", 68, 67, msg->b, msg->len);
		memset(packet->b + 12, 0, 4);
		memset(packet->b + 16, 0xff, 4);
	}
	/* The addresses were changed behind the builder's back. */
	frame_parse(&t->frame, packet->b, packet->len, 0);
	frame_seal(&t->frame, packet->b, t->frame.pay_len);
	adopt(t, packet, v6 ? 1 : DHCP4_XID, v6 ? 3 : 4);
	free(msg);
	free(packet);
}

/* The subnet a v4 query names, by its selector: an address in it. */
static uint32_t named4(const struct dhcp4_view *v)
{
	struct tlv agent, link;

	if (dhcp4_get(v, DHO_AGENT_OPTIONS, &agent) &&
		agent_get(agent.val, agent.len, RAI_LINK_SELECTION, &link))
		return be32_get(link.val) + 5;
	return 0x0a010005;
}

static void answer4(struct build *msg, const struct dhcp4_view *v)
{
	uint32_t addr = named4(v);
	struct tlv agent;

	build_dhcp4(msg, BOOTREPLY);
	hex_read(marker, msg->b + DHCP4_CHADDR, TRAFFIC_MAC);
	be32_put(msg->b + DHCP4_YIADDR, addr);
	build_hex(msg, v->type == DHCPREQUEST ? "350105" : "350102");
	build_hex(msg, "36040a000001 330400000e10 3a0400000708 3b0400000c4e 0104ffff0000 "
		"03040a00000106080a0000350a000036 0f0b6578616d706c652e6f7267");
	if (dhcp4_get(v, DHO_AGENT_OPTIONS, &agent))
		build_bytes(msg, agent.at, tlv_size(&TLV_DHCP4, &agent));
	build_hex(msg, "ff");
	build_pad(msg, DHCP4_MIN_LEN);
}

static void message6(struct build *msg, uint8_t type, const uint8_t *link)
{
	size_t ia;

	build_dhcp6(msg, type == DHCPV6_REQUEST ? DHCPV6_REPLY : DHCPV6_ADVERTISE);
	build_hex(msg, "0001000a 00030001");
	build_hex(msg, marker);
	build_hex(msg, "0002000e 0001000126aabbcc 525400123456");
	ia = build_open(msg, D6O_IA_NA);
	build_hex(msg, "00001234 00000e10 00001518 00050018");
	build_bytes(msg, link, 8);
	build_hex(msg, "0000000000000005 00001c20 00002a30");
	build_close(msg, ia);
	build_hex(msg, "00170020 20010db8000000000000000000000053 "
		"20010db8000000000000000000000054");
}

static void answer6(struct build *msg, const struct dhcp6_view *v)
{
	static const uint8_t open[16] = { 0x20, 0x01, 0x0d, 0xb8, 0, 1 };
	struct tlv id = { 0 };
	size_t inner;

	if (v->depth == 0) {
		message6(msg, v->type, open);
		return;
	}
	build_fill(msg, DHCPV6_RELAY_REPL, 1);
	build_bytes(msg, v->msg + DHCP6_HOPS, DHCP6_RELAY_HEAD - DHCP6_HOPS);
	if (dhcp6_layer_get(v, 0, D6O_INTERFACE_ID, &id))
		build_bytes(msg, id.at, tlv_size(&TLV_DHCP6, &id));
	inner = build_open(msg, D6O_RELAY_MSG);
	message6(msg, v->type, v->msg + DHCP6_LINK);
	build_close(msg, inner);
}

/* From the server's port to the one that asked. */
static void envelope(struct build *packet, const struct frame *f, const struct build *msg)
{
	if (f->family == 4)
		build_ip4(packet, "", 67, f->sport == 67 ? 67 : 68, msg->b, msg->len);
	else
		build_ip6(packet, 17, "", 547, f->sport, msg->b, msg->len);
}

void traffic_answer(struct traffic *t, const uint8_t *query, size_t len)
{
	struct build *msg = calloc(1, sizeof(*msg)), *packet = calloc(1, sizeof(*packet));
	struct dhcp4_view v4;
	struct dhcp6_view v6;
	struct frame f;
	size_t inner = 0;

	if (msg == NULL || packet == NULL || frame_parse(&f, query, len, FRAME_VERIFY) != DHCP_OK)
		die("not a query");
	if (f.family == 4) {
		if (dhcp4_view_init(&v4, query + f.pay_off, f.pay_len) != DHCP_OK)
			die("not a query of DHCPv4");
		answer4(msg, &v4);
	} else {
		if (dhcp6_view_init(&v6, query + f.pay_off, f.pay_len) != DHCP_OK)
			die("not a query of DHCPv6");
		answer6(msg, &v6);
	}
	envelope(packet, &f, msg);
	if (f.family == 6 && dhcp6_view_init(&v6, msg->b, msg->len) == DHCP_OK)
		inner = v6.inner;
	adopt(t, packet, f.family == 6 ? inner + 1 : DHCP4_XID, f.family == 6 ? 3 : 4);
	free(msg);
	free(packet);
}
