/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a spawned process does. The program is called with one of these words, which no person need
 * know, and finds its descriptors where relay/spawner.h says.
 */
#ifndef USHER_RELAY_SPAWNED_H
#define USHER_RELAY_SPAWNED_H

#include <stdbool.h>

#define SPAWNED_WORKER "--worker"
#define SPAWNED_LOADER "--loader"

/* Whether the word is one of them. */
bool spawned_is(const char *word);

/* Returns the exit code of the process. */
int spawned_main(const char *word);

/* Runs batches until the socket is closed. */
int worker_process(void);
/* Reads registry and config until the socket is closed. */
int loader_process(void);

#endif
