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
		munmap(closed, size);
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
