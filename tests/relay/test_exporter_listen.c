/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as people write them, and what is said of those that will not do. */
#include "relay/exporter_listen.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char err[512];

static const char *const good[] = { "127.0.0.1:0", ":0", "0", "localhost:0" };

Test(exporter_listen, good)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int fd = exporter_listen(good[i], err, sizeof(err));

		cr_expect(fd >= 0, "%s: %s", good[i], err);
		close(fd);
	}
}

static const struct {
	const char *address, *says;
} bad[] = {
	{ "", "expected ADDRESS:PORT" }, { "127.0.0.1", "expected ADDRESS:PORT" },
	{ "127.0.0.1:", "expected ADDRESS:PORT" }, { "127.0.0.1:http", "expected ADDRESS:PORT" },
	{ "127.0.0.1:65536", "expected ADDRESS:PORT" }, { "::1:9567", "expected ADDRESS:PORT" },
	{ "127.0.0.1:-1", "expected ADDRESS:PORT" }, { "nowhere.invalid:9567", "nowhere.invalid: " },
	{ "192.0.2.1:9567", "no address of this machine" },
};

Test(exporter_listen, bad)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err[0] = '\0';
		cr_expect_eq(exporter_listen(bad[i].address, err, sizeof(err)), -1, "%s", bad[i].address);
		cr_expect(strstr(err, bad[i].says) != NULL, "%s: %s", bad[i].address, err);
	}
}

Test(exporter_listen, taken)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	int first = exporter_listen("127.0.0.1:0", err, sizeof(err));
	char address[64];

	cr_assert(first >= 0);
	cr_assert_eq(getsockname(first, (struct sockaddr *)&at, &len), 0);
	snprintf(address, sizeof(address), "127.0.0.1:%u", ntohs(at.sin_port));
	cr_expect_eq(exporter_listen(address, err, sizeof(err)), -1);
	cr_expect(strstr(err, "another program listens there") != NULL, "%s", err);
	close(first);
}
