/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory of a test's own, and the ways in which people and programs edit a file in it. */
#ifndef USHER_TESTS_REGISTRY_TEMP_H
#define USHER_TESTS_REGISTRY_TEMP_H

#include <stddef.h>

struct temp {
	char dir[64];
	char path[96]; /* of the file that is edited; does not exist at first */
	char other[96];
};

void temp_make(struct temp *t);
void temp_remove(struct temp *t);

/* Writes text[0..len) over the file, in place: truncate, write, close. */
void temp_write(const char *path, const char *text, size_t len);
/* Adds text at the end, in one write. */
void temp_append(const char *path, const char *text);
/* Writes other, and renames it to path. */
void temp_replace(const struct temp *t, const char *text);
/* Writes text in place; path and text are all of it. */
void temp_put(const char *path, const char *text);
/* The whole file, NUL-terminated, to free(); NULL if it cannot be read. */
char *temp_read(const char *path);

/* Waits until a file's time stamp would differ from one made before. */
void temp_sleep_ms(unsigned int ms);

#endif
