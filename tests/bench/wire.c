/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides packet sockets (packet(7)). A sender that does not listen has protocol 0, so that the
 * kernel makes no copies for it; frames skip the queueing discipline.
 */
#include "tests/bench/wire.h"

#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void wire_open(struct wire *w, const char *device, int listening)
{
	uint16_t protocol = listening ? htons(ETH_P_ALL) : 0;
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = protocol,
		.sll_ifindex = (int)if_nametoindex(device),
	};
	struct ifreq req = { 0 };
	int one = 1, size = 8 * 1024 * 1024;

	w->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	strncpy(req.ifr_name, device, sizeof(req.ifr_name) - 1);
	if (w->fd < 0 || at.sll_ifindex == 0 || ioctl(w->fd, SIOCGIFHWADDR, &req) != 0 ||
		bind(w->fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		bench_die(device, strerror(errno));
	memcpy(w->mac, req.ifr_hwaddr.sa_data, sizeof(w->mac));
	setsockopt(w->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	setsockopt(w->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	setsockopt(w->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
}

void wire_head(uint8_t *frame, const uint8_t to[6], const uint8_t from[6], unsigned family)
{
	uint16_t type = htons(family == 4 ? ETH_P_IP : ETH_P_IPV6);

	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	memcpy(frame + 12, &type, sizeof(type));
}

size_t wire_send(struct wire *w, uint8_t frames[][WIRE_MAX], const size_t *lengths, size_t count)
{
	struct mmsghdr msgs[WIRE_BURST] = { 0 };
	struct iovec iov[WIRE_BURST];
	size_t done = 0;

	for (size_t i = 0; i < count; i++) {
		iov[i] = (struct iovec){ frames[i], lengths[i] };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	while (done < count) {
		int n = sendmmsg(w->fd, msgs + done, (unsigned)(count - done), 0);

		if (n < 0 && errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
			bench_die("send", strerror(errno));
		if (n < 0 && errno != EINTR)
			return count - done;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

size_t wire_receive(struct wire *w, uint8_t frame[static WIRE_MAX], int wait_ms)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	ssize_t n = recv(w->fd, frame, WIRE_MAX, MSG_DONTWAIT);

	if (n < 0 && poll(&p, 1, wait_ms) > 0)
		n = recv(w->fd, frame, WIRE_MAX, MSG_DONTWAIT);
	return n > 0 ? (size_t)n : 0;
}
