/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of an SQL statement while it is put together. */
#ifndef USHER_REGISTRY_SQL_H
#define USHER_REGISTRY_SQL_H

#include "registry/region.h"

struct sql {
	const struct reg_memory *memory; /* borrowed; NULL: never refused */
	char *text;                      /* NUL-terminated once there is any */
	size_t len, cap;
	bool failed;                     /* there was no memory: the text is no good */
};

/* Begins a new text in the memory of the old one. */
void sql_begin(struct sql *s);

void sql_add(struct sql *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A name in backquotes, whatever it holds. */
void sql_add_name(struct sql *s, const char *name, const char *suffix);

void sql_done(struct sql *s);

#endif
