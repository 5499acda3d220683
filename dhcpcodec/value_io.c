/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two sides of a value: text read token by token, bytes written with a bound; bytes read with a
 * bound, text written. All bounds of the value code are checked here and nowhere else. Characters
 * are compared as ASCII: no locale has a say.
 */
#include "dhcpcodec/bytes.h"
#include "dhcpcodec/value_type.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void value_separator(struct value_put *v)
{
	while (v->p < v->end && is_blank(*v->p))
		v->p++;
	if (v->p < v->end && *v->p == ',')
		v->p++;
	while (v->p < v->end && is_blank(*v->p))
		v->p++;
}

struct value_token value_token(struct value_put *v)
{
	struct value_token t = { v->p, 0 };

	while (v->p < v->end && *v->p != ',' && !is_blank(*v->p))
		v->p++;
	t.n = (size_t)(v->p - t.p);
	return t;
}

struct value_token value_item(struct value_put *v)
{
	struct value_token t = { v->p, 0 };

	while (v->p < v->end && *v->p != ',')
		v->p++;
	t.n = (size_t)(v->p - t.p);
	while (t.n > 0 && is_blank(t.p[t.n - 1]))
		t.n--;
	return t;
}

enum dhcp_err value_wrong(struct value_put *v, struct value_token got, enum dhcp_err err)
{
	v->got = got.p;
	v->got_len = got.n;
	return err;
}

enum dhcp_err value_write(struct value_put *v, const void *bytes, size_t n)
{
	if (n > v->cap - v->len)
		return DHCP_E_NOSPACE;
	if (n > 0 && v->store != NULL)
		memcpy(v->store + v->len, bytes, n);
	if (n > 0 && v->same != NULL && memcmp(v->same + v->len, bytes, n) != 0)
		return DHCP_E_VALUE;
	v->len += n;
	return DHCP_OK;
}

enum dhcp_err value_write_number(struct value_put *v, size_t width, uint32_t number)
{
	uint8_t b[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
		(uint8_t)number };

	return value_write(v, b + sizeof(b) - width, width);
}

enum dhcp_err value_reserve(struct value_put *v)
{
	if (v->len == v->cap)
		return DHCP_E_NOSPACE;
	v->len++;
	return DHCP_OK;
}

enum dhcp_err value_fill(struct value_put *v, size_t pos, uint8_t byte)
{
	if (v->store != NULL)
		v->store[pos] = byte;
	if (v->same != NULL && v->same[pos] != byte)
		return DHCP_E_VALUE;
	return DHCP_OK;
}

const uint8_t *value_written(const struct value_put *v)
{
	return v->store != NULL ? v->store : v->same;
}

static bool hex_separator(char c)
{
	return c == ':' || c == '-' || is_blank(c);
}

enum dhcp_err value_hex_length(struct value_token t, size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < t.n; n++) {
		if (n > 0 && hex_separator(t.p[i]))
			i++;
		if (t.n - i < 2 || hex_digit(t.p[i]) < 0 || hex_digit(t.p[i + 1]) < 0)
			return DHCP_E_VALUE;
		i += 2;
	}
	*ret_len = n;
	return DHCP_OK;
}

enum dhcp_err value_write_hex(struct value_put *v, struct value_token t)
{
	for (size_t i = 0; i < t.n; i += 2) {
		enum dhcp_err err;
		uint8_t b;

		if (hex_separator(t.p[i]))
			i++;
		b = (uint8_t)((unsigned)hex_digit(t.p[i]) << 4 | (unsigned)hex_digit(t.p[i + 1]));
		err = value_write(v, &b, 1);
		if (err != DHCP_OK)
			return err;
	}
	return DHCP_OK;
}

enum dhcp_err value_say(struct value_get *g, const char *text, size_t n)
{
	if (n > g->cap - g->len)
		return DHCP_E_NOSPACE;
	if (n > 0)
		memcpy(g->text + g->len, text, n);
	g->len += n;
	return DHCP_OK;
}

enum dhcp_err value_say_hex(struct value_get *g, const char *prefix, const uint8_t *bytes,
	size_t n)
{
	static const char digits[] = "0123456789abcdef";
	enum dhcp_err err = value_say(g, prefix, strlen(prefix));

	for (size_t i = 0; i < n && err == DHCP_OK; i++) {
		char pair[2] = { digits[bytes[i] >> 4], digits[bytes[i] & 15] };

		err = value_say(g, pair, sizeof(pair));
	}
	return err;
}

const uint8_t *value_take(struct value_get *g, size_t n)
{
	const uint8_t *p = g->p;

	if (n > (size_t)(g->end - g->p))
		return NULL;
	g->p += n;
	return p;
}

bool value_printable(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] < 0x20 || bytes[i] > 0x7e)
			return false;
	}
	return true;
}
