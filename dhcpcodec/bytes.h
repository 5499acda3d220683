/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big-endian fields at any alignment, and the Internet checksum (RFC 1071). Every multi-byte field
 * of a packet is read and written through these; no packet byte is ever cast to a struct. And what a
 * hex digit stands for, wherever bytes are written as text.
 */
#ifndef USHER_DHCPCODEC_BYTES_H
#define USHER_DHCPCODEC_BYTES_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t be16_get(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t be32_get(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

/* Writes the low 16 bits of v. */
static inline void be16_put(uint8_t *p, size_t v)
{
	uint16_t be = htobe16((uint16_t)v);

	memcpy(p, &be, sizeof(be));
}

static inline void be32_put(uint8_t *p, uint32_t v)
{
	uint32_t be = htobe32(v);

	memcpy(p, &be, sizeof(be));
}

/* 0 to 15 of either letter case; -1: it is none. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Adds n bytes to a running ones' complement sum; start with 0, close with bytes_fold(). The sum is
 * of 16-bit words in memory order (RFC 1071 section 2, byte order independence), so every piece but
 * the last must be of even length.
 */
uint64_t bytes_sum(const uint8_t *p, size_t n, uint64_t sum);

/* The folded, not yet complemented sum in memory order. */
static inline uint16_t bytes_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Whether all n bytes are zero. */
static inline int bytes_zero(const uint8_t *p, size_t n)
{
	while (n > 0 && *p == 0) {
		p++;
		n--;
	}
	return n == 0;
}

#endif
