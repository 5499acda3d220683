/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where strings begin and end, and what may stand in them. RFC 8259 7: "All Unicode
 * characters may be placed within the quotation marks, except for the characters that MUST be
 * escaped: quotation mark, reverse solidus, and the control characters (U+0000 through U+001F)."
 */
#include "registry/spelling.h"

#include "dhcpcodec/bytes.h"

#include <string.h>

void spelling_escape(uint8_t c, char ret[static SPELLING_ESCAPE])
{
	static const char digits[] = "0123456789abcdef";
	const char escape[SPELLING_ESCAPE] = { '\\', 'u', '0', '0', digits[c >> 4],
		digits[c & 15] };

	memcpy(ret, escape, sizeof(escape));
}

struct pen {
	const char *at, *end;
	char *to;
	bool inside;             /* a string */
};

static void copy(struct pen *p, size_t n)
{
	memcpy(p->to, p->at, n);
	p->to += n;
	p->at += n;
}

/* A byte of 80 and more goes without an escape: with one it would be a character of two bytes. */
static bool unicode(struct pen *p)
{
	int high, low;

	if (p->end - p->at < SPELLING_ESCAPE || p->at[2] != '0' || p->at[3] != '0')
		return false;
	high = hex_digit(p->at[4]);
	low = hex_digit(p->at[5]);
	if (high < 0 || low < 0)
		return false;
	if (high < 8) {
		copy(p, SPELLING_ESCAPE);
	} else {
		*p->to++ = (char)(high << 4 | low);
		p->at += SPELLING_ESCAPE;
	}
	return true;
}

/* One character of a string, or what stands for one. */
static bool of_string(struct pen *p)
{
	uint8_t c = (uint8_t)*p->at;

	if (c == '\\' && p->end - p->at > 1 && p->at[1] == 'u')
		return unicode(p);
	if (c == '\\' && p->end - p->at > 1) {
		copy(p, 2);
		return true;
	}
	p->inside = c != '"';
	if (c == 0 || c >= 0x20) {
		copy(p, 1);
	} else {
		spelling_escape(c, p->to);
		p->to += SPELLING_ESCAPE;
		p->at++;
	}
	return true;
}

static void between(struct pen *p)
{
	char c = *p->at++;

	p->inside = c == '"';
	*p->to++ = c == '\b' || c == '\f' ? ' ' : c;
}

bool spelling_of_line(const char *line, size_t len, char *out, size_t *ret_len)
{
	struct pen p = { .at = line, .end = line + len, .to = out };

	while (p.at < p.end) {
		if (!p.inside)
			between(&p);
		else if (!of_string(&p))
			return false;
	}
	*ret_len = (size_t)(p.to - out);
	return true;
}
