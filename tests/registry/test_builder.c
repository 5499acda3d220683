/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/builder.h"
#include "registry/layout.h"
#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HW(id, rest) "{\"type\":\"HW_ADDR\",\"id\":\"" id "\"" rest "}\n"

Test(builder, a_user_given_twice)
{
	static const char text[] = HW("01", ",\"a\":\"first\"") HW("02", "")
		"\n" HW("0:1:", ",\"a\":\"second\"") HW("03", "") HW("02", "");
	struct make_options skip = { .skip_duplicates = true };
	struct reg_report report = { 0 };
	struct registry *reg;
	enum reg_err e;
	char buf[1024];

	cr_assert_null(make_registry(text, NULL, &e, NULL, &report, NULL));
	cr_assert_eq(e, REG_E_DUPLICATE);
	cr_assert_eq(report.count, 1);
	cr_assert_str_eq(report.first[0].text,
		"t:4: user HW_ADDR=01 is given twice, first on line 1");
	report.count = 0;
	reg = make_registry(text, &skip, &e, NULL, &report, NULL);
	cr_assert_eq(e, REG_OK);
	cr_assert_eq(report.count, 2);
	cr_assert_str_eq(report.first[1].text,
		"t:6: user HW_ADDR=02 is given twice, first on line 2");
	cr_assert_eq(registry_count(reg), 3);
	cr_assert_str_eq(attrs_text(find_user(reg, "01"), buf), "a=first;");
	const struct reg_user *user = NULL;
	size_t n = 0;

	while ((user = registry_next(reg, user)) != NULL)
		n++;
	cr_assert_eq(n, 3, "those left out are not iterated over");
	registry_free(reg);
}

/* Whatever is added to whatever: as if all had been read at once. */
Test(builder, from_a_registry_that_grew)
{
	char *text = malloc(4000 * 80);
	struct registry *reg = make_registry("", NULL, NULL, NULL, NULL, NULL);
	unsigned int total = 0;

	for (unsigned int step = 0; step < 60; step++) {
		struct make_options options = { .base = reg };
		unsigned int more = step * step % 97;
		struct registry *next;
		size_t n = 0;

		text[0] = '\0';
		for (unsigned int i = 0; i < more; i++, total++)
			n += (size_t)sprintf(text + n, "{\"type\":\"HW_ADDR\",\"id\":\"%04x\","
				"\"n%u\":\"%u\"}\n", total, total % 50, total);
		next = make_registry(text, &options, NULL, NULL, NULL, NULL);
		cr_assert_eq(memcmp(reg->key, next->key, 16), 0);
		registry_free(reg);
		reg = next;
		cr_assert_eq(registry_count(reg), total);
		for (unsigned int i = 0; i < total; i++) {
			uint8_t id[2] = { (uint8_t)(i >> 8), (uint8_t)i };
			char expect[32], buf[1024];

			sprintf(expect, "n%u=%u;", i % 50, i);
			cr_assert_str_eq(attrs_text(registry_find(reg, REG_HW_ADDR, id, 2), buf),
				expect);
		}
		cr_assert_null(registry_find(reg, REG_HW_ADDR, (const uint8_t *)"\xff\xff", 2));
	}
	registry_free(reg);
	free(text);
}

static void find_duplicates(size_t layer_from)
{
	struct registry *base = make_registry(HW("01", ",\"a\":\"b\"") HW("02", ""), NULL, NULL, NULL,
		NULL, NULL);
	struct make_options options = { .base = base, .layer_from = layer_from }, third;
	struct make_options skip = { .base = base, .skip_duplicates = true, .layer_from = layer_from };
	struct reg_report report = { 0 };
	struct registry *reg, *again;
	enum reg_err e;

	cr_assert_null(make_registry(HW("03", "") HW("01", ""), &options, &e, NULL, &report, NULL));
	cr_assert_eq(e, REG_E_DUPLICATE);
	cr_assert_str_eq(report.first[0].text,
		"t:2: user HW_ADDR=01 is given twice, first on line 1");
	reg = make_registry(HW("03", "") HW("01", ""), &skip, &e, NULL, &report, NULL);
	cr_assert_eq(registry_count(reg), 3);
	third = (struct make_options){ .base = reg, .layer_from = layer_from };
	again = make_registry(HW("04", ""), &third, &e, NULL, NULL, NULL);
	cr_assert_eq(registry_count(again), 4, "one left out once stays out");
	cr_assert_not_null(find_user(again, "04"));
	registry_free(base);
	registry_free(reg);
	registry_free(again);
}

Test(builder, growth_finds_duplicates_of_what_was_there)
{
	find_duplicates(0);
	find_duplicates(1);
	find_duplicates(4096);
}

Test(builder, default_user_added_later)
{
	struct registry *base = make_registry(HW("01", ""), NULL, NULL, NULL, NULL, NULL);
	struct make_options options = { .base = base };
	struct registry *reg = make_registry(HW("00000000", ""), &options, NULL, NULL, NULL, NULL);

	cr_assert_null(registry_default(base, 4));
	cr_assert_not_null(registry_default(reg, 4));
	registry_free(base);
	registry_free(reg);
}

/* A bad entry leaves no trace, and others can follow. */
Test(builder, goes_on_after_an_error)
{
	struct builder_options options = { .name = "t" };
	struct reg_pair bad = { "routers", "x", 7, 1 }, good = { "note", "x", 4, 1 };
	struct reg_entry entry = { .line = 1, .count = 1, .pairs = &bad };
	struct builder_result result;
	struct reg_error err;
	struct builder *b;

	reg_id_set(&entry.id, REG_HW_ADDR, (const uint8_t *)"\1", 1);
	cr_assert_eq(builder_begin(&options, &b), REG_OK);
	cr_assert_eq(builder_add(b, &entry, &err), REG_E_OPTION);
	entry.pairs = &good;
	cr_assert_eq(builder_add(b, &entry, &err), REG_OK);
	cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
	cr_assert_eq(registry_count(result.registry), 1);
	cr_assert_eq(result.fd, -1);
	registry_free(result.registry);
	cr_assert_eq(builder_begin(&options, &b), REG_OK);
	cr_assert_null(builder_free(b));
	cr_assert_null(builder_free(NULL));
}

/* The n-th request for memory fails, for all n: an error, nothing leaks, nothing is half made. */
Test(builder, memory_runs_out_at_every_step)
{
	char *text = malloc(9000 * 100);
	struct registry *base = make_registry(HW("ff", ""), NULL, NULL, NULL, NULL, NULL);
	size_t n = 0;

	for (unsigned int i = 0; i < 9000; i++)
		n += (size_t)sprintf(text + n, "{\"type\":\"HW_ADDR\",\"id\":\"%06x\",\"n%u\":\"some"
			" text that takes room\"}\n", i, i % 300);
	for (int kind = 0; kind < 4; kind++) {
		for (size_t refuse = 1;; refuse++) {
			struct scarcity scarcity;
			struct make_options options = { .memory = &scarcity.memory,
				.base = kind % 2 == 1 ? base : NULL, .shared = kind >= 2,
				.layer_from = kind == 3 };
			struct reg_error err = { "" };
			struct registry *reg;
			enum reg_err e;

			scarcity_init(&scarcity, refuse);
			reg = make_registry(text, &options, &e, &err, NULL, NULL);
			cr_assert_eq(e, reg != NULL ? REG_OK : REG_E_NOMEM);
			if (reg != NULL) {
				cr_assert_eq(registry_count(reg), kind % 2 == 1 ? 9001 : 9000);
				cr_assert_gt(refuse, 10, "the sweep met few requests");
				registry_free(reg);
				break;
			}
		}
	}
	registry_free(base);
	free(text);
}

Test(builder, more_names_than_there_may_be)
{
	static const uint8_t key[16];
	struct attr_names names;
	char name[16];
	uint16_t index;

	attr_names_init(&names, NULL, key);
	for (unsigned int i = 0; i < 65535; i++) {
		size_t len = (size_t)sprintf(name, "n%u", i);

		cr_assert_eq(attr_names_intern(&names, name, len, &index), REG_OK);
		cr_assert_eq(index, i);
	}
	cr_assert_eq(attr_names_intern(&names, "one more", 8, &index), REG_E_LIMIT);
	cr_assert_eq(attr_names_intern(&names, "n65534", 6, &index), REG_OK);
	cr_assert_eq(index, 65534);
	attr_names_done(&names);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void id_of(uint64_t i, uint8_t id[static 6])
{
	uint64_t v = i * 2654435761 + 7;

	for (size_t k = 0; k < 6; k++)
		id[k] = (uint8_t)(v >> 8 * k);
}

/*
 * A million users, or as many as USHER_TEST_USERS says: all are found, strangers are not, and the
 * memory is at most what the shortest lines for them would take in a file.
 */
Test(builder, a_million_users)
{
	const char *users = getenv("USHER_TEST_USERS");
	size_t count = users != NULL ? strtoul(users, NULL, 10) : 1000000, found = 0, strangers = 0;
	struct builder_options options = { .name = "t" };
	struct reg_entry entry = { .count = 0 };
	struct builder_result result;
	struct builder *b;
	uint64_t begin;
	uint8_t id[6];

	cr_assert_eq(builder_begin(&options, &b), REG_OK);
	for (size_t i = 0; i < count; i++) {
		id_of(i, id);
		reg_id_set(&entry.id, REG_HW_ADDR, id, sizeof(id));
		entry.line = (uint32_t)i + 1;
		cr_assert_eq(builder_add(b, &entry, NULL), REG_OK);
	}
	cr_assert_eq(builder_finish(b, false, NULL, &result), REG_OK);
	cr_assert_eq(registry_count(result.registry), count);
	cr_assert_lt(registry_size(result.registry), count * strlen(HW("010203040506", "")));
	begin = now_ns();
	for (size_t i = 0; i < count; i++) {
		const struct reg_user *user;

		id_of(i * 7919 % count, id);
		user = registry_find(result.registry, REG_HW_ADDR, id, sizeof(id));
		found += user != NULL && registry_source_line(user) == i * 7919 % count + 1;
	}
	begin = now_ns() - begin;
	for (size_t i = count; i < 2 * count; i++) {
		id_of(i, id);
		strangers += registry_find(result.registry, REG_HW_ADDR, id, sizeof(id)) != NULL;
	}
	cr_assert_eq(found, count);
	cr_assert_eq(strangers, 0);
	/* Not a measurement, only that it is a matter of some cache lines and not of the file. */
	cr_assert_lt(begin / count, 20000, "%llu ns a look-up",
		(unsigned long long)(begin / count));
	registry_free(result.registry);
}
