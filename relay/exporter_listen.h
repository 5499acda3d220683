/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A listening TCP socket, from an address as people write it. */
#ifndef USHER_RELAY_EXPORTER_LISTEN_H
#define USHER_RELAY_EXPORTER_LISTEN_H

#include <stddef.h>

/*
 * Listens on "127.0.0.1:9567", "[::1]:9567", "name:9567", ":9567" or "9567" (the last two:
 * everywhere). The descriptor, which does not block; or -1 and in err[cap] what is wrong with it
 * and the remedy.
 */
int exporter_listen(const char *address, char *err, size_t cap);

#endif
