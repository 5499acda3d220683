/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's table of bound queues in this network namespace,
 * /proc/net/netfilter/nfnetlink_queue, and who holds them.
 */
#ifndef USHER_RELAY_QUEUE_TABLE_H
#define USHER_RELAY_QUEUE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct queue_row {
	uint32_t port_id;        /* netlink port id of the socket that bound the queue */
	uint32_t waiting;        /* packets without a verdict */
	uint32_t copy_mode, copy_range;
	uint64_t dropped;        /* queue full; not counted while the queue fails open */
	uint64_t user_dropped;   /* socket full; not counted while the queue fails open */
	uint32_t last_id;        /* packet ids given out */
};

/*
 * Reads the row of a queue. 0; -ENOENT: nobody has bound it; else -errno: the table is not
 * readable.
 */
int queue_table_find(uint16_t number, struct queue_row *ret);

/*
 * Names the process that holds a netfilter netlink socket of this port id: "name (pid 123)", or
 * what is known instead. Reads all of /proc; not for the packet path. dst is always terminated.
 */
void queue_table_owner(uint32_t port_id, char *dst, size_t cap);

#endif
