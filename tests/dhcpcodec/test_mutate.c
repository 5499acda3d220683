/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every prefix of every message of the corpus, and every byte of it changed, read and edited flush
 * against a guard page. tests/sweep does the same with more values, whole packets and the pipeline.
 */
#include "tests/corpus.h"
#include "tests/exercise.h"
#include "tests/guard.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LONGEST = 700 }; /* of the few messages that are longer, the beginning */

/* tests/exercise.c says what the bytes mean. */
static const uint8_t scripts[][12] = {
	{ 0x03, 0, 0, 0x20, 0, 1, 0x20, 3, 2 },
	{ 0x07, 0, 0, 0x38, 2, 3, 0x03, 0, 0 },
	{ 0x28, 5, 4, 0x03, 2, 0, 0x22, 0, 5 },
	{ 0x24, 8, 6, 0x2c, 9, 7, 0x02, 7, 0, 0x21, 10, 8 },
};

typedef bool exercise_fn(const uint8_t *msg, size_t len, const uint8_t *script, size_t script_len);

static const uint8_t *script(size_t i)
{
	return scripts[i % (sizeof(scripts) / sizeof(scripts[0]))];
}

static void prefixes(const struct corpus *c, exercise_fn *exercise)
{
	uint8_t *p = guard_copy(NULL, LONGEST);

	for (size_t i = 0; i < c->count; i++) {
		const struct corpus_message *m = &c->messages[i];

		for (size_t n = 0; n <= m->len && n <= LONGEST; n++) {
			uint8_t *at = p + LONGEST - n;

			memcpy(at, m->bytes, n);
			exercise(at, n, script(n), sizeof(scripts[0]));
		}
	}
	guard_free(p, LONGEST);
}

static void mutations(const struct corpus *c, exercise_fn *exercise)
{
	static const uint8_t values[] = { 0, 1, 3, 52, 82, 254, 255 };
	uint8_t *p = guard_copy(NULL, LONGEST);

	for (size_t i = 0; i < c->count; i++) {
		const struct corpus_message *m = &c->messages[i];
		size_t n = m->len < LONGEST ? m->len : LONGEST;
		uint8_t *at = p + LONGEST - n;

		memcpy(at, m->bytes, n);
		for (size_t j = 0; j < n; j++) {
			for (size_t k = 0; k < sizeof(values); k++) {
				at[j] = values[k];
				exercise(at, n, script(j + k), sizeof(scripts[0]));
			}
			at[j] = m->bytes[j];
		}
	}
	guard_free(p, LONGEST);
}

static void whole(const struct corpus *c, exercise_fn *exercise, size_t at_least)
{
	size_t good = 0;

	for (size_t i = 0; i < c->count; i++) {
		const struct corpus_message *m = &c->messages[i];
		uint8_t *p = guard_copy(m->bytes, m->len);

		for (size_t j = 0; j < sizeof(scripts) / sizeof(scripts[0]); j++)
			good += exercise(p, m->len, script(j), sizeof(scripts[0]));
		guard_free(p, m->len);
	}
	cr_assert_geq(good, at_least * 4, "%zu", good);
}

Test(mutate, corpus4)
{
	struct corpus *c = corpus_read(4);

	whole(c, exercise4, c->count * 3 / 4);
	prefixes(c, exercise4);
	mutations(c, exercise4);
	corpus_free(c);
}

Test(mutate, corpus6)
{
	struct corpus *c = corpus_read(6);

	whole(c, exercise6, c->count / 3);
	prefixes(c, exercise6);
	mutations(c, exercise6);
	corpus_free(c);
}
