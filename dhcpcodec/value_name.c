/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain names on the wire (RFC 1035 section 3.1) and the two options that hold either names or
 * addresses. Compression (RFC 1035 section 4.1.4) is written for the DHCPv4 search list only;
 * RFC 8415 section 10 forbids it in DHCPv6. A pointer is followed only towards lower offsets, so
 * that no loop can be built. Labels are letters, digits, '-' and '_'; any others, legal in DNS,
 * take the raw form.
 */
#include "dhcpcodec/value_type.h"

#include "dhcpcodec/bytes.h"
#include "dhcpcodec/option.h"

#include <arpa/inet.h>

/* RFC 1035 2.3.4: labels 63 octets or less, names 255 octets or less, the root label included. */
#define LABEL_MAX 63
#define NAME_MAX_WIRE 255
#define POINTER 0xc0
#define POINTER_MAX 0x3fff

/* RFC 4702 2.1, RFC 4704 4.1: the flag that the name is in wire format. */
#define FQDN4_E 0x04

/* RFC 3361 3 */
#define SIP_NAMES 0
#define SIP_ADDRESSES 1

/* RFC 5908 4 */
#define NTP_SERVER 1
#define NTP_MULTICAST 2
#define NTP_NAME 3

/* A name's labels in wire format, without the root label, and whether a dot stood at the end. */
struct name {
	uint8_t wire[NAME_MAX_WIRE];
	size_t len;
	bool dot;
};

static bool label_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

static bool parse_name(struct value_token t, struct name *ret)
{
	size_t start = 0;

	ret->len = 0;
	ret->dot = t.n > 0 && t.p[t.n - 1] == '.';
	if (t.n == 1 && ret->dot)
		return true;
	if (ret->dot)
		t.n--;
	/* n characters make n + 1 bytes, and the root label is one more */
	if (t.n == 0 || t.n + 2 > NAME_MAX_WIRE)
		return false;
	for (size_t i = 0; i <= t.n; i++) {
		if (i < t.n && t.p[i] != '.') {
			if (!label_char((uint8_t)t.p[i]))
				return false;
			ret->wire[i + 1] = (uint8_t)t.p[i];
			continue;
		}
		if (i == start || i - start > LABEL_MAX)
			return false;
		ret->wire[start] = (uint8_t)(i - start);
		start = i + 1;
	}
	ret->len = t.n + 1;
	return true;
}

/* Whether the name written at pos is the n bytes of labels at suffix; base has len bytes. */
static bool name_at(const uint8_t *base, size_t len, size_t pos, const uint8_t *suffix, size_t n)
{
	size_t floor = pos;

	while (pos < len) {
		size_t size = base[pos];

		if ((size & POINTER) == POINTER) {
			if (len - pos < 2)
				return false;
			pos = be16_get(base + pos) & POINTER_MAX;
			if (pos >= floor)
				return false;
			floor = pos;
			continue;
		}
		if (size == 0)
			return n == 0;
		if (size > LABEL_MAX || size >= len - pos || size >= n ||
			memcmp(base + pos, suffix, size + 1) != 0)
			return false;
		suffix += size + 1;
		n -= size + 1;
		pos += size + 1;
	}
	return false;
}

/* The offset of a name written before that is the n bytes of labels at suffix; len if none is. */
static size_t find_name(const uint8_t *base, size_t len, const uint8_t *suffix, size_t n)
{
	size_t pos = 0;

	while (pos < len && pos <= POINTER_MAX) {
		if (base[pos] == 0) {
			pos++;
		} else if ((base[pos] & POINTER) == POINTER) {
			pos += 2;
		} else if (name_at(base, len, pos, suffix, n)) {
			return pos;
		} else {
			pos += base[pos] + 1u;
		}
	}
	return len;
}

/*
 * RFC 3397 section 2: "searchstrings in the searchlist MUST be concatenated and encoded using the
 * technique described in section 4.1.4 of" RFC 1035. Offsets count from the value's first byte.
 */
static enum dhcp_err write_compressed(struct value_put *v, const struct name *name)
{
	const uint8_t *base = value_written(v);
	size_t len = v->len;

	for (size_t i = 0; i < name->len; i += name->wire[i] + 1u) {
		enum dhcp_err err;
		size_t pos = len;

		if (base != NULL)
			pos = find_name(base, len, name->wire + i, name->len - i);
		if (pos < len)
			return value_write_number(v, 2, (uint32_t)pos | POINTER << 8);
		err = value_write(v, name->wire + i, name->wire[i] + 1u);
		if (err != DHCP_OK)
			return err;
	}
	return value_write(v, "", 1);
}

static enum dhcp_err write_name(struct value_put *v, const struct name *name)
{
	enum dhcp_err err = value_write(v, name->wire, name->len);

	return err != DHCP_OK ? err : value_write(v, "", 1);
}

enum dhcp_err value_put_name(struct value_put *v, unsigned type)
{
	struct value_token t = value_token(v);
	struct name name;

	if (!parse_name(t, &name))
		return value_wrong(v, t, DHCP_E_VALUE);
	return type == DHCP_SEARCH && !v->plain ? write_compressed(v, &name) : write_name(v, &name);
}

/* Says the label of size bytes at p, a dot before it unless it is the first. */
static enum dhcp_err say_label(struct value_get *g, const uint8_t *p, size_t size, bool first)
{
	enum dhcp_err err = first ? DHCP_OK : value_say(g, ".", 1);

	for (size_t i = 0; i < size; i++) {
		if (!label_char(p[i]))
			return DHCP_E_VALUE;
	}
	return err != DHCP_OK ? err : value_say(g, (const char *)p, size);
}

/* Follows a name through its pointers; g->p ends behind its first pointer or its root label. */
enum dhcp_err value_get_name(struct value_get *g, unsigned type)
{
	const uint8_t *p = g->p, *behind = NULL, *floor = g->p;
	size_t total = 1;
	bool first = true;

	(void)type;
	while (p < g->end && *p != 0) {
		size_t size = *p;
		enum dhcp_err err;

		if ((size & POINTER) == POINTER) {
			size_t offset;

			if (g->end - p < 2)
				return DHCP_E_VALUE;
			offset = be16_get(p) & POINTER_MAX;
			if (behind == NULL)
				behind = p + 2;
			if (offset >= (size_t)(floor - g->base))
				return DHCP_E_VALUE;
			floor = p = g->base + offset;
			continue;
		}
		total += size + 1;
		if (size > LABEL_MAX || total > NAME_MAX_WIRE || size >= (size_t)(g->end - p))
			return DHCP_E_VALUE;
		err = say_label(g, p + 1, size, first);
		if (err != DHCP_OK)
			return err;
		first = false;
		p += size + 1;
	}
	if (p == g->end)
		return DHCP_E_VALUE;
	g->p = behind != NULL ? behind : p + 1;
	return first ? value_say(g, ".", 1) : DHCP_OK;
}

/*
 * RFC 4702 section 2.1: "The "E" bit indicates the encoding of the Domain Name field. 1 indicates
 * canonical wire format, without compression"; 0 is the deprecated ASCII. Only v4 has the bit.
 */
static bool ascii_name(uint8_t family, const uint8_t *value, size_t len)
{
	return family == 4 && value != NULL && len > 0 && !(value[0] & FQDN4_E);
}

/*
 * RFC 4704 section 4.2: "To send a fully qualified domain name, the Domain Name field is set to the
 * DNS-encoded domain name including the terminating zero-length label. To send a partial name, the
 * Domain Name field is set to the DNS-encoded domain name without the terminating zero-length
 * label." A dot at the end makes the difference in the text.
 */
enum dhcp_err value_put_client_name(struct value_put *v, unsigned type)
{
	struct value_token t = value_token(v);
	struct name name;
	enum dhcp_err err;

	(void)type;
	if (!parse_name(t, &name) || name.len == 0)
		return value_wrong(v, t, DHCP_E_VALUE);
	if (ascii_name(v->family, value_written(v), v->len))
		return value_write(v, t.p, t.n);
	err = value_write(v, name.wire, name.len);
	return err != DHCP_OK || !name.dot ? err : value_write(v, "", 1);
}

enum dhcp_err value_get_client_name(struct value_get *g, unsigned type)
{
	bool first = true;

	(void)type;
	if (ascii_name(g->family, g->base, (size_t)(g->p - g->base))) {
		size_t n = (size_t)(g->end - g->p);

		return value_printable(g->p, n) ? value_say(g, (const char *)value_take(g, n), n)
						: DHCP_E_VALUE;
	}
	while (g->p < g->end && *g->p != 0) {
		size_t size = *value_take(g, 1);
		const uint8_t *label = value_take(g, size);
		enum dhcp_err err;

		if (size > LABEL_MAX || label == NULL)
			return DHCP_E_VALUE;
		err = say_label(g, label, size, first);
		if (err != DHCP_OK)
			return err;
		first = false;
	}
	return value_take(g, 1) != NULL ? value_say(g, ".", 1) : DHCP_OK;
}

/* RFC 3361 section 3: "The option has two encodings, specified by the encoding byte". */
enum dhcp_err value_put_sip(struct value_put *v, unsigned type)
{
	struct value_token first = value_token(v);
	uint8_t address[4];
	bool addresses = value_parse_address(AF_INET, first, address);
	enum dhcp_err err = value_write_number(v, 1, addresses ? SIP_ADDRESSES : SIP_NAMES);

	(void)type;
	v->p = first.p;
	while (err == DHCP_OK) {
		err = addresses ? value_put_address(v, DHCP_IPV4) : value_put_name(v, DHCP_FQDN);
		if (v->p == v->end)
			break;
		value_separator(v);
	}
	return err;
}

enum dhcp_err value_get_sip(struct value_get *g, unsigned type)
{
	const uint8_t *encoding = value_take(g, 1);
	enum dhcp_err err = DHCP_OK;

	(void)type;
	if (encoding == NULL || *encoding > SIP_ADDRESSES || g->p == g->end)
		return DHCP_E_VALUE;
	for (bool first = true; err == DHCP_OK && g->p < g->end; first = false) {
		err = first ? DHCP_OK : value_say(g, ", ", 2);
		if (err == DHCP_OK)
			err = *encoding == SIP_ADDRESSES ? value_get_address(g, DHCP_IPV4)
							 : value_get_name(g, DHCP_FQDN);
	}
	return err;
}

/* RFC 5908 section 4: "This option MUST include one, and only one, time source suboption." */
enum dhcp_err value_put_ntp(struct value_put *v, unsigned type)
{
	struct value_token t = value_token(v);
	uint8_t address[16];
	struct name name;
	bool is_address = value_parse_address(AF_INET6, t, address);
	unsigned code = !is_address ? NTP_NAME : address[0] == 0xff ? NTP_MULTICAST : NTP_SERVER;
	enum dhcp_err err = value_write_number(v, 2, code);

	(void)type;
	if (!is_address && !parse_name(t, &name))
		return value_wrong(v, t, DHCP_E_VALUE);
	if (err == DHCP_OK)
		err = value_write_number(v, 2, is_address ? 16 : (uint32_t)name.len + 1);
	if (err == DHCP_OK)
		err = is_address ? value_write(v, address, 16) : write_name(v, &name);
	return err;
}

enum dhcp_err value_get_ntp(struct value_get *g, unsigned type)
{
	const uint8_t *head = value_take(g, 4);

	(void)type;
	if (head == NULL)
		return DHCP_E_VALUE;
	if (be16_get(head) == NTP_NAME)
		return value_get_name(g, DHCP_FQDN);
	return value_get_address(g, DHCP_IPV6);
}
