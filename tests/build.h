/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builders of packets for tests, and a reader that turns a message's options back into text. They
 * share no code with dhcpcodec, so that a mistake there is not repeated here. A wrong use ends the
 * program.
 */
#ifndef USHER_TESTS_BUILD_H
#define USHER_TESTS_BUILD_H

#include <stddef.h>
#include <stdint.h>

/*
 * Hex digits to bytes; blanks do not count. Returns the number of bytes; no more than cap are
 * written.
 */
size_t hex_read(const char *hex, uint8_t *out, size_t cap);
/* The other way, NUL-terminated: out[2 * n + 1]. */
void hex_write(const uint8_t *bytes, size_t n, char *out);

/* Bytes under construction; all functions append. Start with { 0 }. */
struct build {
	uint8_t b[65536 + 128];
	size_t len;
};

void build_bytes(struct build *b, const void *bytes, size_t n);
void build_hex(struct build *b, const char *hex);
void build_fill(struct build *b, uint8_t byte, size_t n);
/* Zeros until the length is n; nothing if it is that already. */
void build_pad(struct build *b, size_t n);

/* 240 bytes: op, Ethernet 02:00:00:00:00:0a, xid 01020304, no addresses, the cookie. */
void build_dhcp4(struct build *b, uint8_t op);
/* The whole message: build_dhcp4(), then the options, as they stand. */
void build_message4(struct build *b, uint8_t op, const char *options);
/* The same, with file and sname (hex) filled in from their beginning. */
void build_overloaded4(
	struct build *b, uint8_t op, const char *options, const char *file, const char *sname);

/* msg-type and transaction-id 010203. */
void build_dhcp6(struct build *b, uint8_t type);
/* Relay header: link-address 2001:db8::link, peer-address fe80::peer. */
void build_relay6(struct build *b, uint8_t type, uint8_t hops, uint8_t link, uint8_t peer);
/* An option of two-byte code and length; what comes between open and close is its value. */
size_t build_open(struct build *b, uint16_t code);
void build_close(struct build *b, size_t opened);

/*
 * A whole datagram around n bytes of UDP payload, lengths and checksums right. options: of IPv4, a
 * multiple of four bytes; extensions: IPv6 headers behind the first, whose type is `next`, the last
 * one saying UDP (none: next is 17 and extensions is ""). All in hex.
 */
void build_ip4(struct build *b, const char *options, uint16_t sport, uint16_t dport,
	const void *payload, size_t n);
void build_ip6(struct build *b, uint8_t next, const char *extensions, uint16_t sport, uint16_t dport,
	const void *payload, size_t n);

/* RFC 1071 over a pseudo header and a UDP datagram, two bytes a step: 0 if it is right. */
uint16_t check_udp(const uint8_t *packet);
/* The same of an IPv4 header. */
uint16_t check_ip4(const uint8_t *packet);

/*
 * The options of a message as text, "53=01 82=0504c0000201"; those of file and sname after "|". A
 * message that is broken gives "?" at that place. Static memory, overwritten by the next call.
 */
const char *show4(const uint8_t *msg, size_t len);
/*
 * The same of DHCPv6, outermost layer first: "12/0 18=6966 > 1 1=00030001", that is type, hop count
 * and options but 9 of each relay layer, then type and options of the message.
 */
const char *show6(const uint8_t *msg, size_t len);

#endif
