/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read the short way says the same as what yajl makes of it. */
#include "registry/flat.h"

#include "registry/json.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard {
	char text[512];
	size_t len;
	bool other;                  /* something that is not in a flat object */
};

static void put(struct heard *h, char kind, const char *text, size_t len)
{
	if (len > sizeof(h->text) - h->len - 8)
		return;
	h->len += (size_t)sprintf(h->text + h->len, "%c%zu:", kind, len);
	memcpy(h->text + h->len, text, len);
	h->len += len;
}

static bool on_flat(void *ctx, bool is_key, const char *text, size_t len)
{
	put(ctx, is_key ? 'k' : 'v', text, len);
	return true;
}

static bool on_json(void *ctx, const struct json_event *ev)
{
	struct heard *h = ctx;
	bool whole = ev->depth == 0 && (ev->kind == JSON_OBJECT || ev->kind == JSON_OBJECT_END);
	bool text = ev->depth == 1 && (ev->kind == JSON_KEY || ev->kind == JSON_STRING);

	h->other |= !whole && !text;
	if (text)
		put(h, ev->kind == JSON_KEY ? 'k' : 'v', ev->text, ev->len);
	return true;
}

/* Returns whether it was read the short way. */
static bool compare(const char *line, size_t len)
{
	static const struct json_rules rules = { .max_depth = 2, .any_bytes = true };
	struct heard flat = { .len = 0 }, json = { .len = 0 };
	char *copy = malloc(len + 1);
	bool done;

	memcpy(copy, line, len);
	done = flat_parse(copy, len, on_flat, &flat);
	if (done) {
		cr_assert_eq(json_parse(copy, len, &rules, on_json, &json, NULL), REG_OK, "%.*s", (int)len,
			line);
		cr_assert_not(json.other, "%.*s", (int)len, line);
		cr_assert(json.len == flat.len && memcmp(json.text, flat.text, flat.len) == 0, "%.*s",
			(int)len, line);
	}
	free(copy);
	return done;
}

Test(flat, rows)
{
	static const struct {
		const char *line;
		bool done;
	} rows[] = {
		{ "{\"type\":\"HW_ADDR\",\"id\":\"01\"}", true },
		{ " { \"type\" :\t\"HW_ADDR\" , \"id\": \"01\" } ", true },
		{ "{\"a\":\"\",\"\":\"b\",\"a\":\"c\"}", true },
		{ "{\"a\":\"\xc3\xa4\xff/*//\x7f{}[],:\"}", true },
		{ "{}", false },
		{ "{\"a\":\"b\"}\r", false },
		{ "{\"a\":\"\\u0041\"}", false },
		{ "{\"a\":\"x\ty\"}", false },
		{ "{\"a\":1}", false },
		{ "{\"a\":\"b\",}", false },
		{ "{\"a\":\"b\"", false },
		{ "{\"a\":\"b", false },
		{ "{\"a\",\"b\"}", false },
		{ "{\"a\":\"b\":\"c\"}", false },
		{ "{\"a\"}", false },
		{ "{\"a\":\"b\"}}", false },
		{ "[\"a\",\"b\"]", false },
		{ "{\"a\":{\"b\":\"c\"}}", false },
		{ "\"a\"", false },
		{ "", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(compare(rows[i].line, strlen(rows[i].line)), rows[i].done, "%s", rows[i].line);
	cr_expect_not(compare("{\"a\":\"b\"}\0", 10), "a NUL is no end");
	cr_expect_not(compare("{\"a\":\"\0\"}", 10));
}

/* Every prefix, every byte changed to every other, and some of both. */
Test(flat, never_says_what_yajl_does_not)
{
	static const char line[] = "{ \"type\": \"DUID\",\t\"id\":\"0a:0B\", \"note\" : \"\xc3\xa4 b\" }";
	size_t len = sizeof(line) - 1, done = 0;
	char copy[sizeof(line)];

	cr_assert(compare(line, len));
	for (size_t n = 0; n < len; n++)
		done += compare(line, n);
	cr_assert_eq(done, 0);
	for (size_t i = 0; i < len; i++)
		for (int byte = 0; byte < 256; byte++) {
			memcpy(copy, line, len);
			copy[i] = (char)byte;
			done += compare(copy, len);
		}
	cr_assert_gt(done, len * 64, "the strings and blanks may be others");
	srand(3);
	for (size_t round = 0; round < 20000; round++) {
		static const char marks[] = "{}[]:,\"\\ \t\n\r/*x1";

		memcpy(copy, line, len);
		for (int k = 0; k < 3; k++)
			copy[(size_t)rand() % len] = marks[(size_t)rand() % (sizeof(marks) - 1)];
		compare(copy, len);
	}
}
