/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another process sees of a refresh, and whether it may go by that. `quiet()` is what the
 * keeper does before each batch (relay/loader.c).
 */
#include "registry/clock.h"
#include "registry/refresh.h"
#include "registry/source_file.h"
#include "tests/registry/temp.h"
#include "tests/registry/told.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

enum { WAIT_MS = 200, PATIENCE_MS = 20000 };

struct world {
	struct refresh *refresh;
	struct refresh_board *board;     /* shared as between processes */
	pthread_mutex_t lock;
	struct registry *reg;            /* in force */
};

static void publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct world *w = ctx;

	(void)fd;
	(void)stats;
	pthread_mutex_lock(&w->lock);
	registry_free(w->reg);
	w->reg = reg;
	pthread_mutex_unlock(&w->lock);
}

/* Whether that is the version in force. */
static bool knows(struct world *w, unsigned int version)
{
	uint8_t id[4] = { 0, 0, (uint8_t)(version >> 8), (uint8_t)version };
	bool there;

	pthread_mutex_lock(&w->lock);
	there = registry_find(w->reg, REG_HW_ADDR, id, sizeof(id)) != NULL;
	pthread_mutex_unlock(&w->lock);
	return there;
}

static void begin(struct world *w, struct source *s, unsigned int wait_ms)
{
	struct refresh_options options = {
		.reload = { .source = s, .publish = publish, .ctx = w }, .wait_ms = wait_ms,
	};
	struct reg_error err;

	*w = (struct world){ 0 };
	pthread_mutex_init(&w->lock, NULL);
	w->board = mmap(NULL, sizeof(*w->board), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(w->board, MAP_FAILED);
	w->board->state = REFRESH_BUSY;
	options.board = w->board;
	cr_assert_eq(refresh_new(&options, &w->refresh, &err), REG_OK, "%s", err.text);
}

static void begin_told(struct world *w, struct told *t)
{
	told_init(t, true);
	begin(w, &t->source, WAIT_MS);
}

static void end(struct world *w)
{
	refresh_free(w->refresh);
	registry_free(w->reg);
	munmap(w->board, sizeof(*w->board));
}

static void end_told(struct world *w, struct told *t)
{
	t->closed = false;
	end(w);
	told_done(t);
}

/* What a keeper finds out by itself. */
static bool quiet(const struct world *w, int fd)
{
	int waiting = 0;

	return ioctl(fd, FIONREAD, &waiting) == 0 && waiting == 0 && refresh_is_settled(w->board);
}

/* Within a time that only a mistake uses up. */
#define EVENTUALLY(what) do { \
	for (unsigned int tries = 0; !(what) && tries < PATIENCE_MS; tries++) \
		temp_sleep_ms(1); \
	cr_assert(what); \
} while (0)

/* Polls; how long after the change that is. */
static int64_t polled_ms(struct world *w, int64_t changed)
{
	refresh_poll(w->refresh);
	return clock_now_ms() - changed;
}

/*
 * A reading without end: one packet waits as long as the config says, those behind it need not even
 * ask. A change that comes meanwhile is asked for and waited for again.
 */
Test(refresh_board, a_reading_that_takes_too_long_is_not_asked_for)
{
	struct told t;
	struct world w;
	int64_t then;

	begin_told(&w, &t);
	refresh_poll(w.refresh);
	EVENTUALLY(quiet(&w, t.ends[0]));
	t.closed = true;
	for (unsigned int version = 1; version <= 3; version++) {
		then = clock_now_ms();
		told_change(&t, version);
		cr_assert_not(quiet(&w, t.ends[0]), "version %u", version);
		EVENTUALLY(t.read == 1);
		/* The third is behind the second, whose time is up before it is begun. */
		if (version < 3)
			cr_assert_geq(polled_ms(&w, then), WAIT_MS - 1, "version %u", version);
		else
			cr_assert_lt(polled_ms(&w, then), WAIT_MS - 1);
		cr_assert(quiet(&w, t.ends[0]), "version %u", version);
		cr_assert_eq(w.board->state, REFRESH_LATE);
		cr_assert(knows(&w, 0), "nothing is half in force");
	}
	t.closed = false;
	EVENTUALLY(knows(&w, 3));
	refresh_poll(w.refresh);
	EVENTUALLY(w.board->state == REFRESH_QUIET && quiet(&w, t.ends[0]));
	end_told(&w, &t);
}

/* The reading itself takes a change out of the descriptor: it is asked for all the same. */
Test(refresh_board, what_a_reading_takes_out_is_asked_for)
{
	struct told t;
	struct world w;
	int64_t then;
	int waiting;

	begin_told(&w, &t);
	t.closed = true;
	told_change(&t, 1);
	EVENTUALLY(t.read == 1);
	refresh_poll(w.refresh);
	cr_assert(quiet(&w, t.ends[0]));
	then = clock_now_ms();
	told_change(&t, 2);
	t.snatch = true;
	EVENTUALLY(ioctl(t.ends[0], FIONREAD, &waiting) == 0 && waiting == 0 && !t.snatch);
	cr_assert_eq(w.board->state, REFRESH_LATE, "the reading has told nobody");
	cr_assert_not(quiet(&w, t.ends[0]));
	cr_assert_geq(polled_ms(&w, then), WAIT_MS - 1);
	cr_assert(quiet(&w, t.ends[0]));
	t.closed = false;
	EVENTUALLY(knows(&w, 2));
	end_told(&w, &t);
}

/* Edits of a file, and a keeper that asks only if it must: each is in force for the packet behind it. */
Test(refresh_board, no_edit_is_passed_by)
{
	enum { EDITS = 1000 };
	struct source_file_options file = { .settle_ms = 30, .watch = true };
	unsigned int asked = 0;
	struct reg_error err;
	struct source *s;
	struct world w;
	struct temp t;
	char line[64];
	int fd;

	temp_make(&t);
	temp_put(t.path, "{\"type\":\"HW_ADDR\",\"id\":\"00000000\"}\n");
	file.path = t.path;
	cr_assert_eq(source_file_new(&file, &s, &err), REG_OK);
	fd = s->ops->fd(s);
	begin(&w, s, PATIENCE_MS);
	for (unsigned int i = 1; i <= EDITS; i++) {
		snprintf(line, sizeof(line), "{\"type\":\"HW_ADDR\",\"id\":\"%08x\"}\n", i);
		temp_replace(&t, line);
		for (unsigned int packet = 0; packet < 3; packet++) {
			bool ask = !quiet(&w, fd);

			asked += ask;
			if (ask)
				refresh_poll(w.refresh);
			cr_assert(knows(&w, i), "edit %u, packet %u", i, packet);
		}
	}
	cr_log_info("%u of %u packets asked", asked, 3 * EDITS);
	EVENTUALLY(quiet(&w, fd));
	end(&w);
	temp_remove(&t);
}
