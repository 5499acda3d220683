/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how states of ours are looked for in a query's option 82, where only a loop, or a client
 * that wants to pass for somebody else, has put them. RFC 3046, RFC 4243 (sub-option 9),
 * RFC 4030; PROTOCOL A.4 to A.6.
 */
#include "relay/option82.h"

#include "relay/state.h"

/* Bytes that all instances of an option take in the options field as received. */
static size_t bytes_of(const struct packet *p, uint8_t code)
{
	struct dhcp4_iter it = dhcp4_begin(&p->view4);
	size_t sum = 0;
	struct tlv t;

	while (dhcp4_next(&it, &t))
		if (it.field == 0 && t.code == code)
			sum += tlv_size(&TLV_DHCP4, &t);
	return sum;
}

void option82_read(const struct packet *p, struct agent_option *ret)
{
	ret->len = 0;
	ret->val = NULL;
	if (!p->untrusted)
		ret->val = dhcp4_concat(
			&p->view4, DHO_AGENT_OPTIONS, ret->buf, sizeof(ret->buf), &ret->len);
	ret->present = ret->val != NULL;
	ret->taken = ret->present ? bytes_of(p, DHO_AGENT_OPTIONS) : 0;
}

bool option82_next_block(const struct packet *p, struct tlv *vendor, struct agent_block *ret)
{
	const uint8_t *end = vendor->val + vendor->len;

	if (vendor->code != RAI_VENDOR || !agent_block(vendor, p->policy->treat.enterprise,
						  state_magic, sizeof(state_magic), ret))
		return false;
	vendor->val = ret->at + ret->size;
	vendor->len = (uint16_t)(end - vendor->val);
	return true;
}

void option82_put_rest(
	const struct packet *p, struct agent_writer *w, const struct tlv *t)
{
	uint8_t buf[255];
	struct agent_writer kept = { .buf = buf, .cap = sizeof(buf) };
	struct tlv rest = *t;
	struct agent_block block;
	const uint8_t *from = t->val;

	while (option82_next_block(p, &rest, &block)) {
		agent_put_bytes(&kept, from, (size_t)(block.at - from));
		from = rest.val;
	}
	if (from == t->val) {
		agent_put_bytes(w, t->at, tlv_size(&TLV_AGENT, t));
		return;
	}
	agent_put_bytes(&kept, from, rest.len);
	if (kept.len > 0)
		agent_put(w, RAI_VENDOR, kept.buf, kept.len);
}

/*
 * Whether it lets the client have what we would, by the same rule, and no other's identity: a loop
 * does. The number of a rule means nothing under another policy.
 */
static bool is_as_ours(const struct packet *p, const struct agent_block *block)
{
	struct state s;

	if (!state4_get(&s, block->data, block->len) || s.subnet != p->state.subnet)
		return false;
	if ((s.flags & STATE_RULE) != 0 && s.generation == p->policy->generation &&
		s.rule != p->decision.rule_index)
		return false;
	return s.id_len == 0 ||
		(s.id_len == p->state.id_len && memcmp(s.id, p->state.id, s.id_len) == 0);
}

/*
 * PROTOCOL A.4: "never trust a marker found in a request". A relay that keeps what its clients
 * send lets them write one of ours: it is taken out of the query, whatever else becomes of that.
 */
static enum step remove_blocks(struct packet *p, struct agent_option *orig)
{
	uint8_t buf[sizeof(orig->buf)];
	struct agent_writer w = { .buf = buf, .cap = sizeof(buf) };
	struct tlv_iter it = tlv_begin(orig->val, orig->len);
	size_t before = packet_edit4(p)->len;
	struct tlv t;

	while (tlv_next(&TLV_AGENT, &it, &t))
		option82_put_rest(p, &w, &t);
	memcpy(orig->buf, buf, w.len);
	orig->val = orig->buf;
	orig->len = w.len;
	dhcp4_edit_set(packet_edit4(p), DHO_AGENT_OPTIONS, orig->val, orig->len);
	orig->taken -= before - p->edit4.len;
	packet_event(p, EVENT_stripped);
	return p->edit4.err == DHCP_OK ? STEP_NEXT : STEP_FAIL;
}

/*
 * Whether an option 82 that cannot be read whole may hold a state of ours for whoever reads it in
 * another way. Kea makes one sub-option of several of one code (PROTOCOL A.10.2), and so a whole
 * block of two halves.
 */
static bool may_hold_block(const struct packet *p, const struct agent_option *orig)
{
	struct tlv_iter it = tlv_begin(orig->val, orig->len);
	uint32_t enterprise = p->policy->treat.enterprise;
	uint8_t buf[sizeof(orig->buf)];
	struct agent_writer joined = { .buf = buf, .cap = sizeof(buf) };
	struct tlv t;

	while (tlv_next(&TLV_AGENT, &it, &t))
		if (t.code == RAI_VENDOR)
			agent_put_bytes(&joined, t.val, t.len);
	return state_within(enterprise, orig->val, orig->len) ||
		state_within(enterprise, joined.buf, joined.len);
}

enum step option82_check(struct packet *p, struct agent_option *orig)
{
	struct tlv_iter it = tlv_begin(orig->val, orig->len);
	bool foreign = false, ours = false, sealed = false, broken = false;
	struct agent_block block;
	struct tlv t;

	while (tlv_next(&TLV_AGENT, &it, &t)) {
		/* RFC 4030: it authenticates all of option 82; to touch that is to break it. */
		sealed |= t.code == RAI_AUTH;
		broken |= t.code == RAI_VENDOR && !agent_vendor_whole(&t);
		while (option82_next_block(p, &t, &block)) {
			bool same = is_as_ours(p, &block);

			ours |= same;
			foreign |= !same;
		}
	}
	broken |= it.err != DHCP_OK;
	if ((foreign && sealed) || (broken && may_hold_block(p, orig)))
		return packet_end(p, STEP_DROP, CAUSE_loop);
	if (broken)
		return packet_end(p, STEP_PASS, CAUSE_malformed);
	if (foreign && !sealed)
		return remove_blocks(p, orig);
	if (ours)
		return packet_end(p, p->relay ? STEP_DROP : STEP_PASS, CAUSE_loop);
	return sealed ? packet_end(p, STEP_PASS, CAUSE_relay_auth) : STEP_NEXT;
}
