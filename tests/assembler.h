/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the assembler (assemble.h); nobody else includes it. */
#ifndef USHER_TESTS_ASSEMBLER_H
#define USHER_TESTS_ASSEMBLER_H

#include "tests/assemble.h"

enum { ASSEMBLER_TOKEN = 1024, ASSEMBLER_NONE = -1 };
enum sum_mode { SUM_RIGHT, SUM_ZERO, SUM_BAD, SUM_PARTIAL };

struct assembler {
	const struct assemble_env *env;
	struct assembled *out;
	const char *pos;
	char tok[ASSEMBLER_TOKEN];   /* "" at the end, "\n" at the end of a line */
	bool quoted;
	unsigned depth;              /* of fragments within fragments */
	int family;
	size_t ip, ip_head, udp, bootp;
	long ip_len, udp_len, trail; /* ASSEMBLER_NONE: what is there */
	enum sum_mode ip_sum, udp_sum;
};

/* Notes the first error. */
void as_fail(struct assembler *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The next token. */
void as_next(struct assembler *a);
/* Whether the token is this word, without quotes. */
bool as_is(const struct assembler *a, const char *word);
/* Whether the item has no more tokens. */
bool as_line_over(const struct assembler *a);
unsigned long as_number(struct assembler *a, const char *text, int base, unsigned long max);
/* The token as a decimal number; steps over it. */
unsigned long as_take_number(struct assembler *a, unsigned long max);
/* The value of "key=value", NULL if the token has another key. */
const char *as_value(const struct assembler *a, const char *key);

void as_emit(struct assembler *a, const void *bytes, size_t n);
void as_emit_number(struct assembler *a, size_t width, unsigned long v);
/* n bytes that may be anything. */
void as_emit_any(struct assembler *a, size_t n);
bool as_hex_digits(const char *s, size_t n);
void as_emit_hex(struct assembler *a, const char *s, size_t n);
/* A MAC, IPv4 or IPv6 address; false if it is none. */
bool as_emit_address(struct assembler *a, const char *text);
void as_put(uint8_t *p, size_t width, unsigned long v);

/* One item each. The first token behind the name is read; the first not its own is left. */
void as_ip4(struct assembler *a);
void as_ip6(struct assembler *a);
void as_udp(struct assembler *a);
void as_bootp(struct assembler *a);
void as_dhcp6(struct assembler *a);
void as_relay(struct assembler *a);
void as_state4(struct assembler *a);
void as_state6(struct assembler *a);

#endif
