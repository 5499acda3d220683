/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides getaddrinfo(3), and what the errors of bind(2) mean to whoever gave the address. */
#include "relay/exporter_listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST = 256, PORT = 16, BACKLOG = 64 };

/* "host:port", "[v6]:port" or "port" alone. */
static bool split(const char *address, char host[static HOST], char port[static PORT])
{
	const char *colon = strrchr(address, ':'), *at = address;
	size_t len = colon != NULL ? (size_t)(colon - address) : 0;
	const char *number = colon != NULL ? colon + 1 : address;

	if (len >= 2 && at[0] == '[' && at[len - 1] == ']') {
		at++;
		len -= 2;
	} else if (memchr(at, ':', len) != NULL) {
		return false;
	}
	if (len >= HOST || number[0] == '\0' || strlen(number) >= PORT ||
		strspn(number, "0123456789") != strlen(number))
		return false;
	memcpy(host, at, len);
	host[len] = '\0';
	memcpy(port, number, strlen(number) + 1);
	return true;
}

static void explain(int error, const char *address, const char *port, char *err, size_t cap)
{
	switch (error) {
	case EADDRINUSE:
		snprintf(err, cap, "--listen %s: another program listens there: \"ss -ltnp sport = :%s\" "
			"says which; stop it or take another port", address, port);
		break;
	case EACCES:
		snprintf(err, cap, "--listen %s: ports below 1024 are root's: take another", address);
		break;
	case EADDRNOTAVAIL:
		snprintf(err, cap, "--listen %s: no address of this machine: \"ip address\" lists them",
			address);
		break;
	default:
		snprintf(err, cap, "--listen %s: %s", address, strerror(error));
	}
}

static int listen_on(const struct addrinfo *a)
{
	int fd =
		socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	int one = 1, zero = 0, err;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (a->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Everywhere is "::", which takes IPv4 too; a kernel without IPv6 has 0.0.0.0. */
static int listen_everywhere(const char *port)
{
	static const char *const hosts[] = { "::", "0.0.0.0" };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	int fd = -EAFNOSUPPORT;

	for (size_t i = 0; i < 2 && fd == -EAFNOSUPPORT; i++) {
		struct addrinfo *found;

		if (getaddrinfo(hosts[i], port, &hints, &found) != 0)
			return -EINVAL;
		fd = listen_on(found);
		freeaddrinfo(found);
	}
	return fd;
}

int exporter_listen(const char *address, char *err, size_t cap)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *found;
	char host[HOST], port[PORT];
	int fd, rc;

	if (!split(address, host, port) || strtoul(port, NULL, 10) > UINT16_MAX) {
		snprintf(err, cap, "--listen %s: expected ADDRESS:PORT, such as 127.0.0.1:9567 or "
			"[::1]:9567", address);
		return -1;
	}
	if (host[0] == '\0') {
		fd = listen_everywhere(port);
	} else {
		rc = getaddrinfo(host, port, &hints, &found);
		if (rc != 0) {
			snprintf(err, cap, "--listen %s: %s: %s", address, host, gai_strerror(rc));
			return -1;
		}
		fd = listen_on(found);
		freeaddrinfo(found);
	}
	if (fd < 0)
		explain(-fd, address, port, err, cap);
	return fd < 0 ? -1 : fd;
}
