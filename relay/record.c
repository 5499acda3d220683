/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the two formats of an outcome record. Writes without stdio into a buffer of fixed size; all
 * that a client can choose is written as hex digits. USER_CHK.md section 4; RFC 8259, RFC 3339.
 */
#include "relay/record.h"

#include <time.h>

enum { RECORD_MAX = 4096 };

/* A text under construction, in the place where it is to stay; what does not fit is noted. */
struct line {
	char *text;
	size_t len, cap;
	bool full;
};

static struct line begin(const struct records *r)
{
	size_t room = r->cap - r->len;

	return (struct line){ .text = r->text + r->len, .cap = room < RECORD_MAX ? room : RECORD_MAX };
}

static void end(struct records *r, const struct line *l)
{
	if (l->full)
		r->lost++;
	else
		r->len += l->len;
}

/* Room for n more characters, to be written by the caller; NULL if there is none. */
static char *room_for(struct line *l, size_t n)
{
	char *at = l->text + l->len;

	if (n > l->cap - l->len) {
		l->full = true;
		return NULL;
	}
	l->len += n;
	return at;
}

static void put_bytes(struct line *l, const char *text, size_t n)
{
	char *at = room_for(l, n);

	if (at != NULL)
		memcpy(at, text, n);
}

static inline void put_text(struct line *l, const char *text)
{
	put_bytes(l, text, strlen(text));
}

/* Decimal, at least `width` digits. */
static void put_number(struct line *l, uint64_t number, size_t width)
{
	char digits[24];
	size_t n = sizeof(digits);

	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0 || sizeof(digits) - n < width);
	put_bytes(l, digits + n, sizeof(digits) - n);
}

static const char hex[] = "0123456789abcdef";

static void put_hex(struct line *l, const uint8_t *bytes, size_t len)
{
	char *at = len > 0 ? room_for(l, 3 * len - 1) : NULL;

	for (size_t i = 0; at != NULL && i < len; i++) {
		if (i > 0)
			*at++ = ':';
		*at++ = hex[bytes[i] >> 4];
		*at++ = hex[bytes[i] & 15];
	}
}

static void put_addr4(struct line *l, const uint8_t *addr)
{
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			put_bytes(l, ".", 1);
		put_number(l, addr[i], 1);
	}
}

/*
 * RFC 5952 4.2: the longest run of two zero groups or more, the first of equals; returns its
 * length.
 */
static size_t longest_zeros(const uint8_t *addr, size_t *ret_at)
{
	size_t best = 1, run = 0;

	*ret_at = 8;
	for (size_t i = 0; i < 8; i++) {
		run = be16_get(addr + 2 * i) == 0 ? run + 1 : 0;
		if (run > best) {
			best = run;
			*ret_at = i + 1 - run;
		}
	}
	return *ret_at < 8 ? best : 0;
}

/* RFC 5952 4.1: no leading zeros in a group. */
static void put_group(struct line *l, unsigned group)
{
	char text[4] = { hex[group >> 12], hex[group >> 8 & 15], hex[group >> 4 & 15], hex[group & 15] };
	size_t skip = group > 0xfff ? 0 : group > 0xff ? 1 : group > 0xf ? 2 : 3;

	put_bytes(l, text + skip, sizeof(text) - skip);
}

/*
 * RFC 5952 5: the last 32 bits of an address that embeds an IPv4 address are written as one. Which
 * are taken for such follows inet_ntop(3), whose text this is to be: "::ffff:" or nothing but zeros
 * before.
 */
static bool embeds_addr4(const uint8_t *addr, size_t at, size_t zeros)
{
	return at == 0 && (zeros == 6 || (zeros == 5 && be16_get(addr + 10) == 0xffff));
}

static void put_addr6(struct line *l, const uint8_t *addr)
{
	size_t at, zeros = longest_zeros(addr, &at);

	if (embeds_addr4(addr, at, zeros)) {
		put_text(l, zeros == 5 ? "::ffff:" : "::");
		put_addr4(l, addr + 12);
		return;
	}
	for (size_t i = 0; i < 8; i++) {
		if (i == at) {
			put_bytes(l, "::", 2);
			i += zeros - 1;
			continue;
		}
		if (i > 0 && i != at + zeros)
			put_bytes(l, ":", 1);
		put_group(l, be16_get(addr + 2 * i));
	}
}

static void put_addr(struct line *l, bool v6, const uint8_t *addr)
{
	if (v6)
		put_addr6(l, addr);
	else
		put_addr4(l, addr);
}

static void put_user_chk(struct packet *p, const struct record *r)
{
	static const uint8_t nowhere[16] = { 0 };
	struct line l = begin(p->pl->records);
	struct tlv id;

	/* Not what the user was found by, which may be of another type. */
	if (p->v6) {
		put_text(&l, "id_type=DUID\nclient=");
		if (dhcp6_get(&p->view6, D6O_CLIENTID, &id))
			put_hex(&l, id.val, id.len);
	} else {
		put_text(&l, "id_type=HW_ADDR\nclient=hwtype=");
		put_number(&l, packet_msg(p)[DHCP4_HTYPE], 1);
		put_text(&l, " ");
		put_hex(&l, packet_msg(p) + DHCP4_CHADDR, packet_msg(p)[DHCP4_HLEN]);
	}
	put_text(&l, "\naddr=");
	put_addr(&l, p->v6, r->addr != NULL ? r->addr : nowhere);
	if (r->is_prefix) {
		put_text(&l, "/");
		put_number(&l, r->prefix_len, 1);
	}
	put_text(&l, p->user != NULL ? "\nregistered=yes\n\n" : "\nregistered=no\n\n");
	end(p->pl->records, &l);
}

static void key(struct line *l, const char *name)
{
	put_text(l, l->len > 1 ? ",\"" : "\"");
	put_text(l, name);
	put_text(l, "\":");
}

static void member_text(struct line *l, const char *name, const char *text)
{
	key(l, name);
	put_text(l, "\"");
	put_text(l, text);
	put_text(l, "\"");
}

static void member_hex(struct line *l, const char *name, const uint8_t *bytes, size_t len)
{
	key(l, name);
	put_text(l, "\"");
	put_hex(l, bytes, len);
	put_text(l, "\"");
}

static void member_number(struct line *l, const char *name, uint64_t number)
{
	key(l, name);
	put_number(l, number, 1);
}

static void member_addr(struct line *l, const char *name, bool v6, const uint8_t *addr)
{
	key(l, name);
	put_text(l, "\"");
	put_addr(l, v6, addr);
	put_text(l, "\"");
}

/* RFC 3339 with microseconds, in UTC. */
static void member_time(struct line *l, int64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	char text[32];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	text[strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.", &tm)] = '\0';
	key(l, "time");
	put_text(l, "\"");
	put_text(l, text);
	put_number(l, (uint64_t)(time_ns % 1000000000 / 1000), 6);
	put_text(l, "Z\"");
}

const char *record_event_name(enum record_event e)
{
	static const char *const names[] = {
#define X(name) [RECORD_##name] = #name,
		RECORD_EVENTS(X)
#undef X
	};

	return names[e];
}

/* Who it says it is, whatever it was recognised by. */
static void members_ids(struct line *l, const struct packet *p)
{
	const uint8_t *msg = packet_msg(p);
	struct tlv t;

	if (p->v6) {
		if (dhcp6_get(&p->view6, D6O_CLIENTID, &t))
			member_hex(l, "duid", t.val, t.len);
		return;
	}
	member_number(l, "hwtype", msg[DHCP4_HTYPE]);
	if (msg[DHCP4_HLEN] > 0 && msg[DHCP4_HLEN] <= DHCP4_CHADDR_LEN)
		member_hex(l, "hw_address", msg + DHCP4_CHADDR, msg[DHCP4_HLEN]);
	if (dhcp4_get(&p->view4, DHO_CLIENT_ID, &t))
		member_hex(l, "client_id", t.val, t.len);
}

/* Who: the identity that was looked up, and whether the registry knows it. */
static void members_client(struct line *l, const struct packet *p)
{
	member_number(l, "family", p->v6 ? 6 : 4);
	if (p->id != NULL) {
		member_text(l, "id_type", reg_id_type_name(p->id_type));
		member_hex(l, "id", p->id, p->id_len);
	}
	members_ids(l, p);
	key(l, "registered");
	put_text(l, p->user != NULL ? "true" : "false");
	if (p->user != NULL)
		member_number(l, "user_line", registry_source_line(p->user));
}

static void members_lease(struct line *l, const struct packet *p, const struct record *r)
{
	if (r->addr == NULL)
		return;
	member_addr(l, r->is_prefix ? "prefix" : "address", p->v6, r->addr);
	if (r->is_prefix)
		member_number(l, "prefix_len", r->prefix_len);
	if (r->granted > 0) {
		member_number(l, "lease_granted", r->granted);
		member_number(l, "lease_sent", r->sent);
	}
}

/* Where it came from: the relay, the interface, the server, the transaction. */
static void members_path(struct line *l, const struct packet *p)
{
	const uint8_t *msg = packet_msg(p), *server;
	struct tlv t;

	if (p->response && p->answer_us >= 0)
		member_number(l, "answer_us", (uint64_t)p->answer_us);
	if (p->interface[0] != '\0')
		member_text(l, "interface", p->interface);
	if (!p->v6) {
		if (p->relayed)
			member_addr(l, "giaddr", false, msg + DHCP4_GIADDR);
		server = dhcp4_get_addr(&p->view4, DHO_SERVER_ID);
		if (server != NULL)
			member_addr(l, "server", false, server);
		member_hex(l, "xid", msg + DHCP4_XID, 4);
		return;
	}
	if (p->view6.depth > 0)
		member_addr(l, "link_address", true,
			p->view6.msg + p->view6.layers[p->view6.depth - 1].at + DHCP6_LINK);
	if (dhcp6_get(&p->view6, D6O_SERVERID, &t))
		member_hex(l, "server", t.val, t.len);
	member_hex(l, "xid", p->view6.msg + p->view6.inner + 1, 3);
}

/* Where the address lies; else the subnet decided on. */
static const struct subnet *subnet_of(const struct packet *p, const struct record *r)
{
	const struct subnets *all = &p->policy->subnets;
	const struct subnet *of = NULL;

	if (r->addr != NULL && r->is_prefix)
		of = subnet_of_pd(all, r->addr, r->prefix_len);
	else if (r->addr != NULL)
		of = p->v6 ? subnet_of6(all, r->addr) : subnet_of4(all, r->addr);
	return of != NULL ? of : p->decision.subnet;
}

static void put_json(struct packet *p, const struct record *r, struct records *to)
{
	const struct subnet *of = subnet_of(p, r);
	struct line l = begin(to);

	put_text(&l, "{");
	member_time(&l, p->slot->time_ns);
	member_text(&l, "event", record_event_name(r->event));
	members_client(&l, p);
	members_lease(&l, p, r);
	/* A subnet's name is checked to need no escape when the config is read. */
	if (of != NULL)
		member_text(&l, "subnet", of->name);
	if (p->decision.rule != NULL)
		member_number(&l, "rule", (uint64_t)p->decision.rule_index + 1);
	members_path(&l, p);
	member_number(&l, "generation", p->pl->snapshot->generation);
	put_text(&l, "}\n");
	end(to, &l);
}

static bool is_lease(const struct record *r)
{
	return r->event == RECORD_granted || r->event == RECORD_renewed ||
		r->event == RECORD_offered;
}

/* user_chk has no record for a client of DHCPv4 without one. */
static bool has_hardware_address(const struct packet *p)
{
	return p->v6 || packet_msg(p)[DHCP4_HLEN] > 0;
}

_Static_assert((int)OUTCOME_EVENTS == (int)RECORD_EVENT_COUNT, "the counters of pipeline.h");

void record_put(struct packet *p, const struct record *r)
{
	p->pl->counters->outcomes[p->v6][p->user != NULL][r->event]++;
	if (p->decision.no_outcome || (r->event == RECORD_offered && !p->pl->outcome_offers))
		return;
	if (p->pl->json != NULL)
		put_json(p, r, p->pl->json);
	if (p->pl->outcome_json)
		put_json(p, r, p->pl->records);
	else if (is_lease(r) && has_hardware_address(p))
		put_user_chk(p, r);
}
