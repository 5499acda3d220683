/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands: each is a function of its own file that takes the command line from its name on and
 * returns an exit code. main.c holds their table.
 */
#ifndef USHER_RELAY_COMMAND_H
#define USHER_RELAY_COMMAND_H

enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_CONFIG = 1,    /* config, registry or command line */
	EXIT_CODE_NETWORK = 2,   /* network or queue */
	EXIT_CODE_FILE = 3,
	EXIT_CODE_MEMORY = 4,
	EXIT_CODE_OTHER = 5,
};

/*
 * The config that "[-c FILE]" names, or the usual one; borrowed from argv. NULL: anything else was
 * given, and the usage is printed.
 */
const char *command_config(int argc, char **argv);

typedef int command_fn(int argc, char **argv);

command_fn cmd_run, cmd_check, cmd_replay, cmd_explain, cmd_registry;

#endif
