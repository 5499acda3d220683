/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher registry: looks at a registry file and edits it. What an edit is, and that the file is
 * never half written, is registry/edit.c's; here is the command line and what is printed. A running
 * usher sees every edit with its next packet, as it sees one made by hand.
 */
#include "relay/command.h"

#include "registry/edit.h"
#include "registry/entry_text.h"
#include "registry/export.h"
#include "registry/import.h"
#include "registry/load.h"
#include "relay/progress.h"
#include "rules/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_ROOM = 65536, PROGRESS_MS = 1000 };

static int code_of(enum reg_err err)
{
	switch (err) {
	case REG_OK:
		return EXIT_CODE_OK;
	case REG_E_NOMEM:
		return EXIT_CODE_MEMORY;
	case REG_E_OPEN:
	case REG_E_KIND:
	case REG_E_READ:
	case REG_E_WRITE:
	case REG_E_BUSY:
		return EXIT_CODE_FILE;
	default:
		return EXIT_CODE_CONFIG;
	}
}

static int fail(enum reg_err err, const struct reg_error *why)
{
	fprintf(stderr, "%s\n", why->text);
	return code_of(err);
}

/* The id that a word of the command line names, with or without its type. */
static bool read_id(const char *text, struct reg_id *ret)
{
	char why[REG_WHY];

	if (reg_id_parse_any(text, strlen(text), ret, why) == REG_OK)
		return true;
	fprintf(stderr, "usher: \"%s\": %s\n", text, why);
	return false;
}

static void print_report(const struct reg_report *report)
{
	for (size_t i = 0; i < reg_report_kept(report); i++)
		fprintf(stderr, "%s\n", report->first[i].text);
	if (report->count > reg_report_kept(report))
		fprintf(stderr, "and %zu more\n", report->count - reg_report_kept(report));
}

static struct progress *show(const char *path)
{
	return progress_begin(STDERR_FILENO, PROGRESS_MS, path);
}

static enum reg_err load_shown(const char *path, bool skip_bad, struct reg_report *report,
	struct load_result *ret, struct reg_error *err)
{
	struct progress *bar = show(path);
	struct load_options options = {
		.skip_bad = skip_bad, .skip_unfinished = skip_bad, .progress = progress_at, .ctx = bar,
	};
	enum reg_err e = registry_load_file_as(path, &options, report, ret, err);

	progress_end(bar);
	return e;
}

static enum reg_err edit_shown(const char *path, struct edit *edits, size_t count, bool create,
	struct reg_error *err)
{
	struct progress *bar = show(path);
	enum reg_err e = registry_edit(path, edits, count, create, err);

	progress_end(bar);
	return e;
}

static enum reg_err load(const char *path, struct registry **ret)
{
	struct load_result result = { .fd = -1 };
	struct reg_error err;
	enum reg_err e = load_shown(path, false, NULL, &result, &err);

	if (e != REG_OK)
		fprintf(stderr, "%s\n", err.text);
	else
		*ret = result.registry;
	return e;
}

/* All wrong lines, not only the first. */
static int do_check(int argc, char **argv)
{
	struct load_result result = { .fd = -1 };
	struct reg_report report = { .count = 0 };
	struct reg_error err;
	enum reg_err e = load_shown(argv[0], true, &report, &result, &err);

	(void)argc;
	if (e != REG_OK)
		return fail(e, &err);
	print_report(&report);
	printf("%s: %zu users, %zu wrong lines, %zu bytes in memory, read in %.3f s\n", argv[0],
		result.stats.users, report.count, result.stats.bytes,
		(double)result.stats.micros / 1e6);
	registry_free(result.registry);
	return report.count == 0 ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}

static void print_user(const struct reg_user *user)
{
	static char text[LINE_ROOM];

	user_text(user, text, sizeof(text));
	printf("%u: %s\n", registry_source_line(user), text);
}

static int do_find(int argc, char **argv)
{
	struct registry *reg = NULL;
	enum reg_err e = load(argv[0], &reg);
	int code = EXIT_CODE_OK;

	if (e != REG_OK)
		return code_of(e);
	for (int i = 1; i < argc; i++) {
		const struct reg_user *user = NULL;
		struct reg_id id;

		if (read_id(argv[i], &id))
			user = registry_find(reg, id.type, id.bytes, id.len);
		if (user != NULL) {
			print_user(user);
			continue;
		}
		fprintf(stderr, "usher: %s is not in %s\n", argv[i], argv[0]);
		code = EXIT_CODE_CONFIG;
	}
	registry_free(reg);
	return code;
}

static bool print_line(void *ctx, const char *line, size_t len)
{
	return fwrite(line, 1, len, ctx) == len && putc('\n', ctx) != EOF;
}

static int export_as(const char *path, const char *format)
{
	struct registry *reg = NULL;
	enum reg_err e = load(path, &reg);

	if (e != REG_OK)
		return code_of(e);
	e = registry_export(reg, format, print_line, stdout);
	registry_free(reg);
	if (e == REG_OK && fflush(stdout) == 0)
		return EXIT_CODE_OK;
	fprintf(stderr, "usher: export to \"%s\": %s\n", format, reg_strerror(e));
	return e == REG_OK ? EXIT_CODE_FILE : code_of(e);
}

static int do_list(int argc, char **argv)
{
	(void)argc;
	return export_as(argv[0], "jsonl");
}

static int do_export(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[0], "--to") == 0)
		return export_as(argv[2], argv[1]);
	return argc == 1 ? export_as(argv[0], "jsonl") : -1;
}

/* "name=value" sets an attribute, "name" alone takes it away. */
static struct reg_pair read_pair(const char *word)
{
	const char *eq = strchr(word, '=');
	struct reg_pair pair = { .name = word, .name_len = strlen(word) };

	if (eq != NULL) {
		pair.name_len = (size_t)(eq - word);
		pair.value = eq + 1;
		pair.value_len = strlen(eq + 1);
	}
	return pair;
}

static int edit_one(enum edit_kind kind, int argc, char **argv)
{
	struct reg_pair pairs[REG_PAIRS_MAX];
	struct edit edit = { .kind = kind, .pairs = pairs };
	struct reg_error err;
	enum reg_err e;

	if (!read_id(argv[1], &edit.id))
		return EXIT_CODE_CONFIG;
	for (int i = 2; i < argc && edit.count < REG_PAIRS_MAX; i++)
		pairs[edit.count++] = read_pair(argv[i]);
	e = edit_shown(argv[0], &edit, 1, kind == EDIT_ADD, &err);
	return e == REG_OK ? EXIT_CODE_OK : fail(e, &err);
}

static int do_add(int argc, char **argv)
{
	return edit_one(EDIT_ADD, argc, argv);
}

static int do_set(int argc, char **argv)
{
	return argc < 3 ? -1 : edit_one(EDIT_SET, argc, argv);
}

static int do_remove(int argc, char **argv)
{
	struct edit *edits = calloc((size_t)argc, sizeof(*edits));
	struct reg_error err;
	enum reg_err e = REG_OK;
	int code = EXIT_CODE_OK;

	if (edits == NULL)
		return EXIT_CODE_MEMORY;
	for (int i = 1; i < argc && code == EXIT_CODE_OK; i++) {
		edits[i - 1].kind = EDIT_REMOVE;
		if (!read_id(argv[i], &edits[i - 1].id))
			code = EXIT_CODE_CONFIG;
	}
	if (code == EXIT_CODE_OK)
		e = edit_shown(argv[0], edits, (size_t)argc - 1, false, &err);
	free(edits);
	return e != REG_OK ? fail(e, &err) : code;
}

/* What an import gathers: entries are borrowed, so all of them is copied. */
struct gathered {
	struct arena arena;
	struct edit *edits;
	size_t count;
};

static bool gather(void *ctx, const struct reg_entry *entry)
{
	struct gathered *g = ctx;
	struct reg_pair *pairs = arena_alloc(&g->arena, (entry->count + 1) * sizeof(*pairs));
	struct edit *edits = arena_grow(&g->arena, g->edits, g->count, sizeof(*edits));

	if (pairs == NULL || edits == NULL)
		return false;
	for (size_t i = 0; i < entry->count; i++) {
		pairs[i] = entry->pairs[i];
		pairs[i].name = arena_copy(&g->arena, pairs[i].name, pairs[i].name_len);
		pairs[i].value = arena_copy(&g->arena, pairs[i].value, pairs[i].value_len);
		if (pairs[i].name == NULL || pairs[i].value == NULL)
			return false;
	}
	g->edits = edits;
	g->edits[g->count++] = (struct edit){
		.kind = EDIT_PUT, .id = entry->id, .count = entry->count, .pairs = pairs,
	};
	return true;
}

static int do_import(int argc, char **argv)
{
	struct reg_report report = { .count = 0 };
	struct gathered g = { .count = 0 };
	struct reg_error err;
	enum reg_err e;
	struct progress *bar;
	size_t count;

	if (argc != 4 || strcmp(argv[0], "--from") != 0)
		return -1;
	bar = show(argv[2]);
	e = registry_import(argv[1], argv[2], gather, &g, &report, &err);
	progress_end(bar);
	print_report(&report);
	count = g.count;
	if (e == REG_OK && count > 0)
		e = edit_shown(argv[3], g.edits, g.count, true, &err);
	arena_done(&g.arena);
	if (e != REG_OK)
		return fail(e, &err);
	printf("%s: %zu users added or changed, %zu left out\n", argv[3], count, report.count);
	return report.count == 0 ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}

/* A subcommand: it returns an exit code, or -1 for wrong arguments. */
static const struct registry_command {
	const char *name;
	int (*run)(int argc, char **argv);
	int least, most;             /* arguments; most 0: any number */
	const char *arguments;
} commands[] = {
	{ "check", do_check, 1, 1, "FILE" },
	{ "find", do_find, 2, 0, "FILE ID..." },
	{ "list", do_list, 1, 1, "FILE" },
	{ "add", do_add, 2, 0, "FILE ID [NAME=VALUE]..." },
	{ "set", do_set, 3, 0, "FILE ID NAME=VALUE|NAME..." },
	{ "remove", do_remove, 2, 0, "FILE ID..." },
	{ "import", do_import, 4, 4, "--from kea|isc|dnsmasq|csv SOURCE FILE" },
	{ "export", do_export, 1, 3, "[--to jsonl|csv] FILE" },
};

static int usage(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "%s usher registry %s %s\n", i == 0 ? "usage:" : "      ",
			commands[i].name, commands[i].arguments);
	return EXIT_CODE_CONFIG;
}

int cmd_registry(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct registry_command *c = &commands[i];
		int given = argc - 2, code;

		if (strcmp(argv[1], c->name) != 0)
			continue;
		if (given < c->least || (c->most > 0 && given > c->most))
			return usage();
		code = c->run(given, argv + 2);
		return code < 0 ? usage() : code;
	}
	return usage();
}
