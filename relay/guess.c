/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where chaddr and the DUID are in a packet that nobody has checked yet. Reads nothing beyond
 * the packet's bytes and believes nothing it reads. Guesses only what clients are recognised by
 * unless the config says otherwise: RFC 2131 section 2, RFC 8415 sections 9 and 21.2.
 */
#include "relay/guess.h"

enum { IP6_HEAD = 40, UDP_HEAD = 8, PROTO_UDP = 17 };

static void guess4(struct guess *g, const uint8_t *pkt, size_t len)
{
	size_t head = (size_t)(pkt[0] & 0x0f) * 4 + UDP_HEAD;

	if (len < head || len - head < DHCP4_SNAME || pkt[head + DHCP4_HLEN] > DHCP4_CHADDR_LEN)
		return;
	g->type = REG_HW_ADDR;
	g->id = pkt + head + DHCP4_CHADDR;
	g->len = pkt[head + DHCP4_HLEN];
}

static void guess6(struct guess *g, const uint8_t *pkt, size_t len)
{
	const uint8_t *msg = pkt + IP6_HEAD + UDP_HEAD;
	struct tlv t;

	if (len < IP6_HEAD + UDP_HEAD || pkt[6] != PROTO_UDP)
		return;
	len -= IP6_HEAD + UDP_HEAD;
	for (unsigned depth = 0; len >= DHCP6_RELAY_HEAD && dhcp6_is_relay(msg[0]); depth++) {
		if (depth == DHCP6_LAYERS || !tlv_find(&TLV_DHCP6, msg + DHCP6_RELAY_HEAD,
						     len - DHCP6_RELAY_HEAD, D6O_RELAY_MSG, &t))
			return;
		msg = t.val;
		len = t.len;
	}
	if (len < DHCP6_HEAD ||
		!tlv_find(&TLV_DHCP6, msg + DHCP6_HEAD, len - DHCP6_HEAD, D6O_CLIENTID, &t))
		return;
	g->type = REG_DUID;
	g->id = t.val;
	g->len = t.len;
}

static void guess_one(struct guess *g, const struct slot *s)
{
	const uint8_t *pkt = s->raw + s->in_off;

	g->id = NULL;
	g->len = 0;
	if (s->in_len > 0 && pkt[0] >> 4 == 4)
		guess4(g, pkt, s->in_len);
	else if (s->in_len > 0 && pkt[0] >> 4 == 6)
		guess6(g, pkt, s->in_len);
	if (g->len == 0 || g->len > REG_ID_MAX)
		g->id = NULL;
}

void guess_batch(struct guess *ret, const struct snapshot *s, const struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		guess_one(&ret[i], &b->slots[i]);
		if (s->registry == NULL)
			ret[i].id = NULL;
		if (ret[i].id == NULL)
			continue;
		ret[i].hash = registry_hash(s->registry, ret[i].id, ret[i].len);
		registry_prefetch(s->registry, ret[i].hash);
	}
	for (size_t i = 0; i < b->count; i++)
		if (ret[i].id != NULL)
			registry_prefetch_user(s->registry, ret[i].hash, ret[i].type, ret[i].id,
				ret[i].len);
}

const struct reg_user *guess_find(const struct guess *g, const struct registry *reg,
	enum reg_id_type type, const uint8_t *id, size_t len)
{
	if (g != NULL && g->id == id && g->len == len && g->type == type)
		return registry_find_hashed(reg, g->hash, type, id, len);
	return registry_find(reg, type, id, len);
}
