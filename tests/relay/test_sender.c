/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sender against the kernel, in a network namespace of its own: what leaves, and what cannot.
 */
#include "relay/sender.h"

#include "dhcpcodec/frame.h"
#include "tests/relay/netns.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct batch *batch;

static struct config *load(void)
{
	static const char text[] = "{ \"mode\": \"relay\", \"client_interfaces\": [\"lo\", \"gone0\"], "
				   "\"upstreams\": [{ \"name\": \"a\", \"address\": \"10.0.0.2\" }] }";
	struct config_error err = { .text = "" };
	struct config *c = config_parse("config", text, sizeof(text) - 1, &err);

	cr_assert_not_null(c, "%s", err.text);
	return c;
}

static struct sender *open_sender(void)
{
	struct sender *s = NULL;
	struct config *c = load();
	char err[512];

	cr_assert_eq(sender_open(&s, c, err, sizeof(err)), 0, "%s", err);
	config_free(c);
	batch = batch_new(4);
	batch->count = 1;
	batch->slots[0].send_count = 0;
	return s;
}

/* A datagram "hello" to port 4067 at dst, added to the only slot. */
static void add(const char *dst, enum slot_send_kind kind, uint32_t ifindex)
{
	bool six = strchr(dst, ':') != NULL;
	uint8_t to[16], from[16] = { 127, 0, 0, 1 };
	struct slot *slot = &batch->slots[0];
	struct slot_send *s = &slot->sends[slot->send_count];
	struct frame_route r = { from, to, 67, 4067, 64 };

	cr_assert_eq(inet_pton(six ? AF_INET6 : AF_INET, dst, to), 1);
	if (six)
		memcpy(from, &in6addr_loopback, 16);
	*s = (struct slot_send){ .kind = (uint8_t)kind, .ifindex = ifindex,
		.off = slot->send_count * 128u };
	memcpy(slot->out + s->off + (six ? 48 : 28), "hello", 5);
	s->len = (uint32_t)frame_put(slot->out + s->off, six ? 6 : 4, &r, 5);
	slot->send_count++;
}

static int listener(int family)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(4067) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(4067) };
	struct timeval wait = { .tv_sec = 2 };
	int one = 1;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	cr_assert_eq(family == AF_INET ? bind(fd, (struct sockaddr *)&in4, sizeof(in4))
				       : bind(fd, (struct sockaddr *)&in6, sizeof(in6)), 0);
	return fd;
}

static void expect_hello(int fd)
{
	char buf[64] = "";

	cr_expect_eq(recv(fd, buf, sizeof(buf), 0), 5);
	cr_expect_arr_eq(buf, "hello", 5);
	close(fd);
}

Test(sender, routes_whole_packets_of_both_families)
{
	struct sender_counters c;
	struct sender *s;
	int fd4, fd6;

	netns_enter();
	s = open_sender();
	fd4 = listener(AF_INET);
	fd6 = listener(AF_INET6);
	add("127.0.0.1", SEND_ROUTED, 0);
	add("::1", SEND_ROUTED, 0);
	sender_send(s, batch);
	expect_hello(fd4);
	expect_hello(fd6);
	sender_count(s, &c);
	cr_expect_eq(c.sent, 2);
	cr_expect_eq(c.no_route + c.refused + c.no_room + c.too_long + c.failed, 0);
	sender_close(s);
}

Test(sender, puts_a_packet_on_a_link_by_hardware_address)
{
	struct sockaddr_ll on = { .sll_family = AF_PACKET, .sll_protocol = htons(0x0800) };
	struct timeval wait = { .tv_sec = 2 };
	struct sender_counters c;
	struct sender *s;
	uint8_t buf[256];
	int fd;

	netns_enter();
	s = open_sender();
	fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(0x0800));
	cr_assert_geq(fd, 0);
	on.sll_ifindex = (int)if_nametoindex("lo");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	cr_assert_eq(bind(fd, (struct sockaddr *)&on, sizeof(on)), 0);
	add("198.51.100.9", SEND_LINK, if_nametoindex("lo"));
	sender_send(s, batch);
	cr_expect_eq(recv(fd, buf, sizeof(buf), 0), 33);
	cr_expect_arr_eq(buf + 16, ((uint8_t[]){ 198, 51, 100, 9 }), 4);
	sender_count(s, &c);
	cr_expect_eq(c.sent, 1);
	close(fd);
	sender_close(s);
}

Test(sender, one_that_fails_does_not_hold_the_others_up)
{
	struct sender_counters c;
	struct sender *s;
	int fd;

	netns_enter();
	s = open_sender();
	fd = listener(AF_INET);
	add("203.0.113.9", SEND_ROUTED, 0);      /* no route in an empty namespace */
	add("203.0.113.9", SEND_LINK, 4711);     /* no such interface */
	add("127.0.0.1", SEND_ROUTED, 0);
	batch->slots[0].sends[3] = (struct slot_send){ .off = SLOT_OUT - 10, .len = 28 };
	batch->slots[0].send_count = 4;          /* the last one lies outside of out[] */
	sender_send(s, batch);
	expect_hello(fd);
	sender_count(s, &c);
	cr_expect_eq(c.sent, 1);
	cr_expect_eq(c.no_route, 2);
	sender_log(s);
	sender_close(s);
}

Test(sender, marks_what_it_sends)
{
	struct sender_counters c;
	struct sender *s;
	int fd;

	netns_enter();
	s = open_sender();
	netns_run("ip rule add pref 1 lookup local");
	netns_run("ip rule del pref 0 lookup local");
	netns_run("ip rule add fwmark 0xd4c0/0xffff pref 0 prohibit");
	fd = listener(AF_INET);
	add("127.0.0.1", SEND_ROUTED, 0);
	sender_send(s, batch);
	sender_count(s, &c);
	cr_expect_eq(c.refused, 1, "by the rule that its mark meets");
	close(fd);
	sender_close(s);
}

Test(sender, without_capabilities_it_says_what_it_needs)
{
	struct sender *s = NULL;
	struct config *c = load();
	char err[512] = "";

	cr_assert_eq(setresuid(65534, 65534, 65534), 0);
	cr_expect_eq(sender_open(&s, c, err, sizeof(err)), -EPERM);
	cr_expect_not_null(strstr(err, "CAP_NET_RAW"), "%s", err);
	cr_expect_null(s);
	cr_expect_null(sender_close(NULL));
	config_free(c);
}
