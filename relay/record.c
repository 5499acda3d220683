/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the two formats of an outcome record. Writes without stdio into a buffer of fixed size; all that
 * a client can choose is written as hex digits. USER_CHK.md section 4; RFC 8259, RFC 3339.
 */
#include "relay/record.h"

#include <arpa/inet.h>
#include <time.h>

enum { RECORD_MAX = 4096 };

/* A text under construction; what does not fit is left out and noted. Not zeroed: it is large. */
struct line {
	char text[RECORD_MAX];
	size_t len;
	bool full;
};

static void put_bytes(struct line *l, const char *text, size_t n)
{
	if (n > sizeof(l->text) - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->text + l->len, text, n);
	l->len += n;
}

static void put_text(struct line *l, const char *text)
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

static void put_hex(struct line *l, const uint8_t *bytes, size_t len, bool colons)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		char text[3] = { ':', hex[bytes[i] >> 4], hex[bytes[i] & 15] };

		put_bytes(l, colons && i > 0 ? text : text + 1, colons && i > 0 ? 3 : 2);
	}
}

static void put_addr(struct line *l, bool v6, const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN];

	put_text(l, inet_ntop(v6 ? AF_INET6 : AF_INET, addr, text, sizeof(text)));
}

static void append(struct packet *p, const struct line *l)
{
	struct records *r = p->pl->records;

	if (l->full || l->len > r->cap - r->len) {
		r->lost++;
		return;
	}
	memcpy(r->text + r->len, l->text, l->len);
	r->len += l->len;
}

static void put_user_chk(struct packet *p, const struct record *r)
{
	static const uint8_t nowhere[16] = { 0 };
	struct line l;

	l.len = 0;
	l.full = false;
	if (p->v6) {
		put_text(&l, "id_type=DUID\nclient=");
		put_hex(&l, p->id, p->id_len, true);
	} else {
		put_text(&l, "id_type=HW_ADDR\nclient=hwtype=");
		put_number(&l, packet_msg(p)[DHCP4_HTYPE], 1);
		put_text(&l, " ");
		put_hex(&l, packet_msg(p) + DHCP4_CHADDR, packet_msg(p)[DHCP4_HLEN], true);
	}
	put_text(&l, "\naddr=");
	put_addr(&l, p->v6, r->addr != NULL ? r->addr : nowhere);
	if (r->is_prefix) {
		put_text(&l, "/");
		put_number(&l, r->prefix_len, 1);
	}
	put_text(&l, p->user != NULL ? "\nregistered=yes\n\n" : "\nregistered=no\n\n");
	append(p, &l);
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
	put_hex(l, bytes, len, true);
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

static const char *event_text_of(enum record_event e)
{
	static const char *const names[] = {
#define X(name) [RECORD_##name] = #name,
		RECORD_EVENTS(X)
#undef X
	};

	return names[e];
}

/* Who: the identity that was looked up, and whether the registry knows it. */
static void members_client(struct line *l, const struct packet *p)
{
	member_number(l, "family", p->v6 ? 6 : 4);
	if (p->id != NULL) {
		member_text(l, "id_type", reg_id_type_name(p->id_type));
		member_hex(l, "id", p->id, p->id_len);
	}
	if (!p->v6)
		member_number(l, "hwtype", packet_msg(p)[DHCP4_HTYPE]);
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

static void put_json(struct packet *p, const struct record *r)
{
	const struct subnet *of = p->found != NULL ? p->found : p->decision.subnet;
	struct line l;

	l.len = 0;
	l.full = false;
	put_text(&l, "{");
	member_time(&l, p->slot->time_ns);
	member_text(&l, "event", event_text_of(r->event));
	members_client(&l, p);
	members_lease(&l, p, r);
	/* A subnet's name is checked to need no escape when the config is read. */
	if (of != NULL)
		member_text(&l, "subnet", of->name);
	if (p->decision.rule != NULL)
		member_number(&l, "rule", (uint64_t)p->decision.rule_index + 1);
	members_path(&l, p);
	put_text(&l, "}\n");
	append(p, &l);
}

void record_put(struct packet *p, const struct record *r)
{
	if (p->decision.no_outcome || (r->event == RECORD_offered && !p->pl->outcome_offers))
		return;
	if (p->pl->outcome_json)
		put_json(p, r);
	else if (r->event == RECORD_granted || r->event == RECORD_renewed ||
		r->event == RECORD_offered)
		put_user_chk(p, r);
}
