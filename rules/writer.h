/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON through a callback, laid out to be read: a member a line, and what was opened inline
 * on one line with all that is in it.
 */
#ifndef USHER_RULES_WRITER_H
#define USHER_RULES_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes a piece of text, in order; pieces are not NUL-terminated. */
typedef void writer_fn(void *ctx, const char *text, size_t len);

struct writer {
	writer_fn *fn;
	void *ctx;
	unsigned int depth;      /* containers open */
	unsigned int inline_at;  /* depth from which all is on one line; 0: none */
	bool begun;              /* the innermost container has a member */
};

static inline struct writer writer_begin(writer_fn *fn, void *ctx)
{
	struct writer w = { .fn = fn, .ctx = ctx };

	return w;
}

/* key: NULL in an array and at the top. bracket: '{' or '['. */
void writer_open(struct writer *w, const char *key, char bracket);
void writer_open_inline(struct writer *w, const char *key, char bracket);
void writer_close(struct writer *w, char bracket);

void writer_string(struct writer *w, const char *key, const char *text, size_t len);
void writer_text(struct writer *w, const char *key, const char *text);
void writer_uint(struct writer *w, const char *key, uint64_t v);
void writer_bool(struct writer *w, const char *key, bool v);
/* A number as written, or null. */
void writer_plain(struct writer *w, const char *key, const char *text);

#endif
