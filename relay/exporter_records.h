/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The newest records of an outcome file of JSON lines, kept in memory and followed as the file
 * grows, is renamed or cut.
 */
#ifndef USHER_RELAY_EXPORTER_RECORDS_H
#define USHER_RELAY_EXPORTER_RECORDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	RECORDS_KEPT = 5000,
	RECORD_BYTES = 4096,     /* of a line; a longer one is left out */
	RECORDS_PAST = 1 << 20,  /* bytes before the end of the file that are read at the start */
};

struct exporter_records;

/* path: borrowed, "" for no file. NULL: no memory. Nothing is opened yet. */
struct exporter_records *exporter_records_new(const char *path);
struct exporter_records *exporter_records_free(struct exporter_records *r); /* NULL allowed */

/*
 * Reads what is new, at most 1 MiB, without waiting. 0, or the negative errno for which there is
 * nothing to read (-ENOENT before the first lease).
 */
int exporter_records_poll(struct exporter_records *r);

/* Lines that were no JSON object, or too long, so far. */
uint64_t exporter_records_bad(const struct exporter_records *r);

/*
 * Writes {"next":N,"records":[...]}: of the records numbered from `after` on, those that contain
 * `search`, the newest `limit`, oldest first. search: "" for all; case does not count, nor do, when
 * it is made of hex digits, colons, dashes and dots only, the colons and dashes. N is for the next
 * call.
 */
void exporter_records_write(const struct exporter_records *r, uint64_t after, const char *search,
	size_t limit, FILE *out);

#endif
