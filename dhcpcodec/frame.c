/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where the length fields of IPv4, IPv6 and UDP are and how they must agree, the walk over
 * IPv6 extension headers, and the pseudo headers of both checksums. Reassembles nothing, routes
 * nothing, changes no address of what was received. RFC 791, RFC 768, RFC 8200, RFC 1071.
 */
#include "dhcpcodec/frame.h"

enum {
	IP4_MIN = 20,
	IP4_MF = 0x2000,
	IP4_OFFSET = 0x1fff,
	IP6_HEAD = 40,
	UDP_HEAD = 8,
	PROTO_UDP = 17,
	NEXT_HOPOPTS = 0,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_DSTOPTS = 60,
};

static enum dhcp_err parse_ip4(struct frame *f, const uint8_t *pkt, size_t len)
{
	size_t ihl, total;

	if (len < IP4_MIN)
		return DHCP_E_SHORT;
	ihl = (size_t)(pkt[0] & 0x0f) * 4;
	if (ihl < IP4_MIN || ihl > len)
		return DHCP_E_IHL;
	/* The link may have padded: less than was received is right, more is not. */
	total = be16_get(pkt + 2);
	if (total < ihl || total > len)
		return DHCP_E_IPLEN;
	f->ip_len = total;
	f->src_off = 12;
	f->dst_off = 16;
	if (pkt[9] != PROTO_UDP)
		return DHCP_E_PROTO;
	if ((be16_get(pkt + 6) & IP4_OFFSET) != 0)
		return DHCP_E_FRAGMENT;
	f->udp_off = ihl;
	return (be16_get(pkt + 6) & IP4_MF) != 0 ? DHCP_E_FRAGMENT : DHCP_OK;
}

/*
 * RFC 8200 section 4.1: extension headers are a chain of next-header values. ip6tables -p udp
 * matches behind them, so such packets do reach a queue.
 */
static enum dhcp_err parse_ip6(struct frame *f, const uint8_t *pkt, size_t len)
{
	enum dhcp_err err = DHCP_OK;
	size_t pos = IP6_HEAD;
	uint8_t next;

	if (len < IP6_HEAD)
		return DHCP_E_SHORT;
	if ((size_t)be16_get(pkt + 4) > len - IP6_HEAD)
		return DHCP_E_IPLEN;
	f->ip_len = IP6_HEAD + (size_t)be16_get(pkt + 4);
	f->src_off = 8;
	f->dst_off = 24;
	for (next = pkt[6]; next != PROTO_UDP;) {
		size_t size = 8;

		if (next != NEXT_HOPOPTS && next != NEXT_ROUTING && next != NEXT_DSTOPTS &&
			next != NEXT_FRAGMENT)
			return DHCP_E_PROTO;
		if (size > f->ip_len - pos)
			return DHCP_E_IPLEN;
		if (next == NEXT_FRAGMENT) {
			if ((be16_get(pkt + pos + 2) & 0xfff8) != 0)
				return DHCP_E_FRAGMENT;
			if ((be16_get(pkt + pos + 2) & 1) != 0)
				err = DHCP_E_FRAGMENT;
		} else {
			size += (size_t)pkt[pos + 1] * 8;
		}
		if (size > f->ip_len - pos)
			return DHCP_E_IPLEN;
		next = pkt[pos];
		pos += size;
		if (err == DHCP_OK)
			err = DHCP_E_EXTHDR;
	}
	f->udp_off = pos;
	return err;
}

/* The pseudo header (RFC 768, RFC 8200 section 8.1) and the UDP datagram of udp_len bytes. */
static uint16_t udp_sum(const struct frame *f, const uint8_t *pkt, size_t udp_len)
{
	uint64_t sum = htobe16((uint16_t)udp_len);

	sum += htobe16(PROTO_UDP);
	sum = bytes_sum(pkt + f->src_off, f->family == 4 ? 8 : 32, sum);
	return bytes_fold(bytes_sum(pkt + f->udp_off, udp_len, sum));
}

static enum dhcp_err parse_udp(struct frame *f, const uint8_t *pkt, unsigned flags)
{
	const uint8_t *udp = pkt + f->udp_off;
	size_t room = f->ip_len - f->udp_off, udp_len;

	if (room < UDP_HEAD)
		return DHCP_E_UDPLEN;
	f->sport = be16_get(udp);
	f->dport = be16_get(udp + 2);
	f->has_ports = true;
	udp_len = be16_get(udp + 4);
	if (udp_len < UDP_HEAD || udp_len > room)
		return DHCP_E_UDPLEN;
	f->pay_off = f->udp_off + UDP_HEAD;
	f->pay_len = udp_len - UDP_HEAD;
	f->no_csum = be16_get(udp + 6) == 0;
	/* RFC 8200 8.1: "IPv6 receivers must discard UDP packets containing a zero checksum". */
	if (f->no_csum)
		return f->family == 6 ? DHCP_E_CSUM : DHCP_OK;
	if ((flags & FRAME_VERIFY) != 0 && udp_sum(f, pkt, udp_len) != 0xffff)
		return DHCP_E_CSUM;
	return DHCP_OK;
}

enum dhcp_err frame_parse(struct frame *ret, const uint8_t *pkt, size_t len, unsigned flags)
{
	enum dhcp_err err, udp;

	memset(ret, 0, sizeof(*ret));
	if (len < 1)
		return DHCP_E_SHORT;
	if (pkt[0] >> 4 != 4 && pkt[0] >> 4 != 6)
		return DHCP_E_VERSION;
	ret->family = pkt[0] >> 4;
	err = ret->family == 4 ? parse_ip4(ret, pkt, len) : parse_ip6(ret, pkt, len);
	if (err != DHCP_OK && err != DHCP_E_FRAGMENT && err != DHCP_E_EXTHDR)
		return err;
	/* A later fragment, or one whose chain we did not follow, has no UDP header to read. */
	if (ret->udp_off == 0)
		return err;
	udp = parse_udp(ret, pkt, err == DHCP_OK ? flags : 0);
	return err != DHCP_OK ? err : udp;
}

size_t frame_seal(const struct frame *f, uint8_t *pkt, size_t pay_len)
{
	size_t udp_len = UDP_HEAD + pay_len, ip_len = f->udp_off + udp_len;
	uint8_t *udp = pkt + f->udp_off;
	uint16_t sum;

	if (ip_len - (f->family == 6 ? IP6_HEAD : 0) > 0xffff)
		return 0;
	if (f->family == 4) {
		be16_put(pkt + 2, ip_len);
		memset(pkt + 10, 0, 2);
		sum = (uint16_t)~bytes_fold(bytes_sum(pkt, f->udp_off, 0));
		memcpy(pkt + 10, &sum, sizeof(sum));
	} else {
		be16_put(pkt + 4, ip_len - IP6_HEAD);
	}
	be16_put(udp + 4, udp_len);
	memset(udp + 6, 0, 2);
	if (f->no_csum && f->family == 4)
		return ip_len;
	/* RFC 768: "If the computed checksum is zero, it is transmitted as all ones". */
	sum = (uint16_t)~udp_sum(f, pkt, udp_len);
	if (sum == 0)
		sum = 0xffff;
	memcpy(udp + 6, &sum, sizeof(sum));
	return ip_len;
}

size_t frame_put(uint8_t *pkt, uint8_t family, const struct frame_route *r, size_t pay_len)
{
	size_t addr_len = family == 4 ? 4 : 16;
	struct frame f = { .family = family };

	f.udp_off = family == 4 ? IP4_MIN : IP6_HEAD;
	f.src_off = family == 4 ? 12 : 8;
	f.dst_off = f.src_off + addr_len;
	f.pay_off = f.udp_off + UDP_HEAD;
	memset(pkt, 0, f.pay_off);
	if (family == 4) {
		pkt[0] = 0x45;
		pkt[8] = r->hops;
		pkt[9] = PROTO_UDP;
	} else {
		pkt[0] = 0x60;
		pkt[6] = PROTO_UDP;
		pkt[7] = r->hops;
	}
	memcpy(pkt + f.src_off, r->src, addr_len);
	memcpy(pkt + f.dst_off, r->dst, addr_len);
	be16_put(pkt + f.udp_off, r->sport);
	be16_put(pkt + f.udp_off + 2, r->dport);
	return frame_seal(&f, pkt, pay_len);
}
