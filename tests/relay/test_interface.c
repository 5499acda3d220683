/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sides, names and addresses of interfaces that a test makes, renames and takes away. */
#include "relay/interface.h"

#include "tests/relay/netns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *const client_names[] = { "c0", "c1" }, *const server_names[] = { "s0", "br0" };
static const struct interface_list clients = { client_names, 2 }, servers = { server_names, 2 };
static struct interfaces table;
static struct slot slot;
static const char *name;

TestSuite(interface, .timeout = 30);

static void begin(void)
{
	netns_enter();
	netns_run("ip link add c0 type veth peer name s0");
	netns_run("ip link add br0 type bridge");
	netns_run("ip link add x0 type veth peer name x1");
	interfaces_init(&table);
	interfaces_use(&table, clients, servers);
}

static enum side side_by(const char *indev, const char *physindev)
{
	memset(&slot, 0, offsetof(struct slot, raw));
	slot.indev = indev != NULL ? if_nametoindex(indev) : 0;
	slot.physindev = physindev != NULL ? if_nametoindex(physindev) : 0;
	return interfaces_side(&table, &slot, &name);
}

Test(interface, side_by_port_and_else_by_interface)
{
	begin();
	cr_assert_eq(side_by("c0", NULL), SIDE_CLIENT);
	cr_assert_str_eq(name, "c0");
	cr_assert_eq(side_by("s0", NULL), SIDE_SERVER);
	cr_assert_eq(side_by("br0", "c0"), SIDE_CLIENT);
	cr_assert_str_eq(name, "c0");
	cr_assert_eq(side_by("br0", "x0"), SIDE_SERVER,
		"a port that is not listed is on its bridge's side");
	cr_assert_str_eq(name, "x0");
	cr_assert_eq(side_by("x0", NULL), SIDE_UNKNOWN);
	cr_assert_str_eq(name, "x0");
	cr_assert_eq(side_by(NULL, NULL), SIDE_UNKNOWN);
	cr_assert_str_eq(name, "");
	interfaces_done(&table);
}

Test(interface, what_this_host_sends_comes_from_the_server)
{
	begin();
	side_by(NULL, NULL);
	slot.outdev = if_nametoindex("c0");
	cr_assert_eq(interfaces_side(&table, &slot, &name), SIDE_UNKNOWN);
	slot.hook = 3;
	cr_assert_eq(interfaces_side(&table, &slot, &name), SIDE_SERVER);
	cr_assert_str_eq(name, "c0");
	interfaces_done(&table);
}

Test(interface, an_index_nobody_has_is_unknown)
{
	begin();
	slot.indev = 4711;
	cr_assert_eq(interfaces_side(&table, &slot, &name), SIDE_UNKNOWN);
	cr_assert_str_eq(name, "");
	interfaces_done(&table);
}

Test(interface, follows_a_rename_within_a_second)
{
	begin();
	interfaces_tick(&table);
	cr_assert_eq(side_by("x0", NULL), SIDE_UNKNOWN);
	netns_run("ip link set x0 name c1");
	slot.indev = if_nametoindex("c1");
	table.names_ns -= 1000000000;
	interfaces_tick(&table);
	cr_assert_eq(interfaces_side(&table, &slot, &name), SIDE_CLIENT);
	cr_assert_str_eq(name, "c1");
	netns_run("ip link del c0");
	netns_run("ip link add c0 type veth peer name s0");
	cr_assert_eq(side_by("c0", NULL), SIDE_CLIENT);
	interfaces_done(&table);
}

Test(interface, new_lists_are_used_at_once)
{
	begin();
	cr_assert_eq(side_by("c0", NULL), SIDE_CLIENT);
	interfaces_use(&table, servers, clients);
	cr_assert_eq(side_by("c0", NULL), SIDE_SERVER);
	interfaces_use(
		&table, (struct interface_list){ NULL, 0 }, (struct interface_list){ NULL, 0 });
	cr_assert_eq(side_by("c0", NULL), SIDE_UNKNOWN);
	interfaces_done(&table);
}

Test(interface, more_interfaces_than_the_cache_holds)
{
	begin();
	for (int i = 0; i < 2 * INTERFACE_CACHE; i++)
		netns_run("ip link add d%d type veth peer name e%d", i, i);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 2 * INTERFACE_CACHE; i++) {
			char expected[16];

			snprintf(expected, sizeof(expected), "d%d", i);
			side_by(expected, NULL);
			cr_assert_str_eq(name, expected);
		}
	cr_assert_eq(side_by("c0", NULL), SIDE_CLIENT);
	interfaces_done(&table);
}

Test(interface, own_addresses)
{
	uint8_t v4[4] = { 192, 0, 2, 1 }, v6[16];

	begin();
	inet_pton(AF_INET6, "2001:db8::1", v6);
	netns_run("ip addr add 192.0.2.1/24 dev c0");
	netns_run("ip -6 addr add 2001:db8::1/64 dev c0 nodad");
	cr_assert(interfaces_own(&table, v4, 4));
	cr_assert(interfaces_own(&table, v6, 16));
	v4[3] = v6[15] = 2;
	cr_assert_not(interfaces_own(&table, v4, 4));
	cr_assert_not(interfaces_own(&table, v6, 16));
	netns_run("ip addr add 192.0.2.2/24 dev c0");
	cr_assert_not(interfaces_own(&table, v4, 4), "asked again too soon");
	table.addresses_ns -= 5000000000;
	cr_assert(interfaces_own(&table, v4, 4));
	interfaces_done(&table);
}

Test(interface, without_a_socket_nothing_is_known)
{
	interfaces_init(&table);
	interfaces_use(&table, clients, servers);
	interfaces_done(&table);
	table.fd = -1;
	slot.indev = 1;
	cr_assert_eq(interfaces_side(&table, &slot, &name), SIDE_UNKNOWN);
	cr_assert_str_eq(name, "");
}
