/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher check: reads config and registry as the daemon would, prints what was understood, and every
 * error as "file:line: reason". Changes nothing and needs no privileges beyond reading the two
 * files. With --system it looks at the machine, too.
 */
#include "relay/command.h"

#include "relay/data_source.h"
#include "relay/hook.h"
#include "relay/log.h"
#include "relay/surroundings.h"

#include <stdio.h>
#include <string.h>

enum { SUBNET_ERRORS = 20 };     /* of users, that are printed */

static void print(void *ctx, const char *text, size_t len)
{
	fwrite(text, 1, len, ctx);
}

static void print_warnings(const struct config *c)
{
	for (const struct rule_warning *w = c->warnings; w != NULL; w = w->next) {
		fprintf(stderr, "%s:", c->path);
		if (w->line > 0)
			fprintf(stderr, "%u:", w->line);
		fprintf(stderr, " warning: %s%s%s\n", w->path, w->path[0] != '\0' ? ": " : "",
			w->text);
	}
}

static bool knows_subnet(const struct config *c, const char *name, size_t len)
{
	return (len == strlen("server") && memcmp(name, "server", len) == 0) ||
		subnet_named(&c->policy->subnets, name, len) != NULL;
}

/* A user with a subnet that is none would be restricted, which nobody wants to find out later. */
static size_t check_subnets(
	const struct config *c, const char *source, const struct registry *reg)
{
	size_t count = 0;

	for (const struct reg_user *u = registry_next(reg, NULL); u != NULL;
		u = registry_next(reg, u)) {
		const char *name;
		char safe[256];
		size_t len;

		if (!registry_known(u, REG_ATTR_SUBNET, &name, &len) || knows_subnet(c, name, len))
			continue;
		if (count++ >= SUBNET_ERRORS)
			continue;
		log_escape(safe, sizeof(safe), name, len);
		fprintf(stderr, "%s:%u: subnet: no subnet of the config is called \"%s\"\n",
			source, registry_source_line(u), safe);
	}
	return count;
}

static int check_registry(const struct config *c)
{
	struct reg_report report = { 0 };
	struct load_result result;
	struct reg_error err;
	char buf[256];
	const char *source = data_source_name(c, buf, sizeof(buf));
	size_t bad;

	if (data_source_read(c, true, &report, &result, &err) != REG_OK) {
		fprintf(stderr, "%s\n", err.text);
		return EXIT_CODE_CONFIG;
	}
	for (size_t i = 0; i < reg_report_kept(&report); i++)
		fprintf(stderr, "%s\n", report.first[i].text);
	bad = report.count + check_subnets(c, source, result.registry);
	/* A comment: what is printed is a config again. */
	printf("// registry %s: %zu users, %zu bytes of memory\n", source,
		registry_count(result.registry), registry_size(result.registry));
	if (result.stats.exposed)
		fprintf(stderr, "%s: warning: %s\n", source, REG_EXPOSED);
	registry_free(result.registry);
	if (bad == 0)
		return EXIT_CODE_OK;
	fprintf(stderr, "%s: %zu errors%s\n", source, bad,
		report.count == 0 || c->registry.bad_lines == LINES_SKIP ? "" :
			": it would be refused as a whole (registry.bad_lines)");
	return EXIT_CODE_CONFIG;
}

static void print_library(void *ctx, const char *text)
{
	(void)ctx;
	printf("// %s\n", text);
}

/* As a start would, but that no library's load() is called. */
static int check_libraries(const struct config *c)
{
	char why[HOOK_WHY];

	if (hooks_try(c, print_library, NULL, why) == 0)
		return EXIT_CODE_OK;
	fprintf(stderr, "%s\n", why);
	return EXIT_CODE_CONFIG;
}

static int check(const char *path, bool system)
{
	struct config_error err;
	struct config *c = config_load(path, &err);
	int code;

	if (c == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return err.fault == CONFIG_NO_MEMORY ? EXIT_CODE_MEMORY : EXIT_CODE_CONFIG;
	}
	config_print(c, print, stdout);
	print_warnings(c);
	fflush(stdout);
	code = check_registry(c);
	if (code == EXIT_CODE_OK)
		code = check_libraries(c);
	if (system && surroundings_check(c, stderr) > 0 && code == EXIT_CODE_OK)
		code = EXIT_CODE_NETWORK;
	config_free(c);
	return code;
}

enum { FLAG_OF_CONFIG, FLAG_SYSTEM };

const struct flag check_flags[] = {
	FLAG_CONFIG,
	{ "system", 's', NULL, "look at this machine, too: netfilter rules, bridges, who may read what" },
	{ NULL, 0, NULL, NULL },
};

int cmd_check(int argc, char **argv)
{
	const char *values[FLAGS_MAX];

	if (command_flags(argc, argv, check_flags, values) != argc)
		return EXIT_CODE_USAGE;
	return check(values[FLAG_OF_CONFIG] != NULL ? values[FLAG_OF_CONFIG] : CONFIG_PATH,
		values[FLAG_SYSTEM] != NULL);
}
