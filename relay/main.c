/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program: a table of subcommands, one loop to find one and one to list them. */
#include "relay/command.h"

#include "relay/spawned.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static command_fn cmd_help, cmd_commands;

static const struct command {
	const char *name;
	command_fn *run;
	const char *arguments, *help; /* arguments: those behind the flags */
	const struct flag *flags;
	bool hidden;
} commands[] = {
	{ "run", cmd_run, "", "the daemon, in the foreground", config_flags },
	{ "check", cmd_check, "", "read config and registry, print what was understood",
		check_flags },
	{ "replay", cmd_replay, "IN.pcap [OUT.pcap]",
		"the same pipeline over a capture, without root", replay_flags },
	{ "explain", cmd_explain, "ID",
		"which user, rule, subnet and options a client gets, and why", explain_flags },
	{ "registry", cmd_registry, "check|find|list|add|set|remove|import|export ...",
		"look at a registry file and edit it, atomically" },
	{ "status", cmd_status, "", "how the daemon is and what it has done", status_flags },
	{ "reload", cmd_reload, "", "have config and registry read anew, and say what came of it",
		control_flags },
	{ "pause", cmd_pause, "", "have all packets pass untouched", control_flags },
	{ "resume", cmd_resume, "", "end that", control_flags },
	{ "log-level", cmd_log_level, "[error|warning|info|debug]",
		"what is logged, until the next reload", control_flags },
	{ "metrics", cmd_metrics, "", "all counters, as text for Prometheus", control_flags },
	{ "tail", cmd_tail, "[OUTCOME]", "the last records of the outcome file, for a person",
		tail_flags },
	{ "exporter", cmd_exporter, "", "serve them over HTTP, and a web page", exporter_flags },
	{ "help", cmd_help, "[COMMAND]", "what a command does and its flags" },
	{ "commands", cmd_commands, "", "commands and flags for programs, tabs between",
		.hidden = true },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static const struct flag no_flags[] = { { NULL, 0, NULL, NULL } };

static const struct flag *flags_of(const struct command *c)
{
	return c->flags != NULL ? c->flags : no_flags;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void print_usage(FILE *out, const struct command *c)
{
	fprintf(out, "usage: usher %s", c->name);
	for (const struct flag *f = flags_of(c); f->name != NULL; f++) {
		if (f->letter != 0 && f->argument != NULL)
			fprintf(out, " [-%c %s]", f->letter, f->argument);
		else
			fprintf(out, " [--%s%s%s]", f->name, f->argument != NULL ? " " : "",
				f->argument != NULL ? f->argument : "");
	}
	fprintf(out, "%s%s\n", c->arguments[0] != '\0' ? " " : "", c->arguments);
}

static void print_command(const struct command *c)
{
	print_usage(stdout, c);
	printf("\n%s\n", c->help);
	for (const struct flag *f = flags_of(c); f->name != NULL; f++) {
		char names[64], letter[8] = "";

		if (f->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", f->letter);
		snprintf(names, sizeof(names), "%s--%s%s%s", letter, f->name,
			f->argument != NULL ? " " : "", f->argument != NULL ? f->argument : "");
		printf("%s  %-22s %s\n", f == flags_of(c) ? "\n" : "", names, f->help);
	}
}

static void print_help(FILE *out)
{
	fprintf(out, "usage: usher COMMAND [FLAG]... [ARGUMENT]...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		if (!commands[i].hidden)
			fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\n  --help     this text; behind a command, that command's\n"
		"  --version  the version\n\n"
		"Without -c the config is /etc/usher/usher.json.\n");
}

static int unknown(const char *name)
{
	fprintf(stderr, "usher: unknown command '%s'\n\n", name);
	print_help(stderr);
	return EXIT_CODE_CONFIG;
}

static int cmd_help(int argc, char **argv)
{
	const struct command *c = argc > 1 ? find(argv[1]) : NULL;

	if (argc > 2)
		return EXIT_CODE_USAGE;
	if (argc == 2 && c == NULL)
		return unknown(argv[1]);
	if (c != NULL)
		print_command(c);
	else
		print_help(stdout);
	return EXIT_CODE_OK;
}

/*
 * "command", name, arguments, help; behind each "flag", its name, its letter, its argument, help.
 */
static int cmd_commands(int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return EXIT_CODE_USAGE;
	for (size_t i = 0; i < COMMANDS; i++) {
		const struct command *c = &commands[i];

		if (c->hidden)
			continue;
		printf("command\t%s\t%s\t%s\n", c->name, c->arguments, c->help);
		for (const struct flag *f = flags_of(c); f->name != NULL; f++)
			printf("flag\t%s\t%.1s\t%s\t%s\n", f->name, &f->letter,
				f->argument != NULL ? f->argument : "", f->help);
	}
	return EXIT_CODE_OK;
}

/* A descriptor 0, 1 or 2 that is closed would otherwise be given to a socket or a file of ours. */
static int open_standard_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

static bool asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run(const struct command *c, int argc, char **argv)
{
	int code = EXIT_CODE_OK;

	if (argc > 1 && asks_for_help(argv[1]))
		print_command(c);
	else
		code = c->run(argc, argv);
	if (code != EXIT_CODE_USAGE)
		return code;
	print_usage(stderr, c);
	return EXIT_CODE_CONFIG;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *c = find(name);

	if (open_standard_descriptors() != 0)
		return EXIT_CODE_FILE;
	if (argc == 1 + 1 && spawned_is(name))
		return spawned_main(name);
	if (c != NULL)
		return run(c, argc - 1, argv + 1);
	if (strcmp(name, "--version") == 0) {
		printf("usher %s\n", USHER_VERSION);
		return EXIT_CODE_OK;
	}
	if (asks_for_help(name)) {
		print_help(stdout);
		return EXIT_CODE_OK;
	}
	if (argc > 1)
		return unknown(name);
	print_help(stderr);
	return EXIT_CODE_CONFIG;
}
