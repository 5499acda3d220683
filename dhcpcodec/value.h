/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option values as text, and back: what a registry writes for an option, and what a person reads
 * of one. docs/options.md shows the forms. For every option the raw form hex:c0ffee (also
 * hex:c0:ff:ee) gives the bytes themselves, as long as they can be of the option's length.
 */
#ifndef USHER_DHCPCODEC_VALUE_H
#define USHER_DHCPCODEC_VALUE_H

#include "dhcpcodec/err.h"
#include "dhcpcodec/option.h"

/* The longest value: the length field of a DHCPv6 option (RFC 8415 21.1). */
#define DHCP_VALUE_MAX 65535

/*
 * Text to wire bytes. text has len bytes and needs no NUL; out has room for cap bytes and may be
 * written to even if the text turns out to be wrong. *ret_len is set on DHCP_OK only.
 * DHCP_E_VALUE: not a value of the type; DHCP_E_RANGE: a number or a length out of range;
 * DHCP_E_OPTSIZE: a raw form of a length that the option cannot have; DHCP_E_NOSPACE: longer than
 * cap or DHCP_VALUE_MAX. Whether the option may be set at all (def->override) is not looked at.
 */
enum dhcp_err dhcp_value_encode(const struct dhcp_option_def *def, const char *text, size_t len,
	uint8_t *out, size_t cap, size_t *ret_len);

/*
 * Writes why dhcp_value_encode() refused the text, e.g.
 *   expected an IPv4 address such as 192.0.2.1, got "10.0.0"
 * or, if it is a value after all, how long it is. Untrusted bytes are escaped and cut, so that
 * DHCP_VALUE_WHY_MAX bytes always suffice. Returns the length as snprintf does.
 */
#define DHCP_VALUE_WHY_MAX 256
size_t dhcp_value_why(const struct dhcp_option_def *def, const char *text, size_t len,
	char *buf, size_t cap);

/*
 * Wire bytes to printable ASCII text, NUL-terminated, that dhcp_value_encode() turns into the same
 * bytes. What the type cannot say is given in the raw form. DHCP_E_OPTSIZE: the option cannot be of
 * that length; DHCP_E_NOSPACE: the text and its NUL do not fit cap. out is then "" if cap > 0.
 */
enum dhcp_err dhcp_value_decode(const struct dhcp_option_def *def, const uint8_t *bytes, size_t len,
	char *out, size_t cap);

/* The raw form of any bytes: 4 + 2 * len characters and the NUL. DHCP_E_NOSPACE as above. */
enum dhcp_err dhcp_value_hex(const uint8_t *bytes, size_t len, char *out, size_t cap);

#endif
