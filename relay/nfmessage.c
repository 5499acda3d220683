/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the layout of an NFQUEUE packet message: a netlink header, a nfgenmsg, attributes. The walk
 * is its own, not libmnl's, because libnetfilter_queue checks neither the size of the packet header
 * nor that of the payload, and libmnl's getters read integers where they lie. Every attribute we
 * know has an exact size; of a message that breaks one nothing but the packet's id is believed.
 * Knows nothing of IP.
 */
#include "relay/nfmessage.h"

#include "dhcpcodec/bytes.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

enum {
	NL_HEADER = 16,      /* struct nlmsghdr */
	NF_HEADER = 20,      /* and struct nfgenmsg */
	ATTR_HEADER = 4,     /* struct nlattr */
	TYPE_PACKET = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET,
};

/* Netlink headers are in host order, what netfilter puts into attributes in network order. */
static uint16_t host16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t host32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void get_packet_hdr(struct slot *s, const uint8_t *val)
{
	s->id = be32_get(val);
	s->hw_protocol = be16_get(val + 4);
	s->hook = val[6];
}

static void get_hwaddr(struct slot *s, const uint8_t *val)
{
	uint16_t n = be16_get(val);

	if (n > sizeof(s->hw))
		return;
	s->hw_len = (uint8_t)n;
	memcpy(s->hw, val + 4, n);
}

static const struct attr {
	uint16_t least, most; /* size of the value */
	uint16_t at;          /* in struct slot, of an integer */
	void (*get)(struct slot *s, const uint8_t *val); /* of anything else */
} attrs[] = {
#define INTEGER(field) { 4, 4, offsetof(struct slot, field), NULL }
	[NFQA_PACKET_HDR] = { 7, 7, 0, get_packet_hdr },
	[NFQA_MARK] = INTEGER(mark),
	[NFQA_IFINDEX_INDEV] = INTEGER(indev),
	[NFQA_IFINDEX_OUTDEV] = INTEGER(outdev),
	[NFQA_IFINDEX_PHYSINDEV] = INTEGER(physindev),
	[NFQA_IFINDEX_PHYSOUTDEV] = INTEGER(physoutdev),
	[NFQA_HWADDR] = { 12, 12, 0, get_hwaddr },
	[NFQA_PAYLOAD] = { 0, UINT16_MAX, 0, NULL },
	[NFQA_CAP_LEN] = INTEGER(cap_len),
	[NFQA_SKB_INFO] = INTEGER(skb_info),
#undef INTEGER
};

/* One of a size that is right, at msg[pos]. */
static void take(struct slot *s, size_t type, const uint8_t *msg, size_t pos, size_t len)
{
	const struct attr *a = &attrs[type];

	if (a->get != NULL) {
		a->get(s, msg + pos);
	} else if (type == NFQA_PAYLOAD) {
		s->in_off = (uint32_t)pos;
		s->in_len = (uint32_t)len;
	} else {
		uint32_t v = be32_get(msg + pos);

		memcpy((uint8_t *)s + a->at, &v, sizeof(v));
	}
}

/*
 * Walks msg[pos..end); false if an attribute runs past the end, is of a wrong size or comes twice.
 */
static bool walk_attrs(const uint8_t *msg, size_t pos, size_t end, struct slot *s, uint32_t *seen)
{
	while (end - pos >= ATTR_HEADER) {
		size_t len = host16(msg + pos);
		size_t type = host16(msg + pos + 2) & 0x3fffu; /* NLA_TYPE_MASK */
		size_t step = (len + 3) & ~(size_t)3;

		if (len < ATTR_HEADER || len > end - pos)
			return false;
		len -= ATTR_HEADER;
		if (type < sizeof(attrs) / sizeof(attrs[0]) && attrs[type].most > 0) {
			if (len < attrs[type].least || len > attrs[type].most ||
				(*seen & 1u << type) != 0)
				return false;
			*seen |= 1u << type;
			take(s, type, msg, pos + ATTR_HEADER, len);
		}
		if (step >= end - pos)
			return true;
		pos += step;
	}
	return true;
}

/* nlmsgerr: an int, and then the message that it is about, or its header only. */
static enum nfmessage parse_error(const uint8_t *msg, size_t len, int *ret_err)
{
	int32_t err;

	if (len - NL_HEADER < sizeof(err))
		return NFMESSAGE_MALFORMED;
	err = (int32_t)host32(msg + NL_HEADER);
	*ret_err = err < 0 && err > INT32_MIN ? -err : 0;
	return err == 0 ? NFMESSAGE_ACK : NFMESSAGE_ERROR;
}

enum nfmessage nfmessage_parse(const uint8_t *msg, size_t len, struct slot *ret, int *ret_err)
{
	uint32_t seen = 0, msg_len;
	uint16_t type;
	bool whole;

	if (len < NL_HEADER)
		return NFMESSAGE_MALFORMED;
	msg_len = host32(msg);
	type = host16(msg + 4);
	if (msg_len < NL_HEADER || msg_len > len)
		return NFMESSAGE_MALFORMED;
	if (type == NLMSG_ERROR)
		return parse_error(msg, msg_len, ret_err);
	if (type != TYPE_PACKET)
		return NFMESSAGE_OTHER;
	if (msg_len < NF_HEADER)
		return NFMESSAGE_MALFORMED;
	memset(ret, 0, offsetof(struct slot, raw));
	ret->verdict = SLOT_ACCEPT;
	whole = walk_attrs(msg, NF_HEADER, msg_len, ret, &seen);
	if ((seen & 1u << NFQA_PACKET_HDR) == 0)
		return NFMESSAGE_MALFORMED;
	if (whole)
		return NFMESSAGE_PACKET;
	ret->in_len = 0;
	return NFMESSAGE_BROKEN;
}
