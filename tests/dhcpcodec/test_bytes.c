/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dhcpcodec/bytes.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(bytes, fields_are_big_endian_at_any_alignment)
{
	for (size_t off = 0; off < 8; off++) {
		uint8_t *p = guard_copy(NULL, 8 + off);

		be16_put(p + 6 + off, 0x0102);
		be32_put(p + off, 0x03040506);
		cr_assert_eq(memcmp(p + off, "\3\4\5\6\0\0\1\2", 8), 0);
		cr_assert_eq(be16_get(p + 6 + off), 0x0102);
		cr_assert_eq(be32_get(p + off), 0x03040506);
		guard_free(p, 8 + off);
	}
}

Test(bytes, be16_put_writes_the_low_sixteen_bits)
{
	uint8_t b[2];

	be16_put(b, 0x12345);
	cr_assert_eq(be16_get(b), 0x2345);
}

/* RFC 1071 section 4.1, the plain loop: sum of big-endian words, carries folded in. */
static uint16_t plain_sum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static uint16_t in_network_order(uint16_t folded)
{
	uint8_t b[2];

	memcpy(b, &folded, 2);
	return be16_get(b);
}

Test(bytes, sum_of_rfc1071_section_3)
{
	static const uint8_t example[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	cr_assert_eq(in_network_order(bytes_fold(bytes_sum(example, 8, 0))), 0xddf2);
}

Test(bytes, sum_equals_the_plain_loop_for_every_length_and_alignment)
{
	uint8_t random[96];

	srand(1071);
	for (size_t n = 0; n <= 80; n++) {
		for (size_t off = 0; off < 8; off++) {
			uint8_t *p;

			for (size_t i = 0; i < n; i++)
				random[i] = rand() % 3 == 0 ? 0xff : (uint8_t)rand();
			p = guard_copy(random, n);
			cr_assert_eq(in_network_order(bytes_fold(bytes_sum(p, n, 0))),
				plain_sum(p, n), "%zu bytes", n);
			guard_free(p, n);
		}
	}
}

/* Every addition carries. */
Test(bytes, sum_of_all_ones_and_of_zeros)
{
	for (size_t n = 0; n < 300; n++) {
		uint8_t *p = guard_copy(NULL, n);

		cr_assert_eq(bytes_fold(bytes_sum(p, n, 0)), 0);
		cr_assert_eq(bytes_fold(bytes_sum(p, n, UINT64_MAX)), 0xffff);
		memset(p, 0xff, n);
		cr_assert_eq(in_network_order(bytes_fold(bytes_sum(p, n, 0))), plain_sum(p, n));
		cr_assert_eq(in_network_order(bytes_fold(bytes_sum(p, n, UINT64_MAX))),
			n == 0 ? 0xffff : plain_sum(p, n), "%zu", n);
		guard_free(p, n);
	}
}

Test(bytes, sum_of_pieces_is_the_sum_of_the_whole)
{
	uint8_t b[64];

	srand(2);
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)rand();
	for (size_t cut = 0; cut <= sizeof(b); cut += 2) {
		uint64_t sum = bytes_sum(b + cut, sizeof(b) - cut, bytes_sum(b, cut, 0));

		cr_assert_eq(bytes_fold(sum), bytes_fold(bytes_sum(b, sizeof(b), 0)));
	}
}

Test(bytes, fold_carries_from_every_bit)
{
	cr_assert_eq(bytes_fold(0), 0);
	cr_assert_eq(bytes_fold(0xffff), 0xffff);
	cr_assert_eq(bytes_fold(0x10000), 1);
	cr_assert_eq(bytes_fold(0x1fffe), 0xffff);
	cr_assert_eq(bytes_fold(UINT64_C(0x100000000)), 1);
	cr_assert_eq(bytes_fold(UINT64_MAX), 0xffff);
	cr_assert_eq(bytes_fold(UINT64_C(0xffffffff00000001)), 1);
}

Test(bytes, zero)
{
	for (size_t n = 0; n < 40; n++) {
		uint8_t *p = guard_copy(NULL, n);

		cr_assert(bytes_zero(p, n));
		for (size_t i = 0; i < n; i++) {
			p[i] = 0x80;
			cr_assert(!bytes_zero(p, n));
			p[i] = 0;
		}
		guard_free(p, n);
	}
}
