/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the echo of a server: a query that we edited is turned into the answer that a server which
 * does nothing but echo would give, and sent through the pipeline the other way.
 */
#include "tests/exercise_packet.h"

#include "dhcpcodec/agent.h"
#include "dhcpcodec/dhcp6.h"
#include "dhcpcodec/frame.h"
#include "relay/state.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND = 2048 }; /* bytes on either side of a packet */

#define SUBNETS \
	"\"subnets\": [" \
	"{ \"name\": \"reg\", \"prefixes\": [\"10.1.0.0/24\", \"2001:db8:1::/64\"] }," \
	"{ \"name\": \"unreg\", \"prefixes\": [\"10.99.0.0/24\", \"2001:db8:99::/64\"]," \
	"  \"max_lease\": 300 } ],"

static const char *const configs[EXERCISE_RIGS] = {
	"{" SUBNETS
	"\"rules\": [ { \"when\": { \"registered\": true }, \"subnet\": \"reg\" },"
	"             { \"when\": { \"registered\": false }, \"subnet\": \"unreg\" } ] }",
	"{" SUBNETS
	"\"hint\": \"both\", \"trusted_relays\": [\"0.0.0.0/0\", \"::/0\"], \"vendor_create\": true,"
	"\"pxe_fields\": \"auto\", \"bootp\": \"drop\", \"oversize\": \"drop\","
	"\"malformed\": { \"query\": \"pass\", \"response\": \"drop\" },"
	"\"outcome\": { \"format\": \"json\", \"offers\": true } }",
	"{" SUBNETS
	"\"hint\": \"subnet-selection\", \"enforce\": \"log\", \"on_mismatch\": \"server\","
	"\"malformed\": { \"query\": \"pass\" }, \"auth\": \"key-delivery-ok\","
	"\"trusted_relays\": [\"10.0.0.0/8\", \"fe80::/10\"], \"max_ip4\": 65535, \"max_ip6\": 65535 }",
};

static const char registry[] =
	"{ \"type\": \"HW_ADDR\", \"id\": \"02:00:00:00:00:0a\", \"bootfile\": \"/tftp/a\","
	"  \"tftp_server\": \"192.0.2.10\", \"domain-name-servers\": \"10.0.0.53, 10.0.1.53\","
	"  \"host-name\": \"\" }\n"
	"{ \"type\": \"HW_ADDR\", \"id\": \"00000000\", \"bootfile\": \"/tftp/default\" }\n"
	"{ \"type\": \"DUID\", \"id\": \"00:03:00:01:02:00:00:00:00:0c\", \"bootfile\": \"/v6/c\","
	"  \"tftp_server\": \"2001:db8::69\", \"option6-59\": \"hex:c0ffee\" }\n"
	"{ \"type\": \"DUID\", \"id\": \"000301\", \"bootfile\": \"/v6/short\" }\n";

struct rig *exercise_rig(unsigned which)
{
	return rig_new(configs[which], registry);
}

/*
 * Flush against a guard page, one time in four, since mprotect() takes longer than the pipeline;
 * the first time always, so that a packet run alone is. The slot's room is too small for the
 * longest.
 */
static enum rig_place choose_place(size_t len)
{
	static unsigned runs;

	return len < SLOT_RAW - 16384 && runs++ % 4 == 0 ? RIG_FLUSH_END : RIG_PLAIN;
}

/* The datagram that goes on: out, or the packet as it came. */
struct datagram {
	const uint8_t *bytes;
	size_t len;
	struct frame f;
};

static void check_records(const struct rig *r)
{
	MUST(r->records.len < sizeof(r->text));
	for (size_t i = 0; i < r->records.len; i++)
		MUST(isprint((unsigned char)r->text[i]) || r->text[i] == '\n');
}

static void check_counted(const struct rig *r, const struct slot *s)
{
	uint64_t causes = 0;

	for (size_t i = 0; i < CAUSE_COUNT; i++)
		causes += r->counters.causes[i];
	MUST(causes == 1 && r->counters.packets == 1);
	MUST(s->verdict == SLOT_ACCEPT || s->verdict == SLOT_DROP);
	MUST(r->counters.verdicts[s->verdict] == 1);
	MUST(s->edited == (r->counters.causes[CAUSE_rewritten] == 1) || s->edited);
	MUST(!s->edited || s->verdict == SLOT_ACCEPT);
}

/* Other bytes where the slot is not the packet. */
static void change_surroundings(struct slot *s)
{
	size_t end = s->in_off + s->in_len, from = s->in_off < AROUND ? 0 : s->in_off - AROUND;

	for (size_t i = from; i < end + AROUND && i < SLOT_RAW; i++)
		if (i < s->in_off || i >= end)
			s->raw[i] ^= 0xff;
	memset(s->out, 0x5a, sizeof(s->out));
}

/*
 * What is sent instead is a whole datagram that parses. Neither it nor what is written down has
 * anything of what lay beside the packet or in the buffer: with other bytes there, both are the
 * same.
 */
static void check_edited(struct rig *r, struct slot *s)
{
	static uint8_t first[SLOT_OUT];
	static char first_text[sizeof(r->text)];
	size_t first_len = r->records.len;
	struct dhcp4_view v4;
	struct dhcp6_view v6;
	struct frame f;
	size_t len = s->out_len;

	MUST(len <= SLOT_OUT);
	MUST(frame_parse(&f, s->out, len, FRAME_VERIFY) == DHCP_OK);
	MUST(f.ip_len == len && f.pay_off + f.pay_len == len);
	MUST(f.no_csum || check_udp(s->out) == 0);
	MUST(f.family == 6 || check_ip4(s->out) == 0);
	if (f.family == 4)
		MUST(dhcp4_view_init(&v4, s->out + f.pay_off, f.pay_len) == DHCP_OK);
	else
		MUST(dhcp6_view_init(&v6, s->out + f.pay_off, f.pay_len) == DHCP_OK);
	memcpy(first, s->out, len);
	memcpy(first_text, r->text, first_len);
	change_surroundings(s);
	s->verdict = SLOT_ACCEPT;
	r->records.len = 0;
	pipeline_run(&r->pipeline, r->batch);
	MUST(s->edited && s->out_len == len && memcmp(first, s->out, len) == 0);
	MUST(r->records.len == first_len && memcmp(first_text, r->text, first_len) == 0);
}

static bool our_block(const struct rig *r, const struct tlv *agent, struct state *ret)
{
	struct agent_block block;
	struct tlv vendor;

	return agent_get(agent->val, agent->len, RAI_VENDOR, &vendor) &&
		agent_block(&vendor, r->config->policy->treat.enterprise, state_magic, 2, &block) &&
		state4_get(ret, block.data, block.len);
}

/* PROTOCOL 0.12: a client steers itself with 82 or 118 unless they are taken from it. */
static void check_client_query4(const struct rig *r, const struct datagram *d)
{
	struct state state = { 0 };
	struct dhcp4_view v;
	size_t agents = 0;
	struct dhcp4_iter it;
	struct tlv t;

	if (d->f.dport != 67 || dhcp4_view_init(&v, d->bytes + d->f.pay_off, d->f.pay_len) != DHCP_OK)
		return;
	if (v.msg[DHCP4_OP] != BOOTREQUEST || v.type < DHCPDISCOVER || v.type > DHCPINFORM)
		return;
	if (v.type == DHCPOFFER || v.type == DHCPACK || v.type == DHCPNAK)
		return;
	if (be32_get(v.msg + DHCP4_GIADDR) != 0)
		return;
	for (it = dhcp4_begin(&v); dhcp4_next(&it, &t);) {
		if (t.code != DHO_AGENT_OPTIONS)
			continue;
		agents++;
		MUST(it.field == 0 && our_block(r, &t, &state));
	}
	MUST(agents <= 1);
	/* Nor in a field that a server takes for overloaded, whatever our own view of that is. */
	if (dhcp4_has(&v, DHO_OVERLOAD)) {
		const char *fields = strchr(show4(v.msg, v.len), '|');

		MUST(fields == NULL ||
			(strstr(fields, " 82=") == NULL && strstr(fields, "|82=") == NULL));
	}
	if (dhcp4_has(&v, DHO_SUBNET_SELECTION) && !dhcp4_has(&v, DHO_AUTHENTICATION))
		MUST((state.flags & STATE_OWN_118) != 0);
}

/* No message of a client that speaks for a relay gets through, unless that relay is trusted. */
static void check_client_query6(const struct rig *r, const struct datagram *d, bool edited)
{
	bool trusts_all = r->config->policy->treat.relay_count6 > 0;

	if (d->f.dport == 547 && d->f.pay_len >= DHCP6_HEAD && !edited && !trusts_all)
		MUST(d->bytes[d->f.pay_off] != DHCPV6_RELAY_FORW);
}

static bool holds_ours4(const struct rig *r, const struct datagram *d)
{
	struct dhcp4_view v;
	struct state state;
	struct tlv t;

	return dhcp4_view_init(&v, d->bytes + d->f.pay_off, d->f.pay_len) == DHCP_OK &&
		dhcp4_get(&v, DHO_AGENT_OPTIONS, &t) && our_block(r, &t, &state);
}

static bool holds_ours6(const struct rig *r, const struct datagram *d)
{
	struct dhcp6_view v;
	struct state state;
	struct tlv t;

	return dhcp6_view_init(&v, d->bytes + d->f.pay_off, d->f.pay_len) == DHCP_OK && v.depth > 0 &&
		dhcp6_layer_get(&v, 0, D6O_INTERFACE_ID, &t) &&
		state6_get(&state, r->config->policy->treat.enterprise, t.val, t.len);
}

/* What carries our state on the way up carries nothing of it on the way down. */
static void check_echo(struct rig *r, const struct datagram *query)
{
	static uint8_t answer[SLOT_OUT];
	struct slot *s = &r->batch->slots[0];
	bool six = query->f.family == 6;
	struct datagram d = { .bytes = s->out };

	if (!exercise_echo(query->bytes, query->len, answer))
		return;
	exercise_packet(r, answer, query->len, SIDE_SERVER);
	if (s->verdict == SLOT_DROP || !(six ? holds_ours6 : holds_ours4)(r, query))
		return;
	MUST(s->edited);
	MUST(frame_parse(&d.f, s->out, s->out_len, FRAME_VERIFY) == DHCP_OK);
	MUST(!(six ? holds_ours6 : holds_ours4)(r, &d));
}

static bool echo4(const struct frame *f, uint8_t *answer)
{
	struct dhcp4_view v;
	struct tlv t;

	if (dhcp4_view_init(&v, answer + f->pay_off, f->pay_len) != DHCP_OK)
		return false;
	answer[f->pay_off + DHCP4_OP] = BOOTREPLY;
	dhcp4_get(&v, DHO_MESSAGE_TYPE, &t);
	answer[t.val - answer] = v.type == DHCPDISCOVER ? DHCPOFFER : DHCPACK;
	be16_put(answer + f->udp_off, 67);
	be16_put(answer + f->udp_off + 2, 68);
	memcpy(answer + f->pay_off + DHCP4_YIADDR, "\x0a\x63\0\x07", 4);
	return true;
}

static bool echo6(const struct frame *f, uint8_t *answer)
{
	struct dhcp6_view v;

	if (dhcp6_view_init(&v, answer + f->pay_off, f->pay_len) != DHCP_OK)
		return false;
	for (unsigned i = 0; i < v.depth; i++)
		answer[f->pay_off + v.layers[i].at] = DHCPV6_RELAY_REPL;
	answer[f->pay_off + v.inner] = v.type == DHCPV6_SOLICIT ? DHCPV6_ADVERTISE : DHCPV6_REPLY;
	be16_put(answer + f->udp_off, 547);
	be16_put(answer + f->udp_off + 2, 547);
	return true;
}

bool exercise_echo(const uint8_t *query, size_t len, uint8_t *answer)
{
	struct frame f;

	if (frame_parse(&f, query, len, FRAME_VERIFY) != DHCP_OK)
		return false;
	memcpy(answer, query, len);
	if (!(f.family == 4 ? echo4 : echo6)(&f, answer))
		return false;
	frame_seal(&f, answer, f.pay_len);
	return true;
}

bool exercise_packet(struct rig *r, const uint8_t *pkt, size_t len, enum side side)
{
	static uint8_t sent[SLOT_OUT];
	struct rig_packet p = { .bytes = pkt, .len = len, .side = side, .place = choose_place(len) };
	struct slot *s = &r->batch->slots[0];
	struct datagram d = { .bytes = pkt, .len = len };
	bool edited;

	rig_run(r, &p);
	edited = s->edited;
	MUST(memcmp(s->raw + s->in_off, pkt, len) == 0);
	check_counted(r, s);
	check_records(r);
	if (s->edited)
		check_edited(r, s);
	if (s->verdict == SLOT_DROP)
		return false;
	if (edited) {
		memcpy(sent, s->out, s->out_len);
		d.bytes = sent;
		d.len = s->out_len;
	}
	if (frame_parse(&d.f, d.bytes, d.len, FRAME_VERIFY) != DHCP_OK)
		return edited;
	if (side == SIDE_CLIENT && d.f.family == 4)
		check_client_query4(r, &d);
	else if (side == SIDE_CLIENT)
		check_client_query6(r, &d, edited);
	if (edited && side == SIDE_CLIENT)
		check_echo(r, &d);
	return edited;
}

void exercise_datagram(struct build *b, int family, const uint8_t *msg, size_t len, enum side side)
{
	bool relay = family == 6 && len > 0 && (msg[0] == DHCPV6_RELAY_FORW || msg[0] == DHCPV6_RELAY_REPL);

	b->len = 0;
	if (family == 4 && side == SIDE_CLIENT)
		build_ip4(b, "", 68, 67, msg, len);
	else if (family == 4)
		build_ip4(b, "", 67, 68, msg, len);
	else if (side == SIDE_CLIENT)
		build_ip6(b, 17, "", relay ? 547 : 546, 547, msg, len);
	else
		build_ip6(b, 17, "", 547, relay ? 547 : 546, msg, len);
}

bool exercise_message(struct rig *r, int family, const uint8_t *msg, size_t len, enum side side)
{
	static struct build b;

	exercise_datagram(&b, family, msg, len, side);
	return exercise_packet(r, b.b, b.len, side);
}
