/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program of the system and takes what it prints. */
#ifndef USHER_RELAY_RUN_PROGRAM_H
#define USHER_RELAY_RUN_PROGRAM_H

/*
 * Runs argv[0], found in one of the system's directories, with the arguments that follow, the last
 * of them NULL, and returns what it wrote to standard output, at most 4 MiB, for the caller to
 * free(). NULL if it is not there, fails, prints more, or takes longer than three seconds. Not for
 * the packet path.
 */
char *run_program(char *const argv[]);

#endif
