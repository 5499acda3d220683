/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An outcome file as it grows, is renamed and cut, and what is found in it. */
#include "relay/exporter_records.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64], other[80], *text;
static struct exporter_records *r;

static void begin(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/usher-records-XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	close(fd);
	snprintf(other, sizeof(other), "%s.1", path);
	r = exporter_records_new(path);
	cr_assert(r != NULL);
}

static void end(void)
{
	exporter_records_free(r);
	unlink(path);
	unlink(other);
	free(text);
}

TestSuite(exporter_records, .init = begin, .fini = end);

static void append(const char *lines)
{
	FILE *f = fopen(path, "a");

	cr_assert(f != NULL);
	fputs(lines, f);
	cr_assert_eq(fclose(f), 0);
}

static const char *found(uint64_t after, const char *search, size_t limit)
{
	size_t len;
	FILE *f;

	free(text);
	f = open_memstream(&text, &len);
	exporter_records_write(r, after, search, limit, f);
	cr_assert_eq(fclose(f), 0);
	return text;
}

Test(exporter_records, a_file_that_grows)
{
	append("{\"n\":1}\n{\"n\":2}\n{\"n\":");
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_str_eq(found(0, "", 10), "{\"next\":2,\"records\":[\n{\"n\":1},\n{\"n\":2}]}\n");
	append("3}\n");
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_str_eq(found(2, "", 10), "{\"next\":3,\"records\":[\n{\"n\":3}]}\n");
	cr_expect_str_eq(found(3, "", 10), "{\"next\":3,\"records\":[]}\n");
	cr_expect_str_eq(found(99, "", 10), "{\"next\":3,\"records\":[]}\n");
	cr_expect_str_eq(found(0, "", 1), "{\"next\":3,\"records\":[\n{\"n\":3}]}\n");
}

Test(exporter_records, what_is_no_record)
{
	append("id_type=HW_ADDR\n\n[1]\n7\n{\"n\":1}{\n{\"n\":\"a\001\"}\n{\"n\":4}\n");
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_str_eq(found(0, "", 10), "{\"next\":1,\"records\":[\n{\"n\":4}]}\n");
	cr_expect_eq(exporter_records_bad(r), 5);
}

Test(exporter_records, a_line_that_is_too_long)
{
	char *line = malloc(2 * RECORD_BYTES);

	memset(line, 'x', 2 * RECORD_BYTES);
	memcpy(line, "{\"n\":\"", 6);
	strcpy(line + 2 * RECORD_BYTES - 4, "\"}\n");
	append(line);
	append("{\"n\":1}\n");
	free(line);
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_str_eq(found(0, "", 10), "{\"next\":1,\"records\":[\n{\"n\":1}]}\n");
	cr_expect_eq(exporter_records_bad(r), 1);
}

/* What was written to the old file between two looks is not lost. */
Test(exporter_records, renamed)
{
	append("{\"n\":1}\n");
	cr_expect_eq(exporter_records_poll(r), 0);
	append("{\"n\":2}\n");
	cr_assert_eq(rename(path, other), 0);
	append("{\"n\":3}\n");
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_str_eq(found(0, "", 10),
		"{\"next\":3,\"records\":[\n{\"n\":1},\n{\"n\":2},\n{\"n\":3}]}\n");
}

Test(exporter_records, cut)
{
	append("{\"n\":1}\n{\"n\":2}\n");
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_assert_eq(truncate(path, 0), 0);
	append("{\"n\":3}\n");
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_str_eq(found(2, "", 10), "{\"next\":3,\"records\":[\n{\"n\":3}]}\n");
}

Test(exporter_records, not_there_yet)
{
	unlink(path);
	cr_expect_eq(exporter_records_poll(r), -ENOENT);
	append("{\"n\":1}\n");
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_str_eq(found(0, "", 10), "{\"next\":1,\"records\":[\n{\"n\":1}]}\n");
}

/* Of a large file only the end is read, from the first whole line on. */
Test(exporter_records, a_large_file)
{
	FILE *f = fopen(path, "a");

	for (int i = 0; i < 60000; i++)
		fprintf(f, "{\"n\":\"%040d\"}\n", i);
	cr_assert_eq(fclose(f), 0);
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_eq(exporter_records_poll(r), 0);
	cr_expect_eq(exporter_records_bad(r), 0);
	cr_expect(strstr(found(0, "59999", 10), "059999\"}]}") != NULL);
	cr_expect(strstr(found(0, "", RECORDS_KEPT + 1), "055000\"},") != NULL);
	cr_expect(strstr(text, "054999") == NULL);
}

static const struct {
	const char *search;
	int found;
} searches[] = {
	{ "", 3 }, { "0c:0e", 2 }, { "0C-0E", 2 }, { "0c0e0a01ff04", 1 }, { "000300010c0e0a01ff05", 1 },
	{ "192.0.2.10", 1 }, { "192.0.2", 2 }, { "192-0-2", 0 }, { "2001:db8::1", 1 }, { "2001:db81", 1 },
	{ "GRANTED", 2 }, { "\"registered\":false", 1 }, { "nobody", 0 }, { "::", 1 },
};

Test(exporter_records, search)
{
	append("{\"event\":\"granted\",\"id\":\"0c:0e:0a:01:ff:04\",\"address\":\"192.0.2.10\"}\n"
		"{\"event\":\"granted\",\"id\":\"00:03:00:01:0c:0e:0a:01:ff:05\",\"address\":\"2001:db8::1\"}\n"
		"{\"event\":\"refused\",\"id\":\"02:00\",\"registered\":false,\"address\":\"192.0.2.9\"}\n");
	cr_expect_eq(exporter_records_poll(r), 0);
	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++) {
		int lines = 0;

		for (const char *at = found(0, searches[i].search, 10); (at = strstr(at, "\n{")) != NULL; at++)
			lines++;
		cr_expect_eq(lines, searches[i].found, "%s: %d", searches[i].search, lines);
	}
}
