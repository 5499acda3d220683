/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides commas, line ends, indentation and the escapes of RFC 8259 section 7. Bytes from 0x80 on go
 * out as they are: strings of the config were checked to be UTF-8 when they were read.
 */
#include "rules/writer.h"

#include <stdio.h>
#include <string.h>

static void put(struct writer *w, const char *text)
{
	w->fn(w->ctx, text, strlen(text));
}

static void put_escaped(struct writer *w, const char *text, size_t len)
{
	size_t from = 0;
	char esc[8];

	put(w, "\"");
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		w->fn(w->ctx, text + from, i - from);
		from = i + 1;
		if (c < 0x20)
			snprintf(esc, sizeof(esc), "\\u%04x", c);
		else
			snprintf(esc, sizeof(esc), "\\%c", c);
		put(w, esc);
	}
	w->fn(w->ctx, text + from, len - from);
	put(w, "\"");
}

static bool is_inline(const struct writer *w)
{
	return w->inline_at != 0 && w->depth >= w->inline_at;
}

static void line_break(struct writer *w)
{
	put(w, "\n");
	for (unsigned int i = 0; i < w->depth; i++)
		put(w, "\t");
}

/* All that stands before a value. */
static void lead(struct writer *w, const char *key, bool in_braces)
{
	if (w->begun)
		put(w, ",");
	if (w->depth > 0 && !is_inline(w))
		line_break(w);
	else if (w->begun || in_braces)
		put(w, " ");
	w->begun = true;
	if (key != NULL) {
		put_escaped(w, key, strlen(key));
		put(w, ": ");
	}
}

void writer_open(struct writer *w, const char *key, char bracket)
{
	char text[2] = { bracket, '\0' };

	lead(w, key, key != NULL);
	put(w, text);
	w->depth++;
	w->begun = false;
}

void writer_open_inline(struct writer *w, const char *key, char bracket)
{
	writer_open(w, key, bracket);
	if (w->inline_at == 0)
		w->inline_at = w->depth;
}

void writer_close(struct writer *w, char bracket)
{
	bool on_one_line = is_inline(w);
	const char *end = bracket == '{' ? "}" : "]";

	if (w->inline_at == w->depth)
		w->inline_at = 0;
	w->depth--;
	if (!on_one_line && w->begun)
		line_break(w);
	else if (w->begun && bracket == '{')
		put(w, " ");
	put(w, end);
	w->begun = true;
	if (w->depth == 0)
		put(w, "\n");
}

void writer_string(struct writer *w, const char *key, const char *text, size_t len)
{
	lead(w, key, key != NULL);
	put_escaped(w, text, len);
}

void writer_text(struct writer *w, const char *key, const char *text)
{
	writer_string(w, key, text, strlen(text));
}

void writer_uint(struct writer *w, const char *key, uint64_t v)
{
	char text[24];

	lead(w, key, key != NULL);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	put(w, text);
}

void writer_bool(struct writer *w, const char *key, bool v)
{
	lead(w, key, key != NULL);
	put(w, v ? "true" : "false");
}

void writer_plain(struct writer *w, const char *key, const char *text)
{
	lead(w, key, key != NULL);
	put(w, text);
}
