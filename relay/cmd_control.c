/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands that ask the daemon for one thing and print little or nothing: reload, pause,
 * resume, log-level, metrics. What is wrong is said by control_client.c.
 */
#include "relay/command.h"

#include "relay/control_client.h"

#include <inttypes.h>
#include <stdio.h>

enum { FLAG_OF_CONFIG, FLAG_OF_SOCKET };

const struct flag control_flags[] = { FLAG_CONFIG, FLAG_SOCKET, { NULL, 0, NULL, NULL } };

/* Asks without arguments. An exit code, EXIT_CODE_USAGE among them. */
static int ask(int argc, char **argv, const char *command, struct control_answer *ret)
{
	const char *values[FLAGS_MAX];

	*ret = (struct control_answer){ .root = NULL };
	if (command_flags(argc, argv, control_flags, values) != argc)
		return EXIT_CODE_USAGE;
	return control_ask(&(struct control_place){ values[FLAG_OF_CONFIG], values[FLAG_OF_SOCKET] },
		command, NULL, ret);
}

int cmd_reload(int argc, char **argv)
{
	struct control_answer a;
	int code = ask(argc, argv, "reload", &a);

	if (code == EXIT_CODE_OK)
		printf("reloaded: %" PRIu64 " users\n", control_number(&a, "users"));
	control_answer_done(&a);
	return code;
}

int cmd_pause(int argc, char **argv)
{
	struct control_answer a;
	int code = ask(argc, argv, "pause", &a);

	if (code == EXIT_CODE_OK)
		puts("paused: all packets pass untouched, until \"usher resume\"");
	control_answer_done(&a);
	return code;
}

int cmd_resume(int argc, char **argv)
{
	struct control_answer a;
	int code = ask(argc, argv, "resume", &a);

	if (code == EXIT_CODE_OK)
		puts("resumed");
	control_answer_done(&a);
	return code;
}

int cmd_metrics(int argc, char **argv)
{
	struct control_answer a;
	int code = ask(argc, argv, "metrics", &a);

	if (code == EXIT_CODE_OK)
		fputs(control_text(&a, "text"), stdout);
	control_answer_done(&a);
	return code;
}

/* Without a level it tells the one in force. */
int cmd_log_level(int argc, char **argv)
{
	const char *values[FLAGS_MAX];
	int at = command_flags(argc, argv, control_flags, values), code;
	struct control_argument arguments[] = { { "level", NULL }, { NULL, NULL } };
	struct control_answer a;

	if (at < 0 || argc - at > 1)
		return EXIT_CODE_USAGE;
	arguments[0].value = argc > at ? argv[at] : NULL;
	code = control_ask(&(struct control_place){ values[FLAG_OF_CONFIG], values[FLAG_OF_SOCKET] },
		"log-level", arguments, &a);
	if (code == EXIT_CODE_OK)
		printf("%s\n", control_text(&a, "log_level"));
	control_answer_done(&a);
	return code;
}
