/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libraries read of a packet: fields, options, who it is. Changes nothing. */
#include "relay/hook_parts.h"

#include <string.h>

static int give(const uint8_t *val, size_t len, const uint8_t **ret, size_t *ret_len)
{
	*ret = val;
	*ret_len = len;
	return USHER_OK;
}

int usher_family(const struct usher_packet *packet)
{
	return packet->p->v6 ? 6 : 4;
}

unsigned usher_type(const struct usher_packet *packet)
{
	return packet->p->type;
}

const char *usher_interface(const struct usher_packet *packet)
{
	return packet->p->interface;
}

bool usher_relayed(const struct usher_packet *packet)
{
	return packet->p->relayed;
}

const uint8_t *usher_message(struct usher_packet *packet, size_t *ret_len)
{
	return hook_message(packet->p, ret_len);
}

/* --- fields ---------------------------------------------------------------------------------- */

static int field4(const uint8_t *msg, enum usher_field field, const uint8_t **ret, size_t *ret_len)
{
	static const struct {
		uint8_t at, len;
	} fields[] = {
		[USHER_OP] = { DHCP4_OP, 1 },         [USHER_HTYPE] = { DHCP4_HTYPE, 1 },
		[USHER_HOPS] = { DHCP4_HOPS, 1 },     [USHER_SECS] = { DHCP4_SECS, 2 },
		[USHER_FLAGS] = { DHCP4_FLAGS, 2 },   [USHER_CIADDR] = { DHCP4_CIADDR, 4 },
		[USHER_YIADDR] = { DHCP4_YIADDR, 4 }, [USHER_SIADDR] = { DHCP4_SIADDR, 4 },
		[USHER_GIADDR] = { DHCP4_GIADDR, 4 }, [USHER_CHADDR] = { DHCP4_CHADDR, 0 },
		[USHER_SNAME] = { DHCP4_SNAME, DHCP4_SNAME_LEN },
		[USHER_FILE] = { DHCP4_FILE, DHCP4_FILE_LEN },
		[USHER_XID] = { DHCP4_XID, 4 },
	};
	size_t len;

	if ((size_t)field >= sizeof(fields) / sizeof(fields[0]))
		return USHER_E_NOT_FOUND;
	len = fields[field].len;
	if (field == USHER_CHADDR)
		len = msg[DHCP4_HLEN] < DHCP4_CHADDR_LEN ? msg[DHCP4_HLEN] : DHCP4_CHADDR_LEN;
	return give(msg + fields[field].at, len, ret, ret_len);
}

static int field6(const struct packet *p, enum usher_field field, const uint8_t **ret,
	size_t *ret_len)
{
	const struct dhcp6_view *v = &p->view6;
	size_t at;

	if (p->type == 0)
		return USHER_E_NOT_FOUND;
	if (field == USHER_XID)
		return give(v->msg + v->inner + 1, 3, ret, ret_len);
	if (v->depth == 0 || (field != USHER_LINK_ADDRESS && field != USHER_PEER_ADDRESS))
		return USHER_E_NOT_FOUND;
	at = v->layers[v->depth - 1].at + (field == USHER_LINK_ADDRESS ? DHCP6_LINK : DHCP6_PEER);
	return give(v->msg + at, 16, ret, ret_len);
}

int usher_get_field(struct usher_packet *packet, enum usher_field field, const uint8_t **ret,
	size_t *ret_len)
{
	struct packet *p = packet->p;
	size_t len, addr = p->v6 ? 16 : 4;
	const uint8_t *msg;

	if (field == USHER_SOURCE)
		return give(p->in + p->frame.src_off, addr, ret, ret_len);
	if (field == USHER_DESTINATION)
		return give(p->in + p->frame.dst_off, addr, ret, ret_len);
	if (p->v6)
		return field6(p, field, ret, ret_len);
	msg = p->editing ? p->slot->out + p->frame.pay_off : hook_message(p, &len);
	return p->frame.pay_len >= DHCP4_COOKIE ? field4(msg, field, ret, ret_len)
						: USHER_E_NOT_FOUND;
}

/* --- options --------------------------------------------------------------------------------- */

/* The options as they are now; false before the message was read. */
static bool begin(struct packet *p, struct tlv_iter *ret)
{
	if (p->type == 0)
		return false;
	if (p->v6)
		*ret = p->editing ? dhcp6_edit_inner(&p->edit6) : dhcp6_inner(&p->view6);
	else if (p->editing)
		*ret = tlv_begin(p->edit4.msg + DHCP4_OPTIONS, p->edit4.len - DHCP4_OPTIONS);
	return true;
}

int usher_get_option(
	struct usher_packet *packet, unsigned code, const uint8_t **ret, size_t *ret_len)
{
	struct hook_memory *m = packet->memory;
	struct packet *p = packet->p;
	const uint8_t *val;
	struct tlv_iter it;
	struct tlv t;

	if (!begin(p, &it))
		return USHER_E_NOT_FOUND;
	/* The pieces of a long option as one. */
	if (!p->v6 && !p->editing && code < DHO_END) {
		val = dhcp4_concat(
			&p->view4, (uint8_t)code, m->scratch, sizeof(m->scratch), ret_len);
		*ret = val;
		return val != NULL ? USHER_OK : USHER_E_NOT_FOUND;
	}
	if (!p->v6 && !p->editing)
		return USHER_E_NOT_FOUND;
	while (tlv_next(p->v6 ? &TLV_DHCP6 : &TLV_DHCP4, &it, &t))
		if (t.code == code)
			return give(t.val, t.len, ret, ret_len);
	return USHER_E_NOT_FOUND;
}

int usher_next_option(struct usher_packet *packet, size_t *at, unsigned *ret_code,
	const uint8_t **ret, size_t *ret_len)
{
	struct packet *p = packet->p;
	struct dhcp4_iter it4;
	struct tlv_iter it;
	size_t skip = *at;
	bool more, fields;
	struct tlv t;

	if (!begin(p, &it))
		return USHER_E_NOT_FOUND;
	fields = !p->v6 && !p->editing;
	if (fields)
		it4 = dhcp4_begin(&p->view4);
	do
		more = fields ? dhcp4_next(&it4, &t)
			      : tlv_next(p->v6 ? &TLV_DHCP6 : &TLV_DHCP4, &it, &t);
	while (more && skip-- > 0);
	if (!more)
		return USHER_E_NOT_FOUND;
	++*at;
	*ret_code = t.code;
	return give(t.val, t.len, ret, ret_len);
}

int usher_packet_lease(struct usher_packet *packet, size_t index, struct usher_lease *ret)
{
	struct usher_lease l;

	return hook_lease_at(packet->p, index, &l) ? hook_lease_copy(ret, &l)
							   : USHER_E_NOT_FOUND;
}

/* --- who it is ------------------------------------------------------------------------------- */

bool usher_registered(const struct usher_packet *packet)
{
	return packet->p->user != NULL;
}

int usher_identity(const struct usher_packet *packet, const char **ret_type, const uint8_t **ret,
	size_t *ret_len)
{
	const struct packet *p = packet->p;

	if (p->id == NULL)
		return USHER_E_NOT_FOUND;
	*ret_type = reg_id_type_name(p->id_type);
	return give(p->id, p->id_len, ret, ret_len);
}

static int attribute(const struct reg_user *user, const char *name, const char **ret,
	size_t *ret_len)
{
	if (user == NULL || !registry_attr(user, name, strlen(name), ret, ret_len))
		return USHER_E_NOT_FOUND;
	return USHER_OK;
}

int usher_attribute(const struct usher_packet *packet, const char *name, const char **ret,
	size_t *ret_len)
{
	return attribute(packet->p->user, name, ret, ret_len);
}

int usher_default_attribute(const struct usher_packet *packet, const char *name, const char **ret,
	size_t *ret_len)
{
	const struct packet *p = packet->p;

	if (p->registry == NULL)
		return USHER_E_NOT_FOUND;
	return attribute(registry_default(p->registry, p->v6 ? 6 : 4), name, ret, ret_len);
}
