/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers share. A fuzzer is one function that gets any bytes and one line of comment
 * saying what they mean; properties are stated with MUST() of tests/exercise.h.
 */
#ifndef USHER_TESTS_FUZZ_H
#define USHER_TESTS_FUZZ_H

#include "tests/exercise.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a fuzzer does with one input; it returns 0. tests/fuzz/one.c is what libFuzzer calls. */
int fuzz_one(const uint8_t *data, size_t size);

/* The input, taken from the front; 0 when there is no more. */
struct input {
	const uint8_t *p;
	size_t n;
};

static inline uint8_t take_byte(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

/* What is left in memory of just that size, so that ASan sees one byte read too many; free() it. */
static inline uint8_t *take_rest(const struct input *in)
{
	uint8_t *p = malloc(in->n > 0 ? in->n : 1);

	if (p == NULL)
		abort();
	if (in->n > 0)
		memcpy(p, in->p, in->n);
	return p;
}

#endif
