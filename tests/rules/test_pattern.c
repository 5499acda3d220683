/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns: how they are written, what they match, and what two of them say about each other. */
#include "rules/pattern.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct pattern read_pattern(struct arena *a, const char *text)
{
	struct rule_error err = { .code = RULE_OK };
	struct node n = { .kind = JSON_STRING, .text = text, .len = strlen(text) };
	struct pattern p;

	cr_assert_eq(pattern_read(a, &n, &p, &err), RULE_OK, "%s: %s", text, err.text);
	return p;
}

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ .at = (const uint8_t *)text, .len = strlen(text) };
}

static const struct {
	const char *pattern, *value;
	bool matches;
} rows[] = {
	{ "abc", "abc", true },
	{ "abc", "ab", false },
	{ "abc", "abcd", false },
	{ "abc", "ABC", false },
	{ "", "", true },
	{ "", "a", false },
	{ "*", "", true },
	{ "*", "anything", true },
	{ "**", "anything", true },
	{ "ab*", "ab", true },
	{ "ab*", "abc", true },
	{ "ab*", "a", false },
	{ "ab*", "xab", false },
	{ "*ab", "ab", true },
	{ "*ab", "xab", true },
	{ "*ab", "abx", false },
	{ "*ab*", "xabx", true },
	{ "*ab*", "ab", true },
	{ "*ab*", "axb", false },
	{ "a*b", "a*b", true },
	{ "a*b", "axb", false },
	{ "\\*", "*", true },
	{ "\\*", "x", false },
	{ "a\\*", "a*", true },
	{ "a\\*", "ab", false },
	{ "a\\\\*", "a\\b", true },
	{ "a\\\\\\*", "a\\*", true },
	{ "\\a", "a", true },
	{ "hex:616263", "abc", true },
	{ "hex:61:62:63", "abc", true },
	{ "hex:61*", "abc", true },
	{ "*hex:63", "abc", true },
	{ "\\hex:61", "hex:61", true },
	{ "hex:", "", true },
};

Test(pattern, rows)
{
	struct arena a = { .last = NULL };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pattern p = read_pattern(&a, rows[i].pattern);

		cr_expect_eq(pattern_matches(&p, bytes_of(rows[i].value)), rows[i].matches,
			"\"%s\" and \"%s\"", rows[i].pattern, rows[i].value);
	}
	arena_done(&a);
}

/* Short values and long ones are searched in two ways. */
Test(pattern, a_part_is_found_anywhere)
{
	struct arena a = { .last = NULL };
	struct pattern p = read_pattern(&a, "*xyz*");
	uint8_t value[300];

	for (size_t len = 3; len <= sizeof(value); len++)
		for (size_t at = 0; at <= len - 3; at += len / 3 + 1) {
			memset(value, 'x', len);
			cr_expect_not(pattern_matches(&p, (struct bytes){ value, len }), "%zu", len);
			memcpy(value + len - 2, "xy", 2);
			cr_expect_not(pattern_matches(&p, (struct bytes){ value, len }), "%zu", len);
			memcpy(value + at, "xyz", 3);
			cr_expect(pattern_matches(&p, (struct bytes){ value, len }), "%zu", len);
			memset(value, 'x', len);
			memcpy(value + len - 3, "xyz", 3);
			cr_expect(pattern_matches(&p, (struct bytes){ value, len }), "%zu", len);
		}
	arena_done(&a);
}

Test(pattern, digits_that_are_none)
{
	static const char *const texts[] = {"hex:1", "hex:1g", "hex:12 34", "hex:1:2", "hex:12:3"};
	struct arena a = { .last = NULL };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct node n = { .kind = JSON_STRING, .text = texts[i], .len = strlen(texts[i]) };
		struct rule_error err = { .code = RULE_OK };
		struct pattern p;

		cr_expect_eq(pattern_read(&a, &n, &p, &err), RULE_E_VALUE, "%s", texts[i]);
	}
	arena_done(&a);
}

/* All words up to three letters of a and b. */
enum { WORDS = 15 };

static const char *word(size_t i)
{
	static char buf[WORDS][4];
	size_t len = i == 0 ? 0 : i < 3 ? 1 : i < 7 ? 2 : 3, rest = i + 1 - ((size_t)1 << len);

	for (size_t k = 0; k < len; k++)
		buf[i][k] = (rest >> k & 1) != 0 ? 'b' : 'a';
	buf[i][len] = '\0';
	return buf[i];
}

/* The word, with a star before it if kind is 2 or 3, and behind it if it is 1 or 3. */
static void form(char buf[static 8], size_t kind, const char *text)
{
	snprintf(buf, 8, "%s%s%s", kind >= 2 ? "*" : "", text, kind % 2 == 1 ? "*" : "");
}

/*
 * What is passed over at a glance does not match; and most of what does not match is passed over.
 */
Test(pattern, a_glance_never_misses)
{
	static const char *const values[] = { "", "a", "b", "PXEClient", "PXEClient:Arch", "abcdefghi",
		"bcdefghi", "abcdefgh", "xabcdefgh", "abcdefghx", "hgfedcba" };
	size_t count = sizeof(values) / sizeof(values[0]), passed = 0, wrong = 0;
	struct arena a = { .last = NULL };

	for (size_t i = 0; i < count * 4; i++) {
		char text[32];
		struct pattern p;

		snprintf(text, sizeof(text), "%s%s%s", i % 4 >= 2 ? "*" : "", values[i / 4],
			i % 2 == 1 ? "*" : "");
		p = read_pattern(&a, text);
		for (size_t k = 0; k < count; k++) {
			struct value v = pattern_value(bytes_of(values[k]));
			bool may = pattern_may_match(&p, &v);

			cr_expect(may || !pattern_matches(&p, v.bytes), "%s and %s", text, values[k]);
			passed += !may;
			wrong += may && !pattern_matches(&p, v.bytes);
		}
	}
	cr_expect_gt(passed, 8 * wrong, "%zu passed over, %zu looked at in vain", passed, wrong);
	arena_done(&a);
}

/* What covers and excludes claim is true of all words: they may know less than all, not more. */
Test(pattern, claims_about_two_patterns_are_true)
{
	struct arena a = { .last = NULL };
	size_t covered = 0, excluded = 0;

	for (size_t i = 0; i < 4 * WORDS * 4 * WORDS; i++) {
		char one[8], two[8];
		struct pattern p, q;
		bool all = true, none = true;

		form(one, i % 4, word(i / 4 % WORDS));
		form(two, i / 4 / WORDS % 4, word(i / 16 / WORDS));
		p = read_pattern(&a, one);
		q = read_pattern(&a, two);
		for (size_t k = 0; k < WORDS; k++) {
			bool in_p = pattern_matches(&p, bytes_of(word(k)));
			bool in_q = pattern_matches(&q, bytes_of(word(k)));

			all = all && (!in_q || in_p);
			none = none && !(in_p && in_q);
		}
		cr_assert(!pattern_covers(&p, &q) || all, "%s covers %s", one, two);
		cr_assert(!pattern_excludes(&p, &q) || none, "%s excludes %s", one, two);
		covered += pattern_covers(&p, &q);
		excluded += pattern_excludes(&p, &q);
	}
	cr_expect_gt(covered, 100);
	cr_expect_gt(excluded, 100);
	arena_done(&a);
}
