/* SPDX-License-Identifier: GPL-2.0-or-later */
/* usher run: the daemon, in the foreground. Only the command line is read here. */
#include "relay/command.h"

#include "relay/config.h"
#include "relay/daemon.h"

#include <getopt.h>
#include <stdio.h>

int cmd_run(int argc, char **argv)
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
	if (optind != argc) {
		fprintf(stderr, "usage: usher run [-c FILE]\n");
		return EXIT_CODE_CONFIG;
	}
	log_open(LEVEL_INFO);
	return daemon_run(path);
}
