/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in force when the daemon begins with a database, with one that is away, and when it
 * comes.
 */
#include "relay/feed.h"

#include "relay/command.h"
#include "tests/registry/fake_mysql.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct config *make_config(const char *socket, const char *on_unavailable)
{
	struct config_error err;
	char text[512];
	struct config *c;
	int n = snprintf(text, sizeof(text), "{ \"registry\": { \"mysql\": { \"socket\": \"%s\", "
		"\"database\": \"dhcp\", \"poll_ms\": 10, \"connect_timeout_ms\": 300, "
		"\"read_timeout_ms\": 300, \"on_unavailable\": \"%s\" } } }", socket,
		on_unavailable);

	c = config_parse("test", text, (size_t)n, &err);
	cr_assert_not_null(c, "%s", err.text);
	return c;
}

/* The users in force; -1: there is no registry, -2: nothing was ever published. */
static int users(struct live_store *store)
{
	const struct snapshot *s = snapshot_enter(&store->slot, 0);
	int n = -2;

	if (s != NULL)
		n = s->registry != NULL ? (int)registry_count(s->registry) : -1;
	snapshot_leave(&store->slot, 0);
	return n;
}

static bool has_arrived(const struct feed *f)
{
	struct pollfd p = { .fd = f->arrival, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static const struct {
	const char *policy;
	int without;
	bool must_wait;
} rows[] = {
	{ "wait", -1, true },
	{ "restrict", 0, false },
	{ "pass", -1, false },
};

Test(mysql_feed, begins_without_a_database, .timeout = 30)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct live_store *store = aligned_alloc(64, sizeof(*store));
		struct fake_mysql db;
		struct feed_sink sink = feed_to_live(store);
		struct feed f;
		char why[512] = "";

		fake_mysql_start(&db, FAKE_REFUSE);
		live_init(store, make_config(db.temp.path, rows[i].policy));
		cr_assert_eq(feed_start(&f, &sink, store->first), EXIT_CODE_OK);
		cr_expect_eq(users(store), rows[i].without, "%s: %d", rows[i].policy, users(store));
		cr_expect_eq(feed_must_wait(&f), rows[i].must_wait);
		cr_expect_not(has_arrived(&f));
		db.mood = FAKE_GOOD;
		for (unsigned int ms = 0; ms < 10000 && users(store) != 2; ms += 5)
			temp_sleep_ms(5);
		cr_expect_eq(users(store), 2);
		cr_expect_not(feed_must_wait(&f));
		cr_expect(has_arrived(&f));
		/* and from now on it stays, whatever becomes of the database */
		db.mood = FAKE_REFUSE;
		feed_reload(&f, why, sizeof(why));
		cr_expect_eq(users(store), 2);
		feed_stop(&f);
		fake_mysql_stop(&db);
		live_done(store);
		free(store);
	}
}

Test(mysql_feed, begins_with_a_database, .timeout = 30)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct live_store *store = aligned_alloc(64, sizeof(*store));
		struct fake_mysql db;
		struct feed_sink sink = feed_to_live(store);
		struct feed f;

		fake_mysql_start(&db, FAKE_GOOD);
		live_init(store, make_config(db.temp.path, rows[i].policy));
		cr_assert_eq(feed_start(&f, &sink, store->first), EXIT_CODE_OK);
		cr_expect_eq(users(store), 2, "nobody is turned away at the start");
		cr_expect_not(feed_must_wait(&f));
		cr_expect(has_arrived(&f));
		feed_stop(&f);
		fake_mysql_stop(&db);
		live_done(store);
		free(store);
	}
}
