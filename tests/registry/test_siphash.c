/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/siphash.h"
#include "tests/guard.h"

#include <criterion/criterion.h>

/* Key of 16 zero bytes, message 00 01 02 ...: values of CPython 3.11's hash() with seed 0. */
static const struct {
	size_t len;
	uint64_t hash;
} rows[] = {
	{ 1, 0x68a914128e01e473 },  { 2, 0x010bac45c41e3669 },  { 7, 0x2f098ab0c751325a },
	{ 8, 0xead411e67ebe2eea },  { 9, 0x75927f9d95124362 },  { 15, 0xf30eb725bb91c9ea },
	{ 16, 0x8972188433a5c5b7 }, { 63, 0x385d3e39e5f37359 },
};

Test(siphash, known_values)
{
	uint8_t key[16] = { 0 }, message[64];

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *flush = guard_copy(message, rows[i].len);

		cr_assert_eq(siphash13(key, flush, rows[i].len), rows[i].hash);
		guard_free(flush, rows[i].len);
	}
	/* Key 00 01 .. 0f, no message: the first vector of Rust's tests. */
	cr_assert_eq(siphash13(message, message, 0), 0xabac0158050fc4dc);
}

Test(siphash, every_bit_of_key_and_message_counts)
{
	uint8_t key[16] = { 1 }, message[21] = { 2 };
	uint64_t hash = siphash13(key, message, sizeof(message));

	for (size_t i = 0; i < 8 * sizeof(key); i++) {
		key[i / 8] ^= (uint8_t)(1u << i % 8);
		cr_assert_neq(siphash13(key, message, sizeof(message)), hash);
		key[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	for (size_t i = 0; i < 8 * sizeof(message); i++) {
		message[i / 8] ^= (uint8_t)(1u << i % 8);
		cr_assert_neq(siphash13(key, message, sizeof(message)), hash);
		message[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	cr_assert_neq(siphash13(key, message, sizeof(message) - 1), hash);
}
