/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the layouts of IPv4, IPv6, UDP, DHCPv4 and DHCPv6 from test tables. Written apart from
 * dhcpcodec and slower: checksums two bytes a step, options by index. RFC 791, 8200, 768, 2131,
 * 8415.
 */
#include "tests/build.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *reason, const char *what)
{
	fprintf(stderr, "tests/build: %s: %s\n", reason, what);
	abort();
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	return at == NULL || c == '\0' ? -1 : (int)(at - digits);
}

size_t hex_read(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;

	for (const char *p = hex; *p != '\0'; p++) {
		if (*p == ' ')
			continue;
		if (digit(p[0]) < 0 || digit(p[1]) < 0)
			die("not hex", hex);
		if (n < cap)
			out[n] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
		n++;
		p++;
	}
	return n;
}

void hex_write(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", bytes[i]);
	out[2 * n] = '\0';
}

void build_bytes(struct build *b, const void *bytes, size_t n)
{
	if (n > sizeof(b->b) - b->len)
		die("too long", "build_bytes");
	if (n > 0)
		memcpy(b->b + b->len, bytes, n);
	b->len += n;
}

void build_hex(struct build *b, const char *hex)
{
	size_t n = hex_read(hex, b->b + b->len, sizeof(b->b) - b->len);

	if (n > sizeof(b->b) - b->len)
		die("too long", hex);
	b->len += n;
}

void build_fill(struct build *b, uint8_t byte, size_t n)
{
	if (n > sizeof(b->b) - b->len)
		die("too long", "build_fill");
	memset(b->b + b->len, byte, n);
	b->len += n;
}

void build_pad(struct build *b, size_t n)
{
	if (b->len < n)
		build_fill(b, 0, n - b->len);
}

static void put16(uint8_t *at, size_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static size_t get16(const uint8_t *at)
{
	return (size_t)at[0] << 8 | at[1];
}

void build_dhcp4(struct build *b, uint8_t op)
{
	size_t at = b->len;

	build_fill(b, op, 1);
	build_hex(b, "010600 01020304 0000 0000 00000000 00000000 00000000 00000000 02000000000a");
	build_pad(b, at + 236);
	build_hex(b, "63825363");
}

void build_message4(struct build *b, uint8_t op, const char *options)
{
	build_dhcp4(b, op);
	build_hex(b, options);
}

void build_overloaded4(
	struct build *b, uint8_t op, const char *options, const char *file, const char *sname)
{
	size_t at = b->len;

	build_message4(b, op, options);
	if (hex_read(file, b->b + at + 108, 128) > 128 || hex_read(sname, b->b + at + 44, 64) > 64)
		die("longer than its field", file);
}

void build_dhcp6(struct build *b, uint8_t type)
{
	build_fill(b, type, 1);
	build_hex(b, "010203");
}

void build_relay6(struct build *b, uint8_t type, uint8_t hops, uint8_t link, uint8_t peer)
{
	build_fill(b, type, 1);
	build_fill(b, hops, 1);
	build_hex(b, "20010db8 00000000 00000000 000000");
	build_fill(b, link, 1);
	build_hex(b, "fe800000 00000000 00000000 000000");
	build_fill(b, peer, 1);
}

size_t build_open(struct build *b, uint16_t code)
{
	build_fill(b, 0, 4);
	put16(b->b + b->len - 4, code);
	return b->len;
}

void build_close(struct build *b, size_t opened)
{
	put16(b->b + opened - 2, b->len - opened);
}

/* RFC 1071: the ones' complement of the ones' complement sum. */
static uint16_t checksum(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t udp_at(const uint8_t *packet)
{
	size_t at = 40;
	uint8_t next;

	if (packet[0] >> 4 == 4)
		return (size_t)(packet[0] & 15) * 4;
	for (next = packet[6]; next != 17;) {
		uint8_t type = next;

		next = packet[at];
		at += type == 44 ? 8 : ((size_t)packet[at + 1] + 1) * 8;
	}
	return at;
}

uint16_t check_udp(const uint8_t *packet)
{
	const uint8_t *udp = packet + udp_at(packet);
	bool six = packet[0] >> 4 == 6;
	uint32_t sum = 17 + (uint32_t)get16(udp + 4);

	/* The addresses are an even number of bytes, so the two sums join. */
	sum += (uint16_t)~checksum(0, packet + (six ? 8 : 12), six ? 32 : 8);
	return checksum(sum, udp, get16(udp + 4));
}

uint16_t check_ip4(const uint8_t *packet)
{
	return checksum(0, packet, (size_t)(packet[0] & 15) * 4);
}

static void build_udp(struct build *b, size_t ip, uint16_t sport, uint16_t dport, const void *payload,
	size_t n)
{
	size_t udp = b->len;
	uint16_t sum;

	build_fill(b, 0, 8);
	put16(b->b + udp, sport);
	put16(b->b + udp + 2, dport);
	put16(b->b + udp + 4, 8 + n);
	build_bytes(b, payload, n);
	sum = check_udp(b->b + ip);
	put16(b->b + udp + 6, sum == 0 ? 0xffff : sum);
}

void build_ip4(struct build *b, const char *options, uint16_t sport, uint16_t dport,
	const void *payload, size_t n)
{
	size_t ip = b->len, head;

	build_hex(b, "45000000 12340000 40110000 0a010005 0a010001");
	build_hex(b, options);
	head = b->len - ip;
	b->b[ip] = (uint8_t)(0x40 | head / 4);
	put16(b->b + ip + 2, head + 8 + n);
	put16(b->b + ip + 10, check_ip4(b->b + ip));
	build_udp(b, ip, sport, dport, payload, n);
}

void build_ip6(struct build *b, uint8_t next, const char *extensions, uint16_t sport, uint16_t dport,
	const void *payload, size_t n)
{
	size_t ip = b->len;

	build_hex(b, "6000000000000040 fe80000000000000 00000000 0000000b ff020000 00000000 00000000 00010002");
	b->b[ip + 6] = next;
	build_hex(b, extensions);
	put16(b->b + ip + 4, b->len - ip - 40 + 8 + n);
	build_udp(b, ip, sport, dport, payload, n);
}

static char shown[4 * 65536];
static size_t shown_len;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	shown_len += (size_t)vsnprintf(shown + shown_len, sizeof(shown) - shown_len, format, ap);
	va_end(ap);
	if (shown_len >= sizeof(shown))
		die("too long", "show");
}

static void say_option(size_t code, const uint8_t *val, size_t n)
{
	say("%s%zu=", shown_len == 0 || shown[shown_len - 1] == '|' ? "" : " ", code);
	for (size_t i = 0; i < n; i++)
		say("%02x", val[i]);
}

/* The options of one field; option 52 is given back. */
static uint8_t say_field4(const uint8_t *p, size_t n)
{
	uint8_t overload = 0;

	for (size_t i = 0; i < n && p[i] != 255;) {
		if (p[i] == 0) {
			i++;
			continue;
		}
		if (n - i < 2 || p[i + 1] > n - i - 2) {
			say("?");
			break;
		}
		if (p[i] == 52 && p[i + 1] == 1)
			overload = p[i + 2];
		say_option(p[i], p + i + 2, p[i + 1]);
		i += 2 + (size_t)p[i + 1];
	}
	return overload;
}

const char *show4(const uint8_t *msg, size_t len)
{
	uint8_t overload;

	shown[shown_len = 0] = '\0';
	if (len < 240)
		return "?";
	overload = say_field4(msg + 240, len - 240);
	if ((overload & 1) != 0) {
		say("|");
		say_field4(msg + 108, 128);
	}
	if ((overload & 2) != 0) {
		say("|");
		say_field4(msg + 44, 64);
	}
	return shown;
}

/* One layer; returns whether another one is inside, and which bytes it has. */
static bool say_layer6(const uint8_t **msg, size_t *len)
{
	const uint8_t *p = *msg, *inner = NULL;
	size_t n = *len, head = 4;
	bool relay = n > 0 && (p[0] == 12 || p[0] == 13);

	if (relay)
		head = 34;
	if (n < head) {
		say("?");
		return false;
	}
	say("%d", p[0]);
	if (relay)
		say("/%d", p[1]);
	for (size_t i = head; i < n;) {
		if (n - i < 4 || get16(p + i + 2) > n - i - 4) {
			say(" ?");
			break;
		}
		if (relay && get16(p + i) == 9) {
			inner = p + i + 4;
			*len = get16(p + i + 2);
		} else {
			say_option(get16(p + i), p + i + 4, get16(p + i + 2));
		}
		i += 4 + get16(p + i + 2);
	}
	*msg = inner;
	return inner != NULL;
}

const char *show6(const uint8_t *msg, size_t len)
{
	shown[shown_len = 0] = '\0';
	while (say_layer6(&msg, &len))
		say(" > ");
	return shown;
}
