/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the netlink socket of one NFQUEUE (linux/netfilter/nfnetlink_queue.h): how it is bound and
 * sized, that a batch is one recvmmsg(2) straight into the slots and its verdicts one sendmsg(2),
 * and that refusals of earlier verdicts arrive among the packets. Does not read packets, does not
 * decide, does not wait: whoever owns the queue polls queue_fd().
 */
#include "relay/queue.h"

#include "relay/nfmessage.h"
#include "relay/queue_error.h"
#include "relay/queue_table.h"
#include "relay/verdict.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	SNDBUF = 2 * 1024 * 1024,
	SEND_OVERHEAD = 64,      /* what the kernel wants of the send buffer beside the message */
	ACK_WAIT_MS = 5000,
	SEND_TRIES = 20,         /* a millisecond apart */
	REQUEST_ROOM = 256,      /* the longest request is 64 bytes */
};

struct queue {
	struct mnl_socket *nl;
	struct queue_options options;
	struct queue_counters counters;
	size_t rcvbuf, send_max;
	uint32_t last_id;
	bool any_id;
	bool adopted;                    /* until the first packet has come */
	bool orphans_asked;              /* the kernel may yet say that there were none */
	bool sweep;                      /* every packet received before has been answered */
	bool hold;                       /* but for those that are parked */
	struct batch *aimed;             /* whose slots msgs[] points at */
	size_t aimed_slots;
	struct mmsghdr msgs[BATCH_MAX];
	struct iovec iov[BATCH_MAX];
	struct sockaddr_nl from[BATCH_MAX];
	struct verdicts verdicts;
};

int queue_fd(const struct queue *q)
{
	return mnl_socket_get_fd(q->nl);
}

uint16_t queue_number(const struct queue *q)
{
	return q->options.number;
}

uint32_t queue_maxlen(const struct queue *q)
{
	return q->options.maxlen;
}

size_t queue_rcvbuf(const struct queue *q)
{
	return q->rcvbuf;
}

const struct queue_counters *queue_counters(const struct queue *q)
{
	return &q->counters;
}

static size_t buffer_of(int fd, int name)
{
	int size = 0;
	socklen_t len = sizeof(size);

	if (getsockopt(fd, SOL_SOCKET, name, &size, &len) != 0 || size < 0)
		return 0;
	return (size_t)size;
}

/* socket(7): the kernel doubles what was asked for, for its own book-keeping. */
static void size_buffers(struct queue *q)
{
	int fd = queue_fd(q), rcvbuf = (int)q->options.rcvbuf, sndbuf = SNDBUF;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof(rcvbuf)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf, sizeof(sndbuf)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	q->rcvbuf = buffer_of(fd, SO_RCVBUF) / 2;
	q->send_max = buffer_of(fd, SO_SNDBUF);
	q->send_max = q->send_max > SEND_OVERHEAD ? q->send_max - SEND_OVERHEAD : 0;
}

/*
 * After an overrun the kernel by default refuses every further message until the socket has been
 * read empty; NETLINK_NO_ENOBUFS makes it lose only what does not fit. The loss shows in the packet
 * ids. An error report need not carry the message that it is about (NETLINK_CAP_ACK).
 */
static int open_socket(struct queue *q)
{
	int one = 1;

	q->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (q->nl == NULL || mnl_socket_bind(q->nl, 0, MNL_SOCKET_AUTOPID) != 0)
		return -errno;
	mnl_socket_setsockopt(q->nl, NETLINK_NO_ENOBUFS, &one, sizeof(one));
	mnl_socket_setsockopt(q->nl, NETLINK_CAP_ACK, &one, sizeof(one));
	size_buffers(q);
	return 0;
}

static int send_raw(struct queue *q, const void *buf, size_t len)
{
	ssize_t n;

	do
		n = mnl_socket_sendto(q->nl, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* A packet that came before the queue was set up runs through its rule once more: NF_REPEAT. */
static int put_back(struct queue *q, uint32_t id)
{
	_Alignas(8) char buf[REQUEST_ROOM];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_VERDICT, q->options.number);

	nlh->nlmsg_flags = NLM_F_REQUEST;
	nfq_nlmsg_verdict_put(nlh, (int)id, NF_REPEAT);
	return send_raw(q, buf, nlh->nlmsg_len);
}

/* Reads until the answer to a request with NLM_F_ACK has come. */
static int await_ack(struct queue *q, struct slot *s)
{
	struct pollfd p = { .fd = queue_fd(q), .events = POLLIN };
	int err = 0;

	for (;;) {
		ssize_t n;

		if (poll(&p, 1, ACK_WAIT_MS) == 0)
			return -ETIMEDOUT;
		n = recv(p.fd, s->raw, sizeof(s->raw), MSG_DONTWAIT);
		if (n < 0 && errno != EINTR && errno != EAGAIN && errno != ENOBUFS)
			return -errno;
		if (n < 0)
			continue;
		switch (nfmessage_parse(s->raw, (size_t)n, s, &err)) {
		case NFMESSAGE_ACK:
			return 0;
		case NFMESSAGE_ERROR:
			return -err;
		case NFMESSAGE_PACKET:
		case NFMESSAGE_BROKEN:
			put_back(q, s->id);
			break;
		default:
			break;
		}
	}
}

/*
 * What the process before had received and not answered is numbered below the first packet that we
 * get.
 */
static void answer_orphans(struct queue *q, uint32_t before)
{
	_Alignas(8) char buf[REQUEST_ROOM];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_VERDICT_BATCH, q->options.number);

	nlh->nlmsg_flags = NLM_F_REQUEST;
	nfq_nlmsg_verdict_put(nlh, (int)(before - 1), q->options.repeat ? NF_REPEAT : NF_DROP);
	q->orphans_asked = send_raw(q, buf, nlh->nlmsg_len) == 0;
	q->adopted = false;
}

/*
 * Everything in one message, so that no packet meets a half-configured queue for longer than the
 * kernel takes to read it. NFQA_CFG_F_GSO stays off: the kernel then completes checksums and
 * segments, and every packet is one that could be on a wire.
 */
static int send_settings(struct queue *q, bool bind)
{
	uint32_t flags = q->options.fail_open ? NFQA_CFG_F_FAIL_OPEN : 0;
	uint32_t mask = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO;
	_Alignas(8) char buf[REQUEST_ROOM];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, q->options.number);

	nlh->nlmsg_flags = NLM_F_REQUEST;
	if (bind) {
		nlh->nlmsg_flags |= NLM_F_ACK;
		nfq_nlmsg_cfg_put_cmd(nlh, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
	}
	nfq_nlmsg_cfg_put_params(nlh, NFQNL_COPY_PACKET, 0xffff);
	nfq_nlmsg_cfg_put_qmaxlen(nlh, q->options.maxlen);
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(mask));
	return send_raw(q, buf, nlh->nlmsg_len);
}

static int bind_queue(struct queue *q, struct slot *s)
{
	int err = send_settings(q, true);

	return err != 0 ? err : await_ack(q, s);
}

static struct queue *queue_new(const struct queue_options *o)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->options = *o;
	q->options.maxlen = o->maxlen != 0 ? o->maxlen : QUEUE_MAXLEN;
	q->options.rcvbuf = o->rcvbuf != 0 ? o->rcvbuf : QUEUE_RCVBUF;
	q->sweep = true;
	return q;
}

int queue_open(struct queue **ret, const struct queue_options *o, char *err_text, size_t cap)
{
	struct queue *q = queue_new(o);
	struct batch *b = batch_new(1);
	int err = q == NULL || b == NULL ? -ENOMEM : open_socket(q);

	if (err == 0)
		err = bind_queue(q, &b->slots[0]);
	batch_free(b, 1);
	if (err != 0) {
		queue_error_text(err, o->number, err_text, cap);
		queue_close(q);
		return err;
	}
	*ret = q;
	return 0;
}

static int option_of(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

/* Whether another may bind it shows whether somebody has. */
static bool is_taken(const struct queue_options *o)
{
	struct queue *q = NULL;
	char why[512];
	int err = queue_open(&q, o, why, sizeof(why));

	queue_close(q);
	return err == -EPERM;
}

/*
 * The kernel's table is for root and whom he lets. Whoever may not read it knows only that somebody
 * has bound the queue: then it is this socket, since nobody hands over another.
 */
static bool has_bound(int fd, const struct queue_options *o)
{
	struct sockaddr_nl at = { .nl_pid = 0 };
	socklen_t len = sizeof(at);
	struct queue_row row;
	int err;

	if (option_of(fd, SO_DOMAIN) != AF_NETLINK ||
		option_of(fd, SO_PROTOCOL) != NETLINK_NETFILTER ||
		getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return false;
	err = queue_table_find(o->number, &row);
	if (err == -EACCES)
		return is_taken(o);
	return err == 0 && row.port_id == at.nl_pid;
}

/*
 * Nothing is waited for: what the socket holds are packets, and they come first. A refusal would
 * come behind them and be counted, and the queue goes on as it was.
 */
int queue_adopt(struct queue **ret, const struct queue_options *o, int fd)
{
	struct queue *q = queue_new(o);
	int err = q == NULL ? -ENOMEM : has_bound(fd, o) ? 0 : -ESTALE;

	if (err == 0 && (q->nl = mnl_socket_fdopen(fd)) == NULL)
		err = -errno;
	if (err != 0) {
		close(fd);
		free(q);
		return err;
	}
	q->adopted = true;
	size_buffers(q);
	err = send_settings(q, false);
	if (err != 0) {
		queue_close(q);
		return err;
	}
	*ret = q;
	return 0;
}

struct queue *queue_close(struct queue *q)
{
	if (q != NULL && q->nl != NULL)
		mnl_socket_close(q->nl);
	free(q);
	return NULL;
}

int queue_drain(struct queue *q)
{
	_Alignas(8) char buf[REQUEST_ROOM];
	struct nlmsghdr *nlh = nfq_nlmsg_put(buf, NFQNL_MSG_CONFIG, q->options.number);

	nlh->nlmsg_flags = NLM_F_REQUEST;
	nfq_nlmsg_cfg_put_qmaxlen(nlh, 0);
	return send_raw(q, buf, nlh->nlmsg_len);
}

static void aim(struct queue *q, struct batch *b, size_t slots)
{
	if (q->aimed == b && q->aimed_slots == slots)
		return;
	q->aimed = b;
	q->aimed_slots = slots;
	for (size_t i = 0; i < slots; i++) {
		q->iov[i] = (struct iovec){ b->slots[i].raw, SLOT_RAW };
		q->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &q->from[i],
			.msg_namelen = sizeof(q->from[i]),
			.msg_iov = &q->iov[i],
			.msg_iovlen = 1,
		};
	}
}

static void count_error(struct queue *q, int err)
{
	if (err == ENOENT && q->orphans_asked)
		q->orphans_asked = false;
	else if (err == ENOENT)
		q->counters.gone++;
	else if (err == EPERM)
		q->counters.refused++;
	else
		q->counters.errors++;
}

/* The kernel numbers packets one by one; a number that did not come was lost on the way to us. */
static void count_missed(struct queue *q, uint32_t id)
{
	if (q->any_id)
		q->counters.missed += id - q->last_id - 1;
	q->last_id = id;
	q->any_id = true;
}

/* Reads the message in slot i; true if the slot now holds a packet. */
static bool take_message(struct queue *q, struct slot *s, const struct mmsghdr *m, size_t i)
{
	int err = 0;

	if (m->msg_hdr.msg_namelen != sizeof(q->from[i]) || q->from[i].nl_pid != 0) {
		q->counters.foreign++;
		return false;
	}
	switch (nfmessage_parse(s->raw, m->msg_len, s, &err)) {
	case NFMESSAGE_BROKEN:
		q->counters.malformed++;
		/* fall through */
	case NFMESSAGE_PACKET:
		if (q->adopted)
			answer_orphans(q, s->id);
		count_missed(q, s->id);
		return true;
	case NFMESSAGE_ERROR:
		count_error(q, err);
		return false;
	case NFMESSAGE_MALFORMED:
		q->counters.malformed++;
		return false;
	default:
		return false;
	}
}

static void move_slot(struct slot *to, const struct slot *from)
{
	memcpy(to, from, offsetof(struct slot, raw));
	memcpy(to->raw + to->in_off, from->raw + from->in_off, from->in_len);
}

/* Order is kept: verdicts rely on ascending ids. */
static size_t take_messages(struct queue *q, struct batch *b, size_t n)
{
	struct timespec ts;
	int64_t now;
	size_t kept = 0;

	clock_gettime(CLOCK_REALTIME, &ts);
	now = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	for (size_t i = 0; i < n; i++) {
		if (take_message(q, &b->slots[i], &q->msgs[i], i)) {
			if (kept != i)
				move_slot(&b->slots[kept], &b->slots[i]);
			b->slots[kept].park = 0;
			b->slots[kept].ask = b->slots[kept].asked = b->slots[kept].answered = 0;
			b->slots[kept].known = false;
			b->slots[kept++].time_ns = now;
		}
		q->msgs[i].msg_hdr.msg_namelen = sizeof(q->from[i]);
	}
	return kept;
}

int queue_receive(struct queue *q, struct batch *b, size_t slots)
{
	int n;

	aim(q, b, slots);
	b->count = 0;
	n = recvmmsg(queue_fd(q), q->msgs, (unsigned)slots, MSG_DONTWAIT, NULL);
	if (n < 0 && (errno == ENOBUFS || errno == ENOMEM)) {
		q->counters.overruns++;
		return 0;
	}
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	b->count = take_messages(q, b, (size_t)n);
	q->counters.packets += b->count;
	q->counters.batches += b->count > 0;
	return (int)b->count;
}

void queue_hold(struct queue *q, bool hold)
{
	q->hold = hold;
}

static int send_verdicts(struct queue *q)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = q->verdicts.iov,
		.msg_iovlen = q->verdicts.iov_count,
	};
	ssize_t n;

	if (msg.msg_iovlen == 0)
		return 0;
	do
		n = sendmsg(queue_fd(q), &msg, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/*
 * Whatever it is may pass, want of memory does, and a packet without a verdict would stay queued
 * for ever.
 */
static int send_patiently(struct queue *q)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int err = send_verdicts(q);

	for (int i = 0; i < SEND_TRIES && err != 0; i++) {
		nanosleep(&pause, NULL);
		err = send_verdicts(q);
	}
	return err;
}

/*
 * A send that fails is tried again in pieces of one verdict; a verdict that cannot be sent even so
 * leaves its packet queued, and no batch verdict may sweep over it from then on.
 */
int queue_send(struct queue *q, struct batch *b)
{
	struct verdict_options o = { q->options.number, q->options.mark, q->options.mask,
		q->sweep && !q->hold };
	size_t i = 0, max = q->send_max;
	int failed = 0;

	while (i < b->count) {
		size_t next = verdicts_build(&q->verdicts, b, i, &o, max);
		int err = next - i > 1 ? send_verdicts(q) : send_patiently(q);

		if (err != 0 && next - i > 1) {
			max = 0;
			o.sweep = false;
			continue;
		}
		if (err != 0) {
			q->counters.unsent++;
			q->sweep = false;
			failed = err;
		}
		i = next;
	}
	q->counters.impossible = q->verdicts.refused;
	return failed;
}
