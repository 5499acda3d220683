/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides three sockets: raw IPv4 and IPv6, which take whole packets and route them, and a packet
 * socket for clients that have no address yet. None of them receives anything: answers come by the
 * queue. The packets of a batch go out socket by socket, in one sendmmsg(2) each: queries up and
 * answers down have no order among themselves, and in a batch they alternate. What fails is counted
 * by cause and said at most once a minute; nothing is kept to be tried again, since DHCP clients do
 * that.
 */
#include "relay/sender.h"

#include "relay/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RUN = 64, SAY_SECONDS = 60, ETHERTYPE_IP4 = 0x0800, LOOK_SECONDS = 2 };
enum via { VIA_IP4, VIA_IP6, VIA_LINK, VIA_COUNT };
enum trouble { NO_ROUTE, REFUSED, NO_ROOM, TOO_LONG, FAILED, TROUBLES };

struct group {
	char name[IF_NAMESIZE];
	unsigned index;                  /* where it was joined; 0: nowhere */
};

struct sender {
	int fd[VIA_COUNT], group_fd;
	_Atomic uint64_t sent, troubles[TROUBLES];
	struct log_site sites[TROUBLES];
	struct log_site group_site;
	pthread_mutex_t lock;            /* of the groups */
	size_t group_count;
	struct group *groups;
};

/* RFC 8415 section 7.1: All_DHCP_Relay_Agents_and_Servers */
static const struct in6_addr all_relays = { { { 0xff, 2, [13] = 1, [15] = 2 } } };

static const char *const trouble_texts[TROUBLES] = {
	[NO_ROUTE] = "nothing leads to the upstream or client: is the interface up, is there a route?",
	[REFUSED] = "the kernel refused to send: a rule in OUTPUT, or a missing CAP_NET_RAW",
	[NO_ROOM] = "the interface cannot send so fast",
	[TOO_LONG] = "longer than the interface takes: lower \"max_ip4\" and \"max_ip6\"",
	[FAILED] = "they could not be sent",
};

/* --- sockets --------------------------------------------------------------------------------- */

static int open_one(enum via via, uint32_t mark)
{
	static const int families[VIA_COUNT] = { AF_INET, AF_INET6, AF_PACKET };
	static const int types[VIA_COUNT] = { SOCK_RAW, SOCK_RAW, SOCK_DGRAM };
	/* A packet socket of protocol 0 receives nothing; nor does one of IPPROTO_RAW. */
	int protocol = via == VIA_LINK ? 0 : IPPROTO_RAW, one = 1, sndbuf = 1024 * 1024;
	int fd = socket(families[via], types[via] | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* A machine without IPv6 relays DHCPv4 all the same. */
static int open_sockets(struct sender *s, const struct config *c)
{
	uint32_t mark = c->mark_mask != 0 ? c->mark : SENDER_MARK;

	for (int via = 0; via < VIA_COUNT; via++) {
		s->fd[via] = open_one((enum via)via, mark);
		if (s->fd[via] < 0 && !(via == VIA_IP6 && s->fd[via] == -EAFNOSUPPORT))
			return s->fd[via];
	}
	s->group_fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return 0;
}

static int keep_groups(struct sender *s, const struct names *interfaces)
{
	s->groups = calloc(interfaces->count + 1, sizeof(*s->groups));
	if (s->groups == NULL)
		return -ENOMEM;
	s->group_count = interfaces->count;
	for (size_t i = 0; i < s->group_count; i++)
		snprintf(s->groups[i].name, sizeof(s->groups[i].name), "%s", interfaces->all[i]);
	return 0;
}

/* An interface that came, or came back under its name, is joined anew. */
static void join_groups(struct sender *s)
{
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; s->group_fd >= 0 && i < s->group_count; i++) {
		unsigned index = if_nametoindex(s->groups[i].name);
		struct ipv6_mreq req = { all_relays, index };

		if (index == s->groups[i].index)
			continue;
		if (index != 0 && setsockopt(s->group_fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &req,
			sizeof(req)) != 0 && errno != EADDRINUSE)
			log_warning("interface %s: cannot join ff02::1:2, so DHCPv6 clients may "
				"not be heard: %s", s->groups[i].name, strerror(errno));
		s->groups[i].index = index;
	}
	pthread_mutex_unlock(&s->lock);
}

void sender_use(struct sender *s, const struct names *interfaces)
{
	pthread_mutex_lock(&s->lock);
	free(s->groups);
	s->groups = NULL;
	s->group_count = 0;
	if (keep_groups(s, interfaces) != 0)
		log_error("no memory for the interfaces to join: DHCPv6 clients may not be heard");
	pthread_mutex_unlock(&s->lock);
	join_groups(s);
}

int sender_open(struct sender **ret, const struct config *c, char *err, size_t cap)
{
	struct sender *s = calloc(1, sizeof(*s));
	int rc;

	if (s == NULL) {
		snprintf(err, cap, "no memory for the sockets of relay mode");
		return -ENOMEM;
	}
	for (int via = 0; via < VIA_COUNT; via++)
		s->fd[via] = -1;
	s->group_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	rc = keep_groups(s, &c->client_interfaces);
	if (rc == 0)
		rc = open_sockets(s, c);
	if (rc != 0) {
		snprintf(err, cap, "relay mode: cannot open a raw socket: %s%s", strerror(-rc),
			rc == -EPERM ? ": usher needs CAP_NET_RAW and CAP_NET_ADMIN" : "");
		sender_close(s);
		return rc;
	}
	join_groups(s);
	log_may_speak(&s->group_site);
	*ret = s;
	return 0;
}

struct sender *sender_close(struct sender *s)
{
	if (s == NULL)
		return NULL;
	for (int via = 0; via < VIA_COUNT; via++)
		if (s->fd[via] >= 0)
			close(s->fd[via]);
	if (s->group_fd >= 0)
		close(s->group_fd);
	pthread_mutex_destroy(&s->lock);
	free(s->groups);
	free(s);
	return NULL;
}

/* --- sending --------------------------------------------------------------------------------- */

/* Packets for one socket, in the order of the batch. */
struct run {
	unsigned count;
	struct mmsghdr msgs[RUN];
	struct iovec iov[RUN];
	union {
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
		struct sockaddr_ll ll;
	} to[RUN];
};

static enum trouble trouble_of(int err)
{
	switch (err) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case ENXIO:
	case ENODEV:
	case EADDRNOTAVAIL:
		return NO_ROUTE;
	case EPERM:
	case EACCES:
		return REFUSED;
	case EAGAIN:
	case ENOBUFS:
	case ENOMEM:
		return NO_ROOM;
	case EMSGSIZE:
		return TOO_LONG;
	default:
		return FAILED;
	}
}

static void count_trouble(struct sender *s, int err)
{
	enum trouble t = trouble_of(err);
	unsigned long long all = atomic_fetch_add(&s->troubles[t], 1) + 1;

	if (log_may_speak_again(&s->sites[t], SAY_SECONDS))
		log_warning("relay mode: %llu packet%s not sent so far: %s (%s)", all,
			all == 1 ? "" : "s", trouble_texts[t], strerror(err));
}

/* sendmmsg(2) stops at the first that fails, and says why only if that is the first of all. */
static void flush(struct sender *s, enum via via, struct run *r)
{
	unsigned done = 0;

	while (done < r->count) {
		int n = sendmmsg(s->fd[via], r->msgs + done, r->count - done, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			count_trouble(s, s->fd[via] < 0 ? EAFNOSUPPORT : errno);
			n = 1;
		} else {
			atomic_fetch_add_explicit(&s->sent, (uint64_t)n, memory_order_relaxed);
		}
		done += (unsigned)n;
	}
	r->count = 0;
}

static enum via via_of(const struct slot *s, const struct slot_send *send)
{
	if (send->kind == SEND_LINK)
		return VIA_LINK;
	return s->out[send->off] >> 4 == 6 ? VIA_IP6 : VIA_IP4;
}

/* The kernel routes by this address; the packet has its own, the same. */
static socklen_t address(
	struct run *r, enum via via, const uint8_t *pkt, const struct slot_send *send)
{
	switch (via) {
	case VIA_IP4:
		r->to[r->count].in4 = (struct sockaddr_in){ .sin_family = AF_INET };
		memcpy(&r->to[r->count].in4.sin_addr, pkt + 16, 4);
		return sizeof(struct sockaddr_in);
	case VIA_IP6:
		r->to[r->count].in6 = (struct sockaddr_in6){
			.sin6_family = AF_INET6, .sin6_scope_id = send->ifindex };
		memcpy(&r->to[r->count].in6.sin6_addr, pkt + 24, 16);
		return sizeof(struct sockaddr_in6);
	default:
		r->to[r->count].ll = (struct sockaddr_ll){
			.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_IP4),
			.sll_ifindex = (int)send->ifindex, .sll_halen = sizeof(send->hw) };
		memcpy(r->to[r->count].ll.sll_addr, send->hw, sizeof(send->hw));
		return sizeof(struct sockaddr_ll);
	}
}

static void add(struct sender *s, struct run runs[static VIA_COUNT], const struct slot *slot,
	const struct slot_send *send)
{
	/* sendmmsg(2) only reads it, but takes no const. */
	/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
	uint8_t *pkt = (uint8_t *)(uintptr_t)(slot->out + send->off);
	enum via via = via_of(slot, send);
	struct run *r = &runs[via];

	if (r->count == RUN)
		flush(s, via, r);
	r->iov[r->count] = (struct iovec){ pkt, send->len };
	r->msgs[r->count].msg_hdr = (struct msghdr){
		.msg_name = &r->to[r->count],
		.msg_namelen = address(r, via, pkt, send),
		.msg_iov = &r->iov[r->count],
		.msg_iovlen = 1,
	};
	r->count++;
}

static bool sound(const struct slot_send *send)
{
	return send->off < SLOT_OUT && send->len >= 20 && send->len <= SLOT_OUT - send->off;
}

void sender_send(struct sender *s, const struct batch *b)
{
	struct run runs[VIA_COUNT];

	for (int via = 0; via < VIA_COUNT; via++)
		runs[via].count = 0;
	for (size_t i = 0; i < b->count; i++) {
		const struct slot *slot = &b->slots[i];

		for (size_t k = 0; k < slot->send_count && k < SLOT_SENDS; k++)
			if (sound(&slot->sends[k]))
				add(s, runs, slot, &slot->sends[k]);
	}
	for (int via = 0; via < VIA_COUNT; via++)
		flush(s, (enum via)via, &runs[via]);
	if (log_may_speak_again(&s->group_site, LOOK_SECONDS))
		join_groups(s);
}

void sender_count(struct sender *s, struct sender_counters *ret)
{
	*ret = (struct sender_counters){
		.sent = atomic_load(&s->sent),
		.no_route = atomic_load(&s->troubles[NO_ROUTE]),
		.refused = atomic_load(&s->troubles[REFUSED]),
		.no_room = atomic_load(&s->troubles[NO_ROOM]),
		.too_long = atomic_load(&s->troubles[TOO_LONG]),
		.failed = atomic_load(&s->troubles[FAILED]),
	};
}

void sender_log(struct sender *s)
{
	struct sender_counters c;

	sender_count(s, &c);
	log_info("statistics: relay mode: %llu packets sent; not sent: %llu without a route, %llu "
		"refused, %llu for want of room, %llu too long, %llu otherwise",
		(unsigned long long)c.sent, (unsigned long long)c.no_route,
		(unsigned long long)c.refused, (unsigned long long)c.no_room,
		(unsigned long long)c.too_long, (unsigned long long)c.failed);
}
