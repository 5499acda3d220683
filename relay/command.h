/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands: each is a function of its own file that takes the command line from its name on
 * and returns an exit code. main.c holds their table.
 */
#ifndef USHER_RELAY_COMMAND_H
#define USHER_RELAY_COMMAND_H

enum exit_code {
	EXIT_CODE_OK = 0,
	EXIT_CODE_CONFIG = 1,    /* config, registry or command line */
	EXIT_CODE_NETWORK = 2,   /* network, queue or control socket */
	EXIT_CODE_FILE = 3,
	EXIT_CODE_MEMORY = 4,
	EXIT_CODE_OTHER = 5,
	EXIT_CODE_USAGE = -1,    /* wrong arguments: main prints the usage and exits with 1 */
};

/* A flag of a subcommand. A list of them ends with a NULL name. */
struct flag {
	const char *name;        /* "config", given as --config */
	char letter;             /* 'c', given as -c; 0: none */
	const char *argument;    /* what its argument is called, "FILE"; NULL: it has none */
	const char *help;        /* half a sentence */
};

enum { FLAGS_MAX = 8 };

/* "-c FILE", which most have. */
#define FLAG_CONFIG { "config", 'c', "FILE", "the config, instead of /etc/usher/usher.json" }

/*
 * Reads the flags. values[i] becomes the argument of flags[i], borrowed from argv, "" if it was
 * given and has none, NULL if it was not given. Returns the index of the first word behind them; -1
 * after it has said on standard error what is wrong: return EXIT_CODE_USAGE then.
 */
int command_flags(
	int argc, char **argv, const struct flag *flags, const char *values[static FLAGS_MAX]);

extern const struct flag config_flags[]; /* of those that take nothing but a config */

/* The config that these flags name, or the usual one; NULL: EXIT_CODE_USAGE. */
const char *command_config(int argc, char **argv);

typedef int command_fn(int argc, char **argv);

command_fn cmd_run, cmd_check, cmd_replay, cmd_explain, cmd_registry;
command_fn cmd_status, cmd_reload, cmd_pause, cmd_resume, cmd_log_level, cmd_metrics, cmd_tail;
command_fn cmd_exporter;

extern const struct flag check_flags[], replay_flags[], explain_flags[], status_flags[],
	control_flags[];
extern const struct flag tail_flags[], exporter_flags[];

#endif
