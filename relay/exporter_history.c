/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the text format of Prometheus as far as it is needed here: "name{labels} value", comments
 * after "#". A counter that is new gets a column if there is one left.
 */
#include "relay/exporter_history.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_counter(const char *name, size_t len)
{
	static const char tail[] = "_total";
	size_t n = sizeof(tail) - 1;

	return len > n && len < HISTORY_NAME && memcmp(name + len - n, tail, n) == 0;
}

/* HISTORY_NAMES: there is no room for one more. */
static size_t column_of(struct exporter_history *h, const char *name, size_t len)
{
	for (size_t i = 0; i < h->names; i++)
		if (strncmp(h->name[i], name, len) == 0 && h->name[i][len] == '\0')
			return i;
	if (h->names == HISTORY_NAMES)
		return HISTORY_NAMES;
	memcpy(h->name[h->names], name, len);
	h->name[h->names][len] = '\0';
	return h->names++;
}

/*
 * Behind the labels, whose values may hold anything but an unescaped quote. NULL: they do not end.
 */
static const char *skip_labels(const char *at)
{
	bool quoted = false;

	if (*at != '{')
		return at;
	for (at++; *at != '\0' && *at != '\n'; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (*at == '}' && !quoted)
			return at + 1;
	}
	return NULL;
}

static void add_line(struct exporter_history *h, double *row, const char *line)
{
	size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ:0123456789");
	const char *at = skip_labels(line + len);
	double value;
	size_t column;
	char *end;

	if (!is_counter(line, len) || at == NULL || *at != ' ')
		return;
	value = strtod(at, &end);
	column = end != at && isfinite(value) ? column_of(h, line, len) : HISTORY_NAMES;
	if (column < HISTORY_NAMES)
		row[column] = isnan(row[column]) ? value : row[column] + value;
}

void exporter_history_add(
	struct exporter_history *h, int64_t seconds, const char *text, size_t len)
{
	size_t at = (size_t)(h->taken % HISTORY_SAMPLES);
	const char *end = text + len;

	h->seconds[at] = seconds;
	for (size_t i = 0; i < HISTORY_NAMES; i++)
		h->values[at][i] = NAN;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (newline == NULL)
			break;
		add_line(h, h->values[at], text);
		text = newline + 1;
	}
	h->taken++;
}

static void write_sample(const struct exporter_history *h, size_t at, FILE *out)
{
	fprintf(out, "[%lld", (long long)h->seconds[at]);
	for (size_t i = 0; i < h->names; i++) {
		if (isnan(h->values[at][i]))
			fputs(",null", out);
		else
			fprintf(out, ",%.17g", h->values[at][i]);
	}
	fputc(']', out);
}

/* Names need no escape: column_of() gets letters, digits and underscores only. */
void exporter_history_write(const struct exporter_history *h, FILE *out)
{
	uint64_t n = h->taken > HISTORY_SAMPLES ? h->taken - HISTORY_SAMPLES : 0;

	fprintf(out, "{\"step\":%d,\"names\":[", HISTORY_STEP_S);
	for (size_t i = 0; i < h->names; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? "," : "", h->name[i]);
	fputs("],\"samples\":[", out);
	for (const char *comma = ""; n < h->taken; n++, comma = ",") {
		fputs(comma, out);
		write_sample(h, (size_t)(n % HISTORY_SAMPLES), out);
	}
	fputs("]}\n", out);
}
