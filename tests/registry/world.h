/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file, a reload of it, and what that does, seen from outside: the users in force, how often that
 * changed, what was said.
 */
#ifndef USHER_TESTS_REGISTRY_WORLD_H
#define USHER_TESTS_REGISTRY_WORLD_H

#include "registry/reload.h"
#include "tests/registry/temp.h"

enum { WORLD_SETTLE = 40, WORLD_HELD = 160 }; /* ms */

/* A user whose id is one byte. */
#define U(id) "{\"type\":\"HW_ADDR\",\"id\":\"" id "\"}\n"

struct world {
	struct temp t;
	struct source *source;
	struct reload reload;
	struct registry *reg;
	struct load_stats stats;
	unsigned int published;
	char said[2048]; /* "F" failed, "R" recovered, "W" warned, the text without its path, "|" */
};

/* The callbacks of struct reload_options; ctx is the world. */
void world_publish(void *ctx, struct registry *reg, int fd, const struct load_stats *stats);
void world_say(void *ctx, enum reload_news news, const char *text);

/* Makes the file, text NULL: none, and reads it for the first time. */
enum reg_err world_begin_as(struct world *w, const char *text, bool skip_bad, bool shared,
	struct reg_error *err);
void world_begin(struct world *w, const char *text);
void world_end(struct world *w);

/* One pass, as after an event. */
enum reg_err world_pass(struct world *w);
/* Passes as the thread would make them, until nothing is due any more. */
void world_settle(struct world *w);

/* The last bytes of the ids in force, "01 02 ". */
const char *world_users(const struct world *w);
/* Asserts what was said since the last call. */
void world_said(struct world *w, const char *expect);

#endif
