/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In-place editor of the innermost DHCPv6 message, which sets the length of every relay layer
 * around it, and the writer of a relay layer. Borrows msg[cap], never allocates; the first error
 * sticks. Values given to it must not lie within msg.
 */
#ifndef USHER_DHCPCODEC_EDIT6_H
#define USHER_DHCPCODEC_EDIT6_H

#include "dhcpcodec/dhcp6.h"

struct dhcp6_edit {
	uint8_t *msg;
	size_t len, cap;
	size_t limit;                    /* len may not exceed this; at most cap */
	size_t inner, inner_len;
	uint8_t depth;
	size_t relay_msg[DHCP6_LAYERS];  /* where the value of each layer's option 9 begins */
	enum dhcp_err err;
};

/* msg[v->len] holds a copy of what v views, and room up to cap. Errors: NOSPACE if len > cap. */
void dhcp6_edit_init(struct dhcp6_edit *e, const struct dhcp6_view *v, uint8_t *msg, size_t cap);

/* No edit may make the whole message longer than limit bytes. */
void dhcp6_edit_limit(struct dhcp6_edit *e, size_t limit);
size_t dhcp6_edit_room(const struct dhcp6_edit *e);

/*
 * Puts one option in the place of all of that code at the top level: where the first one stood,
 * else at the end. Errors: NOSPACE, and then the message is as it was; RANGE if len > 65535.
 */
void dhcp6_edit_set(struct dhcp6_edit *e, uint16_t code, const uint8_t *val, size_t len);

/* Removes all options of that code from the top level; none is no error. */
void dhcp6_edit_del(struct dhcp6_edit *e, uint16_t code);

/*
 * Sets a sub-option of the vendor options of one enterprise (RFC 8415 21.17) in the place of all of
 * that code, in the first of them if there are several, leaving its other sub-options and other
 * enterprises' options alone. val NULL removes the sub-option. With create, option 17 is made if
 * the enterprise has none. Errors: ABSENT if it has none, OPTLEN if what it has is broken (neither
 * changes anything nor sticks: both are returned only), NOSPACE, and then the message is as it was.
 */
enum dhcp_err dhcp6_edit_vendor(struct dhcp6_edit *e, uint32_t enterprise, uint16_t sub,
	const uint8_t *val, size_t len, bool create);

/*
 * Removes a lease, which an iterator over the message as it is now has given, and its IA if no
 * other is in it.
 */
void dhcp6_edit_cut_lease(
	struct dhcp6_edit *e, const struct dhcp6_ia *ia, const struct dhcp6_lease *lease);

/* Iterates the innermost message as it is now; lengths do not change while one iterates. */
struct tlv_iter dhcp6_edit_inner(const struct dhcp6_edit *e);

/* The message, writable, at a pointer that an iterator gave. */
static inline uint8_t *dhcp6_edit_at(struct dhcp6_edit *e, const uint8_t *p)
{
	return e->msg + (p - e->msg);
}

enum dhcp_err dhcp6_edit_finish(struct dhcp6_edit *e, size_t *ret_len);

/* A relay layer to be put around a message. Addresses of 16 bytes, network order. */
struct dhcp6_wrap {
	uint8_t hops;
	const uint8_t *link, *peer;      /* link NULL: :: */
	const uint8_t *interface_id;
	size_t interface_id_len;
	const uint8_t *mac;              /* NULL, or the client's link-layer address: RFC 6939 */
	size_t mac_len;
	uint16_t mac_type;               /* ARP hardware type */
	uint16_t port;                   /* 0, or the source port, if not 547: RFC 8357 */
};

/* Bytes that the layer adds. */
size_t dhcp6_wrap_size(const struct dhcp6_wrap *w);

/*
 * Writes the Relay-forward header and options up to and including the head of the Relay Message
 * option, whose value of msg_len bytes the caller has put, or will put, behind:
 * out[dhcp6_wrap_size(w)].
 */
void dhcp6_wrap_put(const struct dhcp6_wrap *w, uint8_t *out, size_t msg_len);

#endif
