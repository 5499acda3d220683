/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines as user_chk reads them, and the same in words of RFC 8259. */
#include "registry/spelling.h"

#include "tests/guard.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#define T(text) (text), sizeof(text) - 1

static const struct {
	const char *line;
	size_t len;
	const char *out;         /* NULL: it is refused */
	size_t out_len;
} rows[] = {
	{ T(""), T("") },
	{ T("{\"a\": \"b\"}"), T("{\"a\": \"b\"}") },
	/* a byte for each escape, in names, too */
	{ T("{\"\\u00e9\":\"\\u00E9\\u00ff\\u0080\"}"), T("{\"\xe9\":\"\xe9\xff\x80\"}") },
	{ T("\"\\u0079\\u0000\\u007f\""), T("\"\\u0079\\u0000\\u007f\"") },
	{ T("\"\\u0151\""), NULL, 0 },
	{ T("\"\\ud83d\\ude00\""), NULL, 0 },
	{ T("\"\\u00\""), NULL, 0 },
	{ T("\"\\u00g0\""), NULL, 0 },
	{ T("\"\\u000g\""), NULL, 0 },
	{ T("\"\\u00e"), NULL, 0 },
	/* what stands behind a backslash ends no string and is no escape of its own */
	{ T("\"\\\\u0151\\\"\\\\\" \t"), T("\"\\\\u0151\\\"\\\\\" \t") },
	{ T("\"\\x41\\"), T("\"\\x41\\") },
	{ T("\\u0151"), T("\\u0151") },
	/* control characters: as they are in a string, white space or nothing outside */
	{ T("{\t\"a\tb\x1b\":\"\r\"\r}"), T("{\t\"a\\u0009b\\u001b\":\"\\u000d\"\r}") },
	{ T("\b{\f}\v\x01"), T(" { }\v\x01") },
	{ T("\"\0\"\0"), T("\"\0\"\0") },
	{ T("\"M\xfcller\x7f\""), T("\"M\xfcller\x7f\"") },
};

Test(spelling, lines)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *line = guard_copy(rows[i].line, rows[i].len);
		char out[256];
		size_t n = 0;
		bool ok = spelling_of_line((const char *)line, rows[i].len, out, &n);

		cr_assert_eq(ok, rows[i].out != NULL, "%s", rows[i].line);
		if (ok)
			cr_assert(n == rows[i].out_len && memcmp(out, rows[i].out, n) == 0, "%s: %.*s",
				rows[i].line, (int)n, out);
		guard_free(line, rows[i].len);
	}
}

/* No more room than is promised. */
Test(spelling, growth)
{
	char line[64], out[SPELLING_GROWTH * sizeof(line)];
	size_t n;

	memset(line, '\t', sizeof(line));
	line[0] = '"';
	cr_assert(spelling_of_line(line, sizeof(line), out, &n));
	cr_assert_eq(n, 1 + SPELLING_GROWTH * (sizeof(line) - 1));
}
