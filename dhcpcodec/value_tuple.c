/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values that carry their own length: the opaque tuples of user and vendor classes (RFC 3004,
 * RFC 3925, RFC 8415 21.15, RFC 5970 3.2) and encapsulated suboptions (RFC 2132 8.4, RFC 3925 4,
 * RFC 8415 21.17), which look like options and may hold anything. An item of the text goes to the
 * next comma and is text, or bytes behind 0x; a suboption has its code and '=' before it.
 */
#include "dhcpcodec/value_type.h"

#include "dhcpcodec/bytes.h"
#include "dhcpcodec/option.h"

#include <stdio.h>

static bool is_hex(struct value_token t)
{
	return t.n >= 2 && memcmp(t.p, "0x", 2) == 0;
}

/* Writes the length of what the item says in width bytes, and then what it says. */
static enum dhcp_err put_content(struct value_put *v, struct value_token item, size_t width)
{
	size_t n = item.n;
	bool hex = is_hex(item);
	enum dhcp_err err;

	if (hex) {
		item = (struct value_token){ item.p + 2, item.n - 2 };
		if (value_hex_length(item, &n) != DHCP_OK)
			return value_wrong(v, item, DHCP_E_VALUE);
	}
	if (n > (width == 1 ? 255u : 65535u)) {
		v->expected = width == 1 ? "at most 255 bytes" : "at most 65535 bytes";
		return value_wrong(v, item, DHCP_E_RANGE);
	}
	err = value_write_number(v, width, (uint32_t)n);
	if (err != DHCP_OK)
		return err;
	return hex ? value_write_hex(v, item) : value_write(v, item.p, n);
}

/* Whether the bytes can stand for themselves in an item. */
static bool plain_text(const uint8_t *p, size_t n)
{
	return value_printable(p, n) && memchr(p, ',', n) == NULL && p[0] != ' ' &&
		p[n - 1] != ' ' && !is_hex((struct value_token){ (const char *)p, n });
}

static enum dhcp_err get_content(struct value_get *g, size_t width)
{
	const uint8_t *head = value_take(g, width), *p;
	size_t n;

	if (head == NULL)
		return DHCP_E_VALUE;
	n = width == 1 ? *head : be16_get(head);
	p = value_take(g, n);
	if (p == NULL)
		return DHCP_E_VALUE;
	if (n == 0 || plain_text(p, n))
		return value_say(g, (const char *)p, n);
	return value_say_hex(g, "0x", p, n);
}

enum dhcp_err value_put_tuple(struct value_put *v, unsigned type)
{
	struct value_token item = value_item(v);

	if (item.n == 0)
		return value_wrong(v, item, DHCP_E_VALUE);
	return put_content(v, item, type == DHCP_TUPLE8 ? 1 : 2);
}

enum dhcp_err value_get_tuple(struct value_get *g, unsigned type)
{
	return get_content(g, type == DHCP_TUPLE8 ? 1 : 2);
}

/* RFC 2132 8.4: codes 0 and 255 are pad and end inside encapsulated options too. */
enum dhcp_err value_put_suboption(struct value_put *v, unsigned type)
{
	size_t width = type == DHCP_SUBOPTION16 ? 2 : 1;
	struct value_token item = value_item(v), code;
	const char *equals = item.n > 0 ? memchr(item.p, '=', item.n) : NULL;
	enum dhcp_err err;
	int64_t n;

	if (equals == NULL)
		return value_wrong(v, item, DHCP_E_VALUE);
	code = value_span(item.p, equals);
	if (!value_parse_number(code, 1, width == 1 ? 254 : 65535, &n))
		return value_wrong(v, item, DHCP_E_VALUE);
	err = value_write_number(v, width, (uint32_t)n);
	if (err != DHCP_OK)
		return err;
	item = value_span(equals + 1, item.p + item.n);
	return put_content(v, item, width);
}

enum dhcp_err value_get_suboption(struct value_get *g, unsigned type)
{
	size_t width = type == DHCP_SUBOPTION16 ? 2 : 1;
	const uint8_t *code = value_take(g, width);
	enum dhcp_err err;
	char text[16];
	int len;

	if (code == NULL)
		return DHCP_E_VALUE;
	len = snprintf(text, sizeof(text), "%u=", width == 1 ? (unsigned)*code : be16_get(code));
	err = value_say(g, text, (size_t)len);
	return err != DHCP_OK ? err : get_content(g, width);
}

/* Whether the next item is one more suboption; v->p stands there if so. */
static bool next_suboption(struct value_put *v)
{
	const char *here = v->p;
	struct value_token item;

	value_separator(v);
	item = value_item(v);
	v->p = item.n > 0 && memchr(item.p, '=', item.n) != NULL ? item.p : here;
	return v->p != here;
}

/* RFC 3925 4: each enterprise's block is a length byte and, within it, encapsulated suboptions. */
enum dhcp_err value_put_suboptions(struct value_put *v, unsigned type)
{
	const char *start = v->p;
	size_t pos = v->len;
	enum dhcp_err err = value_reserve(v);

	(void)type;
	if (err != DHCP_OK)
		return err;
	do {
		err = value_put_suboption(v, DHCP_SUBOPTION8);
	} while (err == DHCP_OK && next_suboption(v));
	if (err != DHCP_OK)
		return err;
	if (v->len - pos - 1 > 255) {
		v->expected = "at most 255 bytes of suboptions";
		return value_wrong(v, value_span(start, v->p), DHCP_E_RANGE);
	}
	return value_fill(v, pos, (uint8_t)(v->len - pos - 1));
}

enum dhcp_err value_get_suboptions(struct value_get *g, unsigned type)
{
	const uint8_t *head = value_take(g, 1), *option_end = g->end;
	enum dhcp_err err = DHCP_OK;

	(void)type;
	if (head == NULL || *head == 0 || *head > g->end - g->p)
		return DHCP_E_VALUE;
	g->end = g->p + *head;
	for (bool first = true; err == DHCP_OK && g->p < g->end; first = false) {
		err = first ? DHCP_OK : value_say(g, ", ", 2);
		if (err == DHCP_OK)
			err = value_get_suboption(g, DHCP_SUBOPTION8);
	}
	g->end = option_end;
	return err;
}
