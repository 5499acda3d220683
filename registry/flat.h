/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON that nearly every line of a registry is: one object of strings in which nothing is
 * escaped. Reads that and nothing else, in a quarter of the time that a parser of all of JSON
 * takes.
 */
#ifndef USHER_REGISTRY_FLAT_H
#define USHER_REGISTRY_FLAT_H

#include <stdbool.h>
#include <stddef.h>

/* A key, and then its value; text is borrowed from the line. False ends the reading. */
typedef bool flat_fn(void *ctx, bool is_key, const char *text, size_t len);

/*
 * Reads line[0..len). False: it is something else, be it JSON or not, or fn said so; what fn was
 * told is then to be forgotten, and the line to be given to json.h.
 */
bool flat_parse(const char *line, size_t len, flat_fn *fn, void *ctx);

#endif
