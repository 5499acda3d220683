/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases as libraries see them, read off the message in hand: an answer grants them, a RELEASE or
 * DECLINE names those given back. RFC 2131 4.4.4, 4.4.6; RFC 8415 21.4 to 21.6, 21.21, 21.22.
 */
#include "relay/hook_parts.h"

#include <stddef.h>
#include <string.h>

static void set_id(struct usher_lease *l, const uint8_t *id, size_t len)
{
	l->id_len = (uint8_t)(len < sizeof(l->id) ? len : sizeof(l->id));
	memcpy(l->id, id, l->id_len);
}

static void read_client4(const struct packet *p, struct usher_lease *l)
{
	const uint8_t *msg = packet_msg(p);
	struct tlv t;

	l->hw_type = msg[DHCP4_HTYPE];
	l->hw_len = msg[DHCP4_HLEN];
	memcpy(l->hw, msg + DHCP4_CHADDR, DHCP4_CHADDR_LEN);
	if (dhcp4_get(&p->view4, DHO_CLIENT_ID, &t))
		set_id(l, t.val, t.len);
}

static bool lease4(const struct packet *p, size_t index, struct usher_lease *l)
{
	const uint8_t *msg = packet_msg(p), *addr = msg + DHCP4_YIADDR;

	if (index > 0)
		return false;
	if (!p->response)
		addr = p->type == DHCPDECLINE
			? dhcp4_get_addr(&p->view4, DHO_REQUESTED_ADDRESS) : msg + DHCP4_CIADDR;
	if (addr == NULL || be32_get(addr) == 0)
		return false;
	l->prefix_len = 32;
	memcpy(l->address, addr, 4);
	if (p->response && !dhcp4_get32(&p->view4, DHO_LEASE_TIME, &l->valid))
		l->valid = 0;
	/* After the clamp: what is sent. */
	if (p->granted > 0)
		l->valid = p->sent;
	read_client4(p, l);
	return true;
}

static void read_lease6(const struct packet *p, const struct dhcp6_ia *ia,
	const struct dhcp6_lease *from, struct usher_lease *l)
{
	l->prefix_len = from->prefix_len;
	l->is_prefix = from->is_prefix;
	memcpy(l->address, from->addr, sizeof(l->address));
	l->iaid = be32_get(ia->val);
	l->valid = p->response ? from->valid : 0;
	l->preferred = p->response ? from->preferred : 0;
}

/* As they are now: no library adds or removes one. */
static struct tlv_iter ias_of(const struct packet *p)
{
	return p->editing && p->response ? dhcp6_edit_inner(&p->edit6) : dhcp6_inner(&p->view6);
}

static bool next_ia(const struct packet *p, struct tlv_iter *it, struct dhcp6_ia *ret)
{
	while (dhcp6_next_ia(it, ret))
		if (!p->response || dhcp6_status(ret->sub, ret->sub_len) == 0)
			return true;
	return false;
}

static uint64_t granted4(const struct packet *p)
{
	return dhcp4_has(&p->view4, DHO_LEASE_TIME) && be32_get(packet_msg(p) + DHCP4_YIADDR) != 0;
}

uint64_t hook_leases_in(const struct packet *p)
{
	struct tlv_iter ias, leases;
	uint64_t granted = 0, bit = 1;
	struct dhcp6_lease l;
	struct dhcp6_ia ia;

	if (!p->v6)
		return granted4(p);
	for (ias = ias_of(p); bit != 0 && next_ia(p, &ias, &ia);)
		for (leases = dhcp6_ia_begin(&ia); dhcp6_next_lease(&leases, &l); bit <<= 1)
			granted |= l.valid > 0 ? bit : 0;
	return granted;
}

static bool lease6(const struct packet *p, size_t index, struct usher_lease *l)
{
	struct tlv_iter it = ias_of(p);
	struct dhcp6_lease from;
	struct dhcp6_ia ia;
	struct tlv t;

	while (next_ia(p, &it, &ia)) {
		struct tlv_iter sub = dhcp6_ia_begin(&ia);

		while (dhcp6_next_lease(&sub, &from)) {
			if (index-- > 0)
				continue;
			read_lease6(p, &ia, &from, l);
			if (dhcp6_get(&p->view6, D6O_CLIENTID, &t))
				set_id(l, t.val, t.len);
			return true;
		}
	}
	return false;
}

bool hook_lease_at(const struct packet *p, size_t index, struct usher_lease *ret)
{
	memset(ret, 0, offsetof(struct usher_lease, id));
	ret->size = sizeof(*ret);
	ret->family = p->v6 ? 6 : 4;
	ret->registered = p->user != NULL;
	return p->type != 0 && (p->v6 ? lease6(p, index, ret) : lease4(p, index, ret));
}

int hook_lease_copy(struct usher_lease *ret, const struct usher_lease *from)
{
	size_t size = ret->size;

	if (size != sizeof(*from))
		return USHER_E_SIZE;
	*ret = *from;
	ret->size = size;
	return USHER_OK;
}
