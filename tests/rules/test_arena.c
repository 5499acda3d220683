/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of a policy: zeroed, aligned, not shared, and arrays that keep their contents. */
#include "rules/arena.h"

#include "rules/err.h"

#include <criterion/criterion.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

Test(arena, pieces_do_not_overlap)
{
	struct arena a = { .last = NULL };
	uint8_t *pieces[300];

	for (size_t i = 0; i < 300; i++) {
		pieces[i] = arena_alloc(&a, i * 7 % 500 + (i == 299 ? 100000 : 0));
		cr_assert_not_null(pieces[i]);
		cr_assert_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		for (size_t k = 0; k < i * 7 % 500; k++)
			cr_assert_eq(pieces[i][k], 0);
		memset(pieces[i], (int)i, i * 7 % 500);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t k = 0; k < i * 7 % 500; k++)
			cr_assert_eq(pieces[i][k], (uint8_t)i);
	arena_done(&a);
	cr_expect_null(a.last);
	arena_done(&a);
}

Test(arena, arrays_grow)
{
	struct arena a = { .last = NULL };
	uint32_t *all = NULL;

	for (uint32_t i = 0; i < 1000; i++) {
		all = arena_grow(&a, all, i, sizeof(*all));
		cr_assert_not_null(all);
		all[i] = i;
	}
	for (uint32_t i = 0; i < 1000; i++)
		cr_assert_eq(all[i], i);
	arena_done(&a);
}

Test(arena, a_copy_ends_with_a_nul)
{
	struct arena a = { .last = NULL };

	cr_expect_str_eq(arena_copy(&a, "abcdef", 3), "abc");
	cr_expect_str_eq(arena_copy(&a, NULL, 0), "");
	arena_done(&a);
}

Test(arena, impossible_sizes_are_no_memory)
{
	struct arena a = { .last = NULL };

	cr_expect_null(arena_alloc(&a, SIZE_MAX));
	cr_expect_null(arena_copy(&a, "x", SIZE_MAX));
	cr_expect_null(arena_grow(&a, NULL, SIZE_MAX / 4 + 1, 8));
	arena_done(&a);
}

Test(arena, every_error_has_a_text)
{
	for (int e = -1; e <= RULE_E_COUNT; e++) {
		const char *text = rule_strerror(e);

		cr_expect(text != NULL && strlen(text) > 0);
		cr_expect_eq(strcmp(text, "unknown error") == 0, e < 0 || e == RULE_E_COUNT);
	}
}
