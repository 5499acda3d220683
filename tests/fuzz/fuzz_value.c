/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Family, code (2 bytes), and a text, read as a value of that option: what it encodes to reads back
 * and encodes to the same. Then the same bytes as a value off the wire.
 */
#include "dhcpcodec/value.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

enum { TEXT = 65536, BYTES = 8192 };
static char text[TEXT];
static uint8_t bytes[BYTES], again[BYTES];

static void check_wire(const struct dhcp_option_def *def, const uint8_t *p, size_t n)
{
	size_t len;

	if (n > BYTES || dhcp_value_decode(def, p, n, text, sizeof(text)) != DHCP_OK)
		return;
	for (const char *c = text; *c != '\0'; c++)
		MUST(*c >= ' ' && *c <= '~');
	MUST(dhcp_value_encode(def, text, strlen(text), again, BYTES, &len) == DHCP_OK);
	MUST(len == n && memcmp(again, p, n) == 0);
}

int fuzz_one(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned family = (take_byte(&in) & 1) != 0 ? 6 : 4, code = take_byte(&in);
	char name[32], why[DHCP_VALUE_WHY_MAX];
	struct dhcp_option_def def;
	uint8_t *p;
	size_t len;

	code = code << 8 | take_byte(&in);
	snprintf(name, sizeof(name), family == 4 ? "option-%u" : "option6-%u", code);
	if (!dhcp_option_find(family, name, strlen(name), &def))
		return 0;
	p = take_rest(&in);
	if (dhcp_value_encode(&def, (const char *)p, in.n, bytes, BYTES, &len) == DHCP_OK) {
		MUST(dhcp_option_fits(&def, len));
		check_wire(&def, bytes, len);
	} else {
		MUST(dhcp_value_why(&def, (const char *)p, in.n, why, sizeof(why)) < sizeof(why));
	}
	check_wire(&def, p, in.n);
	free(p);
	return 0;
}
