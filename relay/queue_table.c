/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides three tables of /proc: nfnetlink_queue (queue to port id), netlink (port id to socket inode)
 * and the descriptors of every process (inode to process). Text is read with stdio, which allocates;
 * only start-up, errors and statistics come here.
 */
#include "relay/queue_table.h"

#include "relay/log.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* 0 if there is no such socket. */
static unsigned long socket_inode(uint32_t port_id)
{
	FILE *f = fopen("/proc/net/netlink", "re");
	unsigned long inode, found = 0;
	unsigned protocol, port;
	char line[256];

	if (f == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s %u %u %*s %*s %*s %*s %*s %*s %lu", &protocol, &port, &inode) == 3
			&& protocol == NETLINK_NETFILTER && port == port_id)
			found = inode;
	fclose(f);
	return found;
}

static bool holds(const char *pid, const char *link_text)
{
	char path[300], text[64];
	struct dirent *e;
	bool found = false;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	d = opendir(path);
	if (d == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, text, sizeof(text) - 1);

		if (n <= 0)
			continue;
		text[n] = '\0';
		found = strcmp(text, link_text) == 0;
	}
	closedir(d);
	return found;
}

static void name_process(const char *pid, char *dst, size_t cap)
{
	char path[300], comm[64] = "", safe[256];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (f != NULL) {
		n = fread(comm, 1, sizeof(comm), f);
		fclose(f);
	}
	if (n > 0 && comm[n - 1] == '\n')
		n--;
	log_escape(safe, sizeof(safe), comm, n);
	snprintf(dst, cap, "%s (pid %s)", safe, pid);
}

void queue_table_owner(uint32_t port_id, char *dst, size_t cap)
{
	unsigned long inode = socket_inode(port_id);
	DIR *d = inode != 0 ? opendir("/proc") : NULL;
	bool found = false;
	struct dirent *e;
	char text[64];

	snprintf(text, sizeof(text), "socket:[%lu]", inode);
	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) || !holds(e->d_name, text))
			continue;
		name_process(e->d_name, dst, cap);
		found = true;
	}
	if (d != NULL)
		closedir(d);
	if (!found)
		snprintf(dst, cap, "a process that cannot be seen from here (netlink port id %u)",
			port_id);
}
