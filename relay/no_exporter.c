/* SPDX-License-Identifier: GPL-2.0-or-later */
/* usher exporter, of a usher that was built without libmicrohttpd. */
#include "relay/command.h"

#include <stddef.h>
#include <stdio.h>

const struct flag exporter_flags[] = { { NULL, 0, NULL, NULL } };

int cmd_exporter(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	fprintf(stderr, "usher: this usher was built without libmicrohttpd and serves nothing; "
		"\"usher metrics\" prints the same for a file of the node exporter\n");
	return EXIT_CODE_OTHER;
}
