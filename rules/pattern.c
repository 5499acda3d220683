/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a pattern is written and compared. A star stands only at either end, so that the
 * longest value that a client can send is searched in one pass, whatever the pattern.
 *
 * Bytes are compared as they are: no letter case, no locale.
 */
#include "rules/pattern.h"

#include "dhcpcodec/bytes.h"

#include <string.h>

bool pattern_hex_read(const char *text, size_t len, uint8_t *buf, size_t cap, size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i += 2) {
		while (i < len && text[i] == ':')
			i++;
		if (i == len)
			break;
		if (len - i < 2 || n == cap || hex_digit(text[i]) < 0 || hex_digit(text[i + 1]) < 0)
			return false;
		buf[n++] = (uint8_t)(hex_digit(text[i]) << 4 | hex_digit(text[i + 1]));
	}
	*ret_len = n;
	return true;
}

/* Whether the last character of text stands for itself because of backslashes before it. */
static bool last_escaped(const char *text, size_t len)
{
	size_t slashes = 0;

	while (slashes + 1 < len && text[len - 2 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 1;
}

static void unescape(const char *text, size_t len, uint8_t *buf, size_t *ret_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\' && i + 1 < len)
			i++;
		buf[n++] = (uint8_t)text[i];
	}
	*ret_len = n;
}

enum rule_err pattern_read(
	struct arena *a, const struct node *n, struct pattern *ret, struct rule_error *err)
{
	struct pattern p = { .text = n->text };
	const char *text = n->text;
	size_t len = n->len;
	uint8_t *buf;

	if (n->kind != JSON_STRING)
		return node_expected(n, err, RULE_E_TYPE, "a text, with * at either end for any");
	buf = arena_copy(a, text, len);
	if (buf == NULL)
		return err->code = RULE_E_MEMORY;
	p.bytes.at = buf;
	if (len > 0 && text[0] == '*') {
		p.open_start = true;
		text++;
		len--;
	}
	if (len > 0 && text[len - 1] == '*' && !last_escaped(text, len)) {
		p.open_end = true;
		len--;
	}
	if (len >= 4 && memcmp(text, "hex:", 4) == 0) {
		if (!pattern_hex_read(text + 4, len - 4, buf, len, &p.bytes.len))
			return node_expected(
				n, err, RULE_E_VALUE, "pairs of hex digits behind \"hex:\"");
	} else {
		unescape(text, len, buf, &p.bytes.len);
	}
	if (p.bytes.len == 0 && (p.open_start || p.open_end))
		p.open_start = p.open_end = true;
	p.text = n->text;
	pattern_prepare(&p);
	*ret = p;
	return RULE_OK;
}

void pattern_print(const struct pattern *p, const char *key, struct writer *w)
{
	writer_text(w, key, p->text);
}

/*
 * memmem() makes a table of the pattern first, which costs more than to look through what a client
 * says of itself; only long values are left to it, so that nobody can make us search quadratically.
 */
static bool contains(struct bytes v, struct bytes part)
{
	const uint8_t *at = v.at, *end;

	if (v.len > 255)
		return memmem(v.at, v.len, part.at, part.len) != NULL;
	end = v.at + v.len - part.len + 1;
	while (at < end && (at = memchr(at, part.at[0], (size_t)(end - at))) != NULL) {
		if (memcmp(at, part.at, part.len) == 0)
			return true;
		at++;
	}
	return false;
}

bool pattern_matches(const struct pattern *p, struct bytes v)
{
	size_t n = p->bytes.len;

	if (n > v.len)
		return false;
	if (p->open_start && p->open_end)
		return n == 0 || contains(v, p->bytes);
	if (!p->open_start && !p->open_end && n != v.len)
		return false;
	return n == 0 || memcmp(p->open_start ? v.at + v.len - n : v.at, p->bytes.at, n) == 0;
}

static uint64_t eight(const uint8_t buf[static 8])
{
	return (uint64_t)be32_get(buf) << 32 | be32_get(buf + 4);
}

/*
 * Up to eight bytes as a number: from the start with zeros behind, or from the end with zeros
 * before.
 */
static uint64_t first_eight(struct bytes b)
{
	uint8_t buf[8] = { 0 };

	memcpy(buf, b.at, b.len < sizeof(buf) ? b.len : sizeof(buf));
	return eight(buf);
}

static uint64_t last_eight(struct bytes b)
{
	uint8_t buf[8] = { 0 };
	size_t n = b.len < sizeof(buf) ? b.len : sizeof(buf);

	memcpy(buf + sizeof(buf) - n, b.at + b.len - n, n);
	return eight(buf);
}

uint64_t pattern_letters(struct bytes bytes)
{
	uint64_t letters = 0;

	for (size_t i = 0; i < bytes.len; i++)
		letters |= (uint64_t)1 << bytes.at[i] % 64;
	return letters;
}

struct value pattern_value(struct bytes bytes)
{
	if (bytes.len == 0)
		return (struct value){ .bytes = bytes };
	return (struct value){ .bytes = bytes, .head = first_eight(bytes), .tail = last_eight(bytes) };
}

void pattern_prepare(struct pattern *p)
{
	size_t n = p->bytes.len < 8 ? p->bytes.len : 8;

	p->letters = pattern_letters(p->bytes);
	p->want = p->mask = p->tail = 0;
	if (n == 0)
		return;
	p->mask = UINT64_MAX >> (64 - 8 * n);
	if (!p->open_start)
		p->mask <<= 64 - 8 * n;
	p->want = p->open_start ? last_eight(p->bytes) : first_eight(p->bytes);
	p->tail = last_eight(p->bytes);
}

bool pattern_covers(const struct pattern *a, const struct pattern *b)
{
	/* what is open in b must be open in a; then the fixed part of b decides */
	if ((b->open_start && !a->open_start) || (b->open_end && !a->open_end))
		return false;
	return pattern_matches(a, b->bytes);
}

bool pattern_excludes(const struct pattern *a, const struct pattern *b)
{
	const struct pattern *fixed = !a->open_start && !a->open_end ? a : b;

	if (fixed->open_start || fixed->open_end)
		return false;
	return !pattern_matches(fixed == a ? b : a, fixed->bytes);
}
