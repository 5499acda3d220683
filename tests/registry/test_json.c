/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/json.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The events of a text as one line of text, each as kind, value, @line. */
struct tape {
	char text[1024];
	size_t stop_after; /* events; 0: never */
	size_t seen;
};

static const char kinds[] = "nb#sk{}[]";

static bool record(void *ctx, const struct json_event *ev)
{
	struct tape *t = ctx;
	size_t n = strlen(t->text);

	if (ev->kind == JSON_BOOL)
		snprintf(t->text + n, sizeof(t->text) - n, "%s@%zu ", ev->truth ? "yes" : "no",
			ev->line);
	else
		snprintf(t->text + n, sizeof(t->text) - n, "%c%.*s@%zu ", kinds[ev->kind],
			(int)ev->len, ev->text != NULL ? ev->text : "", ev->line);
	return ++t->seen != t->stop_after;
}

static enum reg_err parse(const char *text, size_t len, const struct json_rules *rules,
	struct tape *tape, struct json_error *err)
{
	uint8_t *flush = guard_copy(text, len);
	enum reg_err e = json_parse((const char *)flush, len, rules, record, tape, err);

	guard_free(flush, len);
	return e;
}

static const struct {
	const char *text, *events;
} good[] = {
	{ "{}", "{@1 }@1 " },
	{ "[]", "[@1 ]@1 " },
	{ "42", "#42@1 " },
	{ "\"x\"", "sx@1 " },
	{ "null", "n@1 " },
	{ "{\"a\": \"b\"}", "{@1 ka@1 sb@1 }@1 " },
	{ "{\n\"a\":\n[1,\n-2.5e3],\n\"b\": true, \"c\": false}\n\n",
	  "{@1 ka@2 [@3 #1@3 #-2.5e3@4 ]@4 kb@5 yes@5 kc@5 no@5 }@5 " },
	{ "// head\n{ /* one\n two */ \"a\" : 1 // end\n}// last", "{@2 ka@3 #1@3 }@4 " },
	{ "{\"a\":1,\"a\":2}", "{@1 ka@1 #1@1 ka@1 #2@1 }@1 " },
	{ "[\"\\u00e9\\t\\/\\\\\"]", "[@1 s\xc3\xa9\t/\\@1 ]@1 " },
	{ "{\"\":\"\"}", "{@1 k@1 s@1 }@1 " },
	{ "[123456789012345678901234567890]", "[@1 #123456789012345678901234567890@1 ]@1 " },
};

Test(json, events_and_their_lines)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct tape tape = { 0 };
		struct json_error err;
		enum reg_err e = parse(good[i].text, strlen(good[i].text), &json_config_rules,
			&tape, &err);

		cr_assert_eq(e, REG_OK, "%s: %s", good[i].text, err.text);
		cr_assert_str_eq(tape.text, good[i].events);
	}
}

#define T(s) s, sizeof(s) - 1
static const struct {
	const char *text;
	size_t len;
	enum reg_err err;
	size_t line;
	const char *reason;
} bad[] = {
	{ T(""), REG_E_SYNTAX, 1, "it ends too early: a bracket or a quote is not closed" },
	{ T("\n\n  \n"), REG_E_SYNTAX, 1, "it ends too early: a bracket or a quote is not closed" },
	{ T("{\"a\": 1\n\n"), REG_E_SYNTAX, 1, "it ends too early: a bracket or a quote is not closed" },
	{ T("{\n\"a"), REG_E_SYNTAX, 2, "it ends too early: a bracket or a quote is not closed" },
	{ T("{\n\"a\": 1,\n}"), REG_E_SYNTAX, 3, "a name must stand in double quotes" },
	{ T("{}\n{}"), REG_E_SYNTAX, 2, "there is more behind the end" },
	{ T("{'a': 1}"), REG_E_SYNTAX, 1, "a name or text must stand in double quotes" },
	{ T("{\n\"a\": tru}"), REG_E_SYNTAX, 2, "a name or text must stand in double quotes" },
	{ T("[\"\\x\"]"), REG_E_SYNTAX, 1, NULL },
	{ T("[\"\t\"]"), REG_E_SYNTAX, 1, "a control character in a text: write \\t, \\n, \\u00XX" },
	{ T("[\"a\nb\"]"), REG_E_SYNTAX, 1, "a control character in a text: write \\t, \\n, \\u00XX" },
	{ T("[\"\xff\"]"), REG_E_SYNTAX, 1, "invalid bytes in UTF8 string" },
	{ T("\xef\xbb\xbf{}"), REG_E_SYNTAX, 1, "a name or text must stand in double quotes" },
	{ T("{}\n\0"), REG_E_NUL, 2, "contains a NUL byte" },
	{ T("{\n\"a\":\n\"\\u0000\"}"), REG_E_NUL, 3, "contains a NUL byte" },
	{ T("{\n\"a\\u0000\":\n1}"), REG_E_NUL, 2, "contains a NUL byte" },
};

Test(json, errors_and_their_lines)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tape tape = { 0 };
		struct json_error err = { 0 };
		enum reg_err e = parse(bad[i].text, bad[i].len, &json_config_rules, &tape, &err);

		cr_assert_eq(e, bad[i].err, "%zu: %s", i, reg_strerror(e));
		cr_assert_eq(err.line, bad[i].line, "%zu: line %zu", i, err.line);
		if (bad[i].reason != NULL)
			cr_assert_str_eq(err.text, bad[i].reason);
		else
			cr_assert_neq(err.text[0], '\0');
	}
}

Test(json, rules_allow_and_forbid)
{
	struct json_rules strict = { .max_depth = 2 }, bytes = { .max_depth = 2, .any_bytes = true };
	struct json_error err;
	struct tape tape = { 0 };

	cr_assert_eq(parse(T("[1] // c"), &strict, &tape, &err), REG_E_SYNTAX);
	cr_assert_eq(parse(T("[[1]]"), &strict, &tape, &err), REG_OK);
	cr_assert_eq(parse(T("[\n[\n[1]]]"), &strict, &tape, &err), REG_E_DEPTH);
	cr_assert_eq(err.line, 3);
	cr_assert_str_eq(err.text, "nested more than 2 deep");
	tape.text[0] = '\0';
	cr_assert_eq(parse(T("[\"\xff\"]"), &bytes, &tape, &err), REG_OK);
	cr_assert_str_eq(tape.text, "[@1 s\xff@1 ]@1 ");
}

Test(json, a_million_brackets_are_refused)
{
	size_t n = 1000000;
	char *text = malloc(n);
	struct tape tape = { 0 };
	struct json_error err;

	memset(text, '[', n);
	cr_assert_eq(parse(text, n, &json_config_rules, &tape, &err), REG_E_DEPTH);
	cr_assert_eq(tape.seen, 32);
	free(text);
}

Test(json, callback_stops_the_parse)
{
	struct tape tape = { .stop_after = 3 };
	struct json_error err = { .text = "x" };

	cr_assert_eq(parse(T("[1,\n2,\n3]"), &json_config_rules, &tape, &err), REG_E_STOPPED);
	cr_assert_eq(tape.seen, 3);
	cr_assert_eq(err.line, 2);
	cr_assert_str_eq(err.text, "");
	cr_assert_eq(json_parse("[1]", 3, &json_config_rules, record, &tape, NULL), REG_OK);
}

/* Every cut of a text with all that yajl can meet: an error or an end, never a fault. */
Test(json, every_prefix_and_every_changed_byte)
{
	static const char text[] = "{\"a\": [1, 2.5, \"\\u20ac\\n\", null], /* c */ \"b\": {\"c\": true}}";
	char buf[sizeof(text)];

	for (size_t n = 0; n < sizeof(text); n++) {
		struct tape tape = { 0 };

		cr_assert_eq(parse(text, n, &json_config_rules, &tape, NULL),
			n == sizeof(text) - 1 ? REG_OK : REG_E_SYNTAX);
		for (int c = 1; c < 256 && n < sizeof(text) - 1; c++) {
			memcpy(buf, text, sizeof(text));
			buf[n] = (char)c;
			tape.text[0] = '\0';
			parse(buf, sizeof(text) - 1, &json_config_rules, &tape, NULL);
		}
	}
}

static bool ignore(void *ctx, const struct json_event *ev)
{
	(void)ctx;
	(void)ev;
	return true;
}

/* The most memory yajl can want for 4 KiB: one long string full of escapes, or cut short. */
Test(json, scratch_is_enough_and_its_end_is_an_error)
{
	char *text = malloc(JSON_SCRATCH_TEXT), *scratch = malloc(JSON_SCRATCH);
	struct json_rules rules = { .max_depth = 2 };
	struct json_error err;
	size_t n = JSON_SCRATCH_TEXT, small = 0;

	memset(text, 'x', n);
	memcpy(text, "{\"\\n", 4);
	cr_assert_eq(json_parse_in(scratch, JSON_SCRATCH, text, n, &rules, ignore, NULL, &err),
		REG_E_SYNTAX);
	memcpy(text, "[\"\\n", 4);
	memcpy(text + n - 2, "\"]", 2);
	cr_assert_eq(json_parse_in(scratch, JSON_SCRATCH, text, n, &rules, ignore, NULL, &err),
		REG_OK);
	for (; small < 64; small++)
		cr_assert_eq(json_parse_in(scratch + 1, small, text, n, &rules, ignore, NULL, &err),
			REG_E_NOMEM);
	while (json_parse_in(scratch + small % 16, small, text, n, &rules, ignore, NULL, &err) !=
		REG_OK) {
		cr_assert_str_eq(err.text, "out of memory");
		small += 13;
		cr_assert_lt(small, JSON_SCRATCH / 2);
	}
	free(text);
	free(scratch);
}

Test(json, whole_numbers)
{
	static const struct {
		const char *text;
		bool ok;
		long long value;
	} rows[] = {
		{ "0", true, 0 },     { "-5", true, -5 },  { "100", true, 100 }, { "101", false, 0 },
		{ "-6", false, 0 },   { "1.0", false, 0 }, { "1e1", false, 0 },
		{ "99999999999999999999999", false, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_event ev = { .kind = JSON_NUMBER, .text = rows[i].text,
			.len = strlen(rows[i].text) };
		long long v = 7;

		cr_assert_eq(json_int(&ev, -5, 100, &v), rows[i].ok, "%s", rows[i].text);
		cr_assert_eq(v, rows[i].ok ? rows[i].value : 7);
	}
	cr_assert_not(json_int(&(struct json_event){ .kind = JSON_STRING, .text = "1", .len = 1 },
		0, 9, &(long long){ 0 }));
}

Test(json, every_error_has_a_text)
{
	for (int e = 0; e < REG_E_COUNT; e++)
		cr_assert_neq(reg_strerror((enum reg_err)e)[0], '\0');
	cr_assert_str_eq(reg_strerror((enum reg_err)REG_E_COUNT), "unknown error");
}
