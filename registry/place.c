/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how a place is written and that what comes from a file may hold anything. Does not decide
 * whether an error is shown, and where: that is relay's.
 */
#include "registry/place.h"

#include <stdarg.h>
#include <stdio.h>

static int put_place(char *to, size_t cap, const char *file, size_t line)
{
	if (file == NULL)
		return snprintf(to, cap, "%s", "");
	if (line == 0)
		return snprintf(to, cap, "%s: ", file);
	return snprintf(to, cap, "%s:%zu: ", file, line);
}

void reg_error_set(struct reg_error *err, const char *file, size_t line, const char *format, ...)
{
	va_list args;
	int n;

	if (err == NULL)
		return;
	n = put_place(err->text, sizeof(err->text), file, line);
	if (n >= 0 && (size_t)n < sizeof(err->text)) {
		va_start(args, format);
		vsnprintf(err->text + n, sizeof(err->text) - (size_t)n, format, args);
		va_end(args);
	}
	for (char *p = err->text; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	}
}

void reg_report_add(struct reg_report *report, const struct reg_error *err)
{
	if (report == NULL)
		return;
	if (report->count < REG_REPORT_KEEP)
		report->first[report->count] = *err;
	report->count++;
}

size_t reg_report_kept(const struct reg_report *report)
{
	return report->count < REG_REPORT_KEEP ? report->count : REG_REPORT_KEEP;
}
