/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay/state.h"
#include "tests/build.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ENTERPRISE = 32473, POISON = 0xa5 };

static const struct state full = {
	.subnet = 3,
	.kind = KIND_RENEWING,
	.mode = 9,
	.digest = 0x01020304,
	.generation = 0x0506,
	.link4 = { 192, 0, 2, 1 },
	.select4 = { 198, 51, 100, 1 },
	.max_size = 1500,
	.rule = 0x0708,
	.depth = 2,
	.link6 = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
};

/* What survives of the full state with these flags: a field that is not announced is zero. */
static struct state expected4(uint8_t flags)
{
	struct state s = full;

	s.flags = flags;
	s.depth = 0;
	memset(s.link6, 0, sizeof(s.link6));
	if ((flags & STATE_SAVED_82_5) == 0)
		memset(s.link4, 0, sizeof(s.link4));
	if ((flags & STATE_SAVED_118) == 0)
		memset(s.select4, 0, sizeof(s.select4));
	if ((flags & STATE_SAVED_57) == 0)
		s.max_size = 0;
	if ((flags & STATE_RULE) == 0)
		s.rule = 0;
	return s;
}

static struct state expected6(uint8_t flags)
{
	struct state s = full;

	s.flags = flags;
	memset(s.link4, 0, sizeof(s.link4));
	memset(s.select4, 0, sizeof(s.select4));
	s.max_size = 0;
	if ((flags & STATE_SAVED_82_5) == 0) {
		s.depth = 0;
		memset(s.link6, 0, sizeof(s.link6));
	}
	if ((flags & STATE_RULE) == 0)
		s.rule = 0;
	return s;
}

static void check_equal(const struct state *a, const struct state *b, unsigned flags)
{
	cr_assert_eq(a->flags, b->flags, "flags %02x", flags);
	cr_assert_eq(a->subnet, b->subnet);
	cr_assert_eq(a->kind, b->kind);
	cr_assert_eq(a->mode, b->mode);
	cr_assert_eq(a->digest, b->digest);
	cr_assert_eq(a->generation, b->generation);
	cr_assert_eq(memcmp(a->link4, b->link4, 4), 0, "flags %02x", flags);
	cr_assert_eq(memcmp(a->select4, b->select4, 4), 0, "flags %02x", flags);
	cr_assert_eq(a->max_size, b->max_size, "flags %02x", flags);
	cr_assert_eq(a->rule, b->rule, "flags %02x", flags);
	cr_assert_eq(a->depth, b->depth);
	cr_assert_eq(memcmp(a->link6, b->link6, 16), 0, "flags %02x", flags);
}

static void check_size(unsigned flags, size_t len, bool six)
{
	size_t size = STATE_FIXED + (six ? 4 : 0);

	if ((flags & STATE_SAVED_82_5) != 0)
		size += six ? 18 : 4;
	if ((flags & STATE_SAVED_118) != 0 && !six)
		size += 4;
	if ((flags & STATE_SAVED_57) != 0 && !six)
		size += 2;
	if ((flags & STATE_RULE) != 0)
		size += 2;
	cr_assert_eq(len, size, "flags %02x", flags);
}

Test(state, v4_comes_back_with_every_combination_of_flags)
{
	for (unsigned flags = 0; flags < 256; flags++) {
		struct state s = full, back, expected = expected4((uint8_t)flags);
		uint8_t *out = guard_copy(NULL, STATE4_MAX), *p;
		size_t len;

		s.flags = (uint8_t)flags;
		memset(out, POISON, STATE4_MAX);
		len = state4_put(&s, out);
		check_size(flags, len, false);
		cr_assert(flags == POISON || memchr(out, POISON, len) == NULL);
		p = guard_copy(out, len);
		cr_assert(state4_get(&back, p, len));
		check_equal(&back, &expected, flags);
		guard_free(p, len);
		guard_free(out, STATE4_MAX);
	}
}

Test(state, v6_comes_back_with_every_combination_of_flags)
{
	for (unsigned flags = 0; flags < 256; flags++) {
		struct state s = full, back, expected = expected6((uint8_t)flags);
		uint8_t *out = guard_copy(NULL, STATE6_MAX), *p;
		size_t len;

		s.flags = (uint8_t)flags;
		memset(out, POISON, STATE6_MAX);
		len = state6_put(&s, ENTERPRISE, out);
		check_size(flags, len, true);
		cr_assert(flags == POISON || memchr(out, POISON, len) == NULL);
		p = guard_copy(out, len);
		cr_assert(state6_get(&back, ENTERPRISE, p, len));
		check_equal(&back, &expected, flags);
		cr_assert(!state6_get(&back, ENTERPRISE + 1, p, len));
		guard_free(p, len);
		guard_free(out, STATE6_MAX);
	}
}

/* The bytes are a format that another usher, or this one after an upgrade, must read. */
Test(state, layout)
{
	char hex[2 * STATE6_MAX + 1];
	uint8_t out[STATE6_MAX];
	struct state s = full;
	size_t len;

	s.flags = STATE_SAVED_82_5 | STATE_SAVED_118 | STATE_SAVED_57 | STATE_RULE;
	hex_write(out, state4_put(&s, out), hex);
	cr_assert_str_eq(hex, "445801aa03940102030405" "06c0000201c633640105dc0708");
	len = state6_put(&s, ENTERPRISE, out);
	hex_write(out, len, hex);
	cr_assert_str_eq(hex, "00007ed9445801aa0394010203040506"
			"020020010db8000000000000000000000001" "0708");
}

Test(state, kind_and_mode_share_a_byte)
{
	for (unsigned both = 0; both < 256; both++) {
		struct state s = { .kind = both & 15, .mode = (uint8_t)(both >> 4) }, back;
		uint8_t out[STATE4_MAX];

		cr_assert_eq(state4_put(&s, out), STATE_FIXED);
		cr_assert(state4_get(&back, out, STATE_FIXED));
		cr_assert(back.kind == s.kind && back.mode == s.mode);
	}
}

/* Cut anywhere, or not ours: no state, and what was there stays. */
Test(state, what_is_not_ours_is_left_alone)
{
	for (unsigned flags = 0; flags < 256; flags++) {
		struct state s = full, back = { .digest = 77 };
		uint8_t out4[STATE4_MAX], out6[STATE6_MAX], *p;
		size_t len;

		s.flags = (uint8_t)flags;
		len = state4_put(&s, out4);
		for (size_t n = 0; n < len; n++) {
			p = guard_copy(out4, n);
			cr_assert(!state4_get(&back, p, n), "flags %02x, %zu bytes", flags, n);
			guard_free(p, n);
		}
		len = state6_put(&s, ENTERPRISE, out6);
		for (size_t n = 0; n < len; n++) {
			p = guard_copy(out6, n);
			cr_assert(!state6_get(&back, ENTERPRISE, p, n));
			guard_free(p, n);
		}
		for (size_t at = 0; at < 3; at++) {
			out4[at] ^= 1;
			cr_assert(!state4_get(&back, out4, STATE4_MAX), "magic or version");
			out4[at] ^= 1;
		}
		cr_assert_eq(back.digest, 77);
	}
}

Test(state, bytes_behind_do_not_matter)
{
	uint8_t out[STATE6_MAX + 8] = { 0 };
	struct state s = full, back;
	size_t len;

	len = state4_put(&s, out);
	cr_assert(state4_get(&back, out, len + 3));
	len = state6_put(&s, ENTERPRISE, out);
	cr_assert(state6_get(&back, ENTERPRISE, out, len + 3));
}

/* The identity behind the fields, where the answer would not show it. */
Test(state, identity_is_carried_with_every_combination_of_flags)
{
	static const uint8_t id[STATE6_ID_MAX + 1] = "an identity";

	for (unsigned flags = 0; flags < 256; flags++) {
		for (size_t n = 0; n <= STATE6_ID_MAX + 1; n++) {
			struct state s = full, back;
			uint8_t *out = guard_copy(NULL, STATE6_MAX), *p;
			bool carried = n > 0 && n <= STATE6_ID_MAX;
			size_t len;

			s.flags = (uint8_t)flags;
			s.id = id;
			s.id_len = (uint8_t)n;
			s.id_type = 3;
			len = state6_put(&s, ENTERPRISE, out);
			p = guard_copy(out, len);
			cr_assert(state6_get(&back, ENTERPRISE, p, len));
			cr_assert_eq(back.id_len, carried ? n : 0);
			cr_assert_eq(back.id_type, carried ? 3 : 0);
			cr_assert(!carried || memcmp(back.id, id, n) == 0);
			guard_free(p, len);
			len = state4_put(&s, out);
			p = guard_copy(out, len);
			carried = n > 0 && n <= STATE4_ID_MAX;
			cr_assert(state4_get(&back, p, len));
			cr_assert_eq(back.id_len, carried ? n : 0);
			cr_assert(!carried || memcmp(back.id, id, n) == 0);
			guard_free(p, len);
			guard_free(out, STATE6_MAX);
			n += n > 2 && n < STATE6_ID_MAX - 2 ? 7 : 0;
		}
	}
}

static const struct {
	const char *behind; /* the fixed part */
	int id_len;
} extensions[] = {
	{ "", 0 },
	{ "0102 0361", 1 },
	{ "0103 036162", 2 },
	/* too short to be one, cut, unknown before and behind */
	{ "0101 03", 0 },
	{ "0100", 0 },
	{ "01", 0 },
	{ "0103 0361", 0 },
	{ "0203 010203 0102 0361", 1 },
	{ "0102 0361 ff00", 1 },
	{ "02ff 00 0102 0361", 0 },
};

Test(state, extensions_that_do_not_parse_are_left_out)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		uint8_t bytes[STATE4_MAX + 16], *p;
		struct state s = { .digest = 7 }, back;
		size_t n = state4_put(&s, bytes);

		n += hex_read(extensions[i].behind, bytes + n, sizeof(bytes) - n);
		p = guard_copy(bytes, n);
		cr_assert(state4_get(&back, p, n));
		cr_assert_eq(back.id_len, extensions[i].id_len, "row %zu", i);
		cr_assert_eq(back.digest, 7);
		guard_free(p, n);
	}
}
