/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout of printed JSON, and that what is escaped is read again as it was. */
#include "rules/writer.h"

#include "rules/arena.h"
#include "rules/node.h"

#include <criterion/criterion.h>
#include <string.h>

struct text {
	char buf[4096];
	size_t len;
};

static void append(void *ctx, const char *text, size_t len)
{
	struct text *t = ctx;

	cr_assert_lt(len, sizeof(t->buf) - t->len);
	memcpy(t->buf + t->len, text, len);
	t->len += len;
	t->buf[t->len] = '\0';
}

Test(writer, layout)
{
	struct text t = { .len = 0 };
	struct writer w = writer_begin(append, &t);

	writer_open(&w, NULL, '{');
	writer_uint(&w, "a", 4294967295u);
	writer_open(&w, "empty", '[');
	writer_close(&w, '[');
	writer_open_inline(&w, "one line", '{');
	writer_bool(&w, "b", true);
	writer_open_inline(&w, "c", '[');
	writer_text(&w, NULL, "d");
	writer_text(&w, NULL, "e");
	writer_close(&w, '[');
	writer_close(&w, '{');
	writer_open(&w, "lines", '[');
	writer_open_inline(&w, NULL, '{');
	writer_close(&w, '{');
	writer_uint(&w, NULL, 0);
	writer_close(&w, '[');
	writer_close(&w, '{');
	cr_expect_str_eq(t.buf,
		"{\n"
		"\t\"a\": 4294967295,\n"
		"\t\"empty\": [],\n"
		"\t\"one line\": { \"b\": true, \"c\": [\"d\", \"e\"] },\n"
		"\t\"lines\": [\n"
		"\t\t{},\n"
		"\t\t0\n"
		"\t]\n"
		"}\n");
}

Test(writer, every_character_comes_back)
{
	struct arena a = { .last = NULL };
	struct rule_error err = { .code = RULE_OK };
	char all[127];

	for (int c = 1; c < 128; c++)
		all[c - 1] = (char)c;
	for (size_t from = 0; from < sizeof(all); from++) {
		struct text t = { .len = 0 };
		struct writer w = writer_begin(append, &t);
		const struct node *n;

		writer_open(&w, NULL, '[');
		writer_string(&w, NULL, all + from, sizeof(all) - from);
		writer_close(&w, '[');
		n = node_parse(&a, t.buf, t.len, &err);
		cr_assert_not_null(n, "%s", err.text);
		cr_assert_eq(n->first->len, sizeof(all) - from);
		cr_assert_arr_eq(n->first->text, all + from, sizeof(all) - from);
	}
	arena_done(&a);
}
