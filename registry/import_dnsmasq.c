/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dnsmasq's dhcp-host, in a configuration file or, without the keyword, in a file for
 * dhcp-hostsfile:
 *   [hwaddr,...][,id:<client id>|*][,set:<tag>][,tag:<tag>][,<address>][,[<v6 address>]][,<name>]
 *   [,<lease time>][,ignore]
 * id: means a DUID to DHCPv6 and a client id to DHCPv4; which is meant is told by an IPv6 address
 * beside it or by its looking like a DUID (RFC 8415 section 11).
 */
#include "registry/import_parts.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

/* "11:22:33:44:55:66", "1-11:22:33:44:55:66"; *ret_skip is the length of the hardware type. */
static bool is_mac(const char *s, size_t len, size_t *ret_skip)
{
	const char *dash = memchr(s, '-', len);
	size_t colons = 0, begin = dash != NULL ? (size_t)(dash - s) + 1 : 0;

	for (size_t i = 0; i < begin; i++) {
		if (!isxdigit((unsigned char)s[i]) && s[i] != '-')
			return false;
	}
	for (size_t i = begin; i < len; i++) {
		if (!isxdigit((unsigned char)s[i]) && s[i] != ':' && s[i] != '*')
			return false;
		colons += s[i] == ':';
	}
	*ret_skip = begin;
	return colons >= 5;
}

static bool is_address(const char *s, size_t len)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr addr;

	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &addr) == 1;
}

/* "infinite", or a number with a unit or none. */
static bool is_time(const char *s, size_t len)
{
	if (len == 8 && memcmp(s, "infinite", 8) == 0)
		return true;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)s[i]) && (i == 0 || i + 1 < len ||
			strchr("smhdw", s[i]) == NULL))
			return false;
	}
	return len > 0;
}

static bool has_prefix(const char *s, size_t len, const char *prefix)
{
	return len > strlen(prefix) && memcmp(s, prefix, strlen(prefix)) == 0;
}

/* RFC 8415 section 11: types 1 to 4, in two bytes, and something behind them. */
static bool looks_like_duid(const char *s, size_t len)
{
	return len >= 20 && memcmp(s, "00:0", 4) == 0 && s[4] >= '1' && s[4] <= '4' && s[5] == ':';
}

static void take_id(struct import *im, const char *s, size_t len, bool v6)
{
	enum reg_id_type type = v6 || looks_like_duid(s, len) ? REG_DUID : REG_CLIENT_ID;
	bool hex = memchr(s, ':', len) != NULL;

	for (size_t i = 0; i < len; i++)
		hex = hex && (isxdigit((unsigned char)s[i]) || s[i] == ':');
	if (len == 1 && s[0] == '*')
		return;
	if (hex)
		import_id(im, type, s, len);
	else
		import_id_text(im, type, s, len);
}

static void take_field(struct import *im, const char *s, size_t len, bool v6)
{
	size_t skip;

	if (has_prefix(s, len, "id:"))
		take_id(im, s + 3, len - 3, v6);
	else if (has_prefix(s, len, "set:") || has_prefix(s, len, "net:"))
		import_attr_more(im, "tag", s + 4, len - 4);
	else if (has_prefix(s, len, "tag:"))
		import_attr_more(im, "if-tag", s + 4, len - 4);
	else if (len > 2 && s[0] == '[' && s[len - 1] == ']')
		import_attr_more(im, "ip-address", s + 1, len - 2);
	else if (is_mac(s, len, &skip) && memchr(s, '*', len) != NULL)
		import_refuse(im, "a hardware address with a '*' is not one user");
	else if (is_mac(s, len, &skip))
		import_id(im, REG_HW_ADDR, s + skip, len - skip);
	else if (is_address(s, len))
		import_attr_more(im, "ip-address", s, len);
	else if (len == 6 && memcmp(s, "ignore", 6) == 0)
		import_named(im, "ignore", "true", 4);
	else if (is_time(s, len))
		import_named(im, "lease-time", s, len);
	else
		import_named(im, "host-name", s, len);
}

static enum reg_err take_host(struct import *im, const char *s, size_t len, size_t line)
{
	bool v6 = memchr(s, '[', len) != NULL;

	import_begin(im, line);
	while (len > 0) {
		const char *comma = memchr(s, ',', len);
		size_t n = comma != NULL ? (size_t)(comma - s) : len, blank = 0;

		while (blank < n && isspace((unsigned char)s[blank]))
			blank++;
		size_t end = n;

		while (end > blank && isspace((unsigned char)s[end - 1]))
			end--;
		if (end > blank)
			take_field(im, s + blank, end - blank, v6);
		n += comma != NULL;
		s += n;
		len -= n;
	}
	return import_end(im);
}

/* What a line says of a host: the part behind dhcp-host=, or all of a line for dhcp-hostsfile. */
static bool host_part(const char **s, size_t *len)
{
	static const char keyword[] = "dhcp-host";
	const char *hash = memchr(*s, '#', *len), *p = *s, *end;
	size_t first, skip;

	end = hash != NULL ? hash : p + *len;
	while (p < end && isspace((unsigned char)*p))
		p++;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	*s = p;
	*len = (size_t)(end - p);
	if (has_prefix(p, *len, keyword)) {
		p += sizeof(keyword) - 1;
		while (p < end && isspace((unsigned char)*p))
			p++;
		if (p == end || *p != '=')
			return false;
		*s = p + 1;
		*len = (size_t)(end - *s);
		return true;
	}
	first = strcspn(p, ",\n");
	first = first < *len ? first : *len;
	return has_prefix(p, first, "id:") || is_mac(p, first, &skip);
}

enum reg_err import_dnsmasq(struct import *im, char *text, size_t len)
{
	const char *at = text, *end = text + len;
	enum reg_err e = REG_OK;

	for (size_t line = 1; at < end && e == REG_OK; line++) {
		const char *nl = memchr(at, '\n', (size_t)(end - at)), *s = at;
		size_t n = nl != NULL ? (size_t)(nl - at) : (size_t)(end - at);

		at += n + (nl != NULL);
		if (host_part(&s, &n))
			e = take_host(im, s, n, line);
	}
	return e;
}
