/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the syntax of packets in tests/vectors/: a row of items, one table of them, each emitting
 * bytes. Knows what headers look like and nothing of what usher does with them, but for the layout
 * of its state. Shares no code with dhcpcodec.
 */
#include "tests/assembler.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

void as_fail(struct assembler *a, const char *format, ...)
{
	va_list ap;

	if (a->out->error[0] != '\0')
		return;
	va_start(ap, format);
	vsnprintf(a->out->error, sizeof(a->out->error), format, ap);
	va_end(ap);
}

static bool failed(const struct assembler *a)
{
	return a->out->error[0] != '\0';
}

/* -- tokens ------------------------------------------------------------------------------------ */

static size_t token_length(const char *p)
{
	const char *end = p;

	if (*p == '"') {
		end = strchr(p + 1, '"');
		if (end == NULL)
			return strlen(p);
	}
	return (size_t)(end - p) + strcspn(end, " \t\n;");
}

void as_next(struct assembler *a)
{
	size_t n;

	a->pos += strspn(a->pos, " \t");
	if (*a->pos == '#')
		a->pos += strcspn(a->pos, "\n");
	a->quoted = *a->pos == '"';
	if (*a->pos == '\n' || *a->pos == ';') {
		a->out->error_line += *a->pos == '\n' && a->depth == 0 && !failed(a);
		a->pos++;
		strcpy(a->tok, "\n");
		return;
	}
	n = token_length(a->pos);
	if (n >= sizeof(a->tok)) {
		as_fail(a, "a word of %zu bytes", n);
		n = 0;
	}
	memcpy(a->tok, a->pos, n);
	a->tok[n] = '\0';
	a->pos += n;
}

bool as_is(const struct assembler *a, const char *word)
{
	return !a->quoted && strcmp(a->tok, word) == 0;
}

bool as_line_over(const struct assembler *a)
{
	return failed(a) || a->tok[0] == '\0' || as_is(a, "\n") || as_is(a, "}");
}

unsigned long as_number(struct assembler *a, const char *text, int base, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, base);

	if (*text == '\0' || *end != '\0' || n > max)
		as_fail(a, "\"%s\" is not a number up to %lu", text, max);
	return n;
}

unsigned long as_take_number(struct assembler *a, unsigned long max)
{
	unsigned long n = 0;

	if (as_line_over(a))
		as_fail(a, "a number is missing");
	else
		n = as_number(a, a->tok, 10, max);
	as_next(a);
	return n;
}

/* The value of "key=value", NULL if the token has another key. */
const char *as_value(const struct assembler *a, const char *key)
{
	size_t n = strlen(key);

	return !a->quoted && strncmp(a->tok, key, n) == 0 && a->tok[n] == '=' ? a->tok + n + 1 : NULL;
}

/* -- bytes ------------------------------------------------------------------------------------- */

void as_emit(struct assembler *a, const void *bytes, size_t n)
{
	if (n > ASSEMBLE_MAX - a->out->len) {
		as_fail(a, "longer than %d bytes", ASSEMBLE_MAX);
		return;
	}
	memcpy(a->out->bytes + a->out->len, bytes, n);
	a->out->len += n;
}

void as_put(uint8_t *p, size_t width, unsigned long v)
{
	while (width-- > 0) {
		p[width] = (uint8_t)v;
		v >>= 8;
	}
}

void as_emit_number(struct assembler *a, size_t width, unsigned long v)
{
	uint8_t b[4];

	as_put(b, width, v);
	as_emit(a, b, width);
}

/* Bytes that may be anything. */
void as_emit_any(struct assembler *a, size_t n)
{
	const struct assemble_env *env = a->env;

	if (env->actual == NULL) {
		as_fail(a, "a packet that goes in has no bytes left open");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		size_t at = a->out->len;

		as_emit(a, at < env->actual_len ? env->actual + at : (const uint8_t *)"", 1);
	}
}

bool as_hex_digits(const char *s, size_t n)
{
	return n > 0 && n % 2 == 0 && strspn(s, "0123456789abcdef") >= n;
}

void as_emit_hex(struct assembler *a, const char *s, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2) {
		char pair[3] = { s[i], s[i + 1], '\0' };

		as_emit_number(a, 1, strtoul(pair, NULL, 16));
	}
}

bool as_emit_address(struct assembler *a, const char *text)
{
	unsigned char b[16];
	unsigned m[6];
	char rest;

	if (strlen(text) == 17 && sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &m[0], &m[1], &m[2],
					  &m[3], &m[4], &m[5], &rest) == 6) {
		for (size_t i = 0; i < 6; i++)
			as_emit_number(a, 1, m[i]);
	} else if (inet_pton(AF_INET, text, b) == 1) {
		as_emit(a, b, 4);
	} else if (inet_pton(AF_INET6, text, b) == 1) {
		as_emit(a, b, 16);
	} else {
		return false;
	}
	return true;
}

/* hex, "text", an address, u8: u16: u32:, each with *count behind, or .. */
static void emit_literal(struct assembler *a)
{
	char *star = strrchr(a->tok, '*');
	size_t times = 1, start = a->out->len, n;

	if (star != NULL && star[1] != '\0' && strspn(star + 1, "0123456789") == strlen(star + 1)) {
		times = as_number(a, star + 1, 10, ASSEMBLE_MAX);
		*star = '\0';
	}
	n = strlen(a->tok);
	if (strcmp(a->tok, "..") == 0) {
		as_emit_any(a, times);
		return;
	}
	if (a->quoted && n >= 2 && a->tok[n - 1] == '"')
		as_emit(a, a->tok + 1, n - 2);
	else if (strncmp(a->tok, "u8:", 3) == 0)
		as_emit_number(a, 1, as_number(a, a->tok + 3, 10, 255));
	else if (strncmp(a->tok, "u16:", 4) == 0)
		as_emit_number(a, 2, as_number(a, a->tok + 4, 10, 65535));
	else if (strncmp(a->tok, "u32:", 4) == 0)
		as_emit_number(a, 4, as_number(a, a->tok + 4, 10, 0xffffffff));
	else if (as_hex_digits(a->tok, n))
		as_emit_hex(a, a->tok, n);
	else if (!as_emit_address(a, a->tok))
		as_fail(a, "\"%s\" is no bytes", a->tok);
	n = a->out->len - start;
	if (times == 0)
		a->out->len = start;
	for (size_t i = 1; i < times && !failed(a); i++)
		as_emit(a, a->out->bytes + start, n);
}

/* -- items ------------------------------------------------------------------------------------- */

static void items(struct assembler *a, bool braces);

/* What stands behind an option's code: items up to the end of the line, or between braces. */
static void operand(struct assembler *a)
{
	if (as_is(a, "{")) {
		as_next(a);
		items(a, true);
		if (!as_is(a, "}"))
			as_fail(a, "} is missing");
		as_next(a);
		return;
	}
	items(a, false);
}

static void option(struct assembler *a, size_t width)
{
	unsigned long code = as_take_number(a, width == 1 ? 255 : 65535);
	size_t at, len;
	long given = ASSEMBLER_NONE;

	as_emit_number(a, width, code);
	at = a->out->len;
	as_emit_number(a, width, 0);
	if (as_value(a, "len") != NULL) {
		given = (long)as_number(a, as_value(a, "len"), 10, width == 1 ? 255 : 65535);
		as_next(a);
	}
	if (as_is(a, "...")) {
		/* The length, too, may be anything. */
		size_t any = 0;

		a->out->len = at;
		as_emit_any(a, width);
		for (size_t i = 0; i < width && !failed(a); i++)
			any = any << 8 | a->out->bytes[at + i];
		as_emit_any(a, any);
		as_next(a);
		return;
	}
	operand(a);
	len = given != ASSEMBLER_NONE ? (size_t)given : a->out->len - at - width;
	if (len > (width == 1 ? 255 : 65535))
		as_fail(a, "option %lu of %zu bytes", code, len);
	as_put(a->out->bytes + at, width, len);
}

static void item_opt(struct assembler *a)
{
	option(a, 1);
}

static void item_opt6(struct assembler *a)
{
	option(a, 2);
}

/* A field of the BOOTP header that holds options or text. */
static void field(struct assembler *a, size_t off, size_t size)
{
	size_t end = a->out->len, at = a->bootp + off;

	if (a->bootp == 0) {
		as_fail(a, "a field before bootp");
		return;
	}
	a->out->len = at;
	operand(a);
	if (a->out->len - at > size)
		as_fail(a, "%zu bytes in a field of %zu", a->out->len - at, size);
	a->out->len = end;
}

static void item_sname(struct assembler *a)
{
	field(a, 44, 64);
}

static void item_file(struct assembler *a)
{
	field(a, 108, 128);
}

static void item_end(struct assembler *a)
{
	as_emit_number(a, 1, 255);
}

static void item_pad(struct assembler *a)
{
	size_t want = a->udp + 8 + as_take_number(a, ASSEMBLE_MAX - 64);

	while (a->out->len < want && !failed(a))
		as_emit_number(a, 1, 0);
}

static void item_trail(struct assembler *a)
{
	a->trail = (long)a->out->len;
}

static void item_cookie(struct assembler *a)
{
	as_emit_number(a, 4, 0x63825363);
}

static void item_use(struct assembler *a)
{
	const char *text = a->env->fragment(a->env->ctx, a->tok), *after;

	if (text == NULL) {
		as_fail(a, "no fragment \"%s\"", a->tok);
		return;
	}
	after = a->pos;
	if (++a->depth > DEPTH_MAX) {
		as_fail(a, "fragments without end");
		return;
	}
	a->pos = text;
	as_next(a);
	items(a, true);
	if (a->tok[0] != '\0')
		as_fail(a, "} too many in a fragment");
	a->depth--;
	a->pos = after;
	as_next(a);
}

static const struct {
	const char *name;
	void (*run)(struct assembler *a);  /* finds the first token behind the name, leaves the first not its own */
} table[] = {
	{ "ip4", as_ip4 }, { "ip6", as_ip6 }, { "udp", as_udp }, { "bootp", as_bootp },
	{ "cookie", item_cookie }, { "sname", item_sname }, { "file", item_file },
	{ "opt", item_opt }, { "opt6", item_opt6 }, { "end", item_end }, { "pad", item_pad },
	{ "trail", item_trail }, { "use", item_use }, { "dhcp6", as_dhcp6 },
	{ "relay", as_relay }, { "state4", as_state4 }, { "state6", as_state6 },
};

static void item(struct assembler *a)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (as_is(a, table[i].name)) {
			as_next(a);
			table[i].run(a);
			return;
		}
	}
	emit_literal(a);
	as_next(a);
}

/* Items up to }, or, without braces, the end of the line as well. */
static void items(struct assembler *a, bool braces)
{
	while (!failed(a) && a->tok[0] != '\0' && !as_is(a, "}")) {
		if (!as_is(a, "\n"))
			item(a);
		else if (braces)
			as_next(a);
		else
			return;
	}
}

/* -- lengths and checksums --------------------------------------------------------------------- */

uint32_t assemble_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t pseudo_sum(const uint8_t *pkt, size_t udp_len)
{
	uint32_t sum = assemble_sum(
		pkt[0] >> 4 == 4 ? pkt + 12 : pkt + 8, pkt[0] >> 4 == 4 ? 8 : 32, 17);

	return assemble_sum(NULL, 0, sum + (uint32_t)udp_len);
}

uint16_t assemble_udp_sum(const uint8_t *pkt, size_t udp, size_t end)
{
	uint32_t sum = pseudo_sum(pkt, end - udp);

	/* The checksum field counts as zero. */
	sum = assemble_sum(pkt + udp, 6, sum);
	if (end > udp + 8)
		sum = assemble_sum(pkt + udp + 8, end - udp - 8, sum);
	sum = ~sum & 0xffff;
	return sum == 0 ? 0xffff : (uint16_t)sum;
}

static void close_udp(struct assembler *a, size_t end)
{
	uint8_t *udp = a->out->bytes + a->udp;
	uint16_t sum = 0;

	if (end < a->udp + 8)
		return;
	as_put(udp + 4, 2, a->udp_len != ASSEMBLER_NONE ? (size_t)a->udp_len : end - a->udp);
	if (a->udp_sum == SUM_PARTIAL)
		sum = (uint16_t)pseudo_sum(a->out->bytes + a->ip, end - a->udp);
	else if (a->udp_sum != SUM_ZERO)
		sum = assemble_udp_sum(a->out->bytes + a->ip, a->udp - a->ip, end - a->ip);
	if (a->udp_sum == SUM_BAD)
		sum = sum == 0x5555 ? 0xaaaa : sum ^ 0x5555;
	as_put(udp + 6, 2, sum);
}

static void close_ip(struct assembler *a, size_t end)
{
	uint8_t *ip = a->out->bytes + a->ip;
	size_t len = end - a->ip;

	if (a->family == 6) {
		as_put(ip + 4, 2, a->ip_len != ASSEMBLER_NONE ? (size_t)a->ip_len : len - 40);
		return;
	}
	as_put(ip + 2, 2, a->ip_len != ASSEMBLER_NONE ? (size_t)a->ip_len : len);
	as_put(ip + 10, 2, ~assemble_sum(ip, a->ip_head, 0) & 0xffff);
	if (a->ip_sum == SUM_BAD)
		ip[10] ^= 0x55;
}

bool assemble(const struct assemble_env *env, const char *text, struct assembled *ret)
{
	struct assembler a = {
		.env = env,
		.out = ret,
		.pos = text,
		.ip_len = ASSEMBLER_NONE,
		.udp_len = ASSEMBLER_NONE,
		.trail = ASSEMBLER_NONE,
	};
	size_t end;

	ret->len = 0;
	ret->error[0] = '\0';
	ret->error_line = 0;
	as_next(&a);
	items(&a, true);
	if (a.tok[0] != '\0')
		as_fail(&a, "} too many");
	if (failed(&a))
		return false;
	end = a.trail != ASSEMBLER_NONE ? (size_t)a.trail : ret->len;
	if (a.udp != 0)
		close_udp(&a, end);
	if (a.family != 0)
		close_ip(&a, end);
	return true;
}
