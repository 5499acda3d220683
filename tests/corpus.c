/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the text format of tests/corpus (digest, length, origin and hex, between tabs). Does not
 * check the digest: it names a message, the length guards against a cut line.
 */
#include "tests/corpus.h"

#include "tests/build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *path, size_t line, const char *reason)
{
	fprintf(stderr, "%s:%zu: %s\n", path, line, reason);
	exit(1);
}

static void read_line(struct corpus_message *m, char *line, const char *path, size_t number)
{
	char *save = NULL, *field[4];

	for (size_t i = 0; i < 4; i++) {
		field[i] = strtok_r(i == 0 ? line : NULL, "\t\n", &save);
		if (field[i] == NULL)
			die(path, number, "expected digest, length, origin, hex between tabs");
	}
	m->len = strtoul(field[1], NULL, 10);
	snprintf(m->name, sizeof(m->name), "%s", field[2]);
	m->bytes = malloc(m->len + 1);
	if (m->bytes == NULL)
		die(path, number, "no memory");
	if (hex_read(field[3], m->bytes, m->len) != m->len)
		die(path, number, "the hex is not of the length given");
}

struct corpus *corpus_read(int family)
{
	const char *path = family == 4 ? "tests/corpus/v4.txt" : "tests/corpus/v6.txt";
	struct corpus *c = calloc(1, sizeof(*c));
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;

	if (f == NULL || c == NULL)
		die(path, 0, "cannot be read; run the tests at the top of the source tree");
	while (getline(&line, &room, f) > 0) {
		c->messages = realloc(c->messages, (c->count + 1) * sizeof(*c->messages));
		if (c->messages == NULL)
			die(path, c->count + 1, "no memory");
		read_line(&c->messages[c->count], line, path, c->count + 1);
		c->count++;
	}
	free(line);
	fclose(f);
	return c;
}

struct corpus *corpus_free(struct corpus *c)
{
	if (c == NULL)
		return NULL;
	for (size_t i = 0; i < c->count; i++)
		free(c->messages[i].bytes);
	free(c->messages);
	free(c);
	return NULL;
}
