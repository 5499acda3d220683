/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program: a table of subcommands, one loop to find one and one to list them. */
#include "relay/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command {
	const char *name;
	command_fn *run;
	const char *arguments, *help;
} commands[] = {
	{ "run", cmd_run, "[-c FILE]", "the daemon, in the foreground" },
	{ "check", cmd_check, "[-c FILE]", "read config and registry, print what was understood" },
	{ "replay", cmd_replay, "[-c FILE] [--json] [--outcome FILE] IN.pcap [OUT.pcap]",
		"the same pipeline over a capture, without root" },
	{ "explain", cmd_explain, "[-c FILE] [--response HEX] ID",
		"which user, rule, subnet and options a client gets, and why" },
	{ "registry", cmd_registry, "check|find|list|add|set|remove|import|export ...",
		"look at a registry file and edit it, atomically" },
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
	fprintf(out, "usage: usher COMMAND [ARGUMENT]...\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n           %s\n", commands[i].name, commands[i].help,
			commands[i].arguments);
	fprintf(out, "\n  --help     this text\n  --version  the version\n\n"
		"Without -c the config is /etc/usher/usher.json.\n");
}

/* A descriptor 0, 1 or 2 that is closed would otherwise be given to a socket or a file of ours. */
static int open_standard_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return -1;
	return 0;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (open_standard_descriptors() != 0)
		return EXIT_CODE_FILE;
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (strcmp(name, "--version") == 0) {
		printf("usher %s\n", USHER_VERSION);
		return EXIT_CODE_OK;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		print_help(stdout);
		return EXIT_CODE_OK;
	}
	if (argc > 1)
		fprintf(stderr, "usher: unknown command '%s'\n\n", name);
	print_help(stderr);
	return EXIT_CODE_CONFIG;
}
