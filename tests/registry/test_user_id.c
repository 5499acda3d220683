/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/user_id.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static enum reg_err parse(enum reg_id_type type, const char *text, struct reg_id *ret, char *why)
{
	return reg_id_parse(type, text, strlen(text), ret, why);
}

/* What user_chk's reader takes and refuses; the ids it logs are the text forms here. */
static const struct {
	enum reg_id_type type;
	const char *text, *expect; /* the text form, or what the reason begins with */
} rows[] = {
	{ REG_HW_ADDR, "0c:0e:0a:01:ff:06", "HW_ADDR=0c0e0a01ff06" },
	{ REG_HW_ADDR, "01AC00F03344", "HW_ADDR=01ac00f03344" },
	{ REG_HW_ADDR, "0:a0:b0:c0d:0e:0f", "HW_ADDR=0a0b0c0d0e0f" },
	{ REG_HW_ADDR, "::0a::0b", "HW_ADDR=0a0b" },
	{ REG_HW_ADDR, "0a0b:", "HW_ADDR=0a0b" },
	{ REG_HW_ADDR, "1:2:3:4", "HW_ADDR=1234" },
	{ REG_HW_ADDR, " 0a\t0b\n0c\v0d\f0e\r0f ", "HW_ADDR=0a0b0c0d0e0f" },
	{ REG_HW_ADDR, "a", "id: odd number of hex digits (1)" },
	{ REG_HW_ADDR, "1AC00F03344", "id: odd number" },
	{ REG_HW_ADDR, "", "id is empty" },
	{ REG_HW_ADDR, ":", "id is empty" },
	{ REG_HW_ADDR, "  ", "id is empty" },
	{ REG_HW_ADDR, "THIS IS BAD!", "id: 'T' is not a hex digit" },
	{ REG_HW_ADDR, "0c-0e", "id: '-' is not" },
	{ REG_HW_ADDR, "0x0c", "id: 'x' is not" },
	{ REG_HW_ADDR, "0c0e==", "id: '=' is not" },
	{ REG_HW_ADDR, "0c.0e", "id: '.' is not" },
	{ REG_HW_ADDR, "0c\x1b", "id: byte 0x1b is not" },
	{ REG_HW_ADDR, "0c\xc3", "id: byte 0xc3 is not" },
	{ REG_HW_ADDR, "0102030405060708090a0b0c0d0e0f1011121314",
	  "HW_ADDR=0102030405060708090a0b0c0d0e0f1011121314" },
	{ REG_HW_ADDR, "0102030405060708090a0b0c0d0e0f101112131415",
	  "id of 21 bytes, a HW_ADDR has 1 to 20" },
	{ REG_DUID, "00", "DUID=00" },
	{ REG_DUID, "00:01:00:01:19:ef", "DUID=0001000119ef" },
	{ REG_DUID, "", "id is empty" },
	{ REG_CLIENT_ID, "01", "id of 1 bytes, a CLIENT_ID has 2 to 255" },
	{ REG_CLIENT_ID, "ff01", "CLIENT_ID=ff01" },
	{ REG_CIRCUIT_ID, "01", "CIRCUIT_ID=01" },
	{ REG_REMOTE_ID, "02", "REMOTE_ID=02" },
	{ REG_SUBSCRIBER_ID, "03", "SUBSCRIBER_ID=03" },
};

Test(user_id, text_to_bytes)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reg_id id = { .len = 77 };
		char why[REG_WHY] = "", text[REG_ID_TEXT];
		enum reg_err e = parse(rows[i].type, rows[i].text, &id, why);

		if (e == REG_OK) {
			reg_id_text(id.type, id.bytes, id.len, text);
			cr_assert_str_eq(text, rows[i].expect);
		} else {
			cr_assert_eq(e, REG_E_ID);
			cr_assert_eq(strncmp(why, rows[i].expect, strlen(rows[i].expect)), 0,
				"\"%s\": %s", rows[i].text, why);
			cr_assert_eq(id.len, 77, "touched on an error");
		}
	}
}

Test(user_id, length_limits_of_every_type)
{
	static const size_t most[] = { 20, 130, 255, 255, 255, 255 };

	for (int t = 0; t < REG_ID_TYPES; t++) {
		for (size_t n = 0; n <= 300; n++) {
			size_t least = t == REG_CLIENT_ID ? 2 : 1;
			bool fits = n >= least && n <= most[t];
			uint8_t bytes[300] = { 0 };
			char text[601], why[REG_WHY];
			struct reg_id id;

			memset(text, '5', 2 * n);
			cr_assert_eq(reg_id_parse((enum reg_id_type)t, text, 2 * n, &id, why),
				fits ? REG_OK : REG_E_ID);
			cr_assert_eq(reg_id_set(&id, (enum reg_id_type)t, bytes, n),
				fits ? REG_OK : REG_E_ID);
			cr_assert(!fits || id.len == n);
		}
	}
	cr_assert_eq(reg_id_set(&(struct reg_id){ 0 }, REG_ID_TYPES, (const uint8_t *)"a", 1), REG_E_ID);
}

Test(user_id, type_names)
{
	for (int t = 0; t < REG_ID_TYPES; t++) {
		const char *name = reg_id_type_name((enum reg_id_type)t);

		cr_assert_eq(reg_id_type_find(name, strlen(name)), (enum reg_id_type)t);
		cr_assert_eq(reg_id_type_find(name, strlen(name) - 1), REG_ID_TYPES);
	}
	cr_assert_eq(reg_id_type_find("BOGUS", 5), REG_ID_TYPES);
	cr_assert_eq(reg_id_type_find("hw_addr", 7), REG_ID_TYPES);
	cr_assert_eq(reg_id_type_find(" HW_ADDR", 8), REG_ID_TYPES);
	cr_assert_eq(reg_id_type_find("", 0), REG_ID_TYPES);
	cr_assert_str_eq(reg_id_type_name(REG_ID_TYPES), "?");
}

/* user_chk's UserIdTest: hwAddress_type, duid_type, mixed_type_compare. */
Test(user_id, comparison)
{
	struct reg_id base, more, less, other;
	char why[REG_WHY];

	for (enum reg_id_type t = REG_HW_ADDR; t <= REG_DUID; t++) {
		cr_assert_eq(parse(t, "01FF02AC030B0708", &base, why), REG_OK);
		cr_assert_eq(parse(t, "01:FF:02:AC:03:0B:07:08", &other, why), REG_OK);
		cr_assert_eq(parse(t, "01FF02AC030B0709", &more, why), REG_OK);
		cr_assert_eq(parse(t, "01FF02AC030B0707", &less, why), REG_OK);
		cr_assert_eq(reg_id_compare(&base, &other), 0);
		cr_assert_lt(reg_id_compare(&base, &more), 0);
		cr_assert_gt(reg_id_compare(&base, &less), 0);
		cr_assert_eq(parse(t, "01FF02AC030B07", &less, why), REG_OK);
		cr_assert_gt(reg_id_compare(&base, &less), 0);
		cr_assert_lt(reg_id_compare(&less, &base), 0);
	}
	parse(REG_HW_ADDR, "01FF02AC030B0709", &base, why);
	parse(REG_DUID, "01FF02AC030B0709", &other, why);
	cr_assert_lt(reg_id_compare(&base, &other), 0);
	cr_assert_gt(reg_id_compare(&other, &base), 0);
}

Test(user_id, what_a_person_types)
{
	static const struct {
		const char *text, *expect;
	} typed[] = {
		{ "0c:0e:0a:01:ff:04", "HW_ADDR=0c0e0a01ff04" },
		{ "00", "HW_ADDR=00" },
		{ "00:01:00:01:19:ef:e6", "DUID=0001000119efe6" },
		{ "DUID=0102", "DUID=0102" },
		{ "HW_ADDR=01020304050607080900", "HW_ADDR=01020304050607080900" },
		{ "CLIENT_ID=ff:01", "CLIENT_ID=ff01" },
		{ "MAC=01", "unknown id type" },
		{ "=01", "unknown id type" },
		{ "HW_ADDR=", "id is empty" },
		{ "", "id is empty" },
		{ "01g", "id: 'g' is not" },
	};

	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
		char why[REG_WHY] = "", text[REG_ID_TEXT];
		struct reg_id id;

		if (reg_id_parse_any(typed[i].text, strlen(typed[i].text), &id, why) == REG_OK)
			reg_id_text(id.type, id.bytes, id.len, text);
		else
			snprintf(text, sizeof(text), "%s", why);
		cr_assert_eq(strncmp(text, typed[i].expect, strlen(typed[i].expect)), 0,
			"%s: %s", typed[i].text, text);
	}
}
