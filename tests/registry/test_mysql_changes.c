/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes are seen in time, in whatever order they are committed, and when they cannot be followed.
 */
#include "tests/registry/make.h"
#include "tests/registry/mysql_reader.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* --- in time --------------------------------------------------------------------------------- */

Test(mysql_changes, changes_are_seen_within_poll_ms, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;
	int64_t worst = 0;

	reader_begin(&w, &db);
	for (unsigned int i = 0; i < 60; i++) {
		char value[16];
		int64_t took;

		sprintf(value, "v%u", i);
		if (i % 3 == 0)
			mysql_server_sql(&db, "INSERT INTO usher_users (user_no, id, bootfile) "
				"VALUES (9, '09', '%s')", value);
		else if (i % 3 == 1)
			mysql_server_sql(&db, "UPDATE usher_users SET bootfile = '%s' "
				"WHERE user_no = 9", value);
		else
			mysql_server_sql(&db, "DELETE FROM usher_users WHERE user_no = 9");
		took = becomes(&w, "09", i % 3 == 2 ? "-" : value);
		worst = took > worst ? took : worst;
	}
	cr_assert_eq(w.full, 1, "only the changes were read");
	cr_assert_lt(worst, (POLL + 200) * 1000, "%lld us", (long long)worst);
	reader_end(&w, &db);
}

/* Two that read one database see the same. */
Test(mysql_changes, two_readers, .timeout = 60)
{
	struct source_mysql_options o;
	struct mysql_server db;
	struct mysql_reader w, second;

	reader_begin(&w, &db);
	o = mysql_server_options(&db);
	reader_begin_with(&second, &o, false);
	for (unsigned int i = 0; i < 10; i++) {
		char value[16];

		sprintf(value, "v%u", i);
		mysql_server_sql(&db, "UPDATE usher_users SET bootfile = '%s' WHERE user_no = 2",
			value);
		becomes(&w, "02", value);
		becomes(&second, "02", value);
	}
	reader_end(&second, NULL);
	reader_end(&w, &db);
}

/* --- transactions ---------------------------------------------------------------------------- */

/* The one that took its number first commits last. */
Test(mysql_changes, transactions_commit_in_any_order, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;
	void *slow, *gone;

	reader_begin(&w, &db);
	slow = mysql_server_connect(&db);
	gone = mysql_server_connect(&db);
	mysql_server_on(slow, "BEGIN; UPDATE usher_users SET bootfile = 'slow' WHERE user_no = 1");
	mysql_server_on(gone, "BEGIN; UPDATE usher_users SET bootfile = 'gone' WHERE user_no = 3");
	mysql_server_sql(&db, "UPDATE usher_users SET bootfile = 'fast' WHERE user_no = 2");
	becomes(&w, "02", "fast");
	temp_sleep_ms(5 * POLL);
	stays(&w, "01", "one");
	mysql_server_on(slow, "COMMIT");
	becomes(&w, "01", "slow");
	mysql_server_on(gone, "ROLLBACK");
	temp_sleep_ms(5 * POLL);
	stays(&w, "03", "three");
	cr_assert_eq(w.full, 1);
	mysql_server_disconnect(slow);
	mysql_server_disconnect(gone);
	reader_end(&w, &db);
}

/* A transaction that was open while all was read is not lost either. */
Test(mysql_changes, a_transaction_open_at_the_start, .timeout = 60)
{
	struct source_mysql_options o;
	struct mysql_server db;
	struct mysql_reader w;
	void *slow;

	mysql_server_start(&db);
	mysql_server_sql(&db, "INSERT INTO usher_users (user_no, id, bootfile) "
		"VALUES (1, '01', 'one'), (2, '02', 'two')");
	slow = mysql_server_connect(&db);
	mysql_server_on(slow, "BEGIN; UPDATE usher_users SET bootfile = 'slow' WHERE user_no = 1");
	mysql_server_sql(&db, "UPDATE usher_users SET bootfile = 'fast' WHERE user_no = 2");
	o = mysql_server_options(&db);
	reader_begin_with(&w, &o, false);
	stays(&w, "01", "one");
	stays(&w, "02", "fast");
	mysql_server_on(slow, "COMMIT");
	becomes(&w, "01", "slow");
	mysql_server_disconnect(slow);
	reader_end(&w, &db);
}

/* Numbers as the three nodes of a cluster give them out: every third, in no order. */
Test(mysql_changes, numbers_of_a_cluster, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;
	void *nodes[3];

	reader_begin(&w, &db);
	for (unsigned int i = 0; i < 3; i++) {
		char sql[128];

		nodes[i] = mysql_server_connect(&db);
		sprintf(sql, "SET auto_increment_increment = 3, auto_increment_offset = %u", i + 1);
		mysql_server_on(nodes[i], sql);
	}
	mysql_server_on(nodes[2], "BEGIN; "
		"UPDATE usher_users SET bootfile = 'late' WHERE user_no = 3");
	for (unsigned int i = 0; i < 80; i++) {
		char sql[128], value[16], id[4];

		sprintf(value, "v%u", i);
		sprintf(id, "0%u", i % 2 + 1);
		sprintf(sql, "UPDATE usher_users SET bootfile = '%s' WHERE user_no = %u", value,
			i % 2 + 1);
		mysql_server_on(nodes[i % 2], sql);
		becomes(&w, id, value);
	}
	mysql_server_on(nodes[2], "COMMIT");
	becomes(&w, "03", "late");
	cr_assert_eq(w.full, 1);
	for (unsigned int i = 0; i < 3; i++)
		mysql_server_disconnect(nodes[i]);
	reader_end(&w, &db);
}

/* --- all anew -------------------------------------------------------------------------------- */

/*
 * A backup is put in place of what there was, or the log is thrown away: it is not taken for quiet.
 */
Test(mysql_changes, restored_from_a_backup, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;

	reader_begin(&w, &db);
	mysql_server_sql(&db, "DROP TRIGGER usher_users_updated; "
		"UPDATE usher_users SET bootfile = 'old' WHERE user_no = 2; "
		"TRUNCATE TABLE usher_users_changes");
	becomes(&w, "02", "old");
	cr_assert_eq(w.full, 2);
	/* the same numbers again, for other changes */
	mysql_server_sql(&db, "INSERT INTO usher_users_changes (user_no) VALUES (1), (1), (1)");
	temp_sleep_ms(5 * POLL);
	cr_assert_eq(w.full, 2);
	mysql_server_sql(&db, "BEGIN; UPDATE usher_users SET bootfile = 'older' WHERE user_no = 2; "
		"DELETE FROM usher_users_changes; "
		"INSERT INTO usher_users_changes (change_no, user_no) "
		"VALUES (1, 1), (2, 1), (3, 2), (4, 2); COMMIT");
	becomes(&w, "02", "older");
	cr_assert_eq(w.full, 3);
	reader_end(&w, &db);
}

Test(mysql_changes, more_changes_than_it_is_worth_to_follow, .timeout = 120)
{
	struct mysql_server db;
	struct mysql_reader w;

	reader_begin(&w, &db);
	mysql_server_sql(&db, "INSERT INTO usher_users (user_no, id, bootfile) "
		"SELECT seq + 10, LPAD(HEX(seq), 8, '0'), 'many' FROM seq_1_to_101000");
	for (unsigned int i = 0; i < 2000 && w.full == 1; i++)
		temp_sleep_ms(10);
	becomes(&w, "00000001", "many");
	becomes(&w, "00018a88", "many");
	cr_assert_eq(w.full, 2);
	mysql_server_sql(&db, "UPDATE usher_users SET bootfile = 'few' WHERE user_no < 5010");
	becomes(&w, "00000001", "few");
	becomes(&w, "01", "few");
	cr_assert_eq(w.full, 2);
	reader_end(&w, &db);
}

/* Nobody left: by accident, unless somebody says that it is meant. */
Test(mysql_changes, emptied, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;

	reader_begin(&w, &db);
	mysql_server_sql(&db, "DELETE FROM usher_users");
	will_say(&w, "F dhcp.usher_users: has no users any more|");
	temp_sleep_ms(10 * POLL);
	stays(&w, "01", "one");
	mysql_server_sql(&db, "INSERT INTO usher_users (id, bootfile) VALUES ('07', 'new')");
	becomes(&w, "07", "new");
	stays(&w, "01", "-");
	will_say(&w, "R dhcp.usher_users|");
	mysql_server_sql(&db, "DELETE FROM usher_users");
	temp_sleep_ms(10 * POLL);
	stays(&w, "07", "new");
	cr_assert_eq(refresh_force(w.refresh, 5000, NULL), REG_OK);
	stays(&w, "07", "-");
	cr_assert_eq(registry_count(w.reg), 0);
	/* and TRUNCATE fires no trigger */
	mysql_server_sql(&db, "INSERT INTO usher_users (id, bootfile) VALUES ('08', 'next')");
	becomes(&w, "08", "next");
	mysql_server_sql(&db, "TRUNCATE TABLE usher_users");
	temp_sleep_ms(10 * POLL);
	stays(&w, "08", "next");
	reader_end(&w, &db);
}

/* A bad row at the start: nothing is in force, and the row is not read again and again. */
Test(mysql_changes, a_bad_row_at_the_start, .timeout = 60)
{
	struct source_mysql_options o;
	struct mysql_server db;
	struct mysql_reader w;

	mysql_server_start(&db);
	mysql_server_sql(&db, "INSERT INTO usher_users (user_no, id, bootfile) "
		"VALUES (1, '01', 'one'), (2, '0', 'two')");
	o = mysql_server_options(&db);
	reader_begin_with(&w, &o, false);
	cr_assert_str_eq(w.said, "F dhcp.usher_users:2: id: odd number of hex digits (1)|");
	temp_sleep_ms(10 * POLL);
	cr_assert_str_eq(w.said, "F dhcp.usher_users:2: id: odd number of hex digits (1)|");
	cr_assert_eq(w.published, 0);
	mysql_server_sql(&db, "UPDATE usher_users SET id = '02' WHERE user_no = 2");
	becomes(&w, "02", "two");
	reader_end(&w, &db);
}

/* Where the tables have other names, with whatever in them. */
Test(mysql_changes, other_names, .timeout = 60)
{
	struct source_mysql_options o;
	struct mysql_server db;
	struct mysql_reader w;

	mysql_server_start(&db);
	mysql_server_sql(&db, "CREATE TABLE base (n INT PRIMARY KEY, mac VARCHAR(20), "
		"file VARCHAR(20)); CREATE VIEW `my ``users` AS "
		"SELECT n AS user_no, 'HW_ADDR' AS type, mac AS id, "
		"file AS bootfile FROM base; "
		"CREATE TABLE `my ``users_changes` LIKE usher_users_changes; "
		"CREATE TRIGGER t AFTER INSERT ON base FOR EACH ROW "
		"INSERT INTO `my ``users_changes` (user_no) VALUES (NEW.n);"
		"INSERT INTO base VALUES (1, '01', 'one')");
	o = mysql_server_options(&db);
	o.table = "my `users";
	reader_begin_with(&w, &o, false);
	stays(&w, "01", "one");
	mysql_server_sql(&db, "INSERT INTO base VALUES (2, '02', 'two')");
	becomes(&w, "02", "two");
	reader_end(&w, &db);
}
