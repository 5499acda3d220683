/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker process does that a packet has taken over, and what the keeper does: linked into
 * build/usher-trap only. A packet with "trap:WORD" in its last bytes does what the word says before
 * the pipeline runs; with "trap:keeper", what is in the table of the keeper, before it is handed
 * over.
 */
#include "relay/channel.h"
#include "relay/log.h"
#include "relay/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

void worker_trap(struct channel *c);
void keeper_trap(const struct batch *b);

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

/* Long enough for somebody to kill it meanwhile. */
static void doze(struct slot *s)
{
	struct timespec ts;
	int64_t until;

	(void)s;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	until = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + 100;
	do
		clock_gettime(CLOCK_MONOTONIC, &ts);
	while ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 < until);
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
 * Asks netfilter on every descriptor there is, but for the socket of the keeper, to make a table:
 * an NFT_MSG_NEWTABLE in a batch. If one takes it, the process dies of it, so that it is seen; else
 * the packet goes its way.
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
	{ "crash", crash }, { "hang", hang }, { "doze", doze }, { "file", open_file },
	{ "socket", open_socket }, { "table", add_table },
	{ "exec", run_shell }, { "address", change_address, true },
	{ "port", change_port, true }, { "length", lengthen, true },
	{ "verdict", invent_verdict, true }, { "send", send_elsewhere, true },
};

/* The word of the packet in 33 bytes; NULL: it has none. */
static const char *word_of(const struct slot *s, char tail[static 33])
{
	const char *at;

	if (s->in_len < 32)
		return NULL;
	memcpy(tail, s->raw + s->in_off + s->in_len - 32, 32);
	tail[32] = '\0';
	for (size_t i = 0; i < 32; i++)
		if (tail[i] == '\0')
			tail[i] = ' ';
	at = strstr(tail, "trap:");
	return at != NULL ? at + 5 : NULL;
}

static void look_at(struct batch *b, struct slot *s)
{
	char tail[33];
	const char *word = word_of(s, tail);

	for (size_t i = 0; word != NULL && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strncmp(word, rows[i].word, strlen(rows[i].word)) == 0) {
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

/* --- the keeper ------------------------------------------------------------------------------ */

#define PTR(x) ((long)(x))

static char *const no_words[] = { NULL };
static struct ifreq down = { .ifr_name = "lo" };

/* System calls that must fail; the log says of each that does not. */
static const struct {
	const char *name;
	long call, args[6];
} tries[] = {
	{ "reads a file of others", SYS_openat, { AT_FDCWD, PTR("/etc/passwd"), O_RDONLY } },
	{ "lists a folder", SYS_openat, { AT_FDCWD, PTR("/etc"), O_RDONLY | O_DIRECTORY } },
	{ "makes a file", SYS_openat, { AT_FDCWD, PTR("/usr/usher-trap"), O_WRONLY | O_CREAT, 0600 } },
	{ "writes to /proc", SYS_openat, { AT_FDCWD, PTR("/proc/sys/net/ipv4/ip_forward"), O_WRONLY } },
	{ "opens a device", SYS_openat, { AT_FDCWD, PTR("/dev/null"), O_RDWR } },
	{ "opens by a handle", SYS_open_by_handle_at, { -1, PTR(&down), O_RDONLY } },
	{ "renames", SYS_renameat2, { AT_FDCWD, PTR("/etc/passwd"), AT_FDCWD, PTR("/etc/passwd"), 0 } },
	{ "makes a socket of TCP", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "makes a socket of UDP over IPv6", SYS_socket, { AF_INET6, SOCK_DGRAM, 0 } },
	{ "makes a raw socket", SYS_socket, { AF_INET, SOCK_RAW, 255 } },
	{ "makes a packet socket", SYS_socket, { AF_PACKET, SOCK_RAW, 0 } },
	{ "makes another socket of netfilter", SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER } },
	{ "makes a socket of the audit system", SYS_socket, { AF_NETLINK, SOCK_RAW, NETLINK_AUDIT } },
	{ "sets an interface's flags", SYS_ioctl, { 1, SIOCSIFFLAGS, PTR(&down) } },
	{ "runs a program", SYS_execve, { PTR("/bin/true"), PTR(no_words), PTR(no_words) } },
	{ "runs one of a descriptor", SYS_execveat, { AT_FDCWD, PTR("/bin/true"), PTR(no_words), PTR(no_words), 0 } },
	{ "forks", SYS_clone, { SIGCHLD } },
	{ "forks in the old way", SYS_vfork, { 0 } },
	{ "traces another", SYS_ptrace, { PTRACE_TRACEME } },
	{ "looks into another", SYS_process_vm_readv, { 1, 0, 0, 0, 0, 0 } },
	{ "sends a signal", SYS_kill, { 0, 0 } },
	{ "sends one to a thread", SYS_tgkill, { 1, 1, 0 } },
	{ "has another's descriptor", SYS_pidfd_open, { 1, 0 } },
	{ "loads a program for the kernel", SYS_bpf, { 0, 0, 0 } },
	{ "has a ring", SYS_io_uring_setup, { 1, 0 } },
	{ "counts events", SYS_perf_event_open, { 0, 0, -1, -1, 0 } },
	{ "handles its own faults", SYS_userfaultfd, { 0 } },
	{ "leaves its namespaces", SYS_unshare, { CLONE_NEWUSER } },
	{ "mounts", SYS_mount, { PTR("none"), PTR("/mnt"), PTR("tmpfs"), 0, 0 } },
	{ "changes its root", SYS_chroot, { PTR("/") } },
	{ "changes its user", SYS_setresuid, { 0, 0, 0 } },
	{ "has keys", SYS_keyctl, { 0, 0, 0 } },
	{ "loads a module", SYS_finit_module, { 0, PTR(""), 0 } },
	{ "maps code", SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
	{ "makes code of data", SYS_mprotect, { 0, 0, PROT_READ | PROT_EXEC } },
};

/* EPERM is the list's, EACCES Landlock's; anything else is an answer of the call itself. */
void keeper_trap(const struct batch *b)
{
	const size_t count = sizeof(tries) / sizeof(tries[0]);
	size_t done = 0;
	char tail[33];

	for (size_t i = 0; i < b->count; i++) {
		const char *word = word_of(&b->slots[i], tail);

		if (word == NULL || strncmp(word, "keeper", 6) != 0)
			continue;
		for (size_t j = 0; j < count; j++) {
			const long *a = tries[j].args;

			errno = 0;
			if (syscall(tries[j].call, a[0], a[1], a[2], a[3], a[4], a[5]) >= 0 ||
				(errno != EPERM && errno != EACCES)) {
				done++;
				log_error("trap: the keeper %s (%s)", tries[j].name, strerror(errno));
			}
		}
		log_error("trap: the keeper tried %zu things and did %zu", count, done);
	}
}
