/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON as user_chk reads it, in words that RFC 8259 has, too. Kea's reader (Element::fromJSON,
 * USER_CHK 1.2) takes control characters in a string as they are, \u00XX for the one byte XX, and
 * no other \u; between strings a backspace and a form feed are white space.
 */
#ifndef USHER_REGISTRY_SPELLING_H
#define USHER_REGISTRY_SPELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SPELLING_ESCAPE = 6,     /* \u00XX */
	SPELLING_GROWTH = SPELLING_ESCAPE, /* a control character becomes one */
};

/* The \u00XX of c; no NUL behind it. */
void spelling_escape(uint8_t c, char ret[static SPELLING_ESCAPE]);

/*
 * Writes line[0..len) to out[0..SPELLING_GROWTH * len) such that a reader which goes by RFC 8259
 * and does not look whether strings are UTF-8 finds in it what user_chk finds in the line; *ret_len
 * bytes. What is no JSON for either stays none. NUL bytes and \u0000 stay as they are. False: there
 * is a \u with more than a byte.
 */
bool spelling_of_line(const char *line, size_t len, char *out, size_t *ret_len);

#endif
