/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/relay/relay_rig.h"

#include "dhcpcodec/dhcp4.h"
#include "relay/keeper_check.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct build bytes, datagram;
static uint8_t asked[65536];             /* what was sent to the server */
static size_t asked_len;

struct rig *relay_rig(const char *members, const char *registry)
{
	static char config[16384];
	bool own = strstr(members, "\"upstreams\"") != NULL;
	bool relay = strncmp(members, "relay:", 6) == 0;
	const char *line = strchr(members, '\n'), *end = line != NULL ? line : strchr(members, '\0');

	snprintf(config, sizeof(config),
		"{ \"mode\": \"relay\", \"client_interfaces\": [\"eth1\", \"eth2\"], %s %s"
		"\"relay\": { %.*s \"links\": [{ \"interface\": \"eth1\", \"address4\": \"192.0.2.1\", "
		"\"address6\": \"2001:db8:1::1\" }, { \"interface\": \"eth2\", \"address4\": "
		"\"203.0.113.1\", \"address6\": \"2001:db8:2::1\" }] },"
		"\"subnets\": [{ \"name\": \"open\", \"prefixes\": [\"192.0.2.0/24\", \"2001:db8:1::/64\"], "
		"\"giaddr\": \"192.0.2.77\" }, { \"name\": \"restricted\", \"prefixes\": "
		"[\"198.51.100.0/24\", \"3000::/64\"], \"giaddr\": \"198.51.100.77\" }] }",
		own ? "" : "\"upstreams\": [{ \"name\": \"a\", \"address\": [\"10.0.0.2\", \"2001:db8::2\"] },"
			   "{ \"name\": \"b\", \"address\": [\"10.0.0.3\", \"2001:db8::3\"] }],",
		relay ? end : members, relay ? (int)(end - members) - 6 : 0, relay ? members + 6 : "");
	return rig_new(config, registry);
}

static void set_addr(uint8_t *at, const char *text)
{
	if (text != NULL && *text != '\0')
		cr_assert_eq(inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, at), 1);
}

/* A check too strict would put good packets in quarantine. */
static void keeper_must_let(const struct rig *r, const struct slot *s)
{
	static struct fence fence;
	static struct slot to;
	enum keeper_fault fault;

	fence_make(&fence, r->config);
	fence.links = r->links;
	to = *s;
	to.edited = false;
	to.send_count = 0;
	fault = keeper_take(&to, s, &fence);
	cr_expect_eq(fault, KEEPER_OK, "%s", keeper_fault_text(fault));
	cr_expect_eq(to.send_count, s->send_count);
}

static const struct slot *run(struct rig *r, const uint8_t *pkt, size_t len, uint32_t indev,
	uint8_t hook, bool other)
{
	static const uint8_t chaddr[6] = RELAY_CHADDR, somebody[6] = { 2, 0, 0, 0, 0, 0xff };
	struct rig_packet p = { .bytes = pkt, .len = len, .indev = indev, .hook = hook,
		.side = indev == 0 ? SIDE_UNKNOWN : SIDE_CLIENT,
		.hw = other ? somebody : chaddr, .hw_len = 6 };
	const struct slot *s = rig_run(r, &p);

	keeper_must_let(r, s);
	return s;
}

/* build_ip4() has addresses of its own, so these are put in and the sums made anew. */
static void readdress4(uint8_t *pkt, const char *src, const char *dst)
{
	uint16_t sum;

	set_addr(pkt + 12, src);
	set_addr(pkt + 16, dst);
	memset(pkt + 10, 0, 2);
	sum = check_ip4(pkt);
	memcpy(pkt + 10, (uint8_t[]){ (uint8_t)(sum >> 8), (uint8_t)sum }, 2);
	memset(pkt + 26, 0, 2);
}

const struct slot *relay_query4(struct rig *r, const struct query4 *q)
{
	static const uint8_t end = 255;
	uint8_t type[3] = { 53, 1, q->type };

	memset(&bytes, 0, sizeof(bytes));
	memset(&datagram, 0, sizeof(datagram));
	build_dhcp4(&bytes, 1);
	if (q->type != 0)
		build_bytes(&bytes, type, sizeof(type));
	build_hex(&bytes, q->options != NULL ? q->options : "");
	build_bytes(&bytes, &end, 1);
	build_pad(&bytes, 300);
	bytes.b[3] = q->hops;
	bytes.b[8] = (uint8_t)(q->secs >> 8);
	bytes.b[9] = (uint8_t)q->secs;
	bytes.b[10] = q->flags;
	set_addr(bytes.b + 12, q->ciaddr);
	set_addr(bytes.b + 24, q->giaddr);
	build_ip4(&datagram, "", q->giaddr != NULL ? 67 : 68, 67, bytes.b, bytes.len);
	readdress4(datagram.b, q->src != NULL ? q->src : "0.0.0.0",
		q->dst != NULL ? q->dst : "255.255.255.255");
	return run(r, datagram.b, datagram.len, q->indev != 0 ? q->indev : 1, q->hook,
		q->from_other);
}

static void keep_asked(const struct rig *r, size_t send)
{
	const struct slot *s = &r->batch->slots[0];

	cr_assert_lt(send, s->send_count, "%zu of %u", send, s->send_count);
	asked_len = s->sends[send].len;
	memcpy(asked, s->out + s->sends[send].off, asked_len);
}

const struct slot *relay_answer4(struct rig *r, const struct answer4 *a)
{
	static const uint8_t end = 255;
	const uint8_t *msg = asked + 28, *at;
	uint8_t type[3] = { 53, 1, a->type };
	char giaddr[INET_ADDRSTRLEN];

	if (r->batch->slots[0].send_count > 0)
		keep_asked(r, a->send);
	memset(&bytes, 0, sizeof(bytes));
	memset(&datagram, 0, sizeof(datagram));
	build_bytes(&bytes, msg, 240);
	bytes.b[0] = 2;
	set_addr(bytes.b + 16, a->yiaddr);
	/*
	 * RFC 2131 table 3 and 4.3.2: a NAK has no ciaddr, and for a relay agent the broadcast
	 * flag.
	 */
	if (a->type == 6) {
		memset(bytes.b + 12, 0, 4);
		bytes.b[10] |= 0x80;
	}
	if (a->type != 0)
		build_bytes(&bytes, type, sizeof(type));
	build_hex(&bytes, a->options != NULL ? a->options : "");
	for (at = msg + 240; !a->no_echo && at < asked + asked_len && *at != 255;
		at += *at == 0 ? 1 : 2 + at[1])
		if (*at == 82)
			build_bytes(&bytes, at, 2u + at[1]);
	build_bytes(&bytes, &end, 1);
	build_pad(&bytes, 300);
	build_ip4(&datagram, "", 67, 67, bytes.b, bytes.len);
	inet_ntop(AF_INET, msg + 24, giaddr, sizeof(giaddr));
	readdress4(datagram.b, a->from, giaddr);
	return run(r, datagram.b, datagram.len, 0, 1, false);
}

static void readdress6(uint8_t *pkt, const char *src, const char *dst)
{
	uint16_t sum;

	set_addr(pkt + 8, src);
	set_addr(pkt + 24, dst);
	memset(pkt + 46, 0, 2);
	sum = check_udp(pkt);
	if (sum == 0)
		sum = 0xffff;
	memcpy(pkt + 46, (uint8_t[]){ (uint8_t)(sum >> 8), (uint8_t)sum }, 2);
}

const struct slot *relay_query6(struct rig *r, const char *message, const char *src, uint16_t sport)
{
	memset(&bytes, 0, sizeof(bytes));
	memset(&datagram, 0, sizeof(datagram));
	build_hex(&bytes, message);
	build_ip6(&datagram, 17, "", sport, 547, bytes.b, bytes.len);
	readdress6(datagram.b, *src != '\0' ? src : "fe80::a", "ff02::1:2");
	return run(r, datagram.b, datagram.len, 1, 0, false);
}

const struct slot *relay_answer6(
	struct rig *r, const char *from, const char *message, size_t send, bool echo)
{
	const uint8_t *msg = asked + 48, *at;
	char to[INET6_ADDRSTRLEN];
	size_t open;

	if (r->batch->slots[0].send_count > 0)
		keep_asked(r, send);
	memset(&bytes, 0, sizeof(bytes));
	memset(&datagram, 0, sizeof(datagram));
	build_bytes(&bytes, msg, 34);
	bytes.b[0] = 13;
	for (at = msg + 34; echo && at + 4 <= asked + asked_len; at += 4 + (at[2] << 8 | at[3]))
		if (at[0] == 0 && at[1] == 18)
			build_bytes(&bytes, at, 4u + at[3]);
	open = build_open(&bytes, 9);
	build_hex(&bytes, message);
	build_close(&bytes, open);
	build_ip6(&datagram, 17, "", 547, 547, bytes.b, bytes.len);
	inet_ntop(AF_INET6, asked + 8, to, sizeof(to));
	readdress6(datagram.b, from, to);
	return run(r, datagram.b, datagram.len, 0, 1, false);
}

static const char *addr_text(const struct slot *s, size_t send, size_t at4, size_t at6)
{
	static char texts[4][INET6_ADDRSTRLEN];
	static unsigned next;
	const uint8_t *pkt = s->out + s->sends[send].off;
	bool six = pkt[0] >> 4 == 6;
	char *text = texts[next++ % 4];

	cr_assert_lt(send, s->send_count, "%zu of %u", send, s->send_count);
	inet_ntop(six ? AF_INET6 : AF_INET, pkt + (six ? at6 : at4), text, sizeof(texts[0]));
	return text;
}

const char *relay_src(const struct slot *s, size_t send)
{
	return addr_text(s, send, 12, 8);
}

const char *relay_dst(const struct slot *s, size_t send)
{
	return addr_text(s, send, 16, 24);
}

const uint8_t *relay_message(const struct slot *s, size_t send)
{
	const uint8_t *pkt = s->out + s->sends[send].off;

	return pkt + (pkt[0] >> 4 == 6 ? 48 : 28);
}

size_t relay_message_len(const struct slot *s, size_t send)
{
	return s->sends[send].len - (size_t)(relay_message(s, send) - s->out - s->sends[send].off);
}

void relay_check_sends(const struct slot *s)
{
	cr_expect_eq(s->verdict, SLOT_DROP);
	cr_expect_not(s->edited);
	for (size_t i = 0; i < s->send_count; i++) {
		const uint8_t *pkt = s->out + s->sends[i].off;
		bool six = pkt[0] >> 4 == 6;

		cr_expect_eq((size_t)(pkt[six ? 4 : 2] << 8 | pkt[six ? 5 : 3]) + (six ? 40 : 0),
			s->sends[i].len);
		cr_expect_eq(check_udp(pkt), 0, "send %zu", i);
		if (!six)
			cr_expect_eq(check_ip4(pkt), 0, "send %zu", i);
	}
}

bool relay_shows(const struct slot *s, size_t send, const char *what)
{
	const char *text = show4(relay_message(s, send), relay_message_len(s, send));

	return strstr(text, what) != NULL;
}

bool relay_field_is(const struct slot *s, size_t send, size_t off, const char *hex)
{
	uint8_t wanted[16];
	size_t n = hex_read(hex, wanted, sizeof(wanted));

	return memcmp(relay_message(s, send) + off, wanted, n) == 0;
}

void relay_expect_clean(const struct slot *s, const char *flags)
{
	relay_check_sends(s);
	cr_expect_not(relay_shows(s, 0, "82="));
	cr_expect(relay_field_is(s, 0, DHCP4_GIADDR, "00000000"));
	cr_expect(relay_field_is(s, 0, DHCP4_HOPS, "00"));
	cr_expect(relay_field_is(s, 0, DHCP4_FLAGS, flags));
}
