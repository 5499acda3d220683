/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stages know of the packet in hand. One struct, cleared for each packet; everything it
 * points at is borrowed from the slot or the snapshot and lives until the batch ends.
 */
#ifndef USHER_RELAY_PACKET_H
#define USHER_RELAY_PACKET_H

#include "dhcpcodec/agent.h"
#include "dhcpcodec/edit4.h"
#include "dhcpcodec/edit6.h"
#include "dhcpcodec/frame.h"
#include "relay/pipeline.h"
#include "relay/state.h"

struct guess;
struct client_link;
struct hook_memory;

/* What a stage may return; what it found out travels in the packet. */
enum step {
	STEP_NEXT,
	STEP_PASS,   /* no further stage: it goes out with what has been edited so far */
	STEP_DROP,
	STEP_PARK,   /* a library wants to decide later: all of it will be run once more */
	STEP_FAIL,   /* the stage could not do its work: the table says what becomes of the packet */
};

struct packet {
	struct pipeline *pl;
	struct slot *slot;
	const struct guess *guess;   /* relay/guess.h; NULL: none */
	const struct policy *policy;
	const struct registry *registry;
	const uint8_t *in;           /* the IP packet as received: never written */
	size_t in_len;
	struct frame frame;

	/* from the view */
	bool v6, response, untrusted, relayed;
	bool pxe;                    /* proxyDHCP, port 4011: options only */
	bool auth;                   /* authenticated: only what is ours may be changed */
	uint8_t type;                /* of the innermost message */
	enum kind kind;
	enum side side;
	const char *interface;       /* the client's, "" if not known */

	/* who it is about, and what is to be done */
	enum reg_id_type id_type;
	const uint8_t *id;           /* NULL: no identity */
	size_t id_len;
	const struct reg_user *user; /* NULL: not registered */
	const uint8_t *ask;          /* an id that must be asked for; NULL: none */
	size_t ask_len;
	enum reg_id_type ask_type;
	unsigned looked_up;          /* ids that were not in memory */
	bool given_up;               /* what is not in memory is nobody */
	struct decision decision;
	const struct subnet *hinted; /* the subnet written into the query */
	bool has_state;
	struct state state;
	const struct subnet *found;  /* response: the subnet its first address lies in */
	int64_t answer_us;           /* response: since its query; -1: not known */
	uint32_t granted, sent;      /* seconds of the lease: the server's, and after the clamp */

	/* relay mode: relay/relay.h */
	bool relay;                  /* to be relayed, or answered by us */
	bool refused;                /* the edit is a NAK of our own to the client */
	upstream_set upstreams;      /* query: whom it is for; response: whose it is */
	const struct client_link *link; /* where the client is; NULL: behind another relay */

	struct hook_memory *hooks;   /* NULL: no libraries */
	bool again;                  /* on the way to where it was parked: already counted */
	bool replaced;               /* `in` is what a library made of the query */
	bool editing;                /* the edit was begun, by the first stage that changes something */

	/* the end */
	enum cause cause;
	const char *stage;           /* the last one that ran */
	enum dhcp_err err;           /* what was wrong, for those who explain */

	/*
	 * From here on nothing is cleared: view and edit are written whole by whoever begins them.
	 */
	union {
		struct dhcp4_view view4;
		struct dhcp6_view view6;
	};
	union {
		struct dhcp4_edit edit4;
		struct dhcp6_edit edit6;
	};
	/* Where options that came in pieces are put together, 61 and 82. */
	uint8_t joined[2][512];
};

typedef enum step stage_fn(struct packet *p);

stage_fn stage_frame;
stage_fn stage_view4, stage_view6;
stage_fn stage_strip4;
stage_fn stage_receive;
stage_fn stage_select;
stage_fn stage_relay4, stage_relay6;
stage_fn stage_steer4, stage_steer6;
stage_fn stage_restore4, stage_restore6;
stage_fn stage_guard4, stage_guard6;
stage_fn stage_send4, stage_send6;
stage_fn stage_clamp4, stage_clamp6;
stage_fn stage_outcome4, stage_outcome6;
stage_fn stage_seal4, stage_seal6;

/*
 * An answer to a client of DHCPv4 may not become longer than the client takes: bounds the edits
 * that follow. Undone by dhcp4_edit_limit(SLOT_OUT).
 */
void packet_budget4(struct packet *p);

/* The editor over a copy of the message in slot->out, begun at the first call. */
struct dhcp4_edit *packet_edit4(struct packet *p);
struct dhcp6_edit *packet_edit6(struct packet *p);

static inline enum step packet_end(struct packet *p, enum step step, enum cause cause)
{
	p->cause = cause;
	return step;
}

/* The end that a treatment asks for. */
static inline enum step packet_treat(struct packet *p, enum treat treat, enum cause cause)
{
	return packet_end(p, treat == TREAT_DROP ? STEP_DROP : STEP_PASS, cause);
}

static inline void packet_event(struct packet *p, enum event e)
{
	p->pl->counters->events[e] += !p->again;
}

/* The DHCP message as received. */
static inline const uint8_t *packet_msg(const struct packet *p)
{
	return p->in + p->frame.pay_off;
}

/* The address that a query is about: option 50 or ciaddr by its kind, 4 bytes; or NULL. */
const uint8_t *packet_followed4(const struct packet *p);

/* Whether the message is one that answers a query which may have been steered. */
static inline bool packet_is_answer4(const struct packet *p)
{
	return p->type == DHCPOFFER || p->type == DHCPACK || p->type == DHCPNAK;
}

/*
 * Turns the message into a NAK for its client; server_id: what option 54 is unless the message has
 * one. STEP_NEXT or STEP_FAIL.
 */
enum step packet_make_nak(struct packet *p, const uint8_t server_id[static 4]);

/* Puts the one relay layer of ours around a DHCPv6 query, with the hint if p->hinted. */
enum step packet_wrap6(struct packet *p);

/* What the rules may look at; borrowed from the packet. */
struct facts packet_facts(const struct packet *p);

/*
 * Bytes that an answer may grow to, with its IP header: Ethernet's, or less if the config says that
 * the path takes less.
 */
static inline size_t packet_longest(const struct packet *p)
{
	const struct treatment *t = &p->policy->treat;
	size_t max = p->v6 ? t->max_ip6 : t->max_ip4;

	return max < 1500 ? max : 1500;
}

/* The subnet that a DHCPv6 address or delegated prefix lies in, or NULL. */
const struct subnet *packet_subnet_of6(const struct packet *p, const struct dhcp6_lease *l);

/* Whether the answer's address may stand: the state decides, or else what is so now. */
bool packet_allows(const struct packet *p, const struct subnet *of);

#endif
