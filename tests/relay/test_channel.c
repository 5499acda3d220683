/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay/channel.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- memory ---------------------------------------------------------------------------------- */

Test(channel, memory_is_shared_and_keeps_its_size)
{
	int fd = -1;
	struct channel *one = channel_new(4, &fd), *two;

	cr_assert_not_null(one);
	two = channel_map(fd, 4);
	cr_assert_not_null(two);
	one->batch.slots[3].out[SLOT_OUT - 1] = 7;
	cr_expect_eq(two->batch.slots[3].out[SLOT_OUT - 1], 7);
	cr_expect(ftruncate(fd, 4096) != 0 && errno == EPERM);
	cr_expect(ftruncate(fd, 1 << 30) != 0 && errno == EPERM);
	cr_expect_neq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0, "nobody can take writing away either");
	cr_expect_null(channel_free(one, 4));
	cr_expect_null(channel_free(two, 4));
	cr_expect_null(channel_free(NULL, 4));
}

/* Who maps another size than there is would die of it. */
Test(channel, memory_of_another_size_is_refused)
{
	static const size_t sizes[] = { 0, 1, 3, 5, BATCH_MAX, BATCH_MAX + 1, SIZE_MAX };
	int fd = -1, file = memfd_create("test", 0);
	struct channel *c = channel_new(4, &fd);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		cr_expect_null(channel_map(fd, sizes[i]), "%zu", sizes[i]);
	cr_expect_null(channel_map(file, 4));
	cr_expect_null(channel_map(-1, 4));
	channel_free(c, 4);
}

/* --- messages -------------------------------------------------------------------------------- */

static int pair[2];

static void setup(void)
{
	cr_assert_eq(channel_pair(pair), 0);
}

TestSuite(channel_message, .init = setup);

static int open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int receive(uint64_t *ret, int *fds)
{
	return channel_receive(pair[1], ret, sizeof(*ret), fds, MSG_DONTWAIT);
}

Test(channel_message, with_descriptors)
{
	int fds[CHANNEL_FDS], got[CHANNEL_FDS];
	uint64_t number;

	for (int i = 0; i < CHANNEL_FDS; i++)
		fds[i] = memfd_create("test", 0);
	for (size_t count = 0; count <= CHANNEL_FDS; count++) {
		number = 4711 + count;
		cr_assert_eq(channel_send(pair[0], &number, sizeof(number), fds, count), 0);
		number = 0;
		cr_assert_eq(receive(&number, got), 0);
		cr_expect_eq(number, 4711 + count);
		for (size_t i = 0; i < CHANNEL_FDS; i++) {
			cr_expect_eq(got[i] >= 0, i < count);
			cr_expect(got[i] < 0 || (fcntl(got[i], F_GETFD) & FD_CLOEXEC) != 0);
			if (got[i] >= 0)
				close(got[i]);
		}
	}
	cr_expect_eq(receive(&number, got), -EAGAIN);
}

static const size_t lengths[] = { 1, 4, 7, 9, 16, 4096 };

/* A message of another size is none, and leaves no descriptor behind. */
Test(channel_message, of_another_size)
{
	static const uint8_t bytes[4096];
	int got[CHANNEL_FDS], fd = memfd_create("test", 0), before = open_files();
	uint64_t number;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		cr_assert_eq(channel_send(pair[0], bytes, lengths[i], &fd, 1), 0);
		cr_expect_eq(receive(&number, got), -EPROTO, "%zu", lengths[i]);
		cr_expect(got[0] < 0 && got[1] < 0 && got[2] < 0);
		cr_expect_eq(open_files(), before);
	}
}

/* More descriptors than there is room for: sent by somebody who does not use channel_send(). */
static void send_many(size_t count)
{
	enum { MANY = 64 };
	static union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(MANY * sizeof(int))];
	} control;
	uint64_t number = 7;
	struct iovec iov = { &number, sizeof(number) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int fds[MANY];

	for (size_t i = 0; i < count; i++)
		fds[i] = STDERR_FILENO;
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(h), fds, count * sizeof(int));
	cr_assert_eq(sendmsg(pair[0], &m, 0), (ssize_t)sizeof(number));
}

Test(channel_message, with_more_descriptors_than_may_be)
{
	int got[CHANNEL_FDS], before = open_files();
	uint64_t number;

	for (size_t count = CHANNEL_FDS + 1; count <= 64; count++) {
		send_many(count);
		cr_expect_eq(receive(&number, got), -EPROTO, "%zu", count);
		cr_expect_eq(open_files(), before, "%zu", count);
	}
}

/* Descriptors that nobody has asked for are closed. */
Test(channel_message, alone)
{
	int before = open_files();
	uint64_t number = 0;

	for (size_t count = 1; count <= 10; count++) {
		send_many(count);
		cr_expect_eq(channel_receive_alone(pair[1], &number, sizeof(number), MSG_DONTWAIT),
			count <= CHANNEL_FDS ? 0 : -EPROTO);
		cr_expect_eq(open_files(), before);
	}
	cr_expect_eq(channel_receive_alone(pair[1], &number, sizeof(number), MSG_DONTWAIT), -EAGAIN);
}

Test(channel_message, to_nobody)
{
	int got[CHANNEL_FDS];
	uint64_t number = 1;

	close(pair[0]);
	cr_expect_eq(receive(&number, got), -EPIPE);
	cr_expect_eq(channel_send(pair[1], &number, sizeof(number), NULL, 0), -EPIPE);
}

/* One who does not read cannot make the other wait. */
Test(channel_message, to_who_does_not_listen)
{
	uint64_t number = 1;
	int err = 0;

	for (int i = 0; i < 100000 && err == 0; i++)
		err = channel_send(pair[0], &number, sizeof(number), NULL, 0);
	cr_expect_eq(err, -EAGAIN);
}
