/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the formats behind one table, and what they have in common: reading the file, gathering a
 * user, and asking the builder whether it could be one of a registry.
 */
#include "registry/import.h"

#include "registry/builder.h"
#include "registry/entry_text.h"
#include "registry/import_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 20 };

static const struct {
	const char *name;
	enum reg_err (*read)(struct import *im, char *text, size_t len);
} formats[] = {
	{ "kea", import_kea },
	{ "isc", import_isc },
	{ "dnsmasq", import_dnsmasq },
	{ "csv", import_csv },
};

const char *registry_import_format(size_t index)
{
	return index < sizeof(formats) / sizeof(formats[0]) ? formats[index].name : "";
}

void import_begin(struct import *im, size_t line)
{
	im->line = line;
	im->why[0] = '\0';
	im->count = im->stored = im->id_count = 0;
}

void import_refuse(struct import *im, const char *why)
{
	if (im->why[0] == '\0')
		snprintf(im->why, sizeof(im->why), "%s", why);
}

static void add_id(struct import *im, enum reg_id_type type, const char *hex, size_t len)
{
	char why[REG_WHY];
	struct reg_id id;

	if (reg_id_parse(type, hex, len, &id, why) != REG_OK) {
		import_refuse(im, why);
		return;
	}
	for (size_t i = 0; i < im->id_count; i++) {
		if (reg_id_compare(&im->ids[i], &id) == 0)
			return;
	}
	if (im->id_count == IMPORT_IDS_MAX)
		import_refuse(im, "more ids than are looked at");
	else
		im->ids[im->id_count++] = id;
}

void import_id_text(struct import *im, enum reg_id_type type, const char *text, size_t len)
{
	char hex[3 * REG_ID_MAX];

	if (len > REG_ID_MAX)
		import_refuse(im, "id of more than 255 characters");
	else if (len > 0)
		add_id(im, type, colon_hex((const uint8_t *)text, len, hex), 3 * len - 1);
}

void import_id(struct import *im, enum reg_id_type type, const char *text, size_t len)
{
	char hex[3 * REG_ID_MAX + 4];
	size_t n = 0;

	if (len >= 2 && text[0] == '\'' && text[len - 1] == '\'') {
		import_id_text(im, type, text + 1, len - 2);
		return;
	}
	if (len >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		text += 2;
		len -= 2;
	}
	for (size_t i = 0; i < len && n + 3 < sizeof(hex);) {
		size_t group = i;

		while (group < len && strchr(":-.", text[group]) == NULL)
			group++;
		if (group - i == 1)
			hex[n++] = '0';
		while (i < group && n < sizeof(hex))
			hex[n++] = text[i++];
		i = group + 1;
	}
	if (n + 3 >= sizeof(hex))
		import_refuse(im, "id of more than 255 bytes");
	else
		add_id(im, type, hex, n);
}

static const char *keep(struct import *im, const char *text, size_t len)
{
	char *to = im->store + im->stored;

	if (len > sizeof(im->store) - im->stored) {
		import_refuse(im, "more attributes than a user can have");
		return NULL;
	}
	if (len > 0)
		memcpy(to, text, len);
	im->stored += len;
	return to;
}

void import_attr(struct import *im, const char *name, size_t name_len, const char *value,
	size_t value_len)
{
	struct reg_pair *p = im->pairs;
	const char *kept;

	if (value_len == 0)
		return;
	while (p < im->pairs + im->count &&
		(p->name_len != name_len || memcmp(p->name, name, name_len) != 0))
		p++;
	if (p == im->pairs + REG_PAIRS_MAX) {
		import_refuse(im, "more attributes than a user can have");
		return;
	}
	kept = keep(im, value, value_len);
	if (p == im->pairs + im->count)
		*p = (struct reg_pair){ .name = keep(im, name, name_len), .name_len = name_len };
	if (kept == NULL || p->name == NULL)
		return;
	p->value = kept;
	p->value_len = value_len;
	if (p == im->pairs + im->count)
		im->count++;
}

void import_attr_more(struct import *im, const char *name, const char *value, size_t value_len)
{
	size_t name_len = strlen(name);
	char both[1024];

	for (size_t i = 0; i < im->count; i++) {
		const struct reg_pair *p = &im->pairs[i];
		int n;

		if (p->name_len != name_len || memcmp(p->name, name, name_len) != 0)
			continue;
		n = snprintf(both, sizeof(both), "%.*s, %.*s", (int)p->value_len, p->value,
			(int)value_len, value);
		if (n < 0 || (size_t)n >= sizeof(both))
			import_refuse(im, "more values than are looked at");
		else
			import_attr(im, name, name_len, both, (size_t)n);
		return;
	}
	import_attr(im, name, name_len, value, value_len);
}

void import_named(struct import *im, const char *name, const char *value, size_t value_len)
{
	import_attr(im, name, strlen(name), value, value_len);
}

enum reg_err import_wrong(struct import *im, size_t line, const char *why)
{
	reg_error_set(im->err, im->path, line, "%s", why);
	return REG_E_FORMAT;
}

static enum reg_err hand_over(struct import *im, const struct reg_id *id)
{
	struct reg_entry entry = { .id = *id, .line = (uint32_t)im->line, .count = im->count,
		.pairs = im->pairs };
	struct reg_error why;
	enum reg_err e = builder_add(im->check, &entry, &why);

	if (e == REG_E_NOMEM) {
		*im->err = why;
		return e;
	}
	if (e != REG_OK) {
		reg_report_add(im->report, &why);
		return REG_OK;
	}
	if (im->fn(im->ctx, &entry))
		return REG_OK;
	reg_error_set(im->err, im->path, im->line, "%s", reg_strerror(REG_E_STOPPED));
	return REG_E_STOPPED;
}

enum reg_err import_end(struct import *im)
{
	enum reg_err e = REG_OK;
	struct reg_error why;

	if (im->id_count == 0)
		import_refuse(im, "no hardware address, client id or DUID");
	if (im->why[0] != '\0') {
		reg_error_set(&why, im->path, im->line, "%s", im->why);
		reg_report_add(im->report, &why);
		return REG_OK;
	}
	for (size_t i = 0; i < im->id_count && e == REG_OK; i++)
		e = hand_over(im, &im->ids[i]);
	return e;
}

/* The whole file and a NUL. */
static enum reg_err read_fd(int fd, char **ret, size_t *ret_len)
{
	struct stat st;
	size_t done = 0;
	char *text;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return REG_E_KIND;
	if (st.st_size > FILE_MAX)
		return REG_E_SIZE;
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL)
		return REG_E_NOMEM;
	while (done < (size_t)st.st_size) {
		ssize_t n = read(fd, text + done, (size_t)st.st_size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			free(text);
			return n < 0 ? REG_E_READ : REG_E_CHANGED;
		}
		done += (size_t)n;
	}
	text[done] = '\0';
	*ret = text;
	*ret_len = done;
	return REG_OK;
}

static enum reg_err read_file(const char *path, char **ret, size_t *ret_len,
	struct reg_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum reg_err e;

	if (fd < 0) {
		reg_error_set(err, path, 0, "%s", strerror(errno));
		return REG_E_OPEN;
	}
	e = read_fd(fd, ret, ret_len);
	if (e != REG_OK)
		reg_error_set(err, path, 0, "%s", reg_strerror(e));
	close(fd);
	return e;
}

static enum reg_err run(struct import *im, size_t format, char *text, size_t len)
{
	struct builder_options options = { .name = im->path };
	enum reg_err e = builder_begin(&options, &im->check);

	if (e != REG_OK) {
		reg_error_set(im->err, im->path, 0, "%s", reg_strerror(e));
		return e;
	}
	if (memchr(text, '\0', len) != NULL)
		e = import_wrong(im, 0, reg_strerror(REG_E_NUL));
	else
		e = formats[format].read(im, text, len);
	builder_free(im->check);
	return e;
}

enum reg_err registry_import(const char *format, const char *path, import_fn *fn, void *ctx,
	struct reg_report *report, struct reg_error *err)
{
	size_t count = sizeof(formats) / sizeof(formats[0]), f = 0, len;
	struct import *im = calloc(1, sizeof(*im));
	enum reg_err e;
	char *text;

	while (f < count && strcmp(formats[f].name, format) != 0)
		f++;
	if (im == NULL) {
		e = REG_E_NOMEM;
		reg_error_set(err, path, 0, "%s", reg_strerror(e));
	} else if (f == count) {
		e = REG_E_FORMAT;
		reg_error_set(err, NULL, 0, "no format \"%s\", expected kea, isc, dnsmasq or csv",
			format);
	} else {
		e = read_file(path, &text, &len, err);
	}
	if (e == REG_OK) {
		*im = (struct import){ .path = path, .fn = fn, .ctx = ctx, .report = report,
			.err = err };
		e = run(im, f, text, len);
		free(text);
	}
	free(im);
	return e;
}
