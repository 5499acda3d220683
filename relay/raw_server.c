/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides /proc/net/packet and /proc/net/udp. A packet socket alone proves nothing, as clients and
 * sniffers have one too; together with port 67 in the same process it is a server (PROTOCOL E.1:
 * dhcpd and Kea keep a UDP socket there beside the raw one, udhcpd receives on it).
 */
#include "relay/raw_server.h"

#include "relay/sockets.h"

#include <stdio.h>

enum { PROTOCOL_IP = 0x0800, PROTOCOL_ALL = 0x0003, SERVER_PORT = 67, PATH_ROOM = 512 };

static FILE *open_table(const char *root, const char *name)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/proc/net/%s", root, name);
	return fopen(path, "re");
}

/* "sk RefCnt Type Proto Iface R Rmem User Inode", the protocol in hexadecimal. */
static void add_packet_sockets(const char *root, struct sockets *ret)
{
	FILE *f = open_table(root, "packet");
	unsigned long inode;
	unsigned protocol;
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %*s %*s %x %*s %*s %*s %*s %lu", &protocol, &inode) == 2 &&
			(protocol == PROTOCOL_IP || protocol == PROTOCOL_ALL))
			sockets_add(ret, inode);
	if (f != NULL)
		fclose(f);
}

/*
 * "sl local rem st queues tr:tm retrnsmt uid timeout inode ...", local as address:port in
 * hexadecimal.
 */
static void add_server_ports(const char *root, struct sockets *ret)
{
	FILE *f = open_table(root, "udp");
	unsigned long inode;
	char line[512];
	unsigned port;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %*8[0-9A-Fa-f]:%x %*s %*s %*s %*s %*s %*s %*s %lu", &port,
			    &inode) == 2 &&
			port == SERVER_PORT)
			sockets_add(ret, inode);
	if (f != NULL)
		fclose(f);
}

bool raw_server_find(const char *root, char *dst, size_t cap)
{
	struct sockets sets[2] = { { 0 } };

	add_packet_sockets(root, &sets[0]);
	add_server_ports(root, &sets[1]);
	return sockets_holder(root, sets, 2, dst, cap);
}
