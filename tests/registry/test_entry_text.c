/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/entry_text.h"
#include "registry/entry.h"
#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <string.h>

Test(entry_text, as_a_person_would_write_it)
{
	struct registry *reg = make_registry("{\"note\":\"a\\\"b\\\\c\\n\",\"id\":\"0C0E\",\"type\":"
		"\"HW_ADDR\",\"e\":\"\"}\n{\"type\":\"DUID\",\"id\":\"01\"}", NULL, NULL, NULL, NULL, NULL);
	const struct reg_user *user = registry_next(reg, NULL);
	char text[4096], small[10];
	size_t len;

	len = user_text(user, text, sizeof(text));
	cr_assert_str_eq(text, "{\"type\": \"HW_ADDR\", \"id\": \"0c:0e\", "
		"\"note\": \"a\\\"b\\\\c\\u000a\", \"e\": \"\"}");
	cr_assert_eq(len, strlen(text));
	cr_assert_eq(user_text(user, small, sizeof(small)), len);
	cr_assert_str_eq(small, "{\"type\": ");
	cr_assert_eq(user_text(user, NULL, 0), len);
	user_text(registry_next(reg, user), text, sizeof(text));
	cr_assert_str_eq(text, "{\"type\": \"DUID\", \"id\": \"01\"}");
	registry_free(reg);
}

/* Every byte that a value can have comes back. */
Test(entry_text, reads_back)
{
	struct entry_reader *r = entry_reader_new(NULL);
	char value[255], text[4096], why[REG_WHY] = "";
	struct reg_pair pair = { "n\"\\\x01\xff", value, 5, sizeof(value) };
	struct reg_entry entry;
	struct reg_id id;
	size_t len;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (char)(i + 1);
	reg_id_set(&id, REG_DUID, (const uint8_t *)"\1\2", 2);
	len = entry_text(&id, &pair, 1, text, sizeof(text));
	cr_assert_eq(entry_read(r, text, len, &entry, why), REG_OK, "%s", why);
	cr_assert_eq(reg_id_compare(&entry.id, &id), 0);
	cr_assert_eq(entry.count, 1);
	cr_assert_eq(entry.pairs[0].name_len, pair.name_len);
	cr_assert_eq(memcmp(entry.pairs[0].name, pair.name, pair.name_len), 0);
	cr_assert_eq(entry.pairs[0].value_len, sizeof(value));
	cr_assert_eq(memcmp(entry.pairs[0].value, value, sizeof(value)), 0);
	entry_reader_free(r);
}

Test(entry_text, colons)
{
	char buf[9];

	cr_assert_str_eq(colon_hex((const uint8_t *)"", 0, buf), "");
	cr_assert_str_eq(colon_hex((const uint8_t *)"\x0c", 1, buf), "0c");
	cr_assert_str_eq(colon_hex((const uint8_t *)"\x0c\xfe\x01", 3, buf), "0c:fe:01");
}
