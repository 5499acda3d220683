/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has been asked for, of a registry that is not in memory as a whole: users, and those known to
 * be nobody. Of each kind there are so many at most and none beyond its time, whoever asks for
 * whatever. For one thread.
 */
#ifndef USHER_REGISTRY_ASKED_H
#define USHER_REGISTRY_ASKED_H

#include "registry/region.h"
#include "registry/user_id.h"

enum asked_kind { ASKED_USER, ASKED_NOBODY, ASKED_KINDS, ASKED_NEVER = ASKED_KINDS };

struct asked_limit {
	uint32_t most;               /* of that kind; at least 1 */
	int64_t ms;                  /* how long each is kept */
};

struct asked;

/* Memory is taken as it is needed. REG_E_NOMEM, REG_E_SYSTEM: *ret is NULL. */
enum reg_err asked_new(const struct asked_limit limits[ASKED_KINDS],
	const struct reg_memory *memory, struct asked **ret);
struct asked *asked_free(struct asked *a);

/* What is known of the id, also if its time is up. */
enum asked_kind asked_find(const struct asked *a, const struct reg_id *id);

/*
 * Notes one that is not there yet; line is what asked_take() shall say. There must be room:
 * asked_take() makes it. REG_E_NOMEM: nothing was noted.
 */
enum reg_err asked_put(struct asked *a, enum asked_kind kind, const struct reg_id *id,
	uint32_t line, int64_t now_ms);

/*
 * Takes the oldest of the kind out if its time is up, or if there is no room for `room` more, and
 * says who it was. False: nobody had to go.
 */
bool asked_take(struct asked *a, enum asked_kind kind, int64_t now_ms, uint32_t room,
	struct reg_id *ret, uint32_t *ret_line);

/* Takes the id out. What it was, with its line if a user; ASKED_NEVER: it was not there. */
enum asked_kind asked_forget(struct asked *a, const struct reg_id *id, uint32_t *ret_line);

void asked_clear(struct asked *a);

uint32_t asked_count(const struct asked *a, enum asked_kind kind);

#endif
