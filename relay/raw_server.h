/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A DHCPv4 server in this network namespace that reads from a packet socket. */
#ifndef USHER_RELAY_RAW_SERVER_H
#define USHER_RELAY_RAW_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Looks for a process that holds a packet socket for IPv4 and a UDP socket on port 67, as dhcpd and
 * Kea do, and writes "name (pid 123)" to dst[cap]. Clients have port 68 and do not count. Reads all
 * of /proc under `root`; what it may not read it does not find.
 */
bool raw_server_find(const char *root, char *dst, size_t cap);

#endif
