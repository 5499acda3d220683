/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An error together with its place, ready to be shown: "registry.jsonl:12: odd number of hex
 * digits".
 */
#ifndef USHER_REGISTRY_PLACE_H
#define USHER_REGISTRY_PLACE_H

#include <stddef.h>

/* One error in words. Holds no control characters, so it may go to a terminal or a log. */
struct reg_error {
	char text[512];
};

/*
 * Writes "file:line: reason"; line 0 leaves ":line" out, file NULL the whole place. err may be
 * NULL. What does not fit is cut off; control characters, which may come from a registry, become
 * '?'.
 */
void reg_error_set(struct reg_error *err, const char *file, size_t line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The first errors in full and the number of all: what is said of a file with many bad lines. */
enum { REG_REPORT_KEEP = 20 };

struct reg_report {
	size_t count; /* all of them; the first REG_REPORT_KEEP are kept */
	struct reg_error first[REG_REPORT_KEEP];
};

/* report may be NULL. */
void reg_report_add(struct reg_report *report, const struct reg_error *err);

/* How many of them can be read: the lesser of count and REG_REPORT_KEEP. */
size_t reg_report_kept(const struct reg_report *report);

#endif
