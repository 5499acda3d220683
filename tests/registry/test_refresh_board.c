/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What another process sees of a refresh, and whether it may go by that. `quiet()` is what the
 * keeper does before each batch (relay/loader.c).
 */
#include "registry/clock.h"
#include "registry/refresh.h"
#include "registry/source_file.h"
#include "tests/registry/temp.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WAIT_MS = 200, PATIENCE_MS = 20000 };

/* A source that changes when told to, and whose reading takes as long as the gate is closed. */
struct gated {
	struct source source;
	int ends[2];                     /* a pipe with a byte for each change not taken out */
	struct source_tally *tally;
	pthread_mutex_t lock;            /* of taking out */
	atomic_uint version, told, read;
	atomic_bool closed, snatch;      /* snatch: the reading takes out what is there */
	bool given;
};

struct world {
	struct refresh *refresh;
	struct refresh_board *board;     /* shared as between processes */
	pthread_mutex_t lock;
	struct registry *reg;            /* in force */
};

static struct gated *of(struct source *s)
{
	return (struct gated *)(void *)s;
}

static int gated_fd(const struct source *s)
{
	return ((const struct gated *)(const void *)s)->ends[0];
}

static void gated_share(struct source *s, struct source_tally *tally)
{
	of(s)->tally = tally;
}

static uint32_t take_out(struct gated *g)
{
	uint32_t taken;
	char bytes[64];

	pthread_mutex_lock(&g->lock);
	taken = atomic_fetch_add(&g->tally->taken, 1) + 1;
	(void)!read(g->ends[0], bytes, sizeof(bytes));
	pthread_mutex_unlock(&g->lock);
	return taken;
}

static bool gated_stirred(struct source *s)
{
	struct gated *g = of(s);
	uint32_t taken = take_out(g);
	unsigned int version = g->version;
	bool changed = version != g->told;

	g->told = version;
	atomic_store(&g->tally->told, taken);
	return changed;
}

static enum source_state gated_look(struct source *s, struct reg_error *err)
{
	(void)err;
	return of(s)->version == of(s)->read ? SOURCE_QUIET : SOURCE_NEW;
}

static enum reg_err gated_open(struct source *s, bool added, struct source_facts *ret,
	struct reg_error *err)
{
	struct gated *g = of(s);

	(void)added;
	(void)err;
	g->read = atomic_load(&g->version);
	g->given = false;
	*ret = (struct source_facts){ .whole = true };
	while (g->closed) {
		if (g->snatch) {
			take_out(g);
			g->snatch = false;
		}
		temp_sleep_ms(1);
	}
	return REG_OK;
}

static enum reg_err gated_next(struct source *s, struct reg_entry *ret, struct reg_error *err)
{
	struct gated *g = of(s);
	uint8_t id[4] = { 0, 0, 0, (uint8_t)g->read };

	(void)err;
	if (g->given)
		return REG_E_END;
	g->given = true;
	*ret = (struct reg_entry){ .count = 0 };
	return reg_id_set(&ret->id, REG_HW_ADDR, id, sizeof(id));
}

static void gated_close(struct source *s, bool taken)
{
	(void)s;
	(void)taken;
}

static void gated_free(struct source *s)
{
	(void)s;
}

static const struct source_ops gated_ops = { .kind = "gated", .fd = gated_fd,
	.stirred = gated_stirred, .share = gated_share, .look = gated_look, .open = gated_open,
	.next = gated_next, .close = gated_close, .free = gated_free };

static void change(struct gated *g, unsigned int version)
{
	g->version = version;
	cr_assert_eq(write(g->ends[1], "x", 1), 1);
}

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

static void begin_gated(struct world *w, struct gated *g)
{
	*g = (struct gated){ .source = { .ops = &gated_ops, .name = "gated" } };
	pthread_mutex_init(&g->lock, NULL);
	cr_assert_eq(pipe2(g->ends, O_NONBLOCK | O_CLOEXEC), 0);
	begin(w, &g->source, WAIT_MS);
}

static void end(struct world *w)
{
	refresh_free(w->refresh);
	registry_free(w->reg);
	munmap(w->board, sizeof(*w->board));
}

static void end_gated(struct world *w, struct gated *g)
{
	g->closed = false;
	end(w);
	close(g->ends[0]);
	close(g->ends[1]);
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

static int64_t polled_ms(struct world *w)
{
	int64_t begun = clock_now_ms();

	refresh_poll(w->refresh);
	return clock_now_ms() - begun;
}

/*
 * A reading without end: one packet waits as long as the config says, those behind it need not even
 * ask. A change that comes meanwhile is asked for and waited for again.
 */
Test(refresh_board, a_reading_that_takes_too_long_is_not_asked_for)
{
	struct gated g;
	struct world w;

	begin_gated(&w, &g);
	refresh_poll(w.refresh);
	EVENTUALLY(quiet(&w, g.ends[0]));
	g.closed = true;
	for (unsigned int version = 1; version <= 3; version++) {
		change(&g, version);
		cr_assert_not(quiet(&w, g.ends[0]), "version %u", version);
		/* The third is behind the second, whose time is up before it is begun. */
		if (version < 3)
			cr_assert_geq(polled_ms(&w), WAIT_MS - 1, "version %u", version);
		else
			cr_assert_lt(polled_ms(&w), WAIT_MS - 1);
		cr_assert(quiet(&w, g.ends[0]), "version %u", version);
		cr_assert_eq(w.board->state, REFRESH_LATE);
		cr_assert(knows(&w, 0), "nothing is half in force");
	}
	g.closed = false;
	EVENTUALLY(knows(&w, 3));
	refresh_poll(w.refresh);
	EVENTUALLY(w.board->state == REFRESH_QUIET && quiet(&w, g.ends[0]));
	end_gated(&w, &g);
}

/* The reading itself takes a change out of the descriptor: it is asked for all the same. */
Test(refresh_board, what_a_reading_takes_out_is_asked_for)
{
	struct gated g;
	struct world w;
	int waiting;

	begin_gated(&w, &g);
	g.closed = true;
	change(&g, 1);
	refresh_poll(w.refresh);
	EVENTUALLY(quiet(&w, g.ends[0]));
	change(&g, 2);
	g.snatch = true;
	EVENTUALLY(ioctl(g.ends[0], FIONREAD, &waiting) == 0 && waiting == 0 && !g.snatch);
	cr_assert_eq(w.board->state, REFRESH_LATE, "the reading has told nobody");
	cr_assert_not(quiet(&w, g.ends[0]));
	cr_assert_geq(polled_ms(&w), WAIT_MS - 1);
	cr_assert(quiet(&w, g.ends[0]));
	g.closed = false;
	EVENTUALLY(knows(&w, 2));
	end_gated(&w, &g);
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
