/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outcome records, in either format or both mixed, as a person reads them or as JSON lines. Takes
 * bytes as they come out of a file and writes a line for each record that is whole. Nothing of a
 * file's text reaches the output unescaped.
 */
#ifndef USHER_RELAY_TAIL_H
#define USHER_RELAY_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TAIL_RECORD = 64 * 1024 };       /* bytes of a record; a longer one is no record */

struct tail {
	FILE *out;                       /* NULL: records are only counted */
	bool json, colour;
	size_t skip;                     /* records that are left out before the first one written */
	size_t count;                    /* records so far, those left out too */
	size_t len;
	char buf[TAIL_RECORD];           /* the beginning of a record that is not whole yet */
};

/* Begins anew, with the first byte of a record; the rest of *t stays as it is. */
void tail_begin(struct tail *t);

/* Takes bytes[0..n). */
void tail_feed(struct tail *t, const char *bytes, size_t n);

/*
 * Where the first whole record can begin in bytes[0..n) that were taken out of the middle of a
 * file; n if nowhere.
 */
size_t tail_resume(const char *bytes, size_t n);

#endif
