/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON text as a sequence of events (RFC 8259), each with its line. The only door to yajl.
 *
 * The text is parsed in one piece; no tree is built, so memory does not grow with nesting. Nesting,
 * comments and the treatment of bytes that are not UTF-8 are the caller's choice. A NUL byte is
 * refused wherever it comes from, raw or as \u0000, so that no string is shorter as a C string than
 * it is here. Half of a surrogate pair becomes "?" (yajl does that). Keys given twice are both
 * reported: what that means is the caller's business.
 */
#ifndef USHER_REGISTRY_JSON_H
#define USHER_REGISTRY_JSON_H

#include "registry/err.h"

#include <stdbool.h>
#include <stddef.h>

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_KEY,
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
};

struct json_event {
	enum json_kind kind;
	const char *text;   /* STRING, KEY: decoded; NUMBER: as written. Not NUL-terminated */
	size_t len;         /* bytes of text */
	bool truth;         /* BOOL */
	unsigned int depth; /* containers around it: 0 for the outermost value and its END */
	size_t line;        /* counted from 1 */
};

/* Called for each event; text is borrowed until it returns. False stops the parse. */
typedef bool json_event_fn(void *ctx, const struct json_event *ev);

struct json_rules {
	unsigned int max_depth; /* containers that may be open at once: 1.. */
	bool comments;          /* allow the comments of C and C++ */
	bool any_bytes;         /* pass strings on that are not UTF-8 */
};

struct json_error {
	size_t line;    /* counted from 1 */
	char text[128]; /* what is wrong there; empty after REG_E_STOPPED: the callback knows */
};

/* For the config: nested up to 32 deep, with comments, UTF-8 only. */
extern const struct json_rules json_config_rules;

/*
 * Parses text[0..len), which must hold exactly one JSON value. rules: borrowed for the call. fn may
 * have seen events before an error is found, so what it gathered is to be thrown away on an error.
 * err (may be NULL) is written on an error only. Text of more than 64 MiB is refused.
 * REG_E_SYNTAX, REG_E_DEPTH, REG_E_NUL, REG_E_LIMIT, REG_E_NOMEM; REG_E_STOPPED: fn returned false,
 * err->line is the line of that event.
 */
enum reg_err json_parse(const char *text, size_t len, const struct json_rules *rules,
	json_event_fn *fn, void *ctx, struct json_error *err);

/*
 * The same within memory of the caller's, for parsing many short texts: scratch[0..JSON_SCRATCH)
 * is enough for any text of up to JSON_SCRATCH_TEXT bytes; nothing is allocated.
 */
enum { JSON_SCRATCH_TEXT = 4096, JSON_SCRATCH = 64 * 1024 };
enum reg_err json_parse_in(void *scratch, size_t scratch_len, const char *text, size_t len,
	const struct json_rules *rules, json_event_fn *fn, void *ctx, struct json_error *err);

/*
 * A NUMBER as a whole number in min..max. False if it has a fraction or an exponent or is outside;
 * *ret is then untouched.
 */
bool json_int(const struct json_event *ev, long long min, long long max, long long *ret);

#endif
