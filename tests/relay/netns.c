/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides unshare(2), ip(8) and iptables(8). The namespace goes with the test's process. */
#include "tests/relay/netns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void netns_enter(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
		cr_skip_test("needs root for a network namespace");
	if (system("ip link set lo up") != 0)
		cr_skip_test("needs ip(8)");
}

void netns_run(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	cr_assert_eq(system(command), 0, "%s", command);
}

void netns_divert(uint16_t port, uint16_t queue, const char *options)
{
	char command[256];

	snprintf(command, sizeof(command), "iptables -t mangle -A OUTPUT -p udp --dport %u "
		"-j NFQUEUE --queue-num %u %s 2>/dev/null", port, queue, options);
	if (system(command) != 0)
		cr_skip_test("needs iptables(8) and NFQUEUE");
}

static struct sockaddr_in local(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

int netns_socket(uint16_t port)
{
	struct sockaddr_in a = local(port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), size = 1 << 25;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	cr_assert_eq(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

ssize_t netns_send(int fd, uint16_t port, const void *data, size_t n)
{
	struct sockaddr_in a = local(port);

	return sendto(fd, data, n, 0, (const struct sockaddr *)&a, sizeof(a));
}

size_t netns_receive(int fd, uint8_t *ret_last)
{
	uint8_t data[65536];
	size_t count = 0;

	while (recv(fd, data, sizeof(data), 0) >= 0) {
		count++;
		if (ret_last != NULL)
			*ret_last = data[0];
	}
	return count;
}

/* Whether it is a netlink socket of our network namespace: proc(5), /proc/net/netlink. */
static bool is_netlink(unsigned long inode)
{
	unsigned long other;
	bool found = false;
	char line[256];
	FILE *f = fopen("/proc/thread-self/net/netlink", "re");

	cr_assert_not_null(f);
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &other) == 1 && other == inode;
	fclose(f);
	return found;
}

size_t netns_netlink_sockets(pid_t pid, size_t *ret_sockets)
{
	char path[64], link[400], target[128];
	size_t found = 0;
	struct dirent *e;
	DIR *d;

	*ret_sockets = 0;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d != NULL && (e = readdir(d)) != NULL) {
		unsigned long inode;
		ssize_t n;

		snprintf(link, sizeof(link), "%s/%s", path, e->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (sscanf(target, "socket:[%lu]", &inode) != 1)
			continue;
		++*ret_sockets;
		found += is_netlink(inode);
	}
	if (d != NULL)
		closedir(d);
	return found;
}
