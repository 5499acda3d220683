/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum of RFC 1071, eight bytes a step. It is always computed over the whole
 * datagram and never updated incrementally: a packet with CHECKSUM_PARTIAL carries only the sum of
 * its pseudo header, and an update of that would be wrong in a way no test of ours would see.
 */
#include "dhcpcodec/bytes.h"

uint64_t bytes_sum(const uint8_t *p, size_t n, uint64_t sum)
{
	while (n >= 8) {
		uint64_t v;

		memcpy(&v, p, sizeof(v));
		sum += v & 0xffffffff;
		sum += v >> 32;
		p += 8;
		n -= 8;
	}
	while (n >= 2) {
		uint16_t v;

		memcpy(&v, p, sizeof(v));
		sum += v;
		p += 2;
		n -= 2;
	}
	if (n > 0) {
		uint8_t last[2] = { *p, 0 };
		uint16_t v;

		memcpy(&v, last, sizeof(v));
		sum += v;
	}
	return sum;
}
