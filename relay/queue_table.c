/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides two tables of /proc: nfnetlink_queue (queue to port id) and netlink (port id to socket).
 * Text is read with stdio, which allocates; only start-up, errors and statistics come here.
 */
#include "relay/queue_table.h"

#include "relay/sockets.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>

int queue_table_find(uint16_t number, struct queue_row *ret)
{
	FILE *f = fopen("/proc/net/netfilter/nfnetlink_queue", "re");
	unsigned long long dropped, user_dropped;
	unsigned n, port, waiting, mode, range, id;
	char line[256];
	int err = -ENOENT;

	if (f == NULL)
		return -errno;
	while (err != 0 && fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%u %u %u %u %u %llu %llu %u", &n, &port, &waiting, &mode, &range,
			&dropped, &user_dropped, &id) != 8 || n != number)
			continue;
		*ret = (struct queue_row){
			.port_id = port, .waiting = waiting, .copy_mode = mode, .copy_range = range,
			.dropped = dropped, .user_dropped = user_dropped, .last_id = id,
		};
		err = 0;
	}
	fclose(f);
	return err;
}

static void add_netfilter_sockets(uint32_t port_id, struct sockets *ret)
{
	FILE *f = fopen("/proc/net/netlink", "re");
	unsigned protocol, port;
	unsigned long inode;
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &protocol, &port,
			    &inode) == 3 &&
			protocol == NETLINK_NETFILTER && port == port_id)
			sockets_add(ret, inode);
	if (f != NULL)
		fclose(f);
}

void queue_table_owner(uint32_t port_id, char *dst, size_t cap)
{
	struct sockets sockets = { 0 };

	add_netfilter_sockets(port_id, &sockets);
	if (!sockets_holder("", &sockets, 1, dst, cap))
		snprintf(dst, cap, "a process that cannot be seen from here (netlink port id %u)",
			port_id);
}
