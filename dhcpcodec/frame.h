/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The envelope: an IPv4 (RFC 791) or IPv6 (RFC 8200) header and UDP (RFC 768) around a DHCP
 * message, as netfilter hands it over: no link-layer header, possibly padding behind.
 */
#ifndef USHER_DHCPCODEC_FRAME_H
#define USHER_DHCPCODEC_FRAME_H

#include "dhcpcodec/bytes.h"
#include "dhcpcodec/err.h"

#include <stdbool.h>

/* Offsets are from the first byte of the IP header; ports are in host order. */
struct frame {
	uint8_t family;        /* 4 or 6; 0 if not even the version could be read */
	bool has_ports;        /* sport and dport are known */
	bool no_csum;          /* IPv4: the UDP checksum field was 0, "no checksum" */
	uint16_t sport, dport;
	size_t ip_len;         /* the datagram, without what the link padded */
	size_t udp_off, pay_off, pay_len;
	size_t src_off, dst_off;
};

enum { FRAME_VERIFY = 1 }; /* check the UDP checksum */

/*
 * Parses pkt[len]. The checks stand in the order of PROTOCOL A.1 and B.1. Errors: SHORT, VERSION,
 * IHL, IPLEN, FRAGMENT, EXTHDR, PROTO, UDPLEN, CSUM. Unlike elsewhere ret is filled on error too as
 * far as the parse came, since policy asks for the ports of a fragment.
 */
enum dhcp_err frame_parse(struct frame *ret, const uint8_t *pkt, size_t len, unsigned flags);

/*
 * Sets the lengths for a payload of pay_len bytes and computes both checksums in full; pkt must
 * hold f->pay_off + pay_len bytes. An IPv4 datagram that came without a UDP checksum leaves
 * without. Returns the length of the datagram, or 0 if that is more than its field can say.
 */
size_t frame_seal(const struct frame *f, uint8_t *pkt, size_t pay_len);

/* Bytes before the payload of a datagram without IP options and extension headers. */
enum { FRAME_HEAD4 = 28, FRAME_HEAD6 = 48 };

/* Who a datagram of ours is from and to: addresses of 4 or 16 bytes, ports in host order. */
struct frame_route {
	const uint8_t *src, *dst;
	uint16_t sport, dport;
	uint8_t hops;          /* TTL or hop limit */
};

/*
 * Writes the headers of a new datagram of that family before its payload, pkt[FRAME_HEAD..pay_len),
 * with lengths and checksums. Returns its length, or 0 if that is more than its field can say.
 */
size_t frame_put(uint8_t *pkt, uint8_t family, const struct frame_route *r, size_t pay_len);

#endif
