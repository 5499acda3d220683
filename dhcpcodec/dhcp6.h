/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A read-only view of a DHCPv6 message (RFC 8415): its relay layers and the client's or server's
 * message inside, validated once, then trusted.
 */
#ifndef USHER_DHCPCODEC_DHCP6_H
#define USHER_DHCPCODEC_DHCP6_H

#include "dhcpcodec/tlv.h"

/* RFC 8415 section 7.3, RFC 7341, RFC 9686 */
enum dhcp6_type {
	DHCPV6_SOLICIT = 1,
	DHCPV6_ADVERTISE,
	DHCPV6_REQUEST,
	DHCPV6_CONFIRM,
	DHCPV6_RENEW,
	DHCPV6_REBIND,
	DHCPV6_REPLY,
	DHCPV6_RELEASE,
	DHCPV6_DECLINE,
	DHCPV6_RECONFIGURE,
	DHCPV6_INFORMATION_REQUEST,
	DHCPV6_RELAY_FORW,
	DHCPV6_RELAY_REPL,
	DHCPV6_LEASEQUERY,
	DHCPV6_LEASEQUERY_REPLY,
	DHCPV6_DHCPV4_QUERY = 20,
	DHCPV6_DHCPV4_RESPONSE = 21,
	DHCPV6_ADDR_REG_INFORM = 36,
	DHCPV6_ADDR_REG_REPLY = 37,
};

enum dhcp6_option {
	D6O_CLIENTID = 1,
	D6O_SERVERID = 2,
	D6O_IA_NA = 3,
	D6O_IA_TA = 4,
	D6O_IAADDR = 5,
	D6O_RELAY_MSG = 9,
	D6O_AUTH = 11,
	D6O_UNICAST = 12,
	D6O_STATUS_CODE = 13,
	D6O_RAPID_COMMIT = 14,
	D6O_USER_CLASS = 15,
	D6O_VENDOR_CLASS = 16,
	D6O_VENDOR_OPTS = 17,
	D6O_INTERFACE_ID = 18,
	D6O_IA_PD = 25,
	D6O_IAPREFIX = 26,
	D6O_INFORMATION_REFRESH_TIME = 32,
	D6O_REMOTE_ID = 37,
	D6O_SUBSCRIBER_ID = 38,
	D6O_CLIENT_LINKLAYER_ADDR = 79,
	D6O_RELAY_SOURCE_PORT = 135,
};

enum {
	DHCP6_HEAD = 4,          /* msg-type, transaction-id: RFC 8415 section 8 */
	DHCP6_RELAY_HEAD = 34,   /* msg-type, hop-count, link-address, peer-address: section 9 */
	DHCP6_HOPS = 1,
	DHCP6_LINK = 2,
	DHCP6_PEER = 18,
	DHCP6_HOP_LIMIT = 8,     /* HOP_COUNT_LIMIT: section 7.6 */
	DHCP6_LAYERS = 9,        /* relay headers that we read */
	DHCP6_DUID_MIN = 3,      /* type 2 + 1: section 11.1 */
	DHCP6_DUID_MAX = 130,    /* type 2 + 128 */
};

/* One relay layer; offsets from the start of the message. */
struct dhcp6_layer {
	size_t at;               /* msg-type */
	size_t end;              /* of the layer's last option */
	size_t relay_msg;        /* where the value of its option 9 begins */
};

/* Borrows the message; valid while the message is unchanged. */
struct dhcp6_view {
	const uint8_t *msg;
	size_t len;
	uint8_t outer_type;      /* of the outermost message */
	uint8_t type;            /* of the innermost message */
	uint8_t depth;           /* relay layers, outermost first */
	struct dhcp6_layer layers[DHCP6_LAYERS];
	size_t inner, inner_len; /* the innermost message */
	size_t options_len;      /* of its options, behind DHCP6_HEAD; 0 if it has none */
	uint64_t has[3];         /* codes below 192 at the top level of the innermost message */
};

/*
 * Validates msg[len], every nesting level of it that we read or edit. ret is untouched on error.
 * Errors: SHORT, DEPTH, RELAY (relay-msg missing, twice, or Relay-forward and Relay-reply mixed),
 * OPTLEN, OPTSIZE (an IA, address, prefix, status or authentication shorter than its fixed part),
 * DUID (client identifier twice or not of 3..130 bytes). A message of an unknown type
 * has no options, whatever it holds (RFC 7283).
 */
enum dhcp_err dhcp6_view_init(struct dhcp6_view *ret, const uint8_t *msg, size_t len);

/* The view of what is inside the outermost relay layer; v->depth must be more than 0. */
void dhcp6_view_unwrap(struct dhcp6_view *v);

static inline bool dhcp6_is_relay(uint8_t type)
{
	return type == DHCPV6_RELAY_FORW || type == DHCPV6_RELAY_REPL;
}

static inline bool dhcp6_has(const struct dhcp6_view *v, unsigned code)
{
	return code < 192 && (v->has[code >> 6] >> (code & 63) & 1) != 0;
}

/* The first option of that code at the top level of the innermost message. */
bool dhcp6_get(const struct dhcp6_view *v, unsigned code, struct tlv *ret);
/* The first option of that code of a relay layer. */
bool dhcp6_layer_get(const struct dhcp6_view *v, unsigned layer, unsigned code, struct tlv *ret);

/* An identity association: IA_NA, IA_TA or IA_PD (RFC 8415 21.4, 21.5, 21.21). */
struct dhcp6_ia {
	uint16_t code;
	const uint8_t *val;      /* IAID, then T1 and T2 unless IA_TA */
	const uint8_t *sub;      /* its options */
	size_t sub_len;
};

/* An address or a delegated prefix within an IA (RFC 8415 21.6, 21.22). */
struct dhcp6_lease {
	const uint8_t *addr;     /* 16 bytes */
	uint8_t prefix_len;      /* 128 for an address */
	bool is_prefix;
	const uint8_t *times;    /* preferred-lifetime, valid-lifetime: 4 bytes each */
	uint32_t preferred, valid; /* seconds */
};

/* Iterates the IAs of the innermost message; begin with dhcp6_inner(). */
struct tlv_iter dhcp6_inner(const struct dhcp6_view *v);
bool dhcp6_next_ia(struct tlv_iter *it, struct dhcp6_ia *ret);
struct tlv_iter dhcp6_ia_begin(const struct dhcp6_ia *ia);
bool dhcp6_next_lease(struct tlv_iter *it, struct dhcp6_lease *ret);

/* The leases of all IAs, one after the other; ia: the one that the last was in. */
struct dhcp6_walk {
	struct tlv_iter ias, leases;
	struct dhcp6_ia ia;
};

/* Of the message that `inner` is of: dhcp6_inner(), dhcp6_edit_inner(). */
static inline struct dhcp6_walk dhcp6_walk(struct tlv_iter inner)
{
	return (struct dhcp6_walk){ .ias = inner, .leases = tlv_begin(inner.pos, 0) };
}

static inline bool dhcp6_walk_next(struct dhcp6_walk *w, struct dhcp6_lease *ret)
{
	while (w->leases.pos == w->leases.end || !dhcp6_next_lease(&w->leases, ret)) {
		if (!dhcp6_next_ia(&w->ias, &w->ia))
			return false;
		w->leases = dhcp6_ia_begin(&w->ia);
	}
	return true;
}

/* The status code among these options (RFC 8415 21.13), 0 (success) if there is none. */
uint16_t dhcp6_status(const uint8_t *options, size_t len);
/* The same of the innermost message's top level. */
uint16_t dhcp6_top_status(const struct dhcp6_view *v);

/* The first address of the first IA that has one, 16 bytes, or NULL. */
const uint8_t *dhcp6_first_addr(const struct dhcp6_view *v);

#endif
