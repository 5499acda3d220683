/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the table of id types and the reading of hex as Kea's user_chk reads it. Does not know
 * where in a packet an id is found: that is the pipeline's.
 */
#include "registry/user_id.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t least, most;
} types[] = {
#define X(name, least, most) [REG_##name] = { #name, least, most },
	REG_ID_TYPE_LIST(X)
#undef X
};

const char *reg_id_type_name(enum reg_id_type type)
{
	return (size_t)type < REG_ID_TYPES ? types[type].name : "?";
}

enum reg_id_type reg_id_type_find(const char *name, size_t len)
{
	size_t t = 0;

	while (t < REG_ID_TYPES &&
		(strlen(types[t].name) != len || memcmp(types[t].name, name, len) != 0))
		t++;
	return (enum reg_id_type)t;
}

/* Of a character: its value as a hex digit plus 1, SKIP if it says nothing, 0 if it is wrong. */
enum { SKIP = 17 };
static const uint8_t hex[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
	['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
	[':'] = SKIP, [' '] = SKIP, ['\t'] = SKIP, ['\n'] = SKIP, ['\v'] = SKIP, ['\f'] = SKIP,
	['\r'] = SKIP,
};

static enum reg_err wrong_char(char c, char why[static REG_WHY])
{
	if (c > ' ' && c < 0x7f)
		snprintf(why, REG_WHY, "id: '%c' is not a hex digit", c);
	else
		snprintf(why, REG_WHY, "id: byte 0x%02x is not a hex digit", (unsigned char)c);
	return REG_E_ID;
}

static enum reg_err check_length(enum reg_id_type type, size_t digits, char why[static REG_WHY])
{
	const char *name = types[type].name;

	if (digits == 0)
		snprintf(why, REG_WHY,
			"id is empty, expected hex digits such as 0c:0e:0a:01:ff:04");
	else if (digits % 2 != 0)
		snprintf(why, REG_WHY, "id: odd number of hex digits (%zu)", digits);
	else if (digits / 2 < types[type].least || digits / 2 > types[type].most)
		snprintf(why, REG_WHY, "id of %zu bytes, a %s has %u to %u", digits / 2, name,
			types[type].least, types[type].most);
	else
		return REG_OK;
	return REG_E_ID;
}

/* Most ids are digits and nothing else: how many bytes they are up to the first that is none. */
static size_t parse_pairs(const char *text, size_t len, uint8_t bytes[static REG_ID_MAX])
{
	size_t n = 0;

	for (; n < REG_ID_MAX && len - 2 * n >= 2; n++) {
		unsigned int high = hex[(unsigned char)text[2 * n]] - 1u;
		unsigned int low = hex[(unsigned char)text[2 * n + 1]] - 1u;

		if ((high | low) > 15)
			break;
		bytes[n] = (uint8_t)(high << 4 | low);
	}
	return n;
}

enum reg_err reg_id_parse(enum reg_id_type type, const char *text, size_t len, struct reg_id *ret,
	char why[static REG_WHY])
{
	uint8_t bytes[REG_ID_MAX];
	size_t digits = 2 * parse_pairs(text, len, bytes);

	for (size_t i = digits; i < len; i++) {
		uint8_t digit = hex[(unsigned char)text[i]];

		if (digit == SKIP)
			continue;
		if (digit == 0)
			return wrong_char(text[i], why);
		if (digits / 2 < sizeof(bytes)) {
			if (digits % 2 == 0)
				bytes[digits / 2] = 0;
			bytes[digits / 2] = (uint8_t)(bytes[digits / 2] << 4 | (digit - 1));
		}
		digits++;
	}
	if (check_length(type, digits, why) != REG_OK)
		return REG_E_ID;
	ret->type = type;
	ret->len = (uint8_t)(digits / 2);
	memcpy(ret->bytes, bytes, digits / 2);
	return REG_OK;
}

enum reg_err reg_id_parse_any(const char *text, size_t len, struct reg_id *ret,
	char why[static REG_WHY])
{
	const char *equals = memchr(text, '=', len);
	struct reg_id id;
	size_t name_len;

	if (equals == NULL) {
		if (reg_id_parse(REG_CLIENT_ID, text, len, &id, why) != REG_OK || id.len <= 6)
			return reg_id_parse(REG_HW_ADDR, text, len, ret, why);
		return reg_id_parse(REG_DUID, text, len, ret, why);
	}
	name_len = (size_t)(equals - text);
	id.type = reg_id_type_find(text, name_len);
	if (id.type == REG_ID_TYPES) {
		snprintf(why, REG_WHY, "unknown id type, expected HW_ADDR=... or DUID=...");
		return REG_E_TYPE;
	}
	return reg_id_parse(id.type, equals + 1, len - name_len - 1, ret, why);
}

enum reg_err reg_id_set(struct reg_id *ret, enum reg_id_type type, const uint8_t *bytes,
	size_t len)
{
	if ((size_t)type >= REG_ID_TYPES || len < types[type].least || len > types[type].most)
		return REG_E_ID;
	ret->type = type;
	ret->len = (uint8_t)len;
	memcpy(ret->bytes, bytes, len);
	return REG_OK;
}

char *reg_id_text(enum reg_id_type type, const uint8_t *id, size_t len,
	char buf[static REG_ID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *p = buf + snprintf(buf, 16, "%s=", reg_id_type_name(type));

	for (size_t i = 0; i < len && i < REG_ID_MAX; i++) {
		*p++ = digits[id[i] >> 4];
		*p++ = digits[id[i] & 15];
	}
	*p = '\0';
	return buf;
}

int reg_id_compare(const struct reg_id *a, const struct reg_id *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int order;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	order = memcmp(a->bytes, b->bytes, n);
	if (order != 0)
		return order;
	return (int)a->len - (int)b->len;
}
