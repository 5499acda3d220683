/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace of the test's own, for what only a real kernel can answer. */
#ifndef USHER_TESTS_RELAY_NETNS_H
#define USHER_TESTS_RELAY_NETNS_H

#include <stdint.h>
#include <sys/types.h>

/* Moves the test into a new network namespace with lo up; skips it where that is not allowed. */
void netns_enter(void);

/* Runs a shell command; fails the test if the command does. */
void netns_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Sends UDP to 127.0.0.1:port through queue `queue`; skips the test where iptables has no NFQUEUE.
 */
void netns_divert(uint16_t port, uint16_t queue, const char *options);

/* A UDP socket bound to 127.0.0.1:port (0: any) that never waits. */
int netns_socket(uint16_t port);
/* Sends n bytes to 127.0.0.1:port; the result of sendto(2). */
ssize_t netns_send(int fd, uint16_t port, const void *data, size_t n);
/* How many datagrams wait at fd; *ret_last (may be NULL) is the first byte of the last one. */
size_t netns_receive(int fd, uint8_t *ret_last);

/* How many netlink sockets of this namespace a process has open, of *ret_sockets sockets. */
size_t netns_netlink_sockets(pid_t pid, size_t *ret_sockets);

#endif
