/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/refresh.h"
#include "registry/source_file.h"
#include "tests/registry/temp.h"
#include "tests/registry/told.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE = 30, LONG_MS = 20000 };

#define U(id) "{\"type\":\"HW_ADDR\",\"id\":\"" id "\"}\n"

/* Stands for the relay: the registry in force, freed when the next one comes. */
struct world {
	struct temp t;
	struct refresh *refresh;
	pthread_mutex_t lock;
	struct registry *reg;
	unsigned int published, said[3];
	int nice;                        /* of whoever published last */
};

static void publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct world *w = ctx;

	(void)fd;
	(void)stats;
	pthread_mutex_lock(&w->lock);
	registry_free(w->reg);
	w->reg = reg;
	w->published++;
	w->nice = getpriority(PRIO_PROCESS, 0);
	pthread_mutex_unlock(&w->lock);
}

static void say(void *ctx, enum reload_news news, const char *text)
{
	struct world *w = ctx;

	(void)text;
	pthread_mutex_lock(&w->lock);
	w->said[news]++;
	pthread_mutex_unlock(&w->lock);
}

static unsigned int count_said(struct world *w, enum reload_news news)
{
	unsigned int n;

	pthread_mutex_lock(&w->lock);
	n = w->said[news];
	pthread_mutex_unlock(&w->lock);
	return n;
}

/* Whether the user 32-bit number is in force. */
static bool knows(struct world *w, uint32_t number)
{
	uint8_t id[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
		(uint8_t)number };
	bool there;

	pthread_mutex_lock(&w->lock);
	there = registry_find(w->reg, REG_HW_ADDR, id, sizeof(id)) != NULL;
	pthread_mutex_unlock(&w->lock);
	return there;
}

static const char *user(uint32_t number)
{
	static _Thread_local char text[64];

	snprintf(text, sizeof(text), "{\"type\":\"HW_ADDR\",\"id\":\"%08x\"}\n", number);
	return text;
}

static enum reg_err begin_with(struct world *w, struct source *s, unsigned int wait_ms)
{
	struct refresh_options options = {
		.reload = { .source = s, .settle_ms = SETTLE, .publish = publish, .say = say,
			.ctx = w },
		.wait_ms = wait_ms,
	};
	struct reg_error err;

	pthread_mutex_init(&w->lock, NULL);
	return refresh_new(&options, &w->refresh, &err);
}

static void begin(struct world *w, const char *text, unsigned int wait_ms)
{
	struct source_file_options file = { .settle_ms = SETTLE, .watch = true };
	struct source *s;
	struct reg_error err;

	memset(w, 0, sizeof(*w));
	temp_make(&w->t);
	temp_put(w->t.path, text);
	file.path = w->t.path;
	cr_assert_eq(source_file_new(&file, &s, &err), REG_OK);
	cr_assert_eq(begin_with(w, s, wait_ms), REG_OK);
	cr_assert_eq(w->published, 1, "published before refresh_new() returns");
}

static void end(struct world *w)
{
	cr_assert_null(refresh_free(w->refresh));
	registry_free(w->reg);
	temp_remove(&w->t);
}

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

Test(refresh, a_thousand_replacements_each_seen_at_once)
{
	struct world w;

	begin(&w, user(0), LONG_MS);
	for (uint32_t i = 1; i <= 1000; i++) {
		temp_replace(&w.t, user(i));
		refresh_poll(w.refresh);
		cr_assert(knows(&w, i), "replacement %u", i);
		cr_assert_not(knows(&w, i - 1));
	}
	end(&w);
}

Test(refresh, the_thread_leaves_the_cpu_to_those_who_handle_packets)
{
	int ours = getpriority(PRIO_PROCESS, 0);
	struct world w;

	begin(&w, user(0), LONG_MS);
	cr_assert_eq(w.nice, ours, "the first reading is the caller's, and everybody waits for it");
	temp_replace(&w.t, user(1));
	refresh_poll(w.refresh);
	cr_assert(knows(&w, 1));
	cr_assert_eq(w.nice, ours + 5 < 19 ? ours + 5 : 19);
	cr_assert_eq(getpriority(PRIO_PROCESS, 0), ours);
	end(&w);
}

Test(refresh, a_thousand_additions_each_seen_at_once)
{
	struct world w;
	int fd;

	begin(&w, user(0), LONG_MS);
	fd = open(w.t.path, O_WRONLY | O_APPEND);
	for (uint32_t i = 1; i <= 1000; i++) {
		const char *text = user(i);

		cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
		refresh_poll(w.refresh);
		cr_assert(knows(&w, i), "addition %u, the writer holds the file open", i);
		cr_assert(knows(&w, i - 1));
	}
	close(fd);
	cr_assert_eq(count_said(&w, RELOAD_FAILED), 0);
	end(&w);
}

/* In place, closed; in turns with additions, replacements, removals. */
Test(refresh, a_thousand_edits_of_all_kinds)
{
	struct world w;
	char text[256];

	begin(&w, U("ffffffff") U("fffffffe"), LONG_MS);
	for (uint32_t i = 1; i <= 1000; i++) {
		snprintf(text, sizeof(text), U("ffffffff") U("fffffffe") "%s", user(i));
		switch (i % 4) {
		case 0:
			temp_put(w.t.path, text);
			break;
		case 1:
			temp_replace(&w.t, text);
			break;
		case 2:
			temp_append(w.t.path, user(i));
			break;
		case 3:
			unlink(w.t.path);
			temp_put(w.t.path, text);
			break;
		}
		refresh_poll(w.refresh);
		cr_assert(knows(&w, i), "edit %u", i);
		cr_assert(knows(&w, 0xffffffff));
		cr_assert_eq(knows(&w, i - 1), i % 4 == 2);
	}
	end(&w);
}

struct reader {
	struct world *w;
	atomic_uint *begun, *edits; /* edits begun and completed */
	atomic_bool *stop;
	unsigned int polls, stale;
};

static void *poll_and_check(void *arg)
{
	struct reader *r = arg;

	while (!*r->stop) {
		uint32_t newest = *r->edits;

		/* Unless an edit that takes it away again was begun meanwhile. */
		refresh_poll(r->w->refresh);
		r->stale += !knows(r->w, newest) && *r->begun / 20 == newest / 20;
		r->polls++;
	}
	return NULL;
}

/*
 * Four workers poll while a fifth thread edits: none ever misses an edit completed before its poll.
 */
Test(refresh, several_workers)
{
	atomic_uint begun = 0, edits = 0;
	atomic_bool stop = false;
	struct reader readers[4];
	pthread_t threads[4];
	struct world w;

	begin(&w, user(0), LONG_MS);
	for (size_t i = 0; i < 4; i++) {
		readers[i] = (struct reader){ .w = &w, .begun = &begun, .edits = &edits,
			.stop = &stop };
		pthread_create(&threads[i], NULL, poll_and_check, &readers[i]);
	}
	for (uint32_t i = 1; i <= 300; i++) {
		begun = i;
		if (i % 20 == 0) {
			char text[128], last[64];

			snprintf(last, sizeof(last), "%s", user(i - 1));
			snprintf(text, sizeof(text), "%s%s", last, user(i));
			temp_replace(&w.t, text);
		} else {
			temp_append(w.t.path, user(i));
		}
		edits = i;
	}
	temp_sleep_ms(10);
	stop = true;
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		cr_assert_gt(readers[i].polls, 0);
		cr_assert_eq(readers[i].stale, 0, "%u of %u", readers[i].stale, readers[i].polls);
	}
	end(&w);
}

/* Nobody calls refresh_poll(): the thread notices by itself. */
Test(refresh, without_packets)
{
	struct world w;

	begin(&w, user(0), 50);
	temp_replace(&w.t, user(1));
	for (int i = 0; i < 2000 && !knows(&w, 1); i++)
		temp_sleep_ms(1);
	cr_assert(knows(&w, 1));
	unlink(w.t.path);
	for (int i = 0; i < 2000 && count_said(&w, RELOAD_FAILED) == 0; i++)
		temp_sleep_ms(1);
	cr_assert_eq(count_said(&w, RELOAD_FAILED), 1);
	rmdir(w.t.dir);
	temp_sleep_ms(5);
	cr_assert_eq(mkdir(w.t.dir, 0755), 0);
	temp_put(w.t.path, user(2));
	for (int i = 0; i < 3000 && !knows(&w, 2); i++)
		temp_sleep_ms(1);
	cr_assert(knows(&w, 2), "within about a second of the directory's return");
	for (int i = 0; i < 2000 && count_said(&w, RELOAD_RECOVERED) == 0; i++)
		temp_sleep_ms(1);
	cr_assert_eq(count_said(&w, RELOAD_RECOVERED), 1);
	end(&w);
}

/* A broken file: polls do not wait for it again and again, and the good users stay. */
Test(refresh, broken_file_keeps_the_last_good_one)
{
	struct world w;
	int64_t begun;

	begin(&w, user(0), LONG_MS);
	for (int i = 0; i < 50; i++) {
		temp_put(w.t.path, i % 2 == 0 ? "{bad\n" : "worse\n");
		refresh_poll(w.refresh);
		cr_assert(knows(&w, 0));
	}
	begun = now_us();
	for (int i = 0; i < 100; i++)
		refresh_poll(w.refresh);
	cr_assert_lt(now_us() - begun, 2000000);
	cr_assert_eq(w.published, 1);
	cr_assert_geq(count_said(&w, RELOAD_FAILED), 1);
	temp_put(w.t.path, user(5));
	refresh_poll(w.refresh);
	cr_assert(knows(&w, 5));
	end(&w);
}

Test(refresh, force)
{
	struct reg_error err = { "" };
	struct world w;

	begin(&w, user(0), LONG_MS);
	cr_assert_eq(refresh_force(w.refresh, LONG_MS, NULL), REG_OK);
	cr_assert_eq(w.published, 2, "read although nothing changed");
	temp_put(w.t.path, "bad\n");
	cr_assert_eq(refresh_force(w.refresh, LONG_MS, &err), REG_E_SYNTAX);
	cr_assert_not_null(strstr(err.text, ":1: a name or text must stand in double quotes"));
	temp_put(w.t.path, "");
	refresh_poll(w.refresh);
	cr_assert(knows(&w, 0));
	cr_assert_eq(refresh_force(w.refresh, LONG_MS, &err), REG_OK);
	cr_assert_not(knows(&w, 0));
	cr_assert_eq(refresh_force(w.refresh, 0, &err), REG_E_BUSY);
	cr_assert_not_null(strstr(err.text, ": still being read"));
	end(&w);
}

Test(refresh, does_not_start_on_a_bad_file)
{
	struct source_file_options file = { .watch = true };
	struct reg_error err;
	struct source *s;
	struct world w = { 0 };

	temp_make(&w.t);
	temp_put(w.t.path, "bad\n");
	file.path = w.t.path;
	cr_assert_eq(source_file_new(&file, &s, &err), REG_OK);
	cr_assert_eq(begin_with(&w, s, 50), REG_E_SYNTAX);
	cr_assert_eq(w.published, 0);
	s->ops->free(s);
	temp_remove(&w.t);
	cr_assert_null(refresh_free(NULL));
}

/*
 * A reading of 1500 ms and a wait of 300: the packet goes on with the old users, later ones at once.
 */
Test(refresh, a_wait_has_an_end)
{
	struct world w = { 0 };
	struct told slow;
	int64_t begun, first, second;

	told_init(&slow, false);
	cr_assert_eq(begin_with(&w, &slow.source, 300), REG_OK);
	slow.delay_ms = 1500;
	slow.version = 1;
	begun = now_us();
	refresh_poll(w.refresh);
	first = now_us() - begun;
	cr_assert_not(knows(&w, 1));
	begun = now_us();
	refresh_poll(w.refresh);
	refresh_poll(w.refresh);
	second = now_us() - begun;
	cr_assert_geq(first, 299000);
	cr_assert_lt(first, 1300000);
	cr_assert_lt(second, 250000, "one batch waits, not all");
	/* A change in the middle of a reading is another reading. */
	slow.version = 2;
	temp_sleep_ms(1500);
	refresh_poll(w.refresh);
	cr_assert(knows(&w, 1));
	temp_sleep_ms(1800);
	cr_assert(knows(&w, 2));
	refresh_free(w.refresh);
	registry_free(w.reg);
}

Test(refresh, a_wait_that_is_long_enough)
{
	struct world w = { 0 };
	struct told slow;

	told_init(&slow, false);
	cr_assert_eq(begin_with(&w, &slow.source, 5000), REG_OK);
	slow.delay_ms = 20;
	for (unsigned int i = 1; i <= 10; i++) {
		slow.version = i;
		refresh_poll(w.refresh);
		cr_assert(knows(&w, i));
	}
	refresh_free(w.refresh);
	registry_free(w.reg);
}

/* A reading of many users is given up when the program ends. */
Test(refresh, ends_in_the_middle_of_a_reading)
{
	size_t line = strlen(user(0)), count = 300000;
	char *text = malloc(count * line + 1);
	struct world w;

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * line, user((uint32_t)i), line);
	begin(&w, user(0), 1);
	temp_write(w.t.other, text, count * line);
	free(text);
	cr_assert_eq(rename(w.t.other, w.t.path), 0);
	refresh_poll(w.refresh);
	cr_assert_eq(w.published, 1);
	end(&w);
}

/* What a packet pays when nothing has changed; a bound that only a mistake breaks. */
Test(refresh, costs_little)
{
	enum { POLLS = 100000 };
	struct world w;
	int64_t begun;

	begin(&w, user(0), 50);
	refresh_poll(w.refresh);
	begun = now_us();
	for (int i = 0; i < POLLS; i++)
		refresh_poll(w.refresh);
	begun = now_us() - begun;
	cr_log_info("refresh_poll: %lld ns", (long long)(begun * 1000 / POLLS));
	cr_assert_lt(begun * 1000 / POLLS, 20000, "%lld ns", (long long)(begun * 1000 / POLLS));
	cr_assert_eq(w.published, 1);
	end(&w);
}

/* The thread takes no signals: those are for whoever waits for them. */
Test(refresh, leaves_signals_alone)
{
	sigset_t set, old;
	struct world w;
	int sig;

	begin(&w, user(0), 50);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, &old);
	for (int i = 0; i < 20; i++) {
		kill(getpid(), SIGUSR1);
		cr_assert_eq(sigwait(&set, &sig), 0);
		cr_assert_eq(sig, SIGUSR1);
	}
	end(&w);
}
