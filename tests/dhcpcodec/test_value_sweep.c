/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every row and every type of the dictionary there and back; then random bytes and broken texts, in
 * and out flush against memory that nobody may touch.
 */
#include "dhcpcodec/value.h"

#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* One canonical example a type; put together they make an example of any row. */
static const char *const examples[DHCP_TYPE_COUNT] = {
	[DHCP_IPV4] = "192.0.2.1", [DHCP_IPV6] = "2001:db8::1", [DHCP_PREFIX6] = "2001:db8::/32",
	[DHCP_UINT8] = "5", [DHCP_UINT16] = "1500", [DHCP_UINT32] = "86400", [DHCP_INT8] = "-1",
	[DHCP_INT16] = "-300", [DHCP_INT32] = "-3600",
	[DHCP_BOOLEAN] = "true", [DHCP_EMPTY] = "true",
	[DHCP_STRING] = "tftp://192.0.2.1/a, b", [DHCP_BINARY] = "hex:c0ffee",
	[DHCP_FQDN] = "host.example.com", [DHCP_SEARCH] = "example.com",
	[DHCP_CLIENT_NAME] = "host.example.com.", [DHCP_ROUTE4] = "10.0.0.0/8 - 192.0.2.1",
	[DHCP_TUPLE8] = "two words", [DHCP_TUPLE16] = "two words", [DHCP_SUBOPTION8] = "1=text",
	[DHCP_SUBOPTION16] = "600=0x00", [DHCP_SUBOPTIONS8] = "1=text, 2=0x00",
	[DHCP_SIP4] = "192.0.2.1, 192.0.2.2", [DHCP_NTP6] = "2001:db8::1",
};

static void example_of(const struct dhcp_option_def *def, char *out)
{
	size_t n = strlen((const char *)def->type), i = 0;
	int rounds = def->repeat == DHCP_ONE ? 1 : 2;

	*out = '\0';
	while (rounds > 0) {
		sprintf(out + strlen(out), "%s%s", *out != '\0' ? ", " : "",
			examples[def->type[i]]);
		if (++i < n)
			continue;
		rounds--;
		i = def->repeat == DHCP_LIST ? n - 1 : 0;
	}
}

/* There and back, and with every room that is too small. */
static void check_row(const struct dhcp_option_def *def)
{
	char text[256], back[256];
	uint8_t out[256], again[256];
	size_t len, len2, n;

	example_of(def, text);
	n = strlen(text);
	cr_assert_eq(dhcp_value_encode(def, text, n, out, sizeof(out), &len), DHCP_OK, "%s: %s",
		def->name, text);
	cr_assert(dhcp_option_fits(def, len), "%s", def->name);
	cr_assert_eq(dhcp_value_decode(def, out, len, back, sizeof(back)), DHCP_OK, "%s",
		def->name);
	cr_assert_str_eq(back, text, "%s", def->name);
	for (size_t cap = 0; cap < len; cap++)
		cr_assert_eq(dhcp_value_encode(def, text, n, again, cap, &len2), DHCP_E_NOSPACE,
			"%s", def->name);
	for (size_t cap = 0; cap <= n; cap++) {
		back[0] = 'x';
		cr_assert_eq(dhcp_value_decode(def, out, len, back, cap), DHCP_E_NOSPACE, "%s",
			def->name);
		cr_assert_eq(back[0], cap == 0 ? 'x' : '\0');
	}
	cr_assert_eq(dhcp_value_hex(out, len, back, sizeof(back)), DHCP_OK);
	cr_assert_eq(dhcp_value_encode(def, back, strlen(back), again, sizeof(again), &len2),
		DHCP_OK);
	cr_assert(len2 == len && memcmp(out, again, len) == 0, "%s", def->name);
}

Test(value_sweep, every_row_there_and_back)
{
	for (unsigned family = 4; family <= 6; family += 2) {
		size_t n;
		const struct dhcp_option_def *rows = dhcp_option_table(family, &n);

		for (size_t i = 0; i < n; i++)
			check_row(&rows[i]);
	}
}

Test(value_sweep, every_type_alone_and_as_a_list)
{
	for (unsigned type = 1; type < DHCP_TYPE_COUNT; type++) {
		struct dhcp_option_def def = { .name = dhcp_type_name(type), .family = 4 };

		def.type[0] = (uint8_t)type;
		check_row(&def);
		def.repeat = DHCP_LIST;
		if (type != DHCP_STRING && type != DHCP_BINARY && type != DHCP_EMPTY &&
			type != DHCP_SIP4 && type != DHCP_CLIENT_NAME && type != DHCP_SEARCH)
			check_row(&def);
	}
}

static uint32_t random_state = 2463534242u;

static uint32_t next_random(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

/* Decodes bytes that end at a guard page; if there is a text, encodes it between guard pages. */
static void check_bytes(const struct dhcp_option_def *def, const uint8_t *bytes, size_t len)
{
	size_t cap = 1 + next_random(200), n, len2 = 0;
	uint8_t *in = guard_copy(bytes, len), *room = guard_copy(NULL, cap), *text, *out;
	enum dhcp_err err = dhcp_value_decode(def, in, len, (char *)room, cap);

	cr_assert_eq(err == DHCP_E_OPTSIZE, !dhcp_option_fits(def, len), "%s", def->name);
	n = strlen((const char *)room);
	cr_assert_lt(n, cap);
	if (err == DHCP_OK) {
		text = guard_copy(room, n);
		out = guard_copy(NULL, len);
		cr_assert_eq(dhcp_value_encode(def, (char *)text, n, out, len, &len2), DHCP_OK,
			"%s: %s", def->name, (char *)room);
		cr_assert(len2 == len && memcmp(out, bytes, len) == 0, "%s: %s", def->name,
			(char *)room);
		guard_free(text, n);
		guard_free(out, len);
	}
	guard_free(in, len);
	guard_free(room, cap);
}

/* Small numbers are lengths, codes and widths; they reach further than wholly random bytes. */
static uint8_t likely_byte(void)
{
	static const uint8_t likely[] = { 0, 0, 0, 1, 1, 2, 3, 4, 5, 8, 16, 24, 'a', 'z', '.', ',',
		' ', '=', 0xc0, 0xff };

	return next_random(4) > 0 ? likely[next_random(sizeof(likely))] : (uint8_t)next_random(256);
}

static void sweep_row(const struct dhcp_option_def *def, int rounds)
{
	uint8_t bytes[64], wire[256];
	char text[256];
	size_t len;

	for (int i = 0; i < rounds; i++) {
		len = next_random(sizeof(bytes));
		for (size_t k = 0; k < len; k++)
			bytes[k] = likely_byte();
		check_bytes(def, bytes, len);
	}
	example_of(def, text);
	cr_assert_eq(dhcp_value_encode(def, text, strlen(text), wire, sizeof(wire), &len), DHCP_OK);
	for (size_t cut = 0; cut <= len; cut++)
		check_bytes(def, wire, cut);
	for (size_t k = 0; k < len; k++) {
		uint8_t kept = wire[k];

		wire[k] = likely_byte();
		check_bytes(def, wire, len);
		wire[k] = kept;
	}
}

static void sweep_table(unsigned family)
{
	size_t n;
	const struct dhcp_option_def *rows = dhcp_option_table(family, &n);

	for (size_t i = 0; i < n; i++)
		sweep_row(&rows[i], 30);
	for (unsigned type = 1; type < DHCP_TYPE_COUNT; type++) {
		struct dhcp_option_def def = { .name = dhcp_type_name(type),
			.family = (uint8_t)family };

		def.type[0] = (uint8_t)type;
		sweep_row(&def, 400);
	}
}

Test(value_sweep, random_bytes_4)
{
	sweep_table(4);
}

Test(value_sweep, random_bytes_6)
{
	sweep_table(6);
}

/* Broken texts: refused with a why, or accepted and decoded again; out ends at a guard page. */
static void check_text(const struct dhcp_option_def *def, const char *text, size_t n)
{
	size_t cap = next_random(64), len;
	uint8_t *in = guard_copy(text, n), *out = guard_copy(NULL, cap);
	char why[DHCP_VALUE_WHY_MAX], back[1024];

	cr_assert_lt(dhcp_value_why(def, (char *)in, n, why, sizeof(why)), sizeof(why));
	cr_assert_gt(strlen(why), 0);
	for (const char *p = why; *p != '\0'; p++)
		cr_assert(*p >= 0x20 && *p <= 0x7e);
	if (dhcp_value_encode(def, (char *)in, n, out, cap, &len) == DHCP_OK) {
		cr_assert_leq(len, cap);
		cr_assert_eq(dhcp_value_decode(def, out, len, back, sizeof(back)), DHCP_OK,
			"%s: %.*s", def->name, (int)n, text);
	}
	guard_free(in, n);
	guard_free(out, cap);
}

Test(value_sweep, broken_texts)
{
	static const char chars[] = "0123456789abcdefx.,:/-=\" \t\\\xff";

	for (unsigned family = 4; family <= 6; family += 2) {
		size_t count;
		const struct dhcp_option_def *rows = dhcp_option_table(family, &count);

		for (size_t i = 0; i < count; i++) {
			char text[256];
			size_t n;

			example_of(&rows[i], text);
			n = strlen(text);
			for (size_t cut = 0; cut <= n; cut++)
				check_text(&rows[i], text, cut);
			for (int round = 0; round < 40; round++) {
				text[next_random((uint32_t)n)] = chars[next_random(sizeof(chars))];
				check_text(&rows[i], text, n);
			}
		}
	}
}
