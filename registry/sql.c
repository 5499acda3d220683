/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how the text grows and how names are quoted. No value ever goes into a statement but
 * numbers of our own, so there is nothing to quote values with.
 */
#include "registry/sql.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sql_begin(struct sql *s)
{
	s->len = 0;
	s->failed = false;
}

static bool grow(struct sql *s, size_t by)
{
	size_t cap = s->cap != 0 ? s->cap : 256;
	char *text;

	while (cap - s->len <= by)
		cap *= 2;
	if (cap == s->cap)
		return true;
	text = s->failed ? NULL : reg_realloc(s->memory, s->text, cap);
	if (text == NULL) {
		s->failed = true;
		return false;
	}
	s->text = text;
	s->cap = cap;
	return true;
}

void sql_add(struct sql *s, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	if (n >= 0 && grow(s, (size_t)n)) {
		vsnprintf(s->text + s->len, s->cap - s->len, format, again);
		s->len += (size_t)n;
	}
	va_end(again);
	va_end(args);
}

void sql_add_name(struct sql *s, const char *name, const char *suffix)
{
	sql_add(s, "`");
	for (; *name != '\0'; name++)
		sql_add(s, *name == '`' ? "``" : "%c", *name);
	for (; *suffix != '\0'; suffix++)
		sql_add(s, *suffix == '`' ? "``" : "%c", *suffix);
	sql_add(s, "`");
}

void sql_done(struct sql *s)
{
	free(s->text);
	*s = (struct sql){ .memory = s->memory };
}
