/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between value.c and the files that know a type's form; nobody else includes it. A put function
 * reads text and writes wire bytes, a get function the reverse; each does one field and leaves both
 * sides right behind it. A get function may write text that does not lead back to the same bytes:
 * value.c puts every text to the test and falls back to the raw form.
 */
#ifndef USHER_DHCPCODEC_VALUE_TYPE_H
#define USHER_DHCPCODEC_VALUE_TYPE_H

#include "dhcpcodec/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Text in, bytes out. The bytes go to store, or are compared with same, or (neither) only counted;
 * so one function serves encoding, the test of a decoded text and the search for what is wrong.
 */
struct value_put {
	const char *p, *end;   /* text not yet read */
	uint8_t *store;
	const uint8_t *same;
	size_t len, cap;       /* bytes written so far, and at most */
	const char *got;       /* on error: the text that was wrong, */
	size_t got_len;
	const char *expected;  /* and what should be there; NULL: what the type's row says */
	uint8_t family;
	bool plain;            /* names without compression */
};

/* Bytes in, text out. */
struct value_get {
	const uint8_t *base;   /* first byte of the option's value */
	const uint8_t *p, *end;
	char *text;
	size_t len, cap;       /* cap without the NUL */
	uint8_t family;
};

struct value_token {
	const char *p;
	size_t n;
};

static inline struct value_token value_span(const char *from, const char *to)
{
	return (struct value_token){ from, (size_t)(to - from) };
}

/* Reads up to the next comma, space or tab; empty at the end. */
struct value_token value_token(struct value_put *v);
/* Reads up to the next comma and drops spaces behind. */
struct value_token value_item(struct value_put *v);
/* Steps over spaces, and over one comma among them. */
void value_separator(struct value_put *v);
/* Notes what was wrong and returns err. */
enum dhcp_err value_wrong(struct value_put *v, struct value_token got, enum dhcp_err err);

/* Bytes: DHCP_E_NOSPACE, or DHCP_E_VALUE if they are not the same. */
enum dhcp_err value_write(struct value_put *v, const void *bytes, size_t n);
enum dhcp_err value_write_number(struct value_put *v, size_t width, uint32_t number);
/* Leaves a byte to be filled in by value_fill(). */
enum dhcp_err value_reserve(struct value_put *v);
enum dhcp_err value_fill(struct value_put *v, size_t pos, uint8_t byte);
/* The bytes written so far; NULL if they are only counted. */
const uint8_t *value_written(const struct value_put *v);

/* Pairs of hex digits, ':', '-' or a space between pairs: how many. DHCP_E_VALUE if it is not. */
enum dhcp_err value_hex_length(struct value_token t, size_t *ret_len);
/* Writes the bytes of a text that value_hex_length() found right. */
enum dhcp_err value_write_hex(struct value_put *v, struct value_token t);

/* Text: DHCP_E_NOSPACE if it does not fit. */
enum dhcp_err value_say(struct value_get *g, const char *text, size_t n);
enum dhcp_err value_say_hex(struct value_get *g, const char *prefix, const uint8_t *bytes,
	size_t n);
/* Takes n bytes off, NULL if there are not so many. */
const uint8_t *value_take(struct value_get *g, size_t n);
bool value_printable(const uint8_t *bytes, size_t n);

/* value_field.c */
bool value_parse_address(int af, struct value_token t, uint8_t *ret);
bool value_parse_number(struct value_token t, int64_t min, int64_t max, int64_t *ret);
enum dhcp_err value_put_address(struct value_put *v, unsigned type);
enum dhcp_err value_get_address(struct value_get *g, unsigned type);
enum dhcp_err value_put_prefix(struct value_put *v, unsigned type);
enum dhcp_err value_get_prefix(struct value_get *g, unsigned type);
enum dhcp_err value_put_number(struct value_put *v, unsigned type);
enum dhcp_err value_get_number(struct value_get *g, unsigned type);
enum dhcp_err value_put_boolean(struct value_put *v, unsigned type);
enum dhcp_err value_get_boolean(struct value_get *g, unsigned type);
enum dhcp_err value_put_empty(struct value_put *v, unsigned type);
enum dhcp_err value_get_empty(struct value_get *g, unsigned type);
enum dhcp_err value_put_string(struct value_put *v, unsigned type);
enum dhcp_err value_get_string(struct value_get *g, unsigned type);
enum dhcp_err value_put_binary(struct value_put *v, unsigned type);
enum dhcp_err value_get_binary(struct value_get *g, unsigned type);
enum dhcp_err value_put_route(struct value_put *v, unsigned type);
enum dhcp_err value_get_route(struct value_get *g, unsigned type);

/* value_name.c */
enum dhcp_err value_put_name(struct value_put *v, unsigned type);
enum dhcp_err value_get_name(struct value_get *g, unsigned type);
enum dhcp_err value_put_client_name(struct value_put *v, unsigned type);
enum dhcp_err value_get_client_name(struct value_get *g, unsigned type);
enum dhcp_err value_put_sip(struct value_put *v, unsigned type);
enum dhcp_err value_get_sip(struct value_get *g, unsigned type);
enum dhcp_err value_put_ntp(struct value_put *v, unsigned type);
enum dhcp_err value_get_ntp(struct value_get *g, unsigned type);

/* value_tuple.c */
enum dhcp_err value_put_tuple(struct value_put *v, unsigned type);
enum dhcp_err value_get_tuple(struct value_get *g, unsigned type);
enum dhcp_err value_put_suboption(struct value_put *v, unsigned type);
enum dhcp_err value_get_suboption(struct value_get *g, unsigned type);
enum dhcp_err value_put_suboptions(struct value_put *v, unsigned type);
enum dhcp_err value_get_suboptions(struct value_get *g, unsigned type);

#endif
