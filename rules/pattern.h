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

struct pattern {
	struct bytes bytes;
	bool open_start, open_end;   /* anything may stand before, behind */
	const char *text;            /* as written */
};

/*
 * Reads a string node; bytes live in `a`. A backslash makes the next character ordinary.
 * RULE_E_TYPE, RULE_E_VALUE (hex digits that are none or not in pairs), RULE_E_MEMORY.
 */
enum rule_err pattern_read(
	struct arena *a, const struct node *n, struct pattern *ret, struct rule_error *err);

/* Writes what pattern_read() reads back. */
void pattern_print(const struct pattern *p, const char *key, struct writer *w);

bool pattern_matches(const struct pattern *p, struct bytes value);
/* Whether all that b matches is matched by a, as far as the patterns alone can say. */
bool pattern_covers(const struct pattern *a, const struct pattern *b);
/* Whether nothing can match both, as far as the patterns alone can say. */
bool pattern_excludes(const struct pattern *a, const struct pattern *b);

/* Pairs of hex digits, colons anywhere between them: writes up to cap bytes; false if it is none. */
bool pattern_hex_read(const char *text, size_t len, uint8_t *buf, size_t cap, size_t *ret_len);

#endif
