/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "relay/depot.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static struct depot depot;
static struct depot_gift gift;

static int file(char content)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	cr_assert(fd >= 0 && write(fd, &content, 1) == 1);
	return fd;
}

static char content(int fd)
{
	char c = '-';

	if (fd >= 0) {
		cr_assert_eq(pread(fd, &c, 1, 0), 1);
		cr_assert_neq(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
		close(fd);
	}
	return c;
}

/* What comes to one who has that generation: registry and layer, '-' where none comes. */
static void must_give(uint64_t has, char registry, char layer, bool none, uint64_t generation)
{
	cr_assert_eq(depot_take(&depot, has, &gift), 0);
	cr_expect_eq(content(gift.fd), registry, "to who has %d", (int)has);
	cr_expect_eq(content(gift.layer), layer, "to who has %d", (int)has);
	cr_expect_eq(gift.none, none);
	cr_expect_eq(gift.generation, generation);
}

Test(depot, nothing)
{
	depot_init(&depot);
	must_give(0, '-', '-', true, 0);
	depot_put(&depot, -1, false);
	must_give(0, '-', '-', true, 1);
	depot_done(&depot);
}

/* Who has the registry that a layer lies on gets the layer alone; the newest one holds all. */
Test(depot, layers)
{
	depot_init(&depot);
	depot_put(&depot, file('a'), false);
	must_give(0, 'a', '-', false, 1);
	must_give(1, '-', '-', false, 1);
	depot_put(&depot, file('b'), true);
	must_give(0, 'a', 'b', false, 2);
	must_give(1, '-', 'b', false, 2);
	depot_put(&depot, file('c'), true);
	must_give(0, 'a', 'c', false, 3);
	must_give(1, '-', 'c', false, 3);
	must_give(2, '-', 'c', false, 3);
	depot_put(&depot, file('d'), false);
	must_give(3, 'd', '-', false, 4);
	must_give(0, 'd', '-', false, 4);
	depot_put(&depot, -1, false);
	must_give(4, '-', '-', true, 5);
	depot_done(&depot);
}

static unsigned open_files(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Nobody is told that he has what he has not. */
Test(depot, no_descriptor_is_free)
{
	struct rlimit limit = { 1, 0 }, before;
	unsigned n;

	depot_init(&depot);
	depot_put(&depot, file('a'), false);
	depot_put(&depot, file('b'), true);
	n = open_files();
	getrlimit(RLIMIT_NOFILE, &before);
	for (limit.rlim_max = before.rlim_max; limit.rlim_cur < 64; limit.rlim_cur++) {
		int err;

		setrlimit(RLIMIT_NOFILE, &limit);
		err = depot_take(&depot, 0, &gift);
		cr_assert(err == 0 || err == -EMFILE, "%d", err);
		if (err == 0)
			break;
		cr_expect(gift.fd < 0 && gift.layer < 0 && !gift.none && gift.generation == 0);
		setrlimit(RLIMIT_NOFILE, &before);
		cr_expect_eq(open_files(), n);
	}
	setrlimit(RLIMIT_NOFILE, &before);
	cr_assert(limit.rlim_cur > 1 && limit.rlim_cur < 64);
	close(gift.fd);
	close(gift.layer);
	depot_done(&depot);
	cr_expect_eq(open_files(), n - 2);
}
