/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of servers: bounded, and the same whoever adds it up. */
#include "relay/servers.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t address[4] = { 192, 0, 2, 1 };

Test(servers, are_told_apart)
{
	struct servers s = { .others = 0 };
	uint8_t duid[SERVER_ID_MAX + 8] = { 0, 3, 0, 1 };
	char text[SERVER_TEXT_MAX];

	servers_count(&s, 4, address, 4, 1);
	servers_count(&s, 4, address, 4, 2);
	servers_count(&s, 6, address, 4, 5);
	servers_count(&s, 6, duid, 10, 1);
	servers_count(&s, 6, duid, sizeof(duid), 1);
	cr_expect_eq(s.all[0].answers, 3);
	cr_expect_eq(s.all[1].answers, 5);
	cr_expect_eq(s.all[2].answers, 1);
	cr_expect_eq(s.all[3].len, SERVER_ID_MAX);
	cr_expect_eq(s.all[4].len, 0);
	cr_expect_str_eq(server_text(&s.all[0], text), "192.0.2.1");
	cr_expect_str_eq(server_text(&s.all[2], text), "00:03:00:01:00:00:00:00:00:00");
	server_text(&s.all[3], text);
	cr_expect_eq(strlen(text), 3 * SERVER_ID_MAX - 1);
}

Test(servers, are_bounded)
{
	struct servers s = { .others = 0 };

	for (uint8_t i = 0; i < 100; i++)
		servers_count(&s, 4, (uint8_t[]){ 10, 0, 0, i }, 4, 1);
	servers_count(&s, 4, address, 0, 1);
	cr_expect_eq(s.others, 100 - SERVERS_MAX + 1);
	for (size_t i = 0; i < SERVERS_MAX; i++)
		cr_expect_eq(s.all[i].answers, 1);
}

Test(servers, two_tables_are_added_by_name_and_not_by_place)
{
	struct servers a = { .others = 1 }, b = { .others = 2 };

	servers_count(&a, 4, address, 4, 1);
	servers_count(&b, 4, (uint8_t[]){ 10, 0, 0, 1 }, 4, 7);
	servers_count(&b, 4, address, 4, 10);
	servers_add(&a, &b);
	cr_expect_eq(a.all[0].answers, 11);
	cr_expect_eq(a.all[1].answers, 7);
	cr_expect_eq(a.others, 3);
}

/*
 * What a worker may have written: from where it cannot be, there is nothing, and it can be printed.
 */
Test(servers, of_who_means_harm)
{
	static const struct server_count good = { 4, 4, { 192, 0, 2, 1 }, 7 };
	struct server_count all[] = {
		{ 4, 22, { 255 }, 1 }, { 4, 3, { 1 }, 1 }, { 4, 255, { 1 }, 1 }, { 6, 23, { 1 }, 1 },
		{ 6, 255, { 1 }, 1 }, { 5, 4, { 1 }, 1 }, { 0, 1, { 1 }, 1 }, { 255, 0, { 1 }, 1 },
	};
	char text[SERVER_TEXT_MAX];

	memset(all[0].id, 255, SERVER_ID_MAX);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct servers said = { .all = { good, all[i], good }, .others = 5 }, to;

		servers_take(&to, &said);
		cr_expect_eq(to.all[0].answers, 7);
		cr_expect_eq(to.all[1].len, 0, "row %zu", i);
		cr_expect_eq(to.all[2].len, 0, "row %zu", i);
		cr_expect_eq(to.others, 5);
		cr_expect_lt(strlen(server_text(&all[i], text)), sizeof(text));
	}
}

Test(servers, of_who_means_no_harm)
{
	struct servers said = { .others = 3 }, to;

	for (uint8_t i = 0; i < SERVERS_MAX; i++)
		servers_count(&said, i % 2 ? 4 : 6, (uint8_t[SERVER_ID_MAX]){ 10, 0, 0, i },
			i % 2 ? 4 : SERVER_ID_MAX, i);
	servers_take(&to, &said);
	cr_expect_arr_eq(&to, &said, sizeof(said));
}
