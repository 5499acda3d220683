/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/registry.h"
#include "registry/layout.h"
#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HW(id, rest) "{\"type\":\"HW_ADDR\",\"id\":\"" id "\"" rest "}\n"
#define DUID(id, rest) "{\"type\":\"DUID\",\"id\":\"" id "\"" rest "}\n"

static struct registry *make(const char *text)
{
	struct reg_error err = { "" };
	struct registry *reg = make_registry(text, NULL, NULL, &err, NULL, NULL);

	cr_assert_not_null(reg, "%s", err.text);
	return reg;
}

/* user_chk's userBasics, findByHWAddr, findByDUID, oneOfEach. */
Test(registry, find_by_type_and_bytes)
{
	struct registry *reg = make("# two with the same bytes\n"
		HW("01010101", ",\"opt1\":\"true\"") "\n" DUID("01010101", "") DUID("03030303", ""));
	const struct reg_user *hw = find_user(reg, "HW_ADDR=01010101");
	const struct reg_user *duid = find_user(reg, "DUID=01010101");
	const uint8_t *id;
	size_t len;

	cr_assert_eq(registry_count(reg), 3);
	cr_assert_not_null(hw);
	cr_assert_not_null(duid);
	cr_assert_neq(hw, duid);
	cr_assert_eq(registry_user_id(hw, &id, &len), REG_HW_ADDR);
	cr_assert_eq(len, 4);
	cr_assert_arr_eq(id, "\1\1\1\1", 4);
	cr_assert_eq(registry_user_id(duid, NULL, NULL), REG_DUID);
	cr_assert_eq(registry_source_line(hw), 2);
	cr_assert_eq(registry_source_line(duid), 4);
	cr_assert_null(find_user(reg, "HW_ADDR=02020202"));
	cr_assert_null(find_user(reg, "HW_ADDR=03030303"));
	cr_assert_null(find_user(reg, "HW_ADDR=010101"));
	cr_assert_null(find_user(reg, "HW_ADDR=0101010101"));
	cr_assert_null(registry_find(reg, REG_HW_ADDR, (const uint8_t *)"", 0));
	registry_free(reg);
}

Test(registry, lengths_no_id_can_have_are_not_found)
{
	struct registry *reg = make(HW("01010101", ""));
	uint8_t many[1000];

	memset(many, 1, sizeof(many));
	for (size_t n = 0; n <= sizeof(many); n++)
		cr_assert_eq(registry_find(reg, REG_HW_ADDR, many, n) != NULL, n == 4);
	cr_assert_null(registry_find(reg, REG_ID_TYPES, many, 4));
	registry_free(reg);
}

Test(registry, empty)
{
	struct registry *reg = make("# nobody\n\n");

	cr_assert_eq(registry_count(reg), 0);
	cr_assert_null(registry_next(reg, NULL));
	cr_assert_null(find_user(reg, "01"));
	cr_assert_null(registry_default(reg, 4));
	cr_assert_null(registry_default(reg, 6));
	cr_assert_eq(registry_attr_names(reg, 0, &(const char *){ NULL }, &(size_t){ 0 }), -1);
	registry_prefetch(reg, 1);
	registry_prefetch_user(reg, 1, REG_HW_ADDR, (const uint8_t *)"\1", 1);
	registry_free(reg);
	cr_assert_null(registry_free(NULL));
}

/* Every page once, in steps of any size, and the end is told. */
Test(registry, is_touched_page_by_page)
{
	struct registry *reg = make(HW("01", ""));
	size_t pages = (registry_size(reg) + 4095) / 4096, at = 0, n = 0;

	cr_assert_gt(pages, 0);
	cr_assert_eq(registry_touch(reg, 0, SIZE_MAX), 0);
	do
		at = registry_touch(reg, at, 1);
	while (++n <= pages && at != 0);
	cr_assert_eq(n, pages);
	cr_assert_eq(registry_below(reg), 0);
	registry_free(reg);
}

Test(registry, default_users)
{
	struct registry *both = make(HW("00:00:00:00", ",\"bootfile\":\"x\"") DUID("00000000", ""));
	struct registry *v4 = make(HW("00000000", "") DUID("0000000000", ""));

	cr_assert_eq(registry_default(both, 4), find_user(both, "HW_ADDR=00000000"));
	cr_assert_not_null(registry_default(both, 4));
	cr_assert_eq(registry_default(both, 6), find_user(both, "DUID=00000000"));
	cr_assert_not_null(registry_default(both, 6));
	cr_assert_not_null(registry_default(v4, 4));
	cr_assert_null(registry_default(v4, 6));
	registry_free(both);
	registry_free(v4);
}

Test(registry, iteration_is_in_the_order_of_the_file)
{
	struct registry *reg = make(DUID("05", "") HW("04", ",\"a\":\"b\"") "\n\n" HW("03", ""));
	static const uint32_t lines[] = { 1, 2, 5 };
	const struct reg_user *user = NULL;
	size_t n = 0;

	while ((user = registry_next(reg, user)) != NULL)
		cr_assert_eq(registry_source_line(user), lines[n++]);
	cr_assert_eq(n, 3);
	registry_free(reg);
}

Test(registry, is_read_only_and_one_mapping)
{
	struct registry *reg = make(HW("01010101", ""));
	size_t size = registry_size(reg);

	cr_assert_eq(size % (size_t)sysconf(_SC_PAGESIZE), 0);
	cr_assert_eq(mprotect(reg, size, PROT_READ), 0);
	/* A key of its own, so nobody can aim at a bucket, nor learn one from another registry. */
	struct registry *again = make(HW("01010101", ""));
	uint64_t a = registry_hash(reg, (const uint8_t *)"\1\1\1\1", 4);
	uint64_t b = registry_hash(again, (const uint8_t *)"\1\1\1\1", 4);

	cr_assert_neq(a, b);
	registry_free(reg);
	registry_free(again);
}

Test(registry, shared_between_processes)
{
	struct make_options options = { .shared = true };
	struct registry *reg, *other = NULL;
	struct reg_error err;
	int fd = -1, plain = memfd_create("plain", MFD_CLOEXEC);

	reg = make_registry(HW("01010101", ",\"routers\":\"10.0.0.1\""), &options, NULL, &err, NULL,
		&fd);
	cr_assert_not_null(reg, "%s", err.text);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, 0), -1, "sealed");
	cr_assert_eq(pwrite(fd, "x", 1, 0), -1, "sealed");
	cr_assert_eq(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	cr_assert_eq(registry_attach(fd, &other, &err), REG_OK, "%s", err.text);
	registry_free(reg);
	char buf[1024];

	cr_assert_str_eq(options_text(find_user(other, "01010101"), buf), "4:3=0a000001;");
	registry_free(other);
	cr_assert_eq(registry_attach(plain, &other, &err), REG_E_FORMAT);
	cr_assert_eq(ftruncate(plain, 4096), 0);
	cr_assert_eq(registry_attach(plain, &other, &err), REG_E_FORMAT);
	close(plain);
	close(fd);
	cr_assert_eq(registry_attach(-1, &other, &err), REG_E_FORMAT);
}

static struct registry *shared_layer(const struct registry *base, const char *text, int *ret_fd)
{
	struct make_options options = { .shared = true, .base = base, .layer_from = 4096 };
	struct reg_error err;
	struct registry *reg = make_registry(text, &options, NULL, &err, NULL, ret_fd);

	cr_assert_not_null(reg, "%s", err.text);
	return reg;
}

/* Another process gets the whole once, and then what changed. */
Test(registry, layers_shared_between_processes)
{
	struct registry *reg[4], *other[4] = { NULL }, *wrong = NULL;
	struct reg_error err;
	char buf[1024];
	int fd[4];

	reg[0] = shared_layer(NULL, HW("0101", ",\"a\":\"one\""), &fd[0]);
	reg[1] = shared_layer(reg[0], HW("0202", ",\"b\":\"two\""), &fd[1]);
	reg[2] = shared_layer(reg[1], HW("0303", ",\"a\":\"three\""), &fd[2]);
	reg[3] = shared_layer(NULL, HW("0101", ""), &fd[3]);
	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(registry_is_layer(reg[i]), i > 0);
		cr_assert_eq(registry_attach_on(fd[i], i > 0 ? other[i - 1] : NULL, &other[i], &err),
			REG_OK, "%s", err.text);
		registry_free(reg[i]);
	}
	cr_assert_eq(registry_attach(fd[1], &wrong, &err), REG_E_FORMAT);
	cr_assert_eq(registry_attach_on(fd[1], reg[3], &wrong, &err), REG_E_FORMAT);
	cr_assert_str_eq(err.text, "changes to another registry");
	cr_assert_null(wrong);
	registry_free(other[0]);
	registry_free(other[1]);
	cr_assert_eq(registry_count(other[2]), 3);
	cr_assert_str_eq(attrs_text(find_user(other[2], "0101"), buf), "a=one;");
	cr_assert_str_eq(attrs_text(find_user(other[2], "0202"), buf), "b=two;");
	cr_assert_str_eq(attrs_text(find_user(other[2], "0303"), buf), "a=three;");
	cr_assert_null(find_user(other[2], "0404"));
	cr_assert_gt(registry_below(other[2]), 0);
	cr_assert_eq(registry_touch(other[2], 0, registry_below(other[2]) / 4096), registry_below(other[2]));
	cr_assert_eq(registry_touch(other[2], registry_below(other[2]), SIZE_MAX), 0);
	registry_free(other[2]);
	registry_free(reg[3]);
	for (size_t i = 0; i < 4; i++)
		close(fd[i]);
}

Test(registry, foreign_memory_file_is_refused)
{
	int fd = memfd_create("foreign", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct registry *reg = NULL;
	struct reg_error err;
	char expect[64];

	cr_assert_eq(ftruncate(fd, 4096), 0);
	cr_assert_eq(registry_attach(fd, &reg, &err), REG_E_FORMAT);
	cr_assert_str_eq(err.text, "not a sealed registry");
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
	cr_assert_eq(registry_attach(fd, &reg, &err), REG_E_FORMAT);
	snprintf(expect, sizeof(expect), "not a registry of version %d", REG_VERSION);
	cr_assert_str_eq(err.text, expect);
	close(fd);
}

/* All users are found and nobody else, whatever the number; buckets overflow into others. */
Test(registry, every_size)
{
	char *text = malloc(2000 * 64);

	for (size_t count = 1; count <= 2000; count += 1 + count / 7) {
		size_t n = 0;
		struct registry *reg;

		for (size_t i = 0; i < count; i++)
			n += (size_t)sprintf(text + n, "{\"type\":\"HW_ADDR\",\"id\":\"%08zx\"}\n", i * 3);
		reg = make(text);
		cr_assert_eq(registry_count(reg), count);
		for (uint32_t i = 0; i < 3 * count; i++) {
			uint8_t id[4] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
				(uint8_t)i };
			uint64_t hash = registry_hash(reg, id, 4);
			const struct reg_user *user = registry_find(reg, REG_HW_ADDR, id, 4);

			registry_prefetch(reg, hash);
			registry_prefetch_user(reg, hash, REG_HW_ADDR, id, 4);
			cr_assert_eq(user, registry_find_hashed(reg, hash, REG_HW_ADDR, id, 4));
			cr_assert_eq(user != NULL, i % 3 == 0);
			cr_assert(user == NULL || registry_source_line(user) == i / 3 + 1);
		}
		registry_free(reg);
	}
	free(text);
}

/*
 * What a bucket alone decides on is told apart to the last bit, also from nobody at all: the
 * address of zeros is like a slot never used, and the DUID of an address like the address.
 */
Test(registry, ids_that_a_bucket_holds_whole)
{
	struct registry *reg = make(HW("0c0e0a01ff04", "") DUID("000300010c0e0a01ff05", ""));
	struct registry *zeros = make(HW("000000000000", ""));
	struct reg_id id;
	char why[REG_WHY];

	cr_assert_not_null(find_user(reg, "HW_ADDR=0c0e0a01ff04"));
	cr_assert_not_null(find_user(reg, "DUID=000300010c0e0a01ff05"));
	cr_assert_null(find_user(reg, "DUID=000300010c0e0a01ff04"));
	cr_assert_null(find_user(reg, "HW_ADDR=0c0e0a01ff05"));
	cr_assert_null(find_user(reg, "DUID=0c0e0a01ff04"));
	cr_assert_null(find_user(reg, "CLIENT_ID=0c0e0a01ff04"));
	cr_assert_null(find_user(reg, "HW_ADDR=000000000000"));
	cr_assert_null(find_user(reg, "DUID=00030001000000000000"));
	cr_assert_not_null(find_user(zeros, "HW_ADDR=000000000000"));
	cr_assert_null(find_user(zeros, "DUID=00030001000000000000"));
	for (unsigned int bit = 0; bit < 48; bit++) {
		reg_id_parse_any("HW_ADDR=0c0e0a01ff04", 20, &id, why);
		id.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_assert_null(registry_find(reg, id.type, id.bytes, id.len));
	}
	for (unsigned int bit = 0; bit < 80; bit++) {
		reg_id_parse_any("DUID=000300010c0e0a01ff05", 25, &id, why);
		id.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		cr_assert_null(registry_find(reg, id.type, id.bytes, id.len));
	}
	registry_free(reg);
	registry_free(zeros);
}

/* Ids of every length, and all that differ from one in a single bit, are apart. */
Test(registry, ids_of_every_length)
{
	char *text = malloc(300 * 700);
	struct registry *reg;
	uint8_t id[256];
	size_t n = 0;

	for (size_t len = 2; len <= 255; len++) {
		n += (size_t)sprintf(text + n, "{\"type\":\"CLIENT_ID\",\"id\":\"");
		for (size_t i = 0; i < len; i++)
			n += (size_t)sprintf(text + n, "5a");
		n += (size_t)sprintf(text + n, "\"}\n");
	}
	reg = make(text);
	memset(id, 0x5a, sizeof(id));
	for (size_t len = 2; len <= 255; len++) {
		const struct reg_user *user = registry_find(reg, REG_CLIENT_ID, id, len);

		cr_assert_eq(registry_source_line(user), len - 1);
		cr_assert_null(registry_find(reg, REG_REMOTE_ID, id, len));
		for (size_t bit = 0; bit < 8 * len; bit++) {
			id[bit / 8] ^= (uint8_t)(1u << bit % 8);
			cr_assert_null(registry_find(reg, REG_CLIENT_ID, id, len));
			id[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
	registry_free(reg);
	free(text);
}

Test(registry, names_and_what_they_are)
{
	struct registry *reg = make(HW("01", ",\"bootfile\":\"b\",\"routers\":\"10.0.0.1\",\"x\":\"y\"")
		HW("02", ",\"dns-servers\":\"2001:db8::1\",\"x\":\"z\",\"bootfile\":\"c\""));
	static const struct {
		const char *name;
		int bits;
	} expect[] = { { "bootfile", REG_NAME_KNOWN }, { "routers", REG_NAME_OPTION4 }, { "x", 0 },
		{ "dns-servers", REG_NAME_OPTION6 } };
	const char *name;
	size_t len;

	for (size_t i = 0; i < 4; i++) {
		cr_assert_eq(registry_attr_names(reg, i, &name, &len), expect[i].bits);
		cr_assert_eq(len, strlen(expect[i].name));
		cr_assert_eq(memcmp(name, expect[i].name, len), 0);
	}
	cr_assert_eq(registry_attr_names(reg, 4, &name, &len), -1);
	registry_free(reg);
}
