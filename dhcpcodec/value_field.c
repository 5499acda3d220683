/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plain types: addresses, prefixes, routes, numbers, truth values, text and bytes (RFC 2132
 * section 2, RFC 3442, RFC 7598 4.3). A prefix with host bits set is refused: it is a slip of the
 * pen more often than a wish, and the raw form is there for the wish.
 */
#include "dhcpcodec/value_type.h"

#include "dhcpcodec/bytes.h"
#include "dhcpcodec/option.h"

#include <arpa/inet.h>
#include <stdio.h>

struct number_type {
	uint8_t width;
	int64_t min, max;
};

static const struct number_type number_types[DHCP_TYPE_COUNT] = {
	[DHCP_UINT8] = { 1, 0, UINT8_MAX },
	[DHCP_UINT16] = { 2, 0, UINT16_MAX },
	[DHCP_UINT32] = { 4, 0, UINT32_MAX },
	[DHCP_INT8] = { 1, INT8_MIN, INT8_MAX },
	[DHCP_INT16] = { 2, INT16_MIN, INT16_MAX },
	[DHCP_INT32] = { 4, INT32_MIN, INT32_MAX },
};

static const struct {
	const char *word;
	uint8_t value;
} truths[] = {
	{ "true", 1 }, { "false", 0 }, { "1", 1 }, { "0", 0 },
	{ "yes", 1 }, { "no", 0 }, { "on", 1 }, { "off", 0 },
};

bool value_parse_address(int af, struct value_token t, uint8_t *ret)
{
	char text[INET6_ADDRSTRLEN];

	if (t.n >= sizeof(text))
		return false;
	memcpy(text, t.p, t.n);
	text[t.n] = '\0';
	return strlen(text) == t.n && inet_pton(af, text, ret) == 1;
}

enum dhcp_err value_put_address(struct value_put *v, unsigned type)
{
	uint8_t address[16];
	struct value_token t = value_token(v);

	if (!value_parse_address(type == DHCP_IPV4 ? AF_INET : AF_INET6, t, address))
		return value_wrong(v, t, DHCP_E_VALUE);
	return value_write(v, address, type == DHCP_IPV4 ? 4 : 16);
}

static enum dhcp_err say_address(struct value_get *g, int af, const uint8_t *address)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(af, address, text, sizeof(text)) == NULL)
		return DHCP_E_VALUE;
	return value_say(g, text, strlen(text));
}

enum dhcp_err value_get_address(struct value_get *g, unsigned type)
{
	const uint8_t *address = value_take(g, type == DHCP_IPV4 ? 4 : 16);

	if (address == NULL)
		return DHCP_E_VALUE;
	return say_address(g, type == DHCP_IPV4 ? AF_INET : AF_INET6, address);
}

/* Decimal, or hexadecimal behind 0x; a sign only where min is negative. */
bool value_parse_number(struct value_token t, int64_t min, int64_t max, int64_t *ret)
{
	bool minus = t.n > 0 && t.p[0] == '-' && min < 0;
	size_t i = minus ? 1 : 0;
	unsigned base = 10;
	int64_t n = 0;

	if (t.n - i > 2 && t.p[i] == '0' && (t.p[i + 1] == 'x' || t.p[i + 1] == 'X')) {
		base = 16;
		i += 2;
	}
	if (i == t.n)
		return false;
	for (; i < t.n; i++) {
		char c = t.p[i];
		unsigned digit = 99;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (unsigned)(c - 'A') + 10;
		if (digit >= base)
			return false;
		n = n * base + digit;
		if (n > (int64_t)UINT32_MAX + 1)
			n = (int64_t)UINT32_MAX + 1;
	}
	*ret = minus ? -n : n;
	return *ret >= min && *ret <= max;
}

enum dhcp_err value_put_number(struct value_put *v, unsigned type)
{
	const struct number_type *nt = &number_types[type];
	struct value_token t = value_token(v);
	int64_t n;

	if (value_parse_number(t, nt->min, nt->max, &n))
		return value_write_number(v, nt->width, (uint32_t)n);
	if (value_parse_number(t, -(int64_t)UINT32_MAX - 1, (int64_t)UINT32_MAX + 1, &n))
		return value_wrong(v, t, DHCP_E_RANGE);
	return value_wrong(v, t, DHCP_E_VALUE);
}

enum dhcp_err value_get_number(struct value_get *g, unsigned type)
{
	const struct number_type *nt = &number_types[type];
	const uint8_t *p = value_take(g, nt->width);
	char text[16];
	int64_t n = 0;
	int len;

	if (p == NULL)
		return DHCP_E_VALUE;
	for (size_t i = 0; i < nt->width; i++)
		n = n << 8 | p[i];
	if (n > nt->max)
		n -= (int64_t)1 << (8 * nt->width);
	len = snprintf(text, sizeof(text), "%lld", (long long)n);
	return value_say(g, text, (size_t)len);
}

/* "address/width" */
static bool parse_prefix(int af, struct value_token t, uint8_t *ret_address, uint8_t *ret_width)
{
	size_t size = af == AF_INET ? 4 : 16;
	const char *slash = memchr(t.p, '/', t.n);
	struct value_token address, width;
	int64_t n;

	if (slash == NULL)
		return false;
	address = value_span(t.p, slash);
	width = value_span(slash + 1, t.p + t.n);
	if (!value_parse_address(af, address, ret_address) ||
		!value_parse_number(width, 0, (int64_t)size * 8, &n))
		return false;
	*ret_width = (uint8_t)n;
	return true;
}

static bool host_bits(const uint8_t *address, size_t size, size_t width)
{
	for (size_t bit = width; bit < size * 8; bit++) {
		if (address[bit / 8] & 0x80 >> bit % 8)
			return true;
	}
	return false;
}

/* RFC 3442, RFC 7598 4.3: the width in bits, then only as many bytes as it takes. */
static enum dhcp_err put_prefix(struct value_put *v, int af)
{
	struct value_token t = value_token(v);
	uint8_t b[1 + 16];

	if (t.n == 0 || !parse_prefix(af, t, b + 1, b))
		return value_wrong(v, t, DHCP_E_VALUE);
	if (host_bits(b + 1, af == AF_INET ? 4 : 16, b[0])) {
		v->expected = "a prefix whose host bits are zero";
		return value_wrong(v, t, DHCP_E_VALUE);
	}
	return value_write(v, b, 1 + (b[0] + 7u) / 8);
}

static enum dhcp_err get_prefix(struct value_get *g, int af)
{
	const uint8_t *width = value_take(g, 1), *p;
	uint8_t address[16] = { 0 };
	char text[8];
	enum dhcp_err err;
	int len;

	if (width == NULL || *width > (af == AF_INET ? 32 : 128))
		return DHCP_E_VALUE;
	p = value_take(g, (*width + 7u) / 8);
	if (p == NULL)
		return DHCP_E_VALUE;
	memcpy(address, p, (*width + 7u) / 8);
	err = say_address(g, af, address);
	if (err != DHCP_OK)
		return err;
	len = snprintf(text, sizeof(text), "/%u", *width);
	return value_say(g, text, (size_t)len);
}

enum dhcp_err value_put_prefix(struct value_put *v, unsigned type)
{
	(void)type;
	return put_prefix(v, AF_INET6);
}

enum dhcp_err value_get_prefix(struct value_get *g, unsigned type)
{
	(void)type;
	return get_prefix(g, AF_INET6);
}

/*
 * RFC 3442: "This option can contain one or more static routes, each of which consists of a
 * destination descriptor and the IP address of the router that should be used to reach that
 * destination." Between the two a dash may stand.
 */
enum dhcp_err value_put_route(struct value_put *v, unsigned type)
{
	const char *start = v->p;
	enum dhcp_err err = put_prefix(v, AF_INET);

	(void)type;
	if (err != DHCP_OK)
		return err;
	value_separator(v);
	if (v->end - v->p > 1 && v->p[0] == '-' && v->p[1] == ' ') {
		v->p++;
		value_separator(v);
	}
	err = value_put_address(v, DHCP_IPV4);
	if (err != DHCP_E_VALUE)
		return err;
	return value_wrong(v, value_span(start, v->p), err);
}

enum dhcp_err value_get_route(struct value_get *g, unsigned type)
{
	enum dhcp_err err = get_prefix(g, AF_INET);

	(void)type;
	if (err == DHCP_OK)
		err = value_say(g, " - ", 3);
	if (err == DHCP_OK)
		err = value_get_address(g, DHCP_IPV4);
	return err;
}

enum dhcp_err value_put_boolean(struct value_put *v, unsigned type)
{
	struct value_token t = value_token(v);

	(void)type;
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
		if (strlen(truths[i].word) == t.n && memcmp(truths[i].word, t.p, t.n) == 0)
			return value_write(v, &truths[i].value, 1);
	}
	return value_wrong(v, t, DHCP_E_VALUE);
}

enum dhcp_err value_get_boolean(struct value_get *g, unsigned type)
{
	const uint8_t *p = value_take(g, 1);

	(void)type;
	if (p == NULL)
		return DHCP_E_VALUE;
	return *p != 0 ? value_say(g, "true", 4) : value_say(g, "false", 5);
}

enum dhcp_err value_put_empty(struct value_put *v, unsigned type)
{
	struct value_token t = value_token(v);

	(void)type;
	if (t.n == 4 && memcmp(t.p, "true", 4) == 0)
		return DHCP_OK;
	return value_wrong(v, t, DHCP_E_VALUE);
}

enum dhcp_err value_get_empty(struct value_get *g, unsigned type)
{
	(void)type;
	return value_say(g, "true", 4);
}

/*
 * All the rest of the text, as it stands. RFC 2132 section 2: "Options containing NVT ASCII data
 * SHOULD NOT include a trailing NULL"; so none is written, even if the text brings one.
 */
enum dhcp_err value_put_string(struct value_put *v, unsigned type)
{
	struct value_token t = value_span(v->p, v->end);

	(void)type;
	v->p = v->end;
	while (t.n > 0 && t.p[t.n - 1] == '\0')
		t.n--;
	if (t.n == 0)
		return value_wrong(v, t, DHCP_E_VALUE);
	return value_write(v, t.p, t.n);
}

enum dhcp_err value_get_string(struct value_get *g, unsigned type)
{
	size_t n = (size_t)(g->end - g->p);

	(void)type;
	if (!value_printable(g->p, n))
		return DHCP_E_VALUE;
	return value_say(g, (const char *)value_take(g, n), n);
}

enum dhcp_err value_put_binary(struct value_put *v, unsigned type)
{
	struct value_token t = value_span(v->p, v->end);
	size_t n;

	(void)type;
	v->p = v->end;
	while (t.n > 0 && (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == '\t'))
		t.n--;
	if (t.n >= 4 && memcmp(t.p, "hex:", 4) == 0)
		t = value_span(t.p + 4, t.p + t.n);
	else if (t.n >= 2 && memcmp(t.p, "0x", 2) == 0)
		t = value_span(t.p + 2, t.p + t.n);
	else if (t.n == 0)
		return value_wrong(v, t, DHCP_E_VALUE);
	while (t.n > 0 && (*t.p == ' ' || *t.p == '\t'))
		t = value_span(t.p + 1, t.p + t.n);
	if (value_hex_length(t, &n) != DHCP_OK)
		return value_wrong(v, t, DHCP_E_VALUE);
	return value_write_hex(v, t);
}

enum dhcp_err value_get_binary(struct value_get *g, unsigned type)
{
	size_t n = (size_t)(g->end - g->p);

	(void)type;
	return value_say_hex(g, "hex:", value_take(g, n), n);
}
