/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of a registry file: each read alone, the good ones built into a registry and found in it.
 */
#include "registry/builder.h"
#include "registry/entry.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

static struct entry_reader *reader;

static void add_line(struct builder *b, const char *line, size_t len, struct reg_id *ret, size_t *n)
{
	char why[REG_WHY];
	struct reg_error err;
	struct reg_entry entry;

	if (entry_is_blank(line, len))
		return;
	if (entry_read(reader, line, len, &entry, why) != REG_OK) {
		MUST(memchr(why, '\0', REG_WHY) != NULL);
		return;
	}
	if (builder_add(b, &entry, &err) == REG_OK && *n < 64)
		ret[(*n)++] = entry.id;
}

int fuzz_one(const uint8_t *data, size_t size)
{
	struct builder_options options = { .name = "fuzz" };
	struct builder_result result;
	struct input in = { data, size };
	struct reg_id ids[64];
	struct builder *b;
	size_t n = 0;

	if (reader == NULL)
		reader = entry_reader_new(NULL);
	if (builder_begin(&options, &b) != REG_OK)
		return 0;
	while (in.n > 0) {
		const uint8_t *end = memchr(in.p, '\n', in.n);
		struct input line = { in.p, end != NULL ? (size_t)(end - in.p) : in.n };
		char *flush = (char *)take_rest(&line);

		add_line(b, flush, line.n, ids, &n);
		free(flush);
		in.p += line.n + (end != NULL);
		in.n -= line.n + (end != NULL);
	}
	MUST(builder_finish(b, true, NULL, &result) == REG_OK);
	for (size_t i = 0; i < n; i++)
		MUST(registry_find(result.registry, ids[i].type, ids[i].bytes, ids[i].len) != NULL);
	registry_free(result.registry);
	return 0;
}
