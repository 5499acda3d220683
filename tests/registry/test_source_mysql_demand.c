/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real database that is asked for one user at a time: who comes into the registry and who leaves
 * it, step by step in the test's own thread.
 */
#include "registry/source_mysql_demand.h"

#include "registry/clock.h"
#include "registry/reload.h"
#include "tests/registry/make.h"
#include "tests/registry/mysql_server.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { POLL = 20, WAIT = 2000, USERS = 3, NOBODIES = 2, LIFE = 60000 };

struct world {
	struct mysql_server db;
	struct source *source;
	struct reload reload;
	struct registry *reg;
	unsigned int published, full;
	struct source_answer answers[64];
	size_t answered;
	char said[2048];
};

static void publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct world *w = ctx;

	(void)fd;
	registry_free(w->reg);
	w->reg = reg;
	w->published++;
	w->full += !stats->added;
}

static void answered(void *ctx, const struct source_answer *all, size_t count)
{
	struct world *w = ctx;

	cr_assert_leq(w->answered + count, 64);
	memcpy(&w->answers[w->answered], all, count * sizeof(*all));
	w->answered += count;
}

static void say(void *ctx, enum reload_news news, const char *text)
{
	struct world *w = ctx;
	size_t n = strlen(w->said);

	snprintf(w->said + n, sizeof(w->said) - n, "%c %s|", "FRW"[news], text);
}

static void begin_with(struct world *w, int64_t life)
{
	struct demand_options demand = {
		.limits = { [ASKED_USER] = { USERS, life }, [ASKED_NOBODY] = { NOBODIES, life } },
		.wait_ms = WAIT,
	};
	struct reload_options o = {
		.skip_bad = true, .start_without = true, .settle_ms = 100,
		.publish = publish, .answered = answered, .say = say, .ctx = w,
	};
	struct source_mysql_options db = mysql_server_options(&w->db);
	struct reg_error err;

	db.poll_ms = POLL;
	cr_assert_eq(source_mysql_demand_new(&db, &demand, &w->source, &err), REG_OK, "%s", err.text);
	o.source = w->source;
	cr_assert_eq(reload_first(&w->reload, &o, &err), REG_OK, "%s", err.text);
}

/* Six users, 01 to 06, whose boot files are their ids; 00000000 is for strangers. */
static void begin(struct world *w, int64_t life)
{
	memset(w, 0, sizeof(*w));
	mysql_server_start(&w->db);
	mysql_server_sql(&w->db, "INSERT INTO usher_users (user_no, id, bootfile) VALUES (9, '00000000', 'strangers'),"
		"(1, '01', '01'), (2, '02', '02'), (3, '03', '03'), (4, '04', '04'), (5, '05', '05'), (6, '06', '06')");
	begin_with(w, life);
}

static void end(struct world *w)
{
	reload_done(&w->reload);
	registry_free(w->reg);
	w->source->ops->free(w->source);
	mysql_server_stop(&w->db);
}

static bool put(struct world *w, uint64_t ticket, const char *id)
{
	struct source_question q = { .ticket = ticket, .asker = 7 };
	char why[REG_WHY];

	cr_assert_eq(reg_id_parse_any(id, strlen(id), &q.id, why), REG_OK);
	return w->source->ops->ask(w->source, &q);
}

/* Asks and has the question answered; whether that he is nobody was known. */
static bool ask(struct world *w, const char *id)
{
	w->answered = 0;
	cr_assert(put(w, 4711, id));
	reload_pass(&w->reload, false, NULL);
	cr_assert_eq(w->answered, 1, "%s: %s", id, w->said);
	cr_assert(w->answers[0].ticket == 4711 && w->answers[0].asker == 7);
	return w->answers[0].known;
}

/* What is in the registry: "01=01 02=02 ", "- " for who is not. */
static void holds(const struct world *w, const char *ids, const char *expect)
{
	char got[256] = "", one[16];

	for (; sscanf(ids, "%15s", one) == 1; ids += strlen(one) + (ids[strlen(one)] != '\0')) {
		const struct reg_user *user = find_user(w->reg, one);
		const char *text = "";
		size_t len = 0;

		if (user != NULL)
			registry_known(user, REG_ATTR_BOOTFILE, &text, &len);
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s ", user != NULL ? (int)len : 1,
			user != NULL ? text : "-");
	}
	cr_expect_str_eq(got, expect, "%s", w->said);
}

/* Until the next question for changes is due, and that question. */
static void poll_changes(struct world *w)
{
	temp_sleep_ms(POLL + 5);
	reload_pass(&w->reload, false, NULL);
}

Test(source_mysql_demand, users_come_when_they_are_asked_for, .timeout = 60)
{
	struct world w;

	begin(&w, LIFE);
	cr_expect_eq(registry_count(w.reg), 1);
	cr_expect_not_null(registry_default(w.reg, 4));
	cr_expect_not(ask(&w, "01"));
	cr_expect_not(ask(&w, "02"));
	holds(&w, "01 02 03", "01 02 - ");
	cr_expect_eq(w.published, 3);
	cr_expect_not(ask(&w, "0a"));
	cr_expect(ask(&w, "0a"), "known to be nobody");
	cr_expect_not(ask(&w, "DUID=01"), "of that type there is nobody");
	cr_expect_eq(w.published, 3, "nobody changes nothing");
	holds(&w, "01 02 03 00000000", "01 02 - strangers ");
	end(&w);
}

Test(source_mysql_demand, many_at_once, .timeout = 60)
{
	struct world w;

	begin(&w, LIFE);
	for (uint64_t n = 0; n < 30; n++) {
		char id[4];

		snprintf(id, sizeof(id), "0%u", 1 + (unsigned int)n % 3);
		cr_assert(put(&w, n, n % 10 == 9 ? "0b0b0b" : id));
	}
	reload_pass(&w.reload, false, NULL);
	cr_assert_eq(w.answered, 30);
	for (uint64_t n = 0; n < 30; n++)
		cr_assert(w.answers[n].ticket == n && !w.answers[n].known);
	cr_expect_eq(w.published, 2, "one statement, one registry");
	holds(&w, "01 02 03", "01 02 03 ");
	end(&w);
}

Test(source_mysql_demand, the_oldest_make_room, .timeout = 60)
{
	struct world w;
	char id[8];

	begin(&w, LIFE);
	for (unsigned int n = 1; n <= 6; n++) {
		snprintf(id, sizeof(id), "0%u", n);
		ask(&w, id);
		cr_expect_leq(registry_count(w.reg), USERS + 1);
	}
	holds(&w, "01 02 03 04 05 06 00000000", "- - - 04 05 06 strangers ");
	cr_expect_not(ask(&w, "01"));
	holds(&w, "01 04 05 06", "01 - 05 06 ");
	for (unsigned int n = 0; n < 4; n++) {
		snprintf(id, sizeof(id), "0a0%u", n);
		cr_expect_not(ask(&w, id));
	}
	cr_expect(ask(&w, "0a03"));
	cr_expect_not(ask(&w, "0a00"), "it had to make room");
	cr_expect_eq(w.full, 1);
	end(&w);
}

Test(source_mysql_demand, lives_end, .timeout = 60)
{
	struct world w;

	begin(&w, 100);
	ask(&w, "01");
	ask(&w, "0a");
	temp_sleep_ms(60);
	ask(&w, "02");
	temp_sleep_ms(60);
	reload_pass(&w.reload, false, NULL);
	holds(&w, "01 02 00000000", "- 02 strangers ");
	cr_expect_not(ask(&w, "0a"));
	temp_sleep_ms(120);
	reload_pass(&w.reload, false, NULL);
	cr_expect_eq(registry_count(w.reg), 1, "and nobody takes that for an accident: %s", w.said);
	end(&w);
}

Test(source_mysql_demand, what_changes_is_forgotten, .timeout = 60)
{
	struct world w;

	begin(&w, LIFE);
	ask(&w, "01");
	ask(&w, "02");
	ask(&w, "0a");
	mysql_server_sql(&w.db, "UPDATE usher_users SET bootfile = 'new' WHERE user_no = 1;"
		"UPDATE usher_users SET bootfile = 'other' WHERE user_no = 5;"
		"INSERT INTO usher_users (user_no, id, bootfile) VALUES (10, '0A', 'come')");
	poll_changes(&w);
	holds(&w, "01 02 05 0a", "- 02 - - ");
	cr_expect_not(ask(&w, "01"));
	cr_expect_not(ask(&w, "0a"));
	holds(&w, "01 02 0a", "new 02 come ");
	mysql_server_sql(&w.db, "UPDATE usher_users SET id = '0b' WHERE user_no = 2; DELETE FROM usher_users WHERE user_no = 10");
	poll_changes(&w);
	holds(&w, "01 02 0a 0b", "new - - - ");
	cr_expect_not(ask(&w, "0b"));
	holds(&w, "0b", "02 ");
	cr_expect_eq(w.full, 1, "%s", w.said);
	/* the default user is always there */
	mysql_server_sql(&w.db, "UPDATE usher_users SET bootfile = 'others' WHERE user_no = 9");
	poll_changes(&w);
	holds(&w, "00000000 01", "others - ");
	cr_expect_eq(w.full, 2);
	end(&w);
}

Test(source_mysql_demand, a_wrong_row_is_of_one_user, .timeout = 60)
{
	struct world w;

	begin(&w, LIFE);
	mysql_server_sql(&w.db, "UPDATE usher_users SET attributes = '{\"routers\": \"x\"}' WHERE user_no = 2");
	poll_changes(&w);
	put(&w, 1, "01");
	put(&w, 2, "02");
	put(&w, 3, "03");
	reload_pass(&w.reload, false, NULL);
	cr_expect_eq(w.answered, 3);
	holds(&w, "01 02 03", "01 - 03 ");
	cr_expect(strstr(w.said, "usher_users:2: routers: expected") != NULL, "%s", w.said);
	mysql_server_sql(&w.db, "UPDATE usher_users SET attributes = NULL WHERE user_no = 2");
	poll_changes(&w);
	ask(&w, "02");
	holds(&w, "01 02 03", "01 02 03 ");
	end(&w);
}

/* What is asked and not answered is dropped: whoever waits has a clock of his own. */
Test(source_mysql_demand, the_database_goes_and_comes_back, .timeout = 60)
{
	struct world w;

	begin(&w, LIFE);
	ask(&w, "01");
	mysql_server_signal(&w.db, SIGKILL);
	w.answered = 0;
	put(&w, 1, "02");
	reload_pass(&w.reload, false, NULL);
	cr_expect_eq(w.answered, 0);
	holds(&w, "01 02 00000000", "01 - strangers ");
	for (uint64_t n = 2; put(&w, n, "03"); n++)
		cr_assert_leq(n, QUESTIONS_MAX + 2, "the questions are bounded");
	mysql_server_again(&w.db);
	for (unsigned int i = 0; i < 500 && find_user(w.reg, "04") == NULL; i++) {
		temp_sleep_ms(20);
		w.answered = 0;
		put(&w, 4, "04");
		while (w.source->ops->stirred(w.source))
			;
		w.reload.options.answered = NULL;
		reload_pass(&w.reload, false, NULL);
	}
	holds(&w, "04 00000000", "04 strangers ");
	end(&w);
}

/* SIGHUP, a database from a backup: all is forgotten, and what waits is answered afterwards. */
Test(source_mysql_demand, all_anew, .timeout = 60)
{
	struct world w;

	begin(&w, LIFE);
	ask(&w, "01");
	w.answered = 0;
	put(&w, 1, "02");
	reload_pass(&w.reload, true, NULL);
	holds(&w, "01 02 00000000", "- - strangers ");
	cr_expect_eq(w.answered, 0);
	reload_pass(&w.reload, false, NULL);
	cr_expect_eq(w.answered, 1);
	holds(&w, "01 02", "- 02 ");
	mysql_server_sql(&w.db, "TRUNCATE TABLE usher_users_changes");
	poll_changes(&w);
	holds(&w, "01 02 00000000", "- - strangers ");
	cr_expect_eq(w.full, 3);
	end(&w);
}

Test(source_mysql_demand, a_column_that_goes, .timeout = 60)
{
	struct world w;

	begin(&w, LIFE);
	ask(&w, "01");
	mysql_server_sql(&w.db, "ALTER TABLE usher_users DROP COLUMN tftp_server");
	put(&w, 1, "02");
	for (unsigned int i = 0; i < 100 && find_user(w.reg, "02") == NULL; i++) {
		temp_sleep_ms(POLL);
		reload_pass(&w.reload, false, NULL);
		put(&w, 1, "02");
	}
	holds(&w, "02 00000000", "02 strangers ");
	end(&w);
}
