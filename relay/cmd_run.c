/* SPDX-License-Identifier: GPL-2.0-or-later */
/* usher run: the daemon, in the foreground. What it does is daemon.c's. */
#include "relay/command.h"

#include "relay/config.h"
#include "relay/daemon.h"

int cmd_run(int argc, char **argv)
{
	const char *path = command_config(argc, argv);

	if (path == NULL)
		return EXIT_CODE_USAGE;
	log_open(LEVEL_INFO);
	return daemon_run(path);
}
