/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The users of a bench: a quarter each of plain and steered ones (tests/bench/traffic.h) in DHCPv4
 * and in DHCPv6, as a registry or as the lines of a registry file.
 */
#ifndef USHER_TESTS_BENCH_USERS_H
#define USHER_TESTS_BENCH_USERS_H

#include "registry/registry.h"
#include "tests/bench/traffic.h"

#include <stdio.h>

/*
 * How many clients of a class and family there are among `users` (at least; four users are the
 * fewest); their numbers begin at 0.
 */
static inline uint32_t users_of_class(size_t users)
{
	return users < 4 ? 1 : (uint32_t)(users / 4);
}

/* Ends the program without memory. */
struct registry *users_registry(size_t users);

/* Writes the lines; false if the file did not take them. */
bool users_write(size_t users, FILE *f);

#endif
