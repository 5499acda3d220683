/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker process does that a packet has taken over: linked into build/usher-trap only. A
 * packet with "trap:WORD" in its last bytes does what the word says before the pipeline runs.
 */
#include "relay/channel.h"
#include "relay/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void worker_trap(struct channel *c);

static void crash(struct slot *s)
{
	(void)s;
	__builtin_trap();
}

static void hang(struct slot *s)
{
	(void)s;
	for (;;)
		__asm__ volatile("");
}

/* Each of these is a system call that ends the process; if not, the packet comes out marked. */
static void open_file(struct slot *s)
{
	s->mark = open("/etc/passwd", O_RDONLY) >= 0;
}

static void open_socket(struct slot *s)
{
	s->mark = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) >= 0;
}

static void run_shell(struct slot *s)
{
	execl("/bin/true", "true", (char *)NULL);
	s->mark = 1;
}

/*
 * Asks netfilter on every descriptor there is, but for the socket of the keeper, to make a table: an
 * NFT_MSG_NEWTABLE in a batch. If one takes it, the process dies of it, so that it is seen; else the
 * packet goes its way.
 */
static void add_table(struct slot *s)
{
	static const struct {
		struct nlmsghdr head;
		uint8_t family, version;
		uint16_t res_id;
		struct nlattr name;
		char text[8];
	} table = {
		{ sizeof(table), NFNL_SUBSYS_NFTABLES << 8, NLM_F_REQUEST | NLM_F_CREATE, 1, 0 },
		2, 0, 0, { 12, 1 }, "usher-x",
	};
	union {
		const void *in;
		void *out;
	} base = { &table };
	struct iovec iov = { base.out, sizeof(table) };
	const struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	(void)s;
	for (int fd = 0; fd < 1024; fd++)
		if (fd != SPAWNED_SOCKET && sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			__builtin_trap();
}

/* What the keeper must not send. */
static void edit(struct slot *s)
{
	s->out_len = s->in_len;
	memcpy(s->out, s->raw + s->in_off, s->in_len);
	s->edited = true;
	s->verdict = SLOT_ACCEPT;
}

static void change_address(struct slot *s)
{
	edit(s);
	s->out[19] ^= 1;
}

static void change_port(struct slot *s)
{
	edit(s);
	s->out[23] ^= 1;
}

static void lengthen(struct slot *s)
{
	edit(s);
	s->out_len = SLOT_OUT;
}

static void send_elsewhere(struct slot *s)
{
	edit(s);
	s->edited = false;
	s->verdict = SLOT_DROP;
	s->send_count = 1;
	s->sends[0] = (struct slot_send){ .kind = SEND_ROUTED, .len = s->in_len };
}

static void invent_verdict(struct slot *s)
{
	s->verdict = 7;
}

static const struct {
	const char *word;
	void (*run)(struct slot *s);
	bool instead;                    /* the pipeline does not run */
} rows[] = {
	{ "crash", crash }, { "hang", hang }, { "file", open_file }, { "socket", open_socket },
	{ "table", add_table },
	{ "exec", run_shell }, { "address", change_address, true },
	{ "port", change_port, true }, { "length", lengthen, true },
	{ "verdict", invent_verdict, true }, { "send", send_elsewhere, true },
};

static void look_at(struct batch *b, struct slot *s)
{
	char tail[33] = "";
	const char *at;

	if (s->in_len < 32)
		return;
	memcpy(tail, s->raw + s->in_off + s->in_len - 32, 32);
	for (size_t i = 0; i < 32; i++)
		if (tail[i] == '\0')
			tail[i] = ' ';
	at = strstr(tail, "trap:");
	for (size_t i = 0; at != NULL && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(at + 5, rows[i].word, strlen(rows[i].word)) == 0) {
			rows[i].run(s);
			if (rows[i].instead)
				b->count = 0;
		}
}

void worker_trap(struct channel *c)
{
	size_t count = c->batch.count;

	for (size_t i = 0; i < count; i++) {
		atomic_store(&c->at, (uint32_t)i + 1);
		look_at(&c->batch, &c->batch.slots[i]);
	}
}
