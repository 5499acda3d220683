/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where the two protocols keep the same thing: RFC 2132 9.13, RFC 3004, RFC 4578 and option
 * 82 in DHCPv4; RFC 8415 21.15, 21.16 and 21.18, RFC 5970, RFC 4649, RFC 4580 in DHCPv6.
 *
 * A list inside an option that is broken counts up to where it breaks. What a relay would say is
 * not believed of a message that came straight from an untrusted client.
 */
#include "rules/evidence.h"

#include "dhcpcodec/agent.h"

#include <string.h>
#include <time.h>

enum {
	DHO_VENDOR_CLASS = 60,
	DHO_USER_CLASS = 77,
	DHO_CLIENT_ARCH = 93,
	D6O_CLIENT_ARCH = 61,
};

void evidence_init(
	struct evidence *e, const struct facts *facts, const char *const *attributes)
{
	e->facts = facts;
	e->attributes = attributes;
	e->have_values = 0;
	e->have_attributes = 0;
	e->have_relay = false;
	e->have_time = false;
	e->joined_len = 0;
}

static void add(struct values *v, const uint8_t *at, size_t len)
{
	if (v->count < EVIDENCE_VALUES)
		v->item[v->count++] = pattern_value((struct bytes){ .at = at, .len = len });
}

/* A row of lengths of `head` (1 or 2) bytes and data. */
static void add_list(struct values *v, const uint8_t *at, size_t len, size_t head)
{
	while (len >= head) {
		size_t n = head == 1 ? at[0] : be16_get(at);

		if (n > len - head)
			return;
		add(v, at + head, n);
		at += head + n;
		len -= head + n;
	}
}

static void add_pairs(struct values *v, const uint8_t *at, size_t len)
{
	for (; len >= 2; at += 2, len -= 2)
		add(v, at, 2);
}

static const uint8_t *option4(struct evidence *e, uint8_t code, size_t *ret_len)
{
	uint8_t *room = e->joined + e->joined_len;
	const uint8_t *val;

	if (e->facts->view4 == NULL || !dhcp4_has(e->facts->view4, code))
		return NULL;
	val = dhcp4_concat(
		e->facts->view4, code, room, sizeof(e->joined) - e->joined_len, ret_len);
	if (val == room)
		e->joined_len += *ret_len;
	return val;
}

static void agent_value(struct evidence *e, struct values *v, uint8_t code)
{
	const uint8_t *info;
	struct tlv t;
	size_t len;

	if (e->facts->untrusted)
		return;
	info = option4(e, DHO_AGENT_OPTIONS, &len);
	if (info != NULL && agent_get(info, len, code, &t))
		add(v, t.val, t.len);
}

/* The relay layers that are believed: a client may write one, too. */
static unsigned int layers_of(const struct facts *f)
{
	return f->view6->depth > f->strange ? (unsigned int)f->view6->depth - f->strange : 0;
}

/* The option of the innermost relay that sent one, without its first `skip` bytes. */
static void layer_value(struct evidence *e, struct values *v, unsigned int code, size_t skip)
{
	const struct dhcp6_view *view = e->facts->view6;
	struct tlv t;

	if (view == NULL || e->facts->untrusted)
		return;
	for (unsigned int layer = layers_of(e->facts); layer-- > 0;) {
		if (!dhcp6_layer_get(view, layer, code, &t))
			continue;
		if (t.len >= skip)
			add(v, t.val + skip, t.len - skip);
		return;
	}
}

/* Every instance of a list option of the client's message, behind `skip` bytes. */
static void class6(struct evidence *e, struct values *v, unsigned int code, size_t skip)
{
	struct tlv_iter it;
	struct tlv t;

	if (e->facts->view6 == NULL || !dhcp6_has(e->facts->view6, code))
		return;
	it = dhcp6_inner(e->facts->view6);
	while (tlv_next(&TLV_DHCP6, &it, &t))
		if (t.code == code && t.len >= skip)
			add_list(v, t.val + skip, t.len - skip, 2);
}

static void vendor_class(struct evidence *e, struct values *v)
{
	size_t len;
	const uint8_t *val = option4(e, DHO_VENDOR_CLASS, &len);

	if (val != NULL)
		add(v, val, len);
	class6(e, v, D6O_VENDOR_CLASS, 4);
}

/* RFC 3004 section 4 makes option 77 a list of counted texts; many boot ROMs send a bare text. */
static void user_class(struct evidence *e, struct values *v)
{
	size_t len;
	const uint8_t *val = option4(e, DHO_USER_CLASS, &len);

	if (val != NULL) {
		add(v, val, len);
		add_list(v, val, len, 1);
	}
	class6(e, v, D6O_USER_CLASS, 0);
}

static void client_arch(struct evidence *e, struct values *v)
{
	size_t len;
	const uint8_t *val = option4(e, DHO_CLIENT_ARCH, &len);
	struct tlv t;

	if (val != NULL)
		add_pairs(v, val, len);
	if (e->facts->view6 != NULL && dhcp6_get(e->facts->view6, D6O_CLIENT_ARCH, &t))
		add_pairs(v, t.val, t.len);
}

static void circuit_id(struct evidence *e, struct values *v)
{
	agent_value(e, v, RAI_CIRCUIT_ID);
	layer_value(e, v, D6O_INTERFACE_ID, 0);
}

static void remote_id(struct evidence *e, struct values *v)
{
	agent_value(e, v, RAI_REMOTE_ID);
	layer_value(e, v, D6O_REMOTE_ID, 4);
}

static void subscriber_id(struct evidence *e, struct values *v)
{
	agent_value(e, v, RAI_SUBSCRIBER_ID);
	layer_value(e, v, D6O_SUBSCRIBER_ID, 0);
}

static void id(struct evidence *e, struct values *v)
{
	if (e->facts->id != NULL)
		add(v, e->facts->id, e->facts->id_len);
}

static void interface(struct evidence *e, struct values *v)
{
	const char *name = e->facts->interface;

	if (name != NULL && name[0] != '\0')
		add(v, (const uint8_t *)name, strlen(name));
}

static void (*const gather[EVIDENCE_KINDS])(struct evidence *e, struct values *v) = {
	[EVIDENCE_VENDOR_CLASS] = vendor_class,
	[EVIDENCE_USER_CLASS] = user_class,
	[EVIDENCE_CLIENT_ARCH] = client_arch,
	[EVIDENCE_CIRCUIT_ID] = circuit_id,
	[EVIDENCE_REMOTE_ID] = remote_id,
	[EVIDENCE_SUBSCRIBER_ID] = subscriber_id,
	[EVIDENCE_ID] = id,
	[EVIDENCE_INTERFACE] = interface,
};

void evidence_gather(struct evidence *e, enum evidence_kind kind)
{
	e->have_values |= 1u << kind;
	e->values[kind].count = 0;
	gather[kind](e, &e->values[kind]);
}

void evidence_gather_attribute(struct evidence *e, unsigned int slot)
{
	const struct reg_user *user = e->facts->user;
	const char *name = e->attributes[slot], *value;
	struct bytes b = { .at = NULL };
	size_t len;

	e->have_attributes |= (uint64_t)1 << slot;
	if (user != NULL && registry_attr(user, name, strlen(name), &value, &len))
		b = (struct bytes){ .at = (const uint8_t *)(len > 0 ? value : ""), .len = len };
	e->attribute[slot] = pattern_value(b);
}

static const uint8_t *link_address(const struct facts *f)
{
	const struct dhcp6_view *v = f->view6;

	for (unsigned int layer = layers_of(f); layer-- > 0;) {
		const uint8_t *a = v->msg + v->layers[layer].at + DHCP6_LINK;

		if (!bytes_zero(a, 16) && !(a[0] == 0xfe && (a[1] & 0xc0) == 0x80))
			return a;
	}
	return NULL;
}

const uint8_t *evidence_relay(struct evidence *e)
{
	const struct facts *f = e->facts;

	if (!e->have_relay) {
		e->have_relay = true;
		e->relay = NULL;
		if (f->untrusted)
			return NULL;
		if (f->view4 != NULL && !bytes_zero(f->view4->msg + DHCP4_GIADDR, 4))
			e->relay = f->view4->msg + DHCP4_GIADDR;
		else if (f->view6 != NULL)
			e->relay = link_address(f);
	}
	return e->relay;
}

uint16_t evidence_minute(struct evidence *e, uint8_t *ret_weekday)
{
	if (!e->have_time) {
		time_t now = (time_t)e->facts->now;
		struct tm tm = { .tm_mday = 1 };

		localtime_r(&now, &tm);
		e->minute = (uint16_t)(60 * tm.tm_hour + tm.tm_min);
		e->weekday = (uint8_t)tm.tm_wday;
		e->have_time = true;
	}
	*ret_weekday = e->weekday;
	return e->minute;
}
