/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum of RFC 1071, in four sums of eight bytes a step, which do not wait for each
 * other: 2^64 is 1 modulo 2^16 - 1, so a carry out of 64 bits comes back at the other end. It is
 * always computed over the whole datagram and never updated incrementally: a packet with
 * CHECKSUM_PARTIAL carries only the sum of its pseudo header, and an update of that would be wrong
 * in a way no test of ours would see.
 */
#include "dhcpcodec/bytes.h"

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t add(uint64_t a, uint64_t b)
{
	a += b;
	return a + (a < b);
}

/* Up to seven bytes as they would stand at the beginning of a word, zeros behind. */
static uint64_t load_rest(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

uint64_t bytes_sum(const uint8_t *p, size_t n, uint64_t sum)
{
	uint64_t b = 0, c = 0, d = 0;

	for (; n >= 32; n -= 32, p += 32) {
		sum = add(sum, load64(p));
		b = add(b, load64(p + 8));
		c = add(c, load64(p + 16));
		d = add(d, load64(p + 24));
	}
	for (; n >= 8; n -= 8, p += 8)
		b = add(b, load64(p));
	if (n > 0)
		c = add(c, load_rest(p, n));
	return add(add(sum, b), add(c, d));
}
