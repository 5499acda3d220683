/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What may become of a database and its tables while it is read: nobody waits and nobody is lost.
 */
#include "tests/registry/make.h"
#include "tests/registry/mysql_reader.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* --- the server ------------------------------------------------------------------------------ */

/* Meanwhile nobody is kept waiting, and what was read stays. */
static void nobody_waits(struct mysql_reader *w, unsigned int ms)
{
	int64_t begin = reader_us(), worst = 0;

	while (reader_us() - begin < ms * 1000) {
		int64_t before = reader_us();

		refresh_poll(w->refresh);
		before = reader_us() - before;
		worst = before > worst ? before : worst;
		stays(w, "01", "one");
		temp_sleep_ms(1);
	}
	/* A look at a flag; what is more is the scheduler's, and who waited would wait a second. */
	cr_assert_lt(worst, 600000, "%lld us", (long long)worst);
}

Test(mysql_faults, stopped_killed_and_started_again, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;

	reader_begin(&w, &db);
	mysql_server_signal(&db, SIGSTOP);
	nobody_waits(&w, 1500);
	will_say(&w, "no answer from the database for 1000 ms|");
	mysql_server_signal(&db, SIGCONT);
	will_say(&w, "R dhcp.usher_users|");
	mysql_server_sql(&db, "UPDATE usher_users SET bootfile = 'stopped' WHERE user_no = 2");
	becomes(&w, "02", "stopped");
	mysql_server_signal(&db, SIGKILL);
	nobody_waits(&w, 300);
	will_say(&w, "connecting to");
	mysql_server_again(&db);
	mysql_server_sql(&db, "UPDATE usher_users SET bootfile = 'killed' WHERE user_no = 2");
	becomes(&w, "02", "killed");
	cr_assert_eq(w.full, 1, "it was the same database all the time: %s", w.said);
	reader_end(&w, &db);
}

/* The end of the program does not wait for a database that hangs. */
Test(mysql_faults, ends_while_the_database_hangs, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;
	int64_t begun;

	reader_begin(&w, &db);
	mysql_server_signal(&db, SIGSTOP);
	temp_sleep_ms(3 * POLL);
	begun = reader_us();
	reader_end(&w, NULL);
	cr_assert_lt(reader_us() - begun, 800000);
	mysql_server_stop(&db);
}

Test(mysql_faults, begins_without_a_database, .timeout = 60)
{
	struct source_mysql_options o;
	struct mysql_server db;
	struct mysql_reader w;

	mysql_server_start(&db);
	mysql_server_sql(&db, "INSERT INTO usher_users (id, bootfile) VALUES ('01', 'one')");
	o = mysql_server_options(&db);
	mysql_server_signal(&db, SIGKILL);
	reader_begin_with(&w, &o, false);
	cr_assert_eq(w.published, 0);
	cr_assert(has_said(&w, "F dhcp.usher_users: connecting to "), "%s", w.said);
	temp_sleep_ms(300);
	cr_assert_eq(w.published, 0);
	mysql_server_again(&db);
	becomes(&w, "01", "one");
	will_say(&w, "R dhcp.usher_users|");
	reader_end(&w, &db);
}

/* --- the tables ------------------------------------------------------------------------------ */

Test(mysql_faults, a_wrong_schema, .timeout = 60)
{
	static const struct {
		const char *harm, *said, *mend;
	} rows[] = {
		{ "RENAME TABLE usher_users_changes TO away",
		  "Table 'dhcp.usher_users_changes' doesn't exist: registry/schema.sql makes the "
		  "tables",
		  "RENAME TABLE away TO usher_users_changes" },
		{ "ALTER TABLE usher_users_changes CHANGE made_at made TIMESTAMP(6) NOT NULL",
		  "Unknown column 'made_at' in ",
		  "ALTER TABLE usher_users_changes CHANGE made made_at TIMESTAMP(6) NOT NULL "
		  "DEFAULT NOW(6)" },
	};
	struct mysql_server db;
	struct mysql_reader w;

	reader_begin(&w, &db);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mysql_server_sql(&db, "%s", rows[i].harm);
		will_say(&w, rows[i].said);
		stays(&w, "01", "one");
		w.said[0] = '\0';
		mysql_server_sql(&db, "%s", rows[i].mend);
		will_say(&w, "R dhcp.usher_users|");
	}
	/* the users' table is looked at when there is something to read */
	mysql_server_sql(&db, "DROP TRIGGER usher_users_inserted; "
		"ALTER TABLE usher_users DROP KEY type, DROP COLUMN _id, "
		"CHANGE id ident VARCHAR(255);"
		"INSERT INTO usher_users_changes (user_no) VALUES (1)");
	will_say(&w, "dhcp.usher_users: no column \"id\": registry/schema.sql makes the tables");
	stays(&w, "01", "one");
	mysql_server_sql(&db, "ALTER TABLE usher_users CHANGE ident id VARCHAR(255);"
		"UPDATE usher_users SET bootfile = 'mended' WHERE user_no = 2");
	becomes(&w, "02", "mended");
	reader_end(&w, &db);
}

/* A column that is added is an attribute of everybody, though no row was touched. */
Test(mysql_faults, columns_that_are_added, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;

	reader_begin(&w, &db);
	mysql_server_sql(&db, "ALTER TABLE usher_users "
		"ADD COLUMN customer VARCHAR(20) DEFAULT 'all', "
		"ADD COLUMN _private VARCHAR(20) DEFAULT 'no'; "
		"UPDATE usher_users SET bootfile = 'added' WHERE user_no = 2");
	becomes(&w, "02", "added");
	pthread_mutex_lock(&w.lock);
	char buf[1024];

	cr_assert_str_eq(attrs_text(find_user(w.reg, "01"), buf), "bootfile=one;customer=all;");
	pthread_mutex_unlock(&w.lock);
	cr_assert_eq(w.full, 2);
	reader_end(&w, &db);
}

/* A value of twenty megabytes is refused by its length, and is not even sent in full. */
Test(mysql_faults, huge_values, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;

	reader_begin(&w, &db);
	mysql_server_sql(&db, "UPDATE usher_users SET attributes = "
		"CONCAT('{\"a\":\"', REPEAT('x', 20000000), '\"}') WHERE user_no = 2");
	will_say(&w, "F dhcp.usher_users:2: attributes: more than 4095 bytes|");
	stays(&w, "02", "two");
	mysql_server_sql(&db, "ALTER TABLE usher_users MODIFY bootfile LONGTEXT;"
		"UPDATE usher_users SET attributes = NULL, bootfile = REPEAT('y', 20000000) "
		"WHERE user_no = 2");
	will_say(&w, "F dhcp.usher_users:2: bootfile: more than 4095 bytes|");
	mysql_server_sql(&db, "UPDATE usher_users SET bootfile = 'small' WHERE user_no = 2");
	becomes(&w, "02", "small");
	reader_end(&w, &db);
}

/*
 * Somebody holds a lock on the table: an error in time, and no question left waiting in the server.
 */
Test(mysql_faults, a_locked_table, .timeout = 60)
{
	struct mysql_server db;
	struct mysql_reader w;
	void *other;

	reader_begin(&w, &db);
	other = mysql_server_connect(&db);
	mysql_server_on(other, "LOCK TABLES usher_users WRITE, usher_users_changes WRITE");
	will_say(&w, "no answer from the database for 1000 ms|");
	stays(&w, "01", "one");
	mysql_server_on(other, "UNLOCK TABLES");
	mysql_server_sql(&db, "UPDATE usher_users SET bootfile = 'unlocked' WHERE user_no = 2");
	becomes(&w, "02", "unlocked");
	mysql_server_disconnect(other);
	reader_end(&w, &db);
}
