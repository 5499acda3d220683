/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides memfd_create(2) and SCM_RIGHTS. The memory is sealed against growing and shrinking, because
 * who touches a page that the other side has cut off dies of it. A socket instead of a futex(2) in
 * the memory: its end of file tells that the other side is dead, at once and without a third one
 * that has to notice.
 */
#include "relay/channel.h"

#include "registry/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(offsetof(struct channel, batch) % 8 == 0, "the batch begins aligned");

static size_t size_of(size_t slots)
{
	return sizeof(struct channel) + slots * sizeof(struct slot);
}

struct channel *channel_map(int fd, size_t slots)
{
	struct channel *c;
	struct stat st;

	if (slots < 1 || slots > BATCH_MAX || fstat(fd, &st) != 0 ||
		st.st_size != (off_t)size_of(slots)) {
		errno = EINVAL;
		return NULL;
	}
	c = mmap(NULL, size_of(slots), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	return c != MAP_FAILED ? c : NULL;
}

struct channel *channel_new(size_t slots, int *ret_fd)
{
	int fd = memfd_create("usher-channel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct channel *c = NULL;

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)size_of(slots)) == 0 &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		c = channel_map(fd, slots);
	if (c == NULL) {
		int saved = errno;

		close(fd);
		errno = saved;
		return NULL;
	}
	*ret_fd = fd;
	return c;
}

struct channel *channel_free(struct channel *c, size_t slots)
{
	if (c != NULL)
		munmap(c, size_of(slots));
	return NULL;
}

int channel_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0 ? -errno : 0;
}

int channel_send(int fd, const void *msg, size_t len, const int *fds, size_t count)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(CHANNEL_FDS * sizeof(int))];
	} control = { .buf = { 0 } };
	union {
		const void *in;
		void *out;
	} base = { msg };
	struct iovec iov = { base.out, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (count > 0) {
		struct cmsghdr *h;

		m.msg_control = control.buf;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(h), fds, count * sizeof(int));
	}
	do
		n = sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return n == (ssize_t)len ? 0 : -EPROTO;
}

bool channel_is_over(int err)
{
	return err == -EPIPE || err == -EPROTO;
}

bool channel_again(int err)
{
	if (err == 0 || channel_is_over(err))
		return false;
	clock_pause();
	return true;
}

static size_t take_fds(struct msghdr *m, int *ret_fds)
{
	size_t count = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL; h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		count = count < CHANNEL_FDS ? count : CHANNEL_FDS;
		memcpy(ret_fds, CMSG_DATA(h), count * sizeof(int));
	}
	return count;
}

static void close_all(int *fds)
{
	for (size_t i = 0; i < CHANNEL_FDS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

int channel_receive(int fd, void *msg, size_t len, int *ret_fds, int flags)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(CHANNEL_FDS * sizeof(int))];
	} control;
	/* It is written there, not read. */
	/* cppcheck-suppress ctuuninitvar */
	struct iovec iov = { msg, len };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf };
	ssize_t n;

	for (size_t i = 0; i < CHANNEL_FDS; i++)
		ret_fds[i] = -1;
	do {
		/* Not CMSG_SPACE: in the padding there would be room for one more. */
		m.msg_controllen = CMSG_LEN(CHANNEL_FDS * sizeof(int));
		n = recvmsg(fd, &m, flags | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	take_fds(&m, ret_fds);
	if (n == (ssize_t)len && (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0)
		return 0;
	close_all(ret_fds);
	return n == 0 ? -EPIPE : -EPROTO;
}

int channel_receive_alone(int fd, void *msg, size_t len, int flags)
{
	int fds[CHANNEL_FDS], err = channel_receive(fd, msg, len, fds, flags);

	close_all(fds);
	return err;
}
