/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets of the test's own process are found by their inode numbers. */
#include "relay/sockets.h"

#include "relay/raw_server.h"
#include "tests/relay/netns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static ino_t inode_of(int fd)
{
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	return st.st_ino;
}

Test(sockets, holder_of_all_sets)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockets sets[2] = { { 0 } };
	char name[320], expected[32];

	snprintf(expected, sizeof(expected), " (pid %d)", (int)getpid());
	sockets_add(&sets[0], 1);
	sockets_add(&sets[0], inode_of(a));
	cr_assert(sockets_holder("", sets, 1, name, sizeof(name)));
	cr_assert_not_null(strstr(name, expected), "%s", name);
	cr_assert_not(sockets_holder("", sets, 2, name, sizeof(name)), "the second set is empty");
	sockets_add(&sets[1], inode_of(b));
	cr_assert(sockets_holder("", sets, 2, name, sizeof(name)));
	close(b);
	cr_assert_not(sockets_holder("", sets, 2, name, sizeof(name)));
	cr_assert_not(sockets_holder("/nowhere", sets, 1, name, sizeof(name)));
	cr_assert_not(sockets_holder("", sets, 0, name, sizeof(name)));
}

Test(sockets, room_is_bounded_and_zero_is_no_inode)
{
	struct sockets s = { 0 };

	sockets_add(&s, 0);
	cr_assert_eq(s.count, 0);
	for (ino_t i = 1; i < 1000; i++)
		sockets_add(&s, i);
	cr_assert_eq(s.count, sizeof(s.inodes) / sizeof(s.inodes[0]));
}

/* A packet socket alone is a client or a sniffer; with UDP port 67 it is a server. */
Test(raw_server, is_a_packet_socket_and_port_67)
{
	char name[320];
	int raw;

	netns_enter();
	cr_assert_not(raw_server_find("", name, sizeof(name)));
	raw = socket(AF_PACKET, SOCK_RAW, htons(0x0800));
	cr_assert_geq(raw, 0);
	netns_socket(68);
	cr_assert_not(raw_server_find("", name, sizeof(name)));
	netns_socket(67);
	cr_assert(raw_server_find("", name, sizeof(name)));
	cr_assert_not_null(strstr(name, "(pid "));
	close(raw);
	cr_assert_not(raw_server_find("", name, sizeof(name)));
}
