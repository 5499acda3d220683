/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides which word is which process. */
#include "relay/spawned.h"

#include "relay/command.h"

#include <string.h>

static const struct {
	const char *word;
	int (*run)(void);
} rows[] = {
	{ SPAWNED_WORKER, worker_process },
	{ SPAWNED_LOADER, loader_process },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

bool spawned_is(const char *word)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].word, word) == 0)
			return true;
	return false;
}

int spawned_main(const char *word)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strcmp(rows[i].word, word) == 0)
			return rows[i].run();
	return EXIT_CODE_OTHER;
}
