/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usher check --system: what of this machine would keep the daemon from its work. The daemon itself
 * looks when it starts; an administrator wants to look when something is wrong, and as root.
 */
#ifndef USHER_RELAY_SURROUNDINGS_H
#define USHER_RELAY_SURROUNDINGS_H

#include "relay/config.h"

#include <stdio.h>

/*
 * Writes a line with its remedy for each finding of the start-up checks, and for each file that the
 * user usher, whom usher.service runs as, may not read or write; the latter only as root and where
 * there is that user. Returns how many findings are worth a warning.
 */
size_t surroundings_check(const struct config *c, FILE *out);

#endif
