/* SPDX-License-Identifier: GPL-2.0-or-later */
/* So many and no more, and none for longer than its time: against a plain array, at random. */
#include "registry/asked.h"

#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { USERS = 50, NOBODIES = 20, LIFE = 1000 };

static const struct asked_limit limits[ASKED_KINDS] = {
	[ASKED_USER] = { USERS, LIFE }, [ASKED_NOBODY] = { NOBODIES, LIFE / 10 },
};

static struct reg_id id_of(unsigned int n)
{
	struct reg_id id = { .type = n % 2 == 0 ? REG_HW_ADDR : REG_DUID, .len = (uint8_t)(2 + n % 5) };

	id.bytes[0] = (uint8_t)(n / 2 >> 8);
	id.bytes[1] = (uint8_t)(n / 2);
	return id;
}

static struct asked *make(void)
{
	struct asked *a;

	cr_assert_eq(asked_new(limits, NULL, &a), REG_OK);
	return a;
}

static void put(struct asked *a, enum asked_kind kind, unsigned int n, int64_t now)
{
	struct reg_id id = id_of(n);

	cr_assert_eq(asked_put(a, kind, &id, n, now), REG_OK);
}

static enum asked_kind find(const struct asked *a, unsigned int n)
{
	struct reg_id id = id_of(n);

	return asked_find(a, &id);
}

Test(asked, kinds_and_types_are_apart)
{
	struct asked *a = make();
	struct reg_id other = id_of(2);
	uint32_t line = 0;

	put(a, ASKED_USER, 2, 0);
	put(a, ASKED_NOBODY, 4, 0);
	cr_expect_eq(find(a, 2), ASKED_USER);
	cr_expect_eq(find(a, 4), ASKED_NOBODY);
	cr_expect_eq(find(a, 6), ASKED_NEVER);
	other.type = REG_CLIENT_ID;
	cr_expect_eq(asked_find(a, &other), ASKED_NEVER);
	other = id_of(2);
	other.len++;
	cr_expect_eq(asked_find(a, &other), ASKED_NEVER);
	cr_expect_eq(asked_forget(a, &other, &line), ASKED_NEVER);
	other = id_of(2);
	cr_expect_eq(asked_forget(a, &other, &line), ASKED_USER);
	cr_expect_eq(line, 2);
	cr_expect_eq(find(a, 2), ASKED_NEVER);
	asked_clear(a);
	cr_expect_eq(find(a, 4), ASKED_NEVER);
	asked_free(a);
	cr_expect_null(asked_free(NULL));
}

Test(asked, the_oldest_makes_room)
{
	struct asked *a = make();
	struct reg_id id;
	uint32_t line;

	for (unsigned int n = 0; n < USERS; n++)
		put(a, ASKED_USER, n, 0);
	cr_expect_not(asked_take(a, ASKED_USER, 0, 0, &id, &line), "there is no hurry");
	cr_assert(asked_take(a, ASKED_USER, 0, 1, &id, &line));
	cr_expect_eq(line, 0);
	cr_expect_not(asked_take(a, ASKED_USER, 0, 1, &id, &line));
	put(a, ASKED_USER, 1000, 0);
	cr_expect_eq(asked_count(a, ASKED_USER), USERS);
	cr_expect_not(asked_take(a, ASKED_NOBODY, 0, 1, &id, &line), "the kinds do not share");
	asked_free(a);
}

Test(asked, nobody_is_kept_for_longer)
{
	struct asked *a = make();
	struct reg_id id;
	uint32_t line;

	put(a, ASKED_USER, 1, 5000);
	put(a, ASKED_NOBODY, 2, 5000);
	cr_expect_not(asked_take(a, ASKED_NOBODY, 5000 + LIFE / 10 - 1, 0, &id, &line));
	cr_expect(asked_take(a, ASKED_NOBODY, 5000 + LIFE / 10, 0, &id, &line));
	cr_expect_not(asked_take(a, ASKED_USER, 5000 + LIFE - 1, 0, &id, &line));
	cr_expect(asked_take(a, ASKED_USER, 5000 + LIFE, 0, &id, &line));
	cr_expect_eq(asked_count(a, ASKED_USER) + asked_count(a, ASKED_NOBODY), 0);
	asked_free(a);
}

Test(asked, anything_at_random)
{
	enum { IDS = 300, STEPS = 20000 };
	static enum asked_kind model[IDS];
	struct asked *a = make();
	size_t counts[ASKED_KINDS + 1] = { 0 };

	for (unsigned int n = 0; n < IDS; n++)
		model[n] = ASKED_NEVER;
	srand(3);
	for (int64_t now = 0; now < STEPS; now++) {
		unsigned int n = (unsigned int)rand() % IDS;
		enum asked_kind kind = rand() % 2 == 0 ? ASKED_USER : ASKED_NOBODY;
		struct reg_id id = id_of(n);
		uint32_t line;

		cr_assert_eq(asked_find(a, &id), model[n], "%u", n);
		if (model[n] != ASKED_NEVER) {
			cr_assert_eq(asked_forget(a, &id, &line), model[n]);
			cr_assert_eq(line, n);
			counts[model[n]]--;
			model[n] = ASKED_NEVER;
			continue;
		}
		while (asked_take(a, kind, now, 1, &id, &line)) {
			cr_assert_eq(model[line], kind);
			counts[kind]--;
			model[line] = ASKED_NEVER;
		}
		put(a, kind, n, now);
		model[n] = kind;
		counts[kind]++;
		cr_assert(asked_count(a, kind) == counts[kind] && counts[kind] <= limits[kind].most);
	}
	asked_free(a);
}

Test(asked, without_memory)
{
	struct scarcity s;
	struct asked *a;
	struct reg_id id = id_of(1);

	scarcity_init(&s, 1);
	cr_expect_eq(asked_new(limits, &s.memory, &a), REG_E_NOMEM);
	cr_expect_null(a);
	scarcity_init(&s, 2);
	cr_assert_eq(asked_new(limits, &s.memory, &a), REG_OK);
	cr_expect_eq(asked_put(a, ASKED_USER, &id, 1, 0), REG_E_NOMEM);
	cr_expect_eq(asked_find(a, &id), ASKED_NEVER);
	cr_expect_eq(asked_count(a, ASKED_USER), 0);
	asked_free(a);
}
