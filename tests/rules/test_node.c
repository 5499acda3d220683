/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of a JSON text: places, lists of one, and that broken texts leave nothing behind. */
#include "rules/node.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct node *parse(struct arena *a, const char *text)
{
	struct rule_error err = { .code = RULE_OK };
	const struct node *n = node_parse(a, text, strlen(text), &err);

	cr_assert_not_null(n, "%u: %s", err.line, err.text);
	return n;
}

Test(node, knows_its_place)
{
	struct arena a = { .last = NULL };
	const struct node *n =
		parse(&a, "{ // a comment\n \"rules\": [ 1,\n { \"when\": true } ] }");
	char path[RULE_PATH_MAX];

	cr_expect_str_eq(node_path(n, path), "");
	n = node_get(n, "rules");
	cr_expect_str_eq(node_path(n, path), "rules");
	cr_expect_eq(n->line, 2);
	n = node_get(n->first->next, "when");
	cr_expect_str_eq(node_path(n, path), "rules[1].when");
	cr_expect(n->line == 3 && n->truth);
	cr_expect_null(node_get(n, "x"));
	cr_expect_null(node_get(NULL, "x"));
	arena_done(&a);
}

Test(node, a_path_that_does_not_fit_is_cut)
{
	struct arena a = { .last = NULL };
	char text[4096] = "", path[RULE_PATH_MAX];
	const struct node *n;

	for (int i = 0; i < 20; i++)
		strcat(text, "{\"a-rather-long-name-of-a-key\":");
	strcat(text, "1");
	for (int i = 0; i < 20; i++)
		strcat(text, "}");
	for (n = parse(&a, text); n->first != NULL; n = n->first)
		;
	cr_expect_eq(strlen(node_path(n, path)), RULE_PATH_MAX - 1);
	arena_done(&a);
}

Test(node, a_single_value_is_a_list_of_one)
{
	struct arena a = { .last = NULL };
	static const char *const texts[] = { "7", "[]", "[7]", "[7, 8, 9]", "{}" };
	static const size_t counts[] = { 1, 0, 1, 3, 1 };

	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(node_count(parse(&a, texts[i])), counts[i], "%s", texts[i]);
	arena_done(&a);
}

static const struct {
	const char *text;
	enum rule_err code;
	unsigned int line;
	const char *path;
} broken[] = {
	{ "", RULE_E_JSON, 1, "" },
	{ "{", RULE_E_JSON, 1, "" },
	{ "{\n\"a\": }", RULE_E_JSON, 2, "" },
	{ "{}\n{}", RULE_E_JSON, 2, "" },
	{ "{\"a\": 1,\n\"b\": {\"c\": 1, \"c\": 2}}", RULE_E_REPEAT, 2, "b.c" },
	{ "[\"\\u0000\"]", RULE_E_JSON, 1, "" },
	{ "\"\xff\"", RULE_E_JSON, 1, "" },
	{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", RULE_E_JSON, 1, "" },
};

Test(node, broken_texts_name_their_line)
{
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct arena a = { .last = NULL };
		struct rule_error err = { .code = RULE_OK };

		cr_expect_null(node_parse(&a, broken[i].text, strlen(broken[i].text), &err));
		cr_expect_eq(err.code, broken[i].code, "%zu: %s", i, err.text);
		cr_expect_eq(err.line, broken[i].line, "%zu: %s", i, err.text);
		cr_expect_str_eq(err.path, broken[i].path);
		cr_expect_gt(strlen(err.text), 0);
		arena_done(&a);
	}
}

Test(node, numbers_are_read_to_the_digit)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "4294967295", true, UINT32_MAX },
		{ "4294967296", false, 0 },
		{ "99999999999999999999", false, 0 },
		{ "-1", false, 0 },
		{ "-0", false, 0 },
		{ "1.0", false, 0 },
		{ "1e1", false, 0 },
		{ "\"1\"", false, 0 },
		{ "true", false, 0 },
	};
	struct arena a = { .last = NULL };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rule_error err = { .code = RULE_OK };
		uint32_t v = 77;
		enum rule_err e = node_uint(parse(&a, rows[i].text), 0, UINT32_MAX, &v, &err);

		cr_expect_eq(e == RULE_OK, rows[i].good, "%s", rows[i].text);
		cr_expect_eq(v, rows[i].good ? rows[i].value : 77, "%s", rows[i].text);
	}
	arena_done(&a);
}

Test(node, a_long_value_is_cut_in_an_error)
{
	struct arena a = { .last = NULL };
	struct rule_error err = { .code = RULE_OK };
	char text[4096] = "\"";
	bool v;

	memset(text + 1, 'x', 4000);
	strcpy(text + 4001, "\"");
	cr_expect_eq(node_bool(parse(&a, text), &v, &err), RULE_E_TYPE);
	cr_expect_lt(strlen(err.text), 120);
	cr_expect_not_null(strstr(err.text, "xxx\"..."));
	arena_done(&a);
}
