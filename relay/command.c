/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of those subcommands that take nothing but a config. */
#include "relay/command.h"

#include "relay/config.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

const char *command_config(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	const char *path = CONFIG_PATH;
	int c;

	while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (c == 'c')
			path = optarg;
		else
			optind = argc + 1;
	}
	if (optind == argc)
		return path;
	fprintf(stderr, "usage: usher %s [-c FILE]\n", argv[0]);
	return NULL;
}
