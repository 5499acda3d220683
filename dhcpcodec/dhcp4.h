/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A read-only view of a DHCPv4 message (RFC 2131 section 2): validated once, then trusted.
 */
#ifndef USHER_DHCPCODEC_DHCP4_H
#define USHER_DHCPCODEC_DHCP4_H

#include "dhcpcodec/tlv.h"

/* Offsets of the fixed fields, RFC 2131 figure 1. */
enum {
	DHCP4_OP = 0,
	DHCP4_HTYPE = 1,
	DHCP4_HLEN = 2,
	DHCP4_HOPS = 3,
	DHCP4_XID = 4,
	DHCP4_SECS = 8,
	DHCP4_FLAGS = 10,
	DHCP4_CIADDR = 12,
	DHCP4_YIADDR = 16,
	DHCP4_SIADDR = 20,
	DHCP4_GIADDR = 24,
	DHCP4_CHADDR = 28,
	DHCP4_SNAME = 44,
	DHCP4_FILE = 108,
	DHCP4_COOKIE = 236,
	DHCP4_OPTIONS = 240,
	DHCP4_SNAME_LEN = 64,
	DHCP4_FILE_LEN = 128,
	DHCP4_CHADDR_LEN = 16,
	DHCP4_MIN_LEN = 300,   /* of a BOOTP message: RFC 951 section 3, RFC 1542 section 2.1 */
};

enum { BOOTREQUEST = 1, BOOTREPLY = 2 };

/* RFC 2132 section 9.6, RFC 3203, RFC 4388, RFC 6926, RFC 7724 */
enum dhcp4_type {
	DHCP4_BOOTP = 0,
	DHCPDISCOVER = 1,
	DHCPOFFER,
	DHCPREQUEST,
	DHCPDECLINE,
	DHCPACK,
	DHCPNAK,
	DHCPRELEASE,
	DHCPINFORM,
	DHCPFORCERENEW,
	DHCPLEASEQUERY,
	DHCPLEASEUNASSIGNED,
	DHCPLEASEUNKNOWN,
	DHCPLEASEACTIVE,
	DHCPBULKLEASEQUERY,
	DHCPLEASEQUERYDONE,
	DHCPACTIVELEASEQUERY,
};

enum dhcp4_option {
	DHO_PAD = 0,
	DHO_SUBNET_MASK = 1,
	DHO_ROUTERS = 3,
	DHO_REQUESTED_ADDRESS = 50,
	DHO_LEASE_TIME = 51,
	DHO_OVERLOAD = 52,
	DHO_MESSAGE_TYPE = 53,
	DHO_SERVER_ID = 54,
	DHO_MESSAGE = 56,
	DHO_MAX_MESSAGE_SIZE = 57,
	DHO_RENEWAL_TIME = 58,
	DHO_REBINDING_TIME = 59,
	DHO_CLIENT_ID = 61,
	DHO_TFTP_SERVER_NAME = 66,
	DHO_BOOT_FILE_NAME = 67,
	DHO_AGENT_OPTIONS = 82,
	DHO_AUTHENTICATION = 90,
	DHO_SUBNET_SELECTION = 118,
	DHO_VIVSO = 125,
	DHO_END = 255,
};

/* Borrows the message; valid while the message is unchanged. */
struct dhcp4_view {
	const uint8_t *msg;
	size_t len;
	size_t end;              /* offset of END; len if there is none; 236 without a cookie */
	uint8_t type;            /* enum dhcp4_type; DHCP4_BOOTP without option 53 or cookie */
	uint8_t overload;        /* option 52, 0..3: bit 0 file, bit 1 sname hold options */
	uint64_t main_has[4];    /* codes present in the options field */
	uint64_t field_has[4];   /* codes present in an overloaded file or sname */
};

/*
 * Validates msg[len]. ret is untouched on error. Errors: SHORT (less than the 236 bytes of BOOTP),
 * OP, HLEN, OPTLEN (an option runs past its field), OPTSIZE (52 or 53 not of one byte), REPEAT (52
 * or 53 twice). A message without the cookie of RFC 1497 is BOOTP and has no options: nothing
 * behind its 236 bytes is read.
 */
enum dhcp_err dhcp4_view_init(struct dhcp4_view *ret, const uint8_t *msg, size_t len);

static inline bool dhcp4_in_main(const struct dhcp4_view *v, uint8_t code)
{
	return (v->main_has[code >> 6] >> (code & 63) & 1) != 0;
}

static inline bool dhcp4_in_field(const struct dhcp4_view *v, uint8_t code)
{
	return (v->field_has[code >> 6] >> (code & 63) & 1) != 0;
}

static inline bool dhcp4_has(const struct dhcp4_view *v, uint8_t code)
{
	return dhcp4_in_main(v, code) || dhcp4_in_field(v, code);
}

/* Walks options, then file, then sname: the order of RFC 3396 section 5. */
struct dhcp4_iter {
	struct tlv_iter it;
	const struct dhcp4_view *view;
	uint8_t field;           /* 0 options, 1 file, 2 sname */
};

struct dhcp4_iter dhcp4_begin(const struct dhcp4_view *v);
bool dhcp4_next(struct dhcp4_iter *it, struct tlv *ret);

/* The first instance of an option in that order. */
bool dhcp4_get(const struct dhcp4_view *v, uint8_t code, struct tlv *ret);

/*
 * All instances of an option, one after the other (RFC 3396 section 7). A single instance is
 * borrowed from the message; more are copied into buf. Returns NULL if the option is absent or
 * longer than cap in all.
 */
const uint8_t *dhcp4_concat(
	const struct dhcp4_view *v, uint8_t code, uint8_t *buf, size_t cap, size_t *ret_len);

/* An option of exactly four bytes, first instance: true and its value in host order. */
bool dhcp4_get32(const struct dhcp4_view *v, uint8_t code, uint32_t *ret);
/* An option of exactly four bytes, first instance: an address in network order, or NULL. */
const uint8_t *dhcp4_get_addr(const struct dhcp4_view *v, uint8_t code);

#endif
