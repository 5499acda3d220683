/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/registry/make.h"

#include "registry/entry.h"

#include <stdio.h>
#include <string.h>

static enum reg_err add_lines(struct builder *b, const char *text, const struct reg_memory *memory,
	struct reg_error *err)
{
	struct entry_reader *reader = entry_reader_new(memory);
	enum reg_err e = reader != NULL ? REG_OK : REG_E_NOMEM;
	uint32_t number = 0;

	while (e == REG_OK && *text != '\0') {
		size_t len = strcspn(text, "\n");
		struct reg_entry entry;
		char why[REG_WHY];

		number++;
		if (!entry_is_blank(text, len)) {
			e = entry_read(reader, text, len, &entry, why);
			entry.line = number;
			if (e != REG_OK)
				reg_error_set(err, "t", number, "%s", why);
			else
				e = builder_add(b, &entry, err);
		}
		text += len + (text[len] == '\n');
	}
	entry_reader_free(reader);
	return e;
}

struct registry *make_registry(const char *text, const struct make_options *options,
	enum reg_err *ret_e, struct reg_error *err, struct reg_report *report, int *ret_fd)
{
	struct make_options none = { 0 };
	const struct make_options *o = options != NULL ? options : &none;
	struct builder_options build = { .name = "t", .memory = o->memory, .base = o->base,
		.shared = o->shared, .layer_from = o->layer_from };
	struct builder_result result = { .fd = -1 };
	struct reg_error own_err = { "" };
	struct builder *b;
	enum reg_err e = builder_begin(&build, &b);

	if (e == REG_OK) {
		e = add_lines(b, text, o->memory, err != NULL ? err : &own_err);
		if (e == REG_OK)
			e = builder_finish(b, o->skip_duplicates, report, &result);
		else
			builder_free(b);
	}
	if (ret_e != NULL)
		*ret_e = e;
	if (ret_fd != NULL)
		*ret_fd = result.fd;
	return e == REG_OK ? result.registry : NULL;
}

const struct reg_user *find_user(const struct registry *reg, const char *id)
{
	struct reg_id parsed;
	char why[REG_WHY];

	if (reg_id_parse_any(id, strlen(id), &parsed, why) != REG_OK)
		return NULL;
	return registry_find(reg, parsed.type, parsed.bytes, parsed.len);
}

const char *attrs_text(const struct reg_user *user, char buf[static 1024])
{
	struct reg_iter it = { 0 };
	struct reg_pair pair;
	size_t n = 0;

	buf[0] = '\0';
	while (registry_attr_next(user, &it, &pair))
		n += (size_t)snprintf(buf + n, 1024 - n, "%.*s=%.*s;", (int)pair.name_len,
			pair.name, (int)pair.value_len, pair.value);
	return buf;
}

const char *options_text(const struct reg_user *user, char buf[static 1024])
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned int family = 4; family <= 6; family += 2) {
		struct reg_iter it = { 0 };
		struct reg_option opt;

		while (reg_option_next(user, family, &it, &opt)) {
			n += (size_t)snprintf(buf + n, 1024 - n, "%u:%u", family, opt.code);
			if (opt.suboption != 0)
				n += (size_t)snprintf(buf + n, 1024 - n, "/%u.%u", opt.enterprise,
					opt.suboption);
			buf[n++] = '=';
			for (size_t i = 0; i < opt.len; i++)
				n += (size_t)snprintf(buf + n, 1024 - n, "%02x", opt.bytes[i]);
			n += (size_t)snprintf(buf + n, 1024 - n, ";");
		}
	}
	return buf;
}

static bool grant(void *ctx, size_t bytes)
{
	struct scarcity *s = ctx;

	(void)bytes;
	return ++s->asked < s->refuse_from;
}

void scarcity_init(struct scarcity *s, size_t refuse_from)
{
	*s = (struct scarcity){ .memory = { .grant = grant, .ctx = s }, .refuse_from = refuse_from };
}
