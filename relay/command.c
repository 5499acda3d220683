/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides getopt(3): a subcommand has one table of its flags, from which they are read, explained and
 * completed.
 */
#include "relay/command.h"

#include "relay/config.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

const struct flag config_flags[] = { FLAG_CONFIG, { NULL, 0, NULL, NULL } };

/*
 * The same flags for getopt_long(3), whose results are their indexes; letters become "c:" and so
 * on.
 */
static void convert(const struct flag *flags, struct option *options, char *letters)
{
	size_t n = 0;

	for (; flags[n].name != NULL; n++) {
		options[n] = (struct option){
			.name = flags[n].name,
			.has_arg = flags[n].argument != NULL ? required_argument : no_argument,
			.val = (int)n,
		};
		if (flags[n].letter == 0)
			continue;
		*letters++ = flags[n].letter;
		if (flags[n].argument != NULL)
			*letters++ = ':';
	}
	options[n] = (struct option){ .name = NULL };
	*letters = '\0';
}

static int index_of(const struct flag *flags, int c)
{
	for (int i = 0; flags[i].name != NULL; i++)
		if (flags[i].letter != 0 && flags[i].letter == c)
			return i;
	return c < FLAGS_MAX ? c : -1;
}

int command_flags(
	int argc, char **argv, const struct flag *flags, const char *values[static FLAGS_MAX])
{
	struct option options[FLAGS_MAX + 1];
	char letters[2 * FLAGS_MAX + 1];
	int c;

	convert(flags, options, letters);
	for (size_t i = 0; i < FLAGS_MAX; i++)
		values[i] = NULL;
	optind = 1;
	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		int i = index_of(flags, c);

		if (i < 0)
			return -1;
		values[i] = flags[i].argument != NULL ? optarg : "";
	}
	return optind;
}

const char *command_config(int argc, char **argv)
{
	const char *values[FLAGS_MAX];
	int at = command_flags(argc, argv, config_flags, values);

	if (at != argc)
		return NULL;
	return values[0] != NULL ? values[0] : CONFIG_PATH;
}
