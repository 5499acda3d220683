/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steering of DHCPv4: takes a client's own hints out of its query, writes ours and the state into
 * it, and puts a response back as it would have been without us. Hides where the hint goes (82.5 or
 * 118) and how the state rides in 82.9. RFC 3046, RFC 3527, RFC 3011, RFC 4243; PROTOCOL A.4 to
 * A.6.
 */
#include "relay/option82.h"
#include "relay/override.h"
#include "relay/relay.h"

/*
 * RFC 3046 2.1: a client behind an untrusted circuit must not speak for a relay agent. We remove
 * the option rather than discard the packet (client_82: strip), since some clients send it in good
 * faith.
 */
static enum step strip(struct packet *p)
{
	const struct dhcp4_view *v = &p->view4;

	if (dhcp4_has(v, DHO_AGENT_OPTIONS)) {
		if (p->policy->treat.client_82_drop)
			return packet_end(p, STEP_DROP, CAUSE_client_82);
		dhcp4_edit_del(packet_edit4(p), DHO_AGENT_OPTIONS);
	}
	if (dhcp4_has(v, DHO_SUBNET_SELECTION) && !p->auth)
		dhcp4_edit_del(packet_edit4(p), DHO_SUBNET_SELECTION);
	if (p->editing)
		packet_event(p, EVENT_stripped);
	return STEP_NEXT;
}

enum step stage_strip4(struct packet *p)
{
	const struct dhcp4_view *v = &p->view4;
	const uint8_t *select;
	enum step step;

	if (dhcp4_has(v, DHO_SUBNET_SELECTION)) {
		select = dhcp4_get_addr(v, DHO_SUBNET_SELECTION);
		if (select != NULL) {
			p->state.flags |= STATE_SAVED_118;
			memcpy(p->state.select4, select, 4);
		}
	}
	if (p->untrusted && strip(p) == STEP_DROP)
		return STEP_DROP;
	step = p->pxe ? packet_end(p, STEP_PASS, CAUSE_other_type) : STEP_NEXT;
	return p->editing && p->edit4.err != DHCP_OK ? STEP_FAIL : step;
}

/*
 * Where the subnet named to the server comes from: the address that a query is about, or the rule.
 */
enum follow { FOLLOW_NONE, FOLLOW_REQUESTED, FOLLOW_CIADDR, FOLLOW_CIADDR_OR_SOURCE };

struct selector {
	enum follow follow;
	bool or_decided;             /* no such address, or in no subnet: the decided one */
	bool none;                   /* no hint and no state at all */
};

/*
 * PROTOCOL A.5, the table of step 5. A bound client's query names the subnet its address lies in:
 * for the server that is an ordinary renewal, and the guard makes the move of the answer. Kea would
 * keep silent, ISC would acknowledge, dnsmasq would refuse if we named another.
 */
static const struct selector selectors[] = {
	[KIND_UNKNOWN] = { .none = true },
	[KIND_DISCOVER] = { FOLLOW_NONE, true, false },
	[KIND_SELECTING] = { FOLLOW_REQUESTED, true, false },
	[KIND_INIT_REBOOT] = { FOLLOW_REQUESTED, true, false },
	[KIND_RENEWING] = { FOLLOW_CIADDR, false, false },
	[KIND_REBINDING] = { FOLLOW_CIADDR, false, false },
	[KIND_INFORM] = { FOLLOW_CIADDR_OR_SOURCE, false, false },
	[KIND_DECLINE] = { FOLLOW_REQUESTED, false, false },
	[KIND_RELEASE] = { .none = true },
};

static const uint8_t *followed_address(const struct packet *p, enum follow follow)
{
	const uint8_t *ciaddr = packet_msg(p) + DHCP4_CIADDR;

	switch (follow) {
	case FOLLOW_REQUESTED:
		return dhcp4_get_addr(&p->view4, DHO_REQUESTED_ADDRESS);
	case FOLLOW_CIADDR:
		return ciaddr;
	case FOLLOW_CIADDR_OR_SOURCE:
		return be32_get(ciaddr) != 0 ? ciaddr : p->in + p->frame.src_off;
	case FOLLOW_NONE:
		break;
	}
	return NULL;
}

const uint8_t *packet_followed4(const struct packet *p)
{
	return followed_address(p, selectors[p->kind].follow);
}

/*
 * In a RELEASE only giaddr says something: the subnet of the address, since dnsmasq looks for it in
 * the one that it is told.
 */
static const struct subnet *subnet_of_release(const struct packet *p, unsigned hint)
{
	if (p->kind != KIND_RELEASE || (hint & HINT_GIADDR) == 0 || p->decision.pass)
		return NULL;
	return subnet_of4(&p->policy->subnets, packet_msg(p) + DHCP4_CIADDR);
}

/* The subnet to name, or NULL for no hint. */
static const struct subnet *subnet_to_name(const struct packet *p, const struct selector *s)
{
	const struct decision *d = &p->decision;
	const uint8_t *addr = followed_address(p, s->follow);
	const struct subnet *of = addr != NULL ? subnet_of4(&p->policy->subnets, addr) : NULL;
	bool bound = p->kind == KIND_RENEWING || p->kind == KIND_REBINDING ||
		p->kind == KIND_INIT_REBOOT || p->kind == KIND_SELECTING;

	if (d->pass)
		return NULL;
	if (bound && p->policy->treat.on_mismatch == MISMATCH_SERVER && d->subnet != NULL)
		return d->subnet;
	/* The server's own choice needs no hint, unless the address is one it may not choose. */
	if (d->subnet == NULL)
		return of != NULL && !decision_allows(d, of) ? of : NULL;
	if (of != NULL)
		return of;
	return s->or_decided ? d->subnet : NULL;
}

/*
 * Our option 82: the selector first, since dnsmasq and ISC stop reading at what they do not like;
 * then the downstream sub-options in their order without their own selector; our vendor block is
 * merged into theirs, where that stands, or else comes last.
 */
static enum dhcp_err write_agent_option(struct packet *p, const struct agent_option *orig,
	const uint8_t *selector, struct agent_writer *w)
{
	uint32_t enterprise = p->policy->treat.enterprise;
	struct tlv_iter it = tlv_begin(orig->val, orig->len);
	uint8_t data[STATE4_MAX];
	size_t len = state4_put(&p->state, data);
	bool merged = false;
	struct tlv t;

	w->len = 0;
	w->err = DHCP_OK;
	if (selector != NULL)
		agent_put(w, RAI_LINK_SELECTION, selector, 4);
	if (p->relay && !orig->present)
		relay_put_agent4(p, w);
	while (tlv_next(&TLV_AGENT, &it, &t)) {
		if (t.code == RAI_VENDOR && !merged) {
			agent_put_vendor(w, t.val, t.len, enterprise, data, len);
			merged = true;
		} else if (t.code != RAI_LINK_SELECTION || p->hinted == NULL) {
			agent_put_bytes(w, t.at, tlv_size(&TLV_AGENT, &t));
		}
	}
	if (!merged)
		agent_put_vendor(w, NULL, 0, enterprise, data, len);
	return w->err;
}

/* Without room for all of the state, what can be done without is left out (PROTOCOL A.5.8). */
static enum dhcp_err write_what_fits(struct packet *p, const struct agent_option *orig,
	const uint8_t *selector, struct agent_writer *w)
{
	static const uint8_t spare[] = { 0, STATE_SAVED_57, STATE_RULE };

	for (size_t i = 0; i < sizeof(spare); i++) {
		p->state.flags &= (uint8_t)~spare[i];
		if (write_agent_option(p, orig, selector, w) == DHCP_OK)
			break;
	}
	return w->err;
}

/* Notes in the state what the query had of its own. */
static void note_original(struct packet *p, const struct agent_option *orig)
{
	struct tlv t;

	if (!orig->present)
		p->state.flags |= STATE_OWN_82;
	if (orig->present && agent_get(orig->val, orig->len, RAI_LINK_SELECTION, &t) && t.len == 4) {
		p->state.flags |= STATE_SAVED_82_5;
		memcpy(p->state.link4, t.val, 4);
	}
	if (p->auth)
		p->state.flags |= STATE_AUTH;
	if (dhcp4_get(&p->view4, DHO_MAX_MESSAGE_SIZE, &t) && t.len == 2) {
		p->state.flags |= STATE_SAVED_57;
		p->state.max_size = be16_get(t.val);
	}
	if (!p->policy->default_rules) {
		p->state.flags |= STATE_RULE;
		p->state.rule = p->decision.rule_index;
	}
}

/*
 * Bytes of END's offset after the edit, compared with what the path allows. Kea's raw socket reads
 * 1500 bytes of a frame: a longer packet loses its trailing option 82 and is served unsteered, so
 * what does not fit is not added at all (PROTOCOL A.5.7).
 */
static bool fits(struct packet *p, size_t add, size_t remove)
{
	size_t max = p->policy->treat.max_ip4, end, len;
	size_t now = p->editing ? p->edit4.len : p->view4.end;

	end = now - remove + add + 1;
	len = end > p->view4.len ? end : p->view4.len;
	if (len < DHCP4_MIN_LEN)
		len = DHCP4_MIN_LEN;
	return p->frame.pay_off + len <= max;
}

static void apply(struct packet *p, const struct agent_writer *w, const uint8_t *select)
{
	struct dhcp4_edit *e = packet_edit4(p);

	if (w != NULL && dhcp4_has(&p->view4, DHO_AGENT_OPTIONS))
		dhcp4_edit_del(e, DHO_AGENT_OPTIONS);
	if (select != NULL) {
		dhcp4_edit_del(e, DHO_SUBNET_SELECTION);
		/* Before option 82, which stays the last one. */
		dhcp4_edit_set(e, DHO_SUBNET_SELECTION, select, 4);
	}
	if (w != NULL)
		dhcp4_edit_append(e, DHO_AGENT_OPTIONS, w->buf, w->len);
}

/* There is no room for state within option 82: the selector alone, in 118 (PROTOCOL A.5.8). */
static enum step steer_without_state(struct packet *p, const struct agent_option *orig)
{
	struct tlv t;

	if (p->hinted == NULL || p->auth || dhcp4_has(&p->view4, DHO_SUBNET_SELECTION) ||
		agent_get(orig->val, orig->len, RAI_LINK_SELECTION, &t) || !fits(p, 6, 0))
		return packet_treat(p, p->policy->treat.oversize, CAUSE_oversize);
	apply(p, NULL, p->hinted->hint4);
	packet_event(p, EVENT_steered);
	return STEP_NEXT;
}

/*
 * Relay mode without option 82: giaddr is all that the server is told, and it is written when the
 * query is sent. What another relay agent sends has one of its own.
 */
static enum step steer_by_giaddr(struct packet *p, unsigned hint)
{
	if ((hint & HINT_GIADDR) == 0 || relay_giaddr(p) == NULL || p->relayed || !p->relay)
		p->hinted = NULL;
	if (p->hinted != NULL)
		packet_event(p, EVENT_steered);
	return STEP_NEXT;
}

enum step stage_steer4(struct packet *p)
{
	const struct selector *s = &selectors[p->kind];
	uint8_t buf[AGENT_MAX], flags = p->state.flags;
	struct agent_writer w = { .buf = buf, .cap = p->policy->treat.max_82 };
	const uint8_t *link = NULL, *select = NULL;
	struct agent_option orig;
	unsigned hint = p->upstreams != 0 ? relay_hint(p) : p->decision.hint;
	enum step step;
	size_t add;

	if (p->refused)
		return STEP_NEXT;
	if (p->kind == KIND_UNKNOWN)
		return packet_end(p, STEP_PASS, CAUSE_other_type);
	option82_read(p, &orig);
	if (!p->untrusted && !orig.present && dhcp4_has(&p->view4, DHO_AGENT_OPTIONS))
		return packet_treat(p, p->policy->treat.oversize, CAUSE_oversize);
	step = orig.present ? option82_check(p, &orig) : STEP_NEXT;
	if (step != STEP_NEXT)
		return step;
	p->hinted = s->none ? subnet_of_release(p, hint) : subnet_to_name(p, s);
	if (relay_by_giaddr(p))
		return steer_by_giaddr(p, hint);
	if (s->none)
		return STEP_NEXT;
	/* Option 118 is under the MAC of RFC 3118, option 82 is not. */
	if (p->auth)
		hint &= ~(unsigned)HINT_SUBNET_SELECTION;
	if (p->hinted != NULL && (!p->hinted->has_hint4 || hint == HINT_NONE))
		p->hinted = NULL;
	if (p->decision.subnet == NULL && p->hinted == NULL && p->state.id_len == 0 &&
		!p->decision.by_query && (flags & STATE_SAVED_118) == 0 &&
		!override_needs_size(p) && !p->relay)
		return STEP_NEXT;
	if (p->hinted != NULL && (hint & HINT_LINK_SELECTION) != 0)
		link = p->hinted->hint4;
	if (p->hinted != NULL && (hint & HINT_SUBNET_SELECTION) != 0)
		select = p->hinted->hint4;
	if (select != NULL)
		p->state.flags |= STATE_OWN_118;
	note_original(p, &orig);
	if (write_what_fits(p, &orig, link, &w) != DHCP_OK)
		return steer_without_state(p, &orig);
	add = 2 + w.len + (select != NULL ? 6 : 0);
	if (!fits(p, add, orig.taken))
		return packet_treat(p, p->policy->treat.oversize, CAUSE_oversize);
	apply(p, &w, select);
	if (p->hinted != NULL)
		packet_event(p, EVENT_steered);
	return STEP_NEXT;
}

/* Option 82 with our block gone and the selector as it was; the rest in the order received. */
static void restore_agent_option(struct packet *p, const uint8_t *val, size_t len)
{
	bool saved = (p->state.flags & STATE_SAVED_82_5) != 0;
	struct tlv_iter it = tlv_begin(val, len);
	uint8_t buf[512];
	struct agent_writer w = { .buf = buf, .cap = sizeof(buf) };
	struct tlv t;

	/* With hint "subnet-selection" the server has seen none. */
	if (saved && !agent_get(val, len, RAI_LINK_SELECTION, &t))
		agent_put(&w, RAI_LINK_SELECTION, p->state.link4, 4);
	while (tlv_next(&TLV_AGENT, &it, &t)) {
		if (t.code == RAI_LINK_SELECTION) {
			if (saved)
				agent_put(&w, RAI_LINK_SELECTION, p->state.link4, 4);
		} else {
			option82_put_rest(p, &w, &t);
		}
	}
	dhcp4_edit_set(packet_edit4(p), DHO_AGENT_OPTIONS, w.buf, w.len);
}

/*
 * RFC 3011: the answer to a query with the option holds it too; one without it does not. dnsmasq
 * adds it even when only 82.5 named the subnet.
 */
static void restore_select(struct packet *p)
{
	bool own = p->has_state && (p->state.flags & STATE_SAVED_118) != 0;
	const uint8_t *now = dhcp4_get_addr(&p->view4, DHO_SUBNET_SELECTION);

	if (own && (now == NULL || memcmp(now, p->state.select4, 4) != 0))
		dhcp4_edit_set(packet_edit4(p), DHO_SUBNET_SELECTION, p->state.select4, 4);
	else if (!own && dhcp4_has(&p->view4, DHO_SUBNET_SELECTION))
		dhcp4_edit_del(packet_edit4(p), DHO_SUBNET_SELECTION);
}

static bool find_block(const struct packet *p, const uint8_t *val, size_t len,
	struct agent_block *ret)
{
	struct tlv_iter it = tlv_begin(val, len);
	struct tlv t;

	while (tlv_next(&TLV_AGENT, &it, &t))
		if (option82_next_block(p, &t, ret))
			return true;
	return false;
}

enum step stage_restore4(struct packet *p)
{
	struct agent_block block = { 0 };
	const uint8_t *val;
	size_t len = 0;

	if (p->pxe)
		return STEP_NEXT;
	/* Not on the stack: the state's identity is borrowed from there. */
	val = dhcp4_concat(
		&p->view4, DHO_AGENT_OPTIONS, p->joined[1], sizeof(p->joined[1]), &len);
	if (val != NULL && find_block(p, val, len, &block))
		p->has_state = state4_get(&p->state, block.data, block.len);
	/* That of another usher, which relays and is the one that the server answers. */
	if (p->has_state && p->state.relayed && !p->policy->treat.relay.on) {
		p->has_state = false;
		p->state = (struct state){ .flags = 0 };
	}
	if (!p->has_state && !relay_by_giaddr(p))
		packet_event(p, EVENT_state_missing);
	if (p->has_state)
		p->kind = (enum kind)p->state.kind;
	/*
	 * A server that did not echo, or cut, what we wrote: nobody relayed, so nobody sent an 82.
	 */
	if (p->has_state ? (p->state.flags & STATE_OWN_82) != 0 : !p->relayed && val != NULL)
		dhcp4_edit_del(packet_edit4(p), DHO_AGENT_OPTIONS);
	else if (p->has_state)
		restore_agent_option(p, val, len);
	if (!p->auth && (p->has_state || !relay_by_giaddr(p)))
		restore_select(p);
	if (packet_is_answer4(p) && (p->relay || (p->has_state && p->state.relayed)))
		relay_restore_header4(p, packet_edit4(p)->msg);
	if (p->editing)
		packet_event(p, EVENT_restored);
	return p->editing && p->edit4.err != DHCP_OK ? STEP_FAIL : STEP_NEXT;
}
