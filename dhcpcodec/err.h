/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The errors of dhcpcodec: one list gives the enum and the text, so that the two cannot drift.
 * A text is lower case, has no full stop and reads well after a colon.
 */
#ifndef USHER_DHCPCODEC_ERR_H
#define USHER_DHCPCODEC_ERR_H

#define DHCP_ERRORS(X) \
	X(SHORT,    "shorter than its fixed header") \
	X(VERSION,  "not the IP version expected") \
	X(IHL,      "IP header length out of range") \
	X(IPLEN,    "IP total length disagrees with the bytes received") \
	X(FRAGMENT, "a fragment") \
	X(EXTHDR,   "UDP behind an IPv6 extension header") \
	X(PROTO,    "not UDP") \
	X(UDPLEN,   "UDP length disagrees with the IP length") \
	X(CSUM,     "wrong UDP checksum") \
	X(COOKIE,   "no DHCP magic cookie") \
	X(OP,       "op is neither request nor reply") \
	X(HLEN,     "hardware address longer than chaddr") \
	X(OPTLEN,   "option runs past the end of its field") \
	X(OPTSIZE,  "option of a length that its definition forbids") \
	X(REPEAT,   "single-value option given twice") \
	X(DUID,     "client identifier missing, repeated or of a wrong length") \
	X(RELAY,    "relay message missing, repeated or broken") \
	X(DEPTH,    "more relay layers than the hop limit allows") \
	X(NOSPACE,  "edit does not fit the packet buffer") \
	X(RANGE,    "value out of range for the field") \
	X(ABSENT,   "what was to be edited is not there") \
	X(VALUE,    "text is not a value of the option's type") \
	X(FORBIDDEN, "option may not be overridden")

enum dhcp_err {
	DHCP_OK = 0,
#define X(name, text) DHCP_E_##name,
	DHCP_ERRORS(X)
#undef X
	DHCP_E_COUNT
};

/* The text of an error; total over any int. The string is static. */
const char *dhcp_strerror(int err);

#endif
