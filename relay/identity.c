/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where in a message each type of identity is. Looks up, decides nothing. PROTOCOL A.3, B.1;
 * RFC 2132 section 9.14, RFC 4361, RFC 3046, RFC 3993, RFC 8415 section 11, RFC 4649, RFC 4580, RFC
 * 6939.
 */
#include "relay/identity.h"

#include "relay/guess.h"

/*
 * The bytes of one identity; false if the message has none. They may be put together in p->joined.
 */
typedef bool identity_fn(struct packet *p, const uint8_t **ret, size_t *ret_len);

static bool set(const uint8_t *bytes, size_t len, const uint8_t **ret, size_t *ret_len)
{
	*ret = bytes;
	*ret_len = len;
	return bytes != NULL && len > 0;
}

/* All zeros are no identity: nobody may be taken for the default user by sending them. */
static bool set_own(const uint8_t *bytes, size_t len, const uint8_t **ret, size_t *ret_len)
{
	return set(bytes, len, ret, ret_len) && !bytes_zero(bytes, len);
}

static bool hw_addr4(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	const uint8_t *msg = packet_msg(p);

	return set_own(msg + DHCP4_CHADDR, msg[DHCP4_HLEN], ret, ret_len);
}

static bool client_id4(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	const uint8_t *val = dhcp4_concat(
		&p->view4, DHO_CLIENT_ID, p->joined[0], sizeof(p->joined[0]), ret_len);

	return set(val, val != NULL ? *ret_len : 0, ret, ret_len);
}

/* RFC 4361 section 6.1: type 255, an IAID of four bytes, then the DUID. */
static bool duid4(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	return client_id4(p, ret, ret_len) && (*ret)[0] == 255 && *ret_len >= 5 + DHCP6_DUID_MIN &&
		set_own(*ret + 5, *ret_len - 5, ret, ret_len);
}

/* A client behind an untrusted port would forge it. */
static bool agent4(struct packet *p, uint8_t code, const uint8_t **ret, size_t *ret_len)
{
	const uint8_t *val;
	size_t len = 0;
	struct tlv t;

	if (!p->relayed || (!p->response && p->untrusted))
		return false;
	val = dhcp4_concat(
		&p->view4, DHO_AGENT_OPTIONS, p->joined[1], sizeof(p->joined[1]), &len);
	return val != NULL && agent_get(val, len, code, &t) && set(t.val, t.len, ret, ret_len);
}

static bool circuit_id4(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	return agent4(p, RAI_CIRCUIT_ID, ret, ret_len);
}

static bool remote_id4(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	return agent4(p, RAI_REMOTE_ID, ret, ret_len);
}

static bool subscriber_id4(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	return agent4(p, RAI_SUBSCRIBER_ID, ret, ret_len);
}

static bool duid6(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	struct tlv t;

	return dhcp6_get(&p->view6, D6O_CLIENTID, &t) && set_own(t.val, t.len, ret, ret_len);
}

/*
 * PROTOCOL B.1: what relays say is "from the innermost trusted relay". A layer's peer-address is
 * who wrote the layer within (RFC 8415 9), and a client may write one, too.
 */
uint8_t identity_strange_layers(const struct packet *p)
{
	const struct treatment *t = &p->policy->treat;
	const struct dhcp6_view *v = &p->view6;
	uint8_t n = 1;

	if (!p->v6 || v->depth == 0)
		return 0;
	while (n < v->depth && prefixes_hold(t->relays6, t->relay_count6,
				       v->msg + v->layers[n - 1].at + DHCP6_PEER))
		n++;
	return (uint8_t)(v->depth - n);
}

/* An option of the innermost relay layer that has it, without its first `skip` bytes. */
static bool relay6(
	struct packet *p, unsigned code, size_t skip, const uint8_t **ret, size_t *ret_len)
{
	const struct dhcp6_view *v = &p->view6;
	struct tlv t;

	if (v->depth == 0 || (!p->response && p->untrusted))
		return false;
	for (unsigned layer = v->depth - identity_strange_layers(p); layer-- > 0;)
		if (dhcp6_layer_get(v, layer, code, &t))
			return t.len > skip && set(t.val + skip, t.len - skip, ret, ret_len);
	return false;
}

/*
 * The relay's word (RFC 6939: a type of two bytes, the address), or the frame on the client's own
 * link.
 */
static bool hw_addr6(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	static const uint8_t link_local[2] = { 0xfe, 0x80 };
	const struct slot *s = p->slot;

	if (p->view6.depth > 0)
		return relay6(p, D6O_CLIENT_LINKLAYER_ADDR, 2, ret, ret_len) &&
			!bytes_zero(*ret, *ret_len);
	return !p->response && (s->physindev != 0 || p->relay) &&
		memcmp(p->in + p->frame.src_off, link_local, sizeof(link_local)) == 0 &&
		set_own(s->hw, s->hw_len, ret, ret_len);
}

static bool interface_id6(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	return relay6(p, D6O_INTERFACE_ID, 0, ret, ret_len);
}

/* RFC 4649: an enterprise number of four bytes stands before the id. */
static bool remote_id6(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	return relay6(p, D6O_REMOTE_ID, 4, ret, ret_len);
}

static bool subscriber_id6(struct packet *p, const uint8_t **ret, size_t *ret_len)
{
	return relay6(p, D6O_SUBSCRIBER_ID, 0, ret, ret_len);
}

/* Where each type is, per family; NULL: the protocol has no such thing. */
static identity_fn *const places[REG_ID_TYPES][2] = {
	[REG_HW_ADDR] = { hw_addr4, hw_addr6 },
	[REG_DUID] = { duid4, duid6 },
	[REG_CLIENT_ID] = { client_id4, duid6 },
	[REG_CIRCUIT_ID] = { circuit_id4, interface_id6 },
	[REG_REMOTE_ID] = { remote_id4, remote_id6 },
	[REG_SUBSCRIBER_ID] = { subscriber_id4, subscriber_id6 },
};

/*
 * Whether an id that is not in memory has to be asked for first. Those before it have been
 * answered, in the order in which they are tried.
 */
static bool must_ask(struct packet *p, enum reg_id_type type, const uint8_t *id, size_t len)
{
	if (!p->pl->demand.on || p->given_up || len > REG_ID_MAX ||
		p->looked_up++ < p->slot->answered)
		return false;
	p->ask = id;
	p->ask_len = len;
	p->ask_type = type;
	return true;
}

/*
 * Tries one type; true if the registry knows it, or is to be asked. The first identity of all is
 * kept for the record.
 */
static bool try(struct packet *p, enum reg_id_type type)
{
	identity_fn *find = places[type][p->v6];
	const struct reg_user *user;
	const uint8_t *id;
	size_t len;

	if (find == NULL || !find(p, &id, &len))
		return false;
	user = guess_find(p->guess, p->registry, type, id, len);
	if (user == NULL && must_ask(p, type, id, len))
		return true;
	if (user == NULL && p->id != NULL)
		return false;
	p->id = id;
	p->id_len = len;
	p->id_type = type;
	p->user = user;
	return user != NULL;
}

void identity_find(struct packet *p)
{
	const struct treatment *t = &p->policy->treat;

	p->id_type = p->v6 ? REG_DUID : REG_HW_ADDR;
	if (p->response && p->has_state && p->state.id_len > 0 && p->state.id_type < REG_ID_TYPES) {
		p->id_type = (enum reg_id_type)p->state.id_type;
		p->id = p->state.id;
		p->id_len = p->state.id_len;
		p->user = registry_find(p->registry, p->id_type, p->id, p->id_len);
		if (p->user == NULL)
			must_ask(p, p->id_type, p->id, p->id_len);
		return;
	}
	/* As user_chk does: the hardware address in DHCPv4, the DUID in DHCPv6. */
	if (t->identify_count == 0)
		try(p, p->id_type);
	for (size_t i = 0; i < t->identify_count; i++)
		if (try(p, (enum reg_id_type)t->identify[i]))
			return;
}

bool identity_hidden(const struct packet *p)
{
	/* With the default rules it does not matter which stranger somebody is. */
	if (p->id == NULL || (p->user == NULL && p->policy->default_rules) ||
		p->id_len > (p->v6 ? STATE6_ID_MAX : STATE4_ID_MAX))
		return false;
	if (p->v6)
		return p->id_type != REG_DUID && p->id_type != REG_CLIENT_ID;
	return p->id_type == REG_DUID || p->id_type == REG_CLIENT_ID;
}
