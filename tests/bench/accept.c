/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What cannot be avoided: takes packets from a queue and accepts them without a look, with the
 * batching of usher (one recvmmsg, one sendmsg). "each" answers every packet by a verdict of its
 * own, "echo" also sends the bytes back as if they had been edited, which is what the kernel asks
 * of whoever edits. Runs until it is killed.
 */
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { ROOM = 4096, MOST = 256, LENGTH = 8192, BUFFER = 8 * 1024 * 1024 };
enum mode { BATCH, EACH, ECHO };

static char room[MOST][ROOM], verdicts[MOST][ROOM];
static struct mmsghdr messages[MOST];
static struct iovec into[MOST], from[MOST];

static struct mnl_socket *open_queue(uint16_t queue)
{
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_NONBLOCK);
	struct nlmsghdr *nlh = nfq_nlmsg_put(room[0], NFQNL_MSG_CONFIG, queue);
	int one = 1, size = BUFFER, sndbuf = BUFFER / 4;

	if (nl == NULL || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) != 0)
		bench_die("netlink", strerror(errno));
	mnl_socket_setsockopt(nl, NETLINK_NO_ENOBUFS, &one, sizeof(one));
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf));
	nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, 0xffff);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, LENGTH);
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_FAIL_OPEN));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_FAIL_OPEN));
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		bench_die("queue", strerror(errno));
	return nl;
}

/* The attributes of one packet: its id, host order, and where its bytes are. */
static uint32_t read_packet(const char *msg, const struct nlattr **ret_payload)
{
	const struct nlmsghdr *nlh = (const void *)msg;
	const struct nfqnl_msg_packet_hdr *head;
	struct nlattr *attrs[NFQA_MAX + 1] = { NULL };

	if (nfq_nlmsg_parse(nlh, attrs) < 0 || attrs[NFQA_PACKET_HDR] == NULL)
		bench_die("queue", "no packet");
	head = mnl_attr_get_payload(attrs[NFQA_PACKET_HDR]);
	*ret_payload = attrs[NFQA_PAYLOAD];
	return ntohl(head->packet_id);
}

static size_t put_verdict(char *buf, uint16_t queue, uint32_t id, enum mode mode,
	const struct nlattr *payload)
{
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf,
		mode == BATCH ? NFQNL_MSG_VERDICT_BATCH : NFQNL_MSG_VERDICT, queue);

	nlh->nlmsg_flags = NLM_F_REQUEST;
	nfq_nlmsg_verdict_put(nlh, (int)id, NF_ACCEPT);
	if (mode == ECHO)
		nfq_nlmsg_verdict_put_pkt(nlh, mnl_attr_get_payload(payload),
			mnl_attr_get_payload_len(payload));
	return nlh->nlmsg_len;
}

static void answer(int fd, uint16_t queue, enum mode mode, size_t n)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = { .msg_name = &kernel, .msg_namelen = sizeof(kernel), .msg_iov = from };
	size_t first = mode == BATCH ? n - 1 : 0;

	for (size_t i = first; i < n; i++) {
		const struct nlattr *payload;
		uint32_t id = read_packet(room[i], &payload);

		from[i - first].iov_base = verdicts[i];
		from[i - first].iov_len = put_verdict(verdicts[i], queue, id, mode, payload);
	}
	msg.msg_iovlen = n - first;
	if (sendmsg(fd, &msg, 0) < 0)
		bench_die("verdict", strerror(errno));
}

int bench_accept(int argc, char **argv)
{
	uint16_t queue = (uint16_t)bench_number(argc > 1 ? argv[1] : "");
	unsigned batch = (unsigned)bench_number(argc > 2 ? argv[2] : "");
	enum mode mode = argc < 4 ? BATCH : strcmp(argv[3], "echo") == 0 ? ECHO : EACH;
	struct mnl_socket *nl = open_queue(queue);
	struct pollfd p = { .fd = mnl_socket_get_fd(nl), .events = POLLIN };

	for (size_t i = 0; i < MOST; i++) {
		into[i] = (struct iovec){ room[i], ROOM };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &into[i], .msg_iovlen = 1 };
	}
	for (;;) {
		int n = recvmmsg(p.fd, messages, batch < MOST ? batch : MOST, MSG_DONTWAIT, NULL);

		if (n > 0)
			answer(p.fd, queue, mode, (size_t)n);
		else if (n < 0 && errno != EAGAIN && errno != ENOBUFS)
			bench_die("queue", strerror(errno));
		else
			poll(&p, 1, -1);
	}
}
