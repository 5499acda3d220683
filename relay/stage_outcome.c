/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outcome: a record for every lease that is granted on the wire, from the response, and counts of
 * what was refused or given back. Only writes text into the worker's buffer; when and how that gets to
 * the disk is outcome.c's. USER_CHK.md section 4, PROTOCOL D.
 */
#include "relay/packet.h"

#include <arpa/inet.h>

enum { RECORD_MAX = 768 };

struct line {
	char text[RECORD_MAX];
	size_t len;
};

static void put_text(struct line *l, const char *text)
{
	size_t n = strlen(text);

	memcpy(l->text + l->len, text, n);
	l->len += n;
}

static void put_number(struct line *l, unsigned number)
{
	char digits[12];
	size_t n = sizeof(digits) - 1;

	digits[n] = '\0';
	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	put_text(l, digits + n);
}

/* Lower-case hex with colons; at most 255 bytes are asked for. */
static void put_hex(struct line *l, const uint8_t *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		if (i > 0)
			l->text[l->len++] = ':';
		l->text[l->len++] = hex[bytes[i] >> 4];
		l->text[l->len++] = hex[bytes[i] & 15];
	}
}

static void put_addr(struct line *l, int family, const uint8_t *addr)
{
	char text[INET6_ADDRSTRLEN];

	put_text(l, inet_ntop(family, addr, text, sizeof(text)));
}

/* The record is whole in the buffer or not at all. */
static void put_record(struct packet *p, struct line *l)
{
	struct records *r = p->pl->records;

	put_text(l, p->user != NULL ? "\nregistered=yes\n\n" : "\nregistered=no\n\n");
	if (l->len > r->cap - r->len) {
		r->lost++;
		return;
	}
	memcpy(r->text + r->len, l->text, l->len);
	r->len += l->len;
}

enum step stage_outcome4(struct packet *p)
{
	const uint8_t *msg = packet_msg(p), *yiaddr = msg + DHCP4_YIADDR;
	struct line l = { .len = 0 };
	bool granted;

	if (p->type == DHCPRELEASE)
		packet_event(p, EVENT_outcome_released);
	if (p->type == DHCPDECLINE)
		packet_event(p, EVENT_outcome_declined);
	if (!p->response || p->pxe || p->decision.no_outcome)
		return STEP_NEXT;
	if (p->type == DHCPNAK)
		packet_event(p, EVENT_outcome_refused);
	if (p->type == DHCPNAK || p->cause == CAUSE_moved || msg[DHCP4_HLEN] == 0)
		return STEP_NEXT;
	/* The ACK to an INFORM has no yiaddr; dnsmasq may send it option 51, so that is no sign. */
	granted = p->type == DHCPACK && be32_get(yiaddr) != 0;
	if (!granted && !p->pl->outcome_offers)
		return STEP_NEXT;
	if (granted)
		packet_event(p, EVENT_outcome_granted);
	put_text(&l, "id_type=HW_ADDR\nclient=hwtype=");
	put_number(&l, msg[DHCP4_HTYPE]);
	put_text(&l, " ");
	put_hex(&l, msg + DHCP4_CHADDR, msg[DHCP4_HLEN]);
	put_text(&l, "\naddr=");
	put_addr(&l, AF_INET, yiaddr);
	put_record(p, &l);
	return STEP_NEXT;
}

static void record_lease6(struct packet *p, const struct tlv *id, const struct dhcp6_lease *lease)
{
	struct line l = { .len = 0 };

	put_text(&l, "id_type=DUID\nclient=");
	put_hex(&l, id->val, id->len);
	put_text(&l, "\naddr=");
	put_addr(&l, AF_INET6, lease->addr);
	if (lease->is_prefix) {
		put_text(&l, "/");
		put_number(&l, lease->prefix_len);
	}
	put_record(p, &l);
}

/*
 * A lease is granted by a REPLY without a status at the top or in the IA, whose valid lifetime is not
 * zero: an address at 0/0 is one taken back. Read from what leaves, after guard and clamp.
 */
static void record_leases6(struct packet *p, const struct tlv *id, struct tlv_iter it)
{
	struct dhcp6_lease lease;
	struct dhcp6_ia ia;
	struct tlv_iter sub;

	while (dhcp6_next_ia(&it, &ia)) {
		if (dhcp6_status(ia.sub, ia.sub_len) != 0) {
			packet_event(p, EVENT_outcome_refused);
			continue;
		}
		for (sub = dhcp6_ia_begin(&ia); dhcp6_next_lease(&sub, &lease);) {
			if (lease.valid == 0)
				continue;
			if (p->type == DHCPV6_REPLY)
				packet_event(p, EVENT_outcome_granted);
			record_lease6(p, id, &lease);
		}
	}
}

enum step stage_outcome6(struct packet *p)
{
	struct tlv id;

	if (p->type == DHCPV6_RELEASE)
		packet_event(p, EVENT_outcome_released);
	if (p->type == DHCPV6_DECLINE)
		packet_event(p, EVENT_outcome_declined);
	if (!p->response || p->decision.no_outcome || !dhcp6_get(&p->view6, D6O_CLIENTID, &id))
		return STEP_NEXT;
	if (p->type != DHCPV6_REPLY && (p->type != DHCPV6_ADVERTISE || !p->pl->outcome_offers))
		return STEP_NEXT;
	if (dhcp6_top_status(&p->view6) != 0) {
		packet_event(p, EVENT_outcome_refused);
		return STEP_NEXT;
	}
	record_leases6(
		p, &id, p->editing ? dhcp6_edit_inner(&p->edit6) : dhcp6_inner(&p->view6));
	return STEP_NEXT;
}
