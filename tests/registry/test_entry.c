/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/entry.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An entry as text: "HW_ADDR=...|name=value;..." or "!" and why it was refused. */
static void read_line(struct entry_reader *r, const char *line, size_t len, char *out, size_t cap,
	enum reg_err *ret_e)
{
	uint8_t *flush = guard_copy(line, len);
	char why[REG_WHY] = "";
	struct reg_entry entry;
	size_t n = 0;

	*ret_e = entry_read(r, (const char *)flush, len, &entry, why);
	if (*ret_e != REG_OK) {
		snprintf(out, cap, "!%s", why);
	} else {
		reg_id_text(entry.id.type, entry.id.bytes, entry.id.len, out);
		n = strlen(out);
		n += (size_t)snprintf(out + n, cap - n, "|");
		for (size_t i = 0; i < entry.count; i++)
			n += (size_t)snprintf(out + n, cap - n, "%.*s=%.*s;",
				(int)entry.pairs[i].name_len, entry.pairs[i].name,
				(int)entry.pairs[i].value_len, entry.pairs[i].value);
	}
	guard_free(flush, len);
}

/* An expectation that ends in '*' is a beginning only. */
#define T(s) s, sizeof(s) - 1
static const struct {
	const char *line;
	size_t len;
	enum reg_err err;
	const char *expect;
} rows[] = {
	/* user_chk's test_users_1.txt and makeUser */
	{ T("{ \"type\" : \"HW_ADDR\", \"id\" : \"01AC00F03344\", \"opt1\" : \"true\" }"), REG_OK,
	  "HW_ADDR=01ac00f03344|opt1=true;" },
	{ T("{ \"type\" : \"HW_ADDR\", \"id\" : \"01:AC:00:F0:33:45\", \"opt1\" : \"true\" }"), REG_OK,
	  "HW_ADDR=01ac00f03345|opt1=true;" },
	{ T("{ \"type\" : \"DUID\", \"id\" : \"225060de0a0b\", \"opt1\" : \"true\" }"), REG_OK,
	  "DUID=225060de0a0b|opt1=true;" },
	{ T("{ \"id\" : \"01AC00F03344\" }"), REG_E_TYPE, "!no \"type\"*" },
	{ T("{ \"type\" : \"BOGUS\", \"id\" : \"01AC00F03344\"}"), REG_E_TYPE,
	  "!unknown type \"BOGUS\"*" },
	{ T("{ \"type\" : 1, \"id\" : \"01AC00F03344\"}"), REG_E_ENTRY,
	  "!\"type\": expected a string in quotes" },
	{ T("{ \"type\" : \"HW_ADDR\" }"), REG_E_ID, "!no \"id\"*" },
	{ T("{ \"type\" : \"HW_ADDR\", \"id\" : \"1AC00F03344\"}"), REG_E_ID, "!id: odd number*" },
	{ T("{ \"type\" : \"HW_ADDR\", \"id\" : \"THIS IS BAD!\"}"), REG_E_ID, "!id: 'T'*" },
	{ T("{ \"type\" : \"HW_ADDR\", \"id\" : \"\"}"), REG_E_ID, "!id is empty*" },
	{ T("{ \"type\" : \"HW_ADDR\", \"id\" : 01AC00F03344}"), REG_E_SYNTAX, "!*" },
	{ T("{ \"type\" : \"HW_ADDR\", \"id\" : \"01AC00F03344\", \"opt\" : 4}"), REG_E_ENTRY,
	  "!\"opt\": expected a string in quotes" },
	/* white space, line ends */
	{ T("{\"type\":\"DUID\",\"id\":\"01\"}\r"), REG_OK, "DUID=01|" },
	{ T(" \t {\"type\":\"DUID\",\"id\":\"01\"} \t "), REG_OK, "DUID=01|" },
	/* key order, keys twice, keys nearly */
	{ T("{\"a\":\"1\",\"id\":\"01\",\"b\":\"2\",\"type\":\"DUID\"}"), REG_OK, "DUID=01|a=1;b=2;" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"1\",\"a\":\"2\"}"), REG_OK, "DUID=01|a=2;" },
	{ T("{\"type\":\"DUID\",\"id\":4,\"id\":\"0b\"}"), REG_OK, "DUID=0b|" },
	{ T("{\"type\":\"DUID\",\"id\":{\"x\":1},\"id\":\"0b\"}"), REG_OK, "DUID=0b|" },
	{ T("{\"type\":\"DUID\",\"id\":\"0b\",\"id\":4}"), REG_E_ENTRY, "!\"id\": expected*" },
	{ T("{\"type\":\"X\",\"type\":\"DUID\",\"id\":\"0b\"}"), REG_OK, "DUID=0b|" },
	{ T("{\"Type\":\"DUID\",\"id\":\"01\"}"), REG_E_TYPE, "!no \"type\"*" },
	{ T("{\"type\":\" DUID\",\"id\":\"01\"}"), REG_E_TYPE, "!unknown type \" DUID\"*" },
	{ T("{\"type\":\"\",\"id\":\"01\"}"), REG_E_TYPE, "!unknown type \"\"*" },
	{ T("{\"\":\"x\",\"type\":\"DUID\",\"id\":\"01\",\"e\":\"\"}"), REG_OK, "DUID=01|=x;e=;" },
	/* values that are not strings, under any key */
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":null}"), REG_E_ENTRY, "!\"a\": expected*" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":true}"), REG_E_ENTRY, "!\"a\": expected*" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":1.5}"), REG_E_ENTRY, "!\"a\": expected*" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":[]}"), REG_E_ENTRY, "!\"a\": expected*" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":{\"b\":\"c\"}}"), REG_E_ENTRY, "!\"a\": expected*" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":[[1]]}"), REG_E_DEPTH, "!nested more than 2 deep" },
	/* not an object */
	{ T("[]"), REG_E_ENTRY, "!expected an object*" },
	{ T("\"x\""), REG_E_ENTRY, "!expected an object*" },
	{ T("42"), REG_E_ENTRY, "!expected an object*" },
	{ T("null"), REG_E_ENTRY, "!expected an object*" },
	{ T("{}"), REG_E_TYPE, "!no \"type\"*" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\"} x"), REG_E_SYNTAX, "!there is more behind the end" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\"}{}"), REG_E_SYNTAX, "!there is more behind the end" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",}"), REG_E_SYNTAX, "!*" },
	{ T("{type:\"DUID\",\"id\":\"01\"}"), REG_E_SYNTAX, "!*" },
	{ T("{'type':'DUID','id':'01'}"), REG_E_SYNTAX, "!*" },
	{ T("// {\"type\":\"DUID\",\"id\":\"01\"}"), REG_E_SYNTAX, "!*" },
	/* escapes and bytes */
	{ T("{\"t\\u0079pe\":\"DUID\",\"id\":\"\\u0030\\u0031\",\"a\":\"\\\"\\\\\\/\\n\"}"), REG_OK,
	  "DUID=01|a=\"\\/\n;" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"\\u00e9\"}"), REG_OK, "DUID=01|a=\xe9;" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"\\u20ac\"}"), REG_E_SYNTAX,
	  "!an escape \\u that is not \\u00 and two hex digits, which are one byte: write the character itself" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"M\xfcller\"}"), REG_OK, "DUID=01|a=M\xfcller;" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"\\ud800\"}"), REG_E_SYNTAX, "!an escape*" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"\\u0000\"}"), REG_E_NUL, "!contains a NUL byte" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"\\u0000\":\"a\"}"), REG_E_NUL, "!contains a NUL byte" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\"}\0"), REG_E_NUL, "!contains a NUL byte" },
	{ T("\0{\"type\":\"DUID\",\"id\":\"01\"}"), REG_E_NUL, "!contains a NUL byte" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"\t\x1b\"}"), REG_OK, "DUID=01|a=\t\x1b;" },
	{ T("{\b\"type\":\"DUID\",\f\"id\":\"01\"}"), REG_OK, "DUID=01|" },
	{ T("{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"\\x41\"}"), REG_E_SYNTAX, "!*" },
	{ T("\xef\xbb\xbf{\"type\":\"DUID\",\"id\":\"01\"}"), REG_E_SYNTAX, "!*" },
	/* further id types */
	{ T("{\"type\":\"CLIENT_ID\",\"id\":\"ff:00\"}"), REG_OK, "CLIENT_ID=ff00|" },
	{ T("{\"type\":\"CIRCUIT_ID\",\"id\":\"00\"}"), REG_OK, "CIRCUIT_ID=00|" },
};

Test(entry, lines)
{
	struct entry_reader *r = entry_reader_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].expect);
		char out[2048];
		enum reg_err e;

		read_line(r, rows[i].line, rows[i].len, out, sizeof(out), &e);
		cr_assert_eq(e, rows[i].err, "%s: %s, %s", rows[i].line, reg_strerror(e), out);
		if (rows[i].expect[n - 1] == '*')
			cr_assert_eq(strncmp(out, rows[i].expect, n - 1), 0, "%s: %s", rows[i].line, out);
		else
			cr_assert_str_eq(out, rows[i].expect);
	}
	entry_reader_free(r);
}

Test(entry, blank_lines_and_comments)
{
	static const char *const blank[] = { "", " ", "\t", "\r", " \f\v\r", "#", "  # {", "#\r" };
	static const char *const other[] = { "{", "x", " {", "//", "\xef\xbb\xbf" };

	for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++)
		cr_assert(entry_is_blank(blank[i], strlen(blank[i])), "%s", blank[i]);
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		cr_assert_not(entry_is_blank(other[i], strlen(other[i])), "%s", other[i]);
}

/* 4095 bytes are a line, 4096 are not; user_chk would cut the latter and go on. */
Test(entry, length_of_a_line)
{
	static const char head[] = "{\"type\":\"DUID\",\"id\":\"01\",\"a\":\"";
	struct entry_reader *r = entry_reader_new(NULL);
	char line[REG_LINE_MAX + 2], why[REG_WHY];
	struct reg_entry entry;

	for (size_t len = REG_LINE_MAX - 1; len <= REG_LINE_MAX + 1; len++) {
		memset(line, 'x', sizeof(line));
		memcpy(line, head, sizeof(head) - 1);
		memcpy(line + len - 2, "\"}", 2);
		cr_assert_eq(entry_read(r, line, len, &entry, why),
			len <= REG_LINE_MAX ? REG_OK : REG_E_LINE);
		if (len <= REG_LINE_MAX)
			cr_assert_eq(entry.pairs[0].value_len, len - sizeof(head) - 1);
	}
	cr_assert_str_eq(why, "line of more than 4095 bytes");
	entry_reader_free(r);
}

/* As many attributes as a line can hold; each name once, then all again, then all of them one. */
Test(entry, as_many_attributes_as_fit)
{
	static const char head[] = "{\"type\":\"DUID\",\"id\":\"01\"";
	struct entry_reader *r = entry_reader_new(NULL);

	for (int kind = 0; kind < 3; kind++) {
		char line[REG_LINE_MAX + 1], why[REG_WHY] = "";
		struct reg_entry entry;
		size_t n = sizeof(head) - 1, count = 0;

		memcpy(line, head, n);
		while (n + 12 <= REG_LINE_MAX) {
			size_t k = kind == 0 ? count : kind == 1 ? count % 100 : 0;

			n += (size_t)snprintf(line + n, sizeof(line) - n, ",\"%zx\":\"\"", k);
			count++;
		}
		line[n++] = '}';
		cr_assert_eq(entry_read(r, line, n, &entry, why), REG_OK, "%s", why);
		cr_assert_eq(entry.count, kind == 0 ? count : kind == 1 ? 100 : 1);
	}
	entry_reader_free(r);
}

Test(entry, every_prefix_and_every_changed_byte)
{
	static const char good[] =
		"{\"type\":\"HW_ADDR\",\"id\":\"0c:0e\",\"a\":\"\\u00e9\",\"b\":\"c\"}";
	struct entry_reader *r = entry_reader_new(NULL);
	char line[sizeof(good)], out[2048];
	enum reg_err e;

	for (size_t n = 0; n < sizeof(good) - 1; n++) {
		read_line(r, good, n, out, sizeof(out), &e);
		cr_assert_neq(e, REG_OK);
		for (int c = 0; c < 256; c++) {
			memcpy(line, good, sizeof(good));
			line[n] = (char)c;
			read_line(r, line, sizeof(good) - 1, out, sizeof(out), &e);
			cr_assert(e == REG_OK || out[0] == '!');
		}
	}
	entry_reader_free(r);
}

/* Where type and id are columns, the attributes are an object of their own. */
Test(entry, attributes_alone)
{
	static const struct {
		const char *text;
		enum reg_err err;
		const char *expect;
	} attrs[] = {
		{ "{}", REG_OK, "" },
		{ " {\"bootfile\": \"x\", \"a\": \"\", \"bootfile\": \"y\"} ", REG_OK, "bootfile=y;a=;" },
		{ "null", REG_E_ENTRY, "expected an object: {\"bootfile\": \"...\"}" },
		{ "", REG_E_SYNTAX, NULL },
		{ "{\"a\": 1}", REG_E_ENTRY, "\"a\": expected a string in quotes" },
		{ "{\"id\": \"01\"}", REG_E_ENTRY, "\"id\": is a column, not an attribute" },
		{ "{\"type\": \"DUID\"}", REG_E_ENTRY, "\"type\": is a column, not an attribute" },
		{ "{\"a\": \"\\u0000\"}", REG_E_NUL, NULL },
		/* a database writes \u00XX for a character */
		{ "{\"a\": \"\\u00e9\\u20ac\"}", REG_OK, "a=\xc3\xa9\xe2\x82\xac;" },
		{ "{\"a\": \"\t\"}", REG_E_SYNTAX,
		  "a control character in a text: write \\t, \\n, \\u00XX" },
		{ "{\"a\": \"b\"", REG_E_SYNTAX, NULL },
	};
	struct entry_reader *r = entry_reader_new(NULL);

	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		char why[REG_WHY] = "", out[256] = "";
		const struct reg_pair *pairs;
		size_t count, n = 0, len = strlen(attrs[i].text);
		uint8_t *flush = guard_copy(attrs[i].text, len);

		cr_assert_eq(entry_read_attrs(r, (const char *)flush, len, &pairs, &count, why),
			attrs[i].err, "row %zu: %s", i, why);
		for (size_t k = 0; attrs[i].err == REG_OK && k < count; k++)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%.*s=%.*s;",
				(int)pairs[k].name_len, pairs[k].name, (int)pairs[k].value_len,
				pairs[k].value);
		guard_free(flush, len);
		if (attrs[i].expect != NULL)
			cr_assert_str_eq(attrs[i].err == REG_OK ? out : why, attrs[i].expect);
	}
	entry_reader_free(r);
}

/* A line cannot be longer; a column of a database can. */
Test(entry, attributes_that_are_too_long)
{
	static char text[REG_LINE_MAX + 2];
	struct entry_reader *r = entry_reader_new(NULL);
	const struct reg_pair *pairs;
	char why[REG_WHY] = "";
	size_t count;

	memset(text, ' ', sizeof(text));
	text[0] = '{';
	text[1] = '}';
	cr_assert_eq(entry_read_attrs(r, text, REG_LINE_MAX, &pairs, &count, why), REG_OK, "%s", why);
	cr_assert_eq(entry_read_attrs(r, text, REG_LINE_MAX + 1, &pairs, &count, why), REG_E_LINE);
	cr_assert(strstr(why, "more than") != NULL, "%s", why);
	entry_reader_free(r);
}
