/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/region.h"
#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

Test(region, grows_and_is_cut_to_size)
{
	for (int shared = 0; shared < 2; shared++) {
		size_t used = 3 * 1000 * 1000 + 1, size;
		struct region r;
		uint8_t *base;
		void *closed;
		int fd;

		cr_assert_eq(region_open(&r, NULL, 100, shared), REG_OK);
		cr_assert_eq(r.size, region_pages(1));
		cr_assert_eq(region_grow(&r, 100), REG_OK);
		memset(r.base, 7, 100);
		cr_assert_eq(region_grow(&r, 50), REG_OK);
		cr_assert_eq(region_grow(&r, used), REG_OK);
		cr_assert_geq(r.size, used);
		cr_assert_eq(r.base[99], 7);
		cr_assert_eq(r.base[100], 0, "zero until written");
		cr_assert_eq(r.base[used - 1], 0);
		cr_assert_eq(region_close(&r, used, &closed, &size, &fd), REG_OK);
		base = closed;
		cr_assert_eq(size, region_pages(used));
		cr_assert_eq(base[99], 7);
		cr_assert_eq(fd >= 0, shared != 0);
		region_drop(&r);
		cr_assert_eq(base[99], 7, "no longer the region's");
		region_unmap(closed, size);
		if (fd >= 0)
			close(fd);
	}
}

Test(region, refusals_leave_it_as_it_was)
{
	struct scarcity scarcity;
	struct region r;

	scarcity_init(&scarcity, 1);
	cr_assert_eq(region_open(&r, &scarcity.memory, 100, false), REG_E_NOMEM);
	scarcity_init(&scarcity, 2);
	cr_assert_eq(region_open(&r, &scarcity.memory, 100, false), REG_OK);
	cr_assert_eq(region_grow(&r, 100), REG_OK);
	r.base[0] = 9;
	cr_assert_eq(region_grow(&r, 1 << 20), REG_E_NOMEM);
	cr_assert_eq(r.base[0], 9);
	cr_assert_null(reg_realloc(&scarcity.memory, NULL, 1));
	region_drop(&r);
	region_drop(&r);
}

Test(region, a_size_no_machine_has)
{
	struct region r;

	cr_assert_eq(region_open(&r, NULL, (size_t)1 << 60, false), REG_E_NOMEM);
	cr_assert_eq(region_open(&r, NULL, (size_t)1 << 60, true), REG_E_NOMEM);
	cr_assert_eq(region_open(&r, NULL, 1, false), REG_OK);
	cr_assert_eq(region_grow(&r, (size_t)1 << 60), REG_E_NOMEM);
	region_drop(&r);
}

/* A large one lies where huge pages do, however it grew, and keeps what is in it on the way. */
Test(region, a_large_one_grows_and_is_mapped_again)
{
	enum { MEBI = 1 << 20, USED = 41 * MEBI + 5 };

	for (int shared = 0; shared < 2; shared++) {
		struct region r;
		uint8_t *base, *again;
		void *closed;
		size_t size;
		int fd;

		cr_assert_eq(region_open(&r, NULL, 3 * MEBI, shared), REG_OK);
		for (size_t at = 0; at < USED; at += 1000) {
			cr_assert_eq(region_grow(&r, at + 1), REG_OK);
			cr_assert(r.size >= r.ready && r.ready > at);
			cr_assert_eq((uintptr_t)r.base % (2 * MEBI), 0);
			r.base[at] = (uint8_t)(at / 1000);
		}
		cr_assert_eq(region_close(&r, USED, &closed, &size, &fd), REG_OK);
		cr_assert_eq(size, region_pages(USED));
		cr_assert(size >= USED && size < USED + 2 * MEBI);
		base = closed;
		again = shared ? region_map(fd, size) : base;
		cr_assert_eq((uintptr_t)again % (2 * MEBI), 0);
		for (size_t at = 0; at < USED; at += 1000)
			cr_assert(base[at] == (uint8_t)(at / 1000) && again[at] == base[at], "%zu", at);
		cr_assert(region_protect(base, size));
		region_unmap(base, size);
		if (shared) {
			region_unmap(again, size);
			close(fd);
		}
	}
}
