/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pattern for bytes: a whole value, or its beginning ("PXEClient*"), its end ("*.example") or any
 * part of it ("*uplink*"). "hex:" and pairs of digits stand for bytes that are no text.
 */
#ifndef USHER_RULES_PATTERN_H
#define USHER_RULES_PATTERN_H

#include "rules/node.h"
#include "rules/writer.h"

/* Borrowed bytes. */
struct bytes {
	const uint8_t *at;
	size_t len;
};

/*
 * Bytes that many patterns are tried on: with what shows at a glance that most of them do not
 * match.
 */
struct value {
	struct bytes bytes;
	uint64_t head, tail;         /* the first and the last eight bytes, zeros behind and before */
	uint64_t letters;            /* a bit for each byte that occurs, modulo 64; 0: not looked at yet */
};

struct pattern {
	struct bytes bytes;
	bool open_start, open_end;   /* anything may stand before, behind */
	const char *text;            /* as written */
	uint64_t want, mask;         /* of a value's head, or of its tail if open_start */
	uint64_t tail;               /* that a value must have, if nothing may stand on either side */
	uint64_t letters;            /* that a value must have, if anything may stand on both sides */
};

/*
 * Reads a string node; bytes live in `a`. A backslash makes the next character ordinary.
 * RULE_E_TYPE, RULE_E_VALUE (hex digits that are none or not in pairs), RULE_E_MEMORY.
 */
enum rule_err pattern_read(
	struct arena *a, const struct node *n, struct pattern *ret, struct rule_error *err);

/* Writes what pattern_read() reads back. */
void pattern_print(const struct pattern *p, const char *key, struct writer *w);

/* Sets what pattern_may_match() looks at; the bytes and where p is open are set. */
void pattern_prepare(struct pattern *p);

bool pattern_matches(const struct pattern *p, struct bytes value);

struct value pattern_value(struct bytes bytes);
uint64_t pattern_letters(struct bytes bytes);

/*
 * Of a pattern that was prepared. False: it does not match. Sets v->letters when they are needed.
 */
static inline bool pattern_may_match(const struct pattern *p, struct value *v)
{
	if (!p->open_start)
		return (v->head & p->mask) == p->want && (p->open_end || v->tail == p->tail);
	if (!p->open_end)
		return (v->tail & p->mask) == p->want;
	if (v->letters == 0)
		v->letters = pattern_letters(v->bytes);
	return (p->letters & ~v->letters) == 0;
}
/* Whether all that b matches is matched by a, as far as the patterns alone can say. */
bool pattern_covers(const struct pattern *a, const struct pattern *b);
/* Whether nothing can match both, as far as the patterns alone can say. */
bool pattern_excludes(const struct pattern *a, const struct pattern *b);

/*
 * Pairs of hex digits, colons anywhere between them: writes up to cap bytes; false if it is none.
 */
bool pattern_hex_read(const char *text, size_t len, uint8_t *buf, size_t cap, size_t *ret_len);

#endif
