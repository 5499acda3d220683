/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RFC 8259: object = "{" member *( "," member ) "}", member = string ":" string, with blanks and
 * tabs around each. A string's bytes are taken as they are up to the closing quote; a backslash, a
 * control character, a NUL, any other value and any other place for a byte are somebody else's.
 */
#include "registry/flat.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const char *at, *end;
};

enum { END = -1 };

/* The next byte that is no blank, passed over. */
static int next(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
		c->at++;
	return c->at < c->end ? (uint8_t)*c->at++ : END;
}

/*
 * The top bit of each of the eight bytes that is a quote, a backslash or below a blank. A borrow
 * may set that of a byte behind one of these, too, but the lowest bit is right.
 */
static uint64_t special(uint64_t w)
{
	const uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
	uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');

	return (((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
		((w - ones * 0x20) & ~w)) & high;
}

static bool string(struct cursor *c, const char **ret, size_t *ret_len)
{
	const char *p = c->at;
	uint64_t w, found = 0;

	for (; c->end - p >= 8 && found == 0; p += found == 0 ? 8 : __builtin_ctzll(found) / 8) {
		memcpy(&w, p, sizeof(w));
		found = special(le64toh(w));
	}
	while (p < c->end && *p != '"' && *p != '\\' && (uint8_t)*p >= 0x20)
		p++;
	if (p == c->end || *p != '"')
		return false;
	*ret = c->at;
	*ret_len = (size_t)(p - c->at);
	c->at = p + 1;
	return true;
}

bool flat_parse(const char *line, size_t len, flat_fn *fn, void *ctx)
{
	struct cursor c = { line, line + len };
	bool is_key = true;
	const char *text;
	size_t n;
	int mark;

	if (next(&c) != '{')
		return false;
	do {
		if (next(&c) != '"' || !string(&c, &text, &n) || !fn(ctx, is_key, text, n))
			return false;
		mark = next(&c);
		if (mark != (is_key ? ':' : ',') && (is_key || mark != '}'))
			return false;
		is_key = !is_key;
	} while (mark != '}');
	return next(&c) == END;
}
