/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of a packet as items: IPv4, IPv6, UDP, the BOOTP part of DHCPv4, a DHCPv6 message and
 * a relay layer. Lengths and checksums are set when the packet is whole, by assemble.c.
 */
#include "tests/assembler.h"

#include <arpa/inet.h>
#include <string.h>

static void address(struct assembler *a, size_t size)
{
	size_t at = a->out->len;

	if (!as_emit_address(a, a->tok) || a->out->len - at != size)
		as_fail(a, "\"%s\" is not an address", a->tok);
	as_next(a);
}

static enum sum_mode sum_mode(struct assembler *a, const char *text)
{
	static const char *const names[] = { "right", "0", "bad", "partial" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum sum_mode)i;
	as_fail(a, "\"%s\" is no checksum", text);
	return SUM_RIGHT;
}

/* ip4 SRC DST [ttl= id= tos= frag=(hex) proto= len= ihl= sum= options=(hex)] */
void as_ip4(struct assembler *a)
{
	uint8_t head[12] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17 };
	size_t at = a->out->len;
	const char *v;

	a->family = 4;
	a->ip = at;
	as_emit(a, head, sizeof(head));
	address(a, 4);
	address(a, 4);
	for (; !as_line_over(a); as_next(a)) {
		uint8_t *ip = a->out->bytes + at;

		if ((v = as_value(a, "ttl")) != NULL)
			as_put(ip + 8, 1, as_number(a, v, 10, 255));
		else if ((v = as_value(a, "tos")) != NULL)
			as_put(ip + 1, 1, as_number(a, v, 16, 255));
		else if ((v = as_value(a, "id")) != NULL)
			as_put(ip + 4, 2, as_number(a, v, 16, 65535));
		else if ((v = as_value(a, "frag")) != NULL)
			as_put(ip + 6, 2, as_number(a, v, 16, 65535));
		else if ((v = as_value(a, "proto")) != NULL)
			as_put(ip + 9, 1, as_number(a, v, 10, 255));
		else if ((v = as_value(a, "len")) != NULL)
			a->ip_len = (long)as_number(a, v, 10, 65535);
		else if ((v = as_value(a, "ihl")) != NULL)
			as_put(ip, 1, 0x40 | as_number(a, v, 10, 15));
		else if ((v = as_value(a, "sum")) != NULL)
			a->ip_sum = sum_mode(a, v);
		else if ((v = as_value(a, "options")) != NULL) {
			as_emit_hex(a, v, strlen(v));
			as_put(ip, 1, 0x40 | (a->out->len - at) / 4);
		} else
			as_fail(a, "ip4 knows no \"%s\"", a->tok);
	}
	a->ip_head = a->out->len - at;
}

/* ip6 SRC DST [hop= flow=(hex) tc=(hex) next= len=] */
void as_ip6(struct assembler *a)
{
	uint8_t head[8] = { 0x60, 0, 0, 0, 0, 0, 17, 64 };
	size_t at = a->out->len;
	const char *v;

	a->family = 6;
	a->ip = at;
	a->ip_head = 40;
	as_emit(a, head, sizeof(head));
	address(a, 16);
	address(a, 16);
	for (; !as_line_over(a); as_next(a)) {
		uint8_t *ip = a->out->bytes + at;

		if ((v = as_value(a, "hop")) != NULL)
			as_put(ip + 7, 1, as_number(a, v, 10, 255));
		else if ((v = as_value(a, "flow")) != NULL)
			as_put(ip, 4, 0x60000000 | as_number(a, v, 16, 0xfffff));
		else if ((v = as_value(a, "next")) != NULL)
			as_put(ip + 6, 1, as_number(a, v, 10, 255));
		else if ((v = as_value(a, "len")) != NULL)
			a->ip_len = (long)as_number(a, v, 10, 65535);
		else
			as_fail(a, "ip6 knows no \"%s\"", a->tok);
	}
}

/* udp SPORT DPORT [len= sum=right|0|bad|partial] */
void as_udp(struct assembler *a)
{
	const char *v;

	a->udp = a->out->len;
	as_emit_number(a, 2, as_take_number(a, 65535));
	as_emit_number(a, 2, as_take_number(a, 65535));
	as_emit_number(a, 4, 0);
	for (; !as_line_over(a); as_next(a)) {
		if ((v = as_value(a, "len")) != NULL)
			a->udp_len = (long)as_number(a, v, 10, 65535);
		else if ((v = as_value(a, "sum")) != NULL)
			a->udp_sum = sum_mode(a, v);
		else
			as_fail(a, "udp knows no \"%s\"", a->tok);
	}
}

static void set_address(struct assembler *a, size_t at, const char *text)
{
	if (inet_pton(AF_INET, text, a->out->bytes + at) != 1)
		as_fail(a, "\"%s\" is not an address", text);
}

/* bootp OP [htype= hlen= hops= xid= secs= flags= ciaddr= yiaddr= siaddr= giaddr= chaddr=] */
void as_bootp(struct assembler *a)
{
	static const struct {
		const char *key;
		size_t at, width;  /* 0: an address */
		int base;
	} fields[] = {
		{ "htype", 1, 1, 10 }, { "hlen", 2, 1, 10 }, { "hops", 3, 1, 10 }, { "xid", 4, 4, 16 },
		{ "secs", 8, 2, 10 }, { "flags", 10, 2, 16 }, { "ciaddr", 12, 0, 0 },
		{ "yiaddr", 16, 0, 0 }, { "siaddr", 20, 0, 0 }, { "giaddr", 24, 0, 0 },
	};
	static const uint8_t head[8] = { 0, 1, 6, 0, 0x12, 0x34, 0x56, 0x78 };
	size_t i, end;
	const char *v;

	a->bootp = a->out->len;
	as_emit(a, head, sizeof(head));
	for (i = sizeof(head); i < 236; i++)
		as_emit_number(a, 1, 0);
	a->out->bytes[a->bootp] = (uint8_t)as_take_number(a, 255);
	for (; !as_line_over(a); as_next(a)) {
		if ((v = as_value(a, "chaddr")) != NULL) {
			end = a->out->len;
			a->out->len = a->bootp + 28;
			if (!as_emit_address(a, v))
				as_emit_hex(a, v, strlen(v));
			a->out->len = end;
			continue;
		}
		for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if ((v = as_value(a, fields[i].key)) != NULL)
				break;
		if (v == NULL)
			as_fail(a, "bootp knows no \"%s\"", a->tok);
		else if (fields[i].width == 0)
			set_address(a, a->bootp + fields[i].at, v);
		else
			as_put(a->out->bytes + a->bootp + fields[i].at, fields[i].width,
				as_number(a, v, fields[i].base, 0xffffffff));
	}
}

/* dhcp6 TYPE XID(hex) */
void as_dhcp6(struct assembler *a)
{
	as_emit_number(a, 1, as_take_number(a, 255));
	if (strlen(a->tok) != 6 || !as_hex_digits(a->tok, 6))
		as_fail(a, "\"%s\" is not a transaction id", a->tok);
	as_emit_hex(a, a->tok, 6);
	as_next(a);
}

/* relay TYPE HOPS LINK PEER */
void as_relay(struct assembler *a)
{
	as_emit_number(a, 1, as_take_number(a, 255));
	as_emit_number(a, 1, as_take_number(a, 255));
	address(a, 16);
	address(a, 16);
}
