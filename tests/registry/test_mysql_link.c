/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server that misbehaves in every way: always an error in words, in time, and nothing given away.
 */
#include "registry/load.h"
#include "registry/source_mysql.h"
#include "tests/registry/fake_mysql.h"
#include "tests/registry/make.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct source *make_source(const struct source_mysql_options *options)
{
	struct source *s = NULL;
	struct reg_error err;

	cr_assert_eq(source_mysql_new(options, &s, &err), REG_OK, "%s", err.text);
	return s;
}

static const struct {
	enum fake_mood mood;
	enum reg_err err;
	const char *text;
	unsigned int least_ms, most_ms; /* that it takes */
} rows[] = {
	{ FAKE_GOOD, REG_OK, "", 0, 900 },
	{ FAKE_MUTE, REG_E_OPEN, "no answer from the database for 1000 ms", 990, 1900 },
	{ FAKE_REFUSE, REG_E_OPEN, "Access denied for user 'usher'@'localhost'", 0, 900 },
	{ FAKE_ASKS_PASSWORD, REG_E_OPEN, "restricted_auth", 0, 900 },
	{ FAKE_ASKS_PLUGIN, REG_E_OPEN, "plugin", 0, 900 },
	{ FAKE_ASKS_FILE, REG_E_OPEN, "", 0, 1900 },
	{ FAKE_HANGS, REG_E_READ, "no answer from the database for 1000 ms", 990, 1900 },
	{ FAKE_HANGS_IN_ROW, REG_E_READ, "no answer from the database for 1000 ms", 990, 1900 },
	{ FAKE_CUTS, REG_E_READ, "", 0, 900 },
	{ FAKE_DRIBBLES, REG_E_OPEN, "no answer from the database for 1000 ms", 990, 1900 },
	{ FAKE_HUGE, REG_E_OPEN, "", 0, 2000 },
	{ FAKE_FEW_COLUMNS, REG_E_OPEN, "", 0, 900 },
	{ FAKE_ERROR, REG_E_READ, "Got error 28?from storage engine", 0, 900 },
};

Test(mysql_link, servers_that_misbehave, .timeout = 60)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_mysql f;
		struct source_mysql_options options;
		struct load_result result = { .registry = NULL };
		struct reg_error err = { "" };
		struct source *s;
		int64_t begin;
		enum reg_err e;

		fake_mysql_start(&f, rows[i].mood);
		options = fake_mysql_options(&f);
		s = make_source(&options);
		begin = now_ms();
		e = registry_load_once(s, false, NULL, &result, &err);
		begin = now_ms() - begin;
		cr_expect_eq(e, rows[i].err, "mood %d: %s: %s", rows[i].mood, reg_strerror(e),
			err.text);
		cr_expect_not_null(strstr(err.text, rows[i].text), "mood %d: %s", rows[i].mood,
			err.text);
		cr_expect(e == REG_OK || strncmp(err.text, "dhcp.usher_users:", 17) == 0, "%s",
			err.text);
		cr_expect(begin >= rows[i].least_ms && begin <= rows[i].most_ms, "mood %d: %lld ms",
			rows[i].mood, (long long)begin);
		if (e == REG_OK) {
			cr_expect_eq(result.stats.users, 2);
			cr_expect_not_null(find_user(result.registry, "00000002"));
			registry_free(result.registry);
		}
		s->ops->free(s);
		fake_mysql_stop(&f);
	}
}

/* It asks for /etc/passwd instead of answering: not a byte of it is sent. */
Test(mysql_link, no_file_is_given_away)
{
	struct fake_mysql f;
	struct source_mysql_options options;
	struct load_result result;
	struct reg_error err;
	struct source *s;

	fake_mysql_start(&f, FAKE_ASKS_FILE);
	options = fake_mysql_options(&f);
	s = make_source(&options);
	cr_assert_neq(registry_load_once(s, false, NULL, &result, &err), REG_OK);
	s->ops->free(s);
	cr_assert(fake_mysql_heard(&f, "START TRANSACTION"), "it was asked something");
	cr_assert_not(fake_mysql_heard(&f, "root:"));
	cr_assert_not(fake_mysql_heard(&f, "/bin/"));
	fake_mysql_stop(&f);
}

/* X4: whatever the server asks for, the password itself never leaves, nor is it in an error. */
Test(mysql_link, the_password_is_not_told)
{
	static const enum fake_mood moods[] = { FAKE_GOOD, FAKE_REFUSE, FAKE_ASKS_PASSWORD,
		FAKE_ASKS_PLUGIN };

	for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
		struct fake_mysql f;
		struct source_mysql_options options;
		struct load_result result = { .registry = NULL };
		struct reg_error err = { "" };
		struct source *s;

		fake_mysql_start(&f, moods[i]);
		temp_put(f.temp.other, "Zug4ng\n");
		cr_assert_eq(chmod(f.temp.other, 0600), 0);
		options = fake_mysql_options(&f);
		options.password_file = f.temp.other;
		s = make_source(&options);
		if (registry_load_once(s, false, NULL, &result, &err) == REG_OK)
			registry_free(result.registry);
		s->ops->free(s);
		cr_assert(fake_mysql_heard(&f, "usher"));
		cr_assert_not(fake_mysql_heard(&f, "Zug4ng"));
		cr_assert_null(strstr(err.text, "Zug4ng"));
		fake_mysql_stop(&f);
	}
}

static const struct source_mysql_options nowhere = {
	.host = "", .socket = "/nonexistent", .database = "dhcp", .user = "u", .table = "t",
	.password_file = "", .password_env = "", .tls_ca = "", .poll_ms = 20, .connect_ms = 100,
	.read_ms = 100,
};

Test(mysql_link, a_password_that_cannot_be_read)
{
	struct source_mysql_options options = nowhere;
	struct source *s;
	struct source_facts facts;
	struct reg_error err;

	options.password_file = "/nonexistent/secret";
	s = make_source(&options);
	cr_assert_eq(s->ops->open(s, false, &facts, &err), REG_E_OPEN);
	cr_assert_str_eq(err.text,
		"dhcp.t: the password: /nonexistent/secret: No such file or directory");
	s->ops->free(s);
}

/* Variables that would have libmariadb load code, or take a password that is not ours. */
Test(mysql_link, the_environment_has_no_say)
{
	static const char *const names[] = { "LIBMYSQL_PLUGINS", "MARIADB_PLUGIN_DIR",
		"MYSQL_PWD" };
	struct source *s;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		setenv(names[i], "/tmp/evil", 1);
	s = make_source(&nowhere);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		cr_assert_null(getenv(names[i]));
	s->ops->free(s);
}

/* TLS was asked for; a server without it, or somebody in between who hides it, gets nothing. */
Test(mysql_link, without_tls_where_it_is_demanded)
{
	struct fake_mysql f;
	struct source_mysql_options options;
	struct load_result result;
	struct reg_error err;
	struct source *s;

	fake_mysql_start(&f, FAKE_GOOD);
	options = fake_mysql_options(&f);
	options.tls_ca = "/etc/ssl/certs/ca-certificates.crt";
	s = make_source(&options);
	cr_assert_eq(registry_load_once(s, false, NULL, &result, &err), REG_E_OPEN);
	cr_assert_not_null(strcasestr(err.text, "SSL"), "%s", err.text);
	cr_assert_not(fake_mysql_heard(&f, "usher"), "not even who we are");
	s->ops->free(s);
	fake_mysql_stop(&f);
}

/* More than a registry can hold ends in an error, not in all memory being used. */
Test(mysql_link, rows_without_end)
{
	struct fake_mysql f;
	struct source_mysql_options options;
	struct load_result result;
	struct reg_error err;
	struct source *s;

	fake_mysql_start(&f, FAKE_ENDLESS);
	options = fake_mysql_options(&f);
	options.max_bytes = 200000;
	s = make_source(&options);
	cr_assert_eq(registry_load_once(s, false, NULL, &result, &err), REG_E_SIZE);
	cr_assert_str_eq(err.text, "dhcp.usher_users: larger than the size limit of 200000 bytes");
	s->ops->free(s);
	fake_mysql_stop(&f);
}

/* Whatever bytes come. */
Test(mysql_link, noise, .timeout = 60)
{
	struct fake_mysql f;
	struct source_mysql_options options;

	srand(5);
	fake_mysql_start(&f, FAKE_NOISE);
	options = fake_mysql_options(&f);
	options.read_ms = 30;
	for (unsigned int i = 0; i < 200; i++) {
		struct load_result result = { .registry = NULL };
		struct reg_error err;
		struct source *s = make_source(&options);

		if (registry_load_once(s, true, NULL, &result, &err) == REG_OK)
			registry_free(result.registry);
		s->ops->free(s);
	}
	fake_mysql_stop(&f);
}

struct stopper {
	struct source *source;
	struct reg_error err;
	enum reg_err e;
};

static void *load_in_thread(void *arg)
{
	struct stopper *st = arg;
	struct load_result result;

	st->e = registry_load_once(st->source, false, NULL, &result, &st->err);
	return NULL;
}

/* Who waits for the thread to end does not wait for the database. */
Test(mysql_link, can_be_stopped_while_it_waits)
{
	static const enum fake_mood moods[] = { FAKE_MUTE, FAKE_HANGS, FAKE_DRIBBLES,
		FAKE_ENDLESS };

	for (size_t i = 0; i < sizeof(moods) / sizeof(moods[0]); i++) {
		struct fake_mysql f;
		struct source_mysql_options options;
		struct stopper st = { .e = REG_OK };
		pthread_t thread;
		int64_t begin;

		fake_mysql_start(&f, moods[i]);
		options = fake_mysql_options(&f);
		options.connect_ms = options.read_ms = 20000;
		st.source = make_source(&options);
		cr_assert_eq(pthread_create(&thread, NULL, load_in_thread, &st), 0);
		temp_sleep_ms(100);
		begin = now_ms();
		st.source->ops->stop(st.source);
		pthread_join(thread, NULL);
		cr_assert_lt(now_ms() - begin, 5000, "mood %d", moods[i]);
		cr_assert_eq(st.e, REG_E_STOPPED, "mood %d: %s", moods[i], st.err.text);
		st.source->ops->free(st.source);
		fake_mysql_stop(&f);
	}
}

/* The n-th request for memory fails, for all n. */
Test(mysql_link, memory_runs_out_at_every_step, .timeout = 60)
{
	struct fake_mysql f;
	size_t refuse;

	fake_mysql_start(&f, FAKE_GOOD);
	for (refuse = 1;; refuse++) {
		struct scarcity scarcity;
		struct source_mysql_options options = fake_mysql_options(&f);
		struct load_options load = { .memory = &scarcity.memory };
		struct load_result result = { .registry = NULL };
		struct reg_error err = { "" };
		struct source *s = NULL;
		enum reg_err e;

		scarcity_init(&scarcity, refuse);
		options.memory = &scarcity.memory;
		e = source_mysql_new(&options, &s, &err);
		if (e == REG_OK)
			e = registry_load(s, &load, NULL, &result, &err);
		if (e == REG_OK)
			s->ops->close(s, true);
		if (s != NULL)
			s->ops->free(s);
		if (e == REG_OK)
			break;
		cr_assert_eq(e, REG_E_NOMEM, "%zu: %s", refuse, err.text);
	}
	cr_assert_gt(refuse, 5);
	fake_mysql_stop(&f);
}
