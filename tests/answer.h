/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A DHCP server as far as usher can see one: it answers whatever it is asked, and gives back option
 * 82, option 118 and the relay layers in one of the ways that servers do. Shares no code with
 * usher.
 */
#ifndef USHER_TESTS_ANSWER_H
#define USHER_TESTS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum echo_style {
	ECHO_VERBATIM,         /* ISC dhcpd: as it was, behind everything else */
	ECHO_FRONT,            /* the same in front of everything else */
	ECHO_SORTED,           /* sub-options by rising code */
	ECHO_FUSED,            /* Kea: sorted, and those of one code made one */
	ECHO_DNSMASQ,          /* verbatim; 118 is added when a link selection was sent */
	ECHO_DROPPED,          /* not at all; RFC 3046 2.2 does not allow that, and some do it */
	ECHO_STYLES
};

extern const char *const echo_names[ECHO_STYLES];

enum { ANSWER_MAX = 4096, ANSWER_OPTIONS = 160 };

struct answer_option {
	uint16_t code;
	size_t len;
	const uint8_t *val;
};

/* Options, or sub-options, with one-byte code and length; false if the area is broken. */
bool answer_options(const uint8_t *area, size_t len, bool agent, struct answer_option *ret,
	size_t *ret_count);
/* All instances of one code, put together. SIZE_MAX: there is none. */
size_t answer_concat(const struct answer_option *all, size_t count, uint8_t code, uint8_t *out);

/*
 * The answer to a DHCPv4 query (an IP packet): an ACK for 172.16.0.1 and 60 seconds. cut: so many
 * bytes of option 82 only, SIZE_MAX: all. Returns its length.
 */
size_t answer4(const uint8_t *query, size_t len, enum echo_style style, size_t cut,
	uint8_t out[static ANSWER_MAX]);

/*
 * The answer to a DHCPv6 query: Relay-replies around a REPLY (or ADDR-REG-REPLY) without addresses.
 * VERBATIM: Interface-ID before Relay Message; SORTED, FUSED: behind it; FRONT, DNSMASQ: with all
 * other options; DROPPED: the outermost layer has none. 0 if the query cannot be read.
 */
size_t answer6(const uint8_t *query, size_t len, enum echo_style style,
	uint8_t out[static ANSWER_MAX]);

/* Puts n bytes of UDP payload behind an IP header (with addresses and protocol set) and ports. */
size_t answer_seal(uint8_t *ip, size_t payload);

#endif
