/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rows of a change table have been seen. Their numbers are given out when a row is written,
 * but the row is seen when its transaction commits, and transactions do not commit in that order.
 * So a number that is passed over may still come: it is a hole, and is asked for until it is old.
 */
#ifndef USHER_REGISTRY_CHANGE_LOG_H
#define USHER_REGISTRY_CHANGE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHANGE_RANGES = 4096,      /* with more holes than these the lowest are given up */
	CHANGE_ASKS = 16,          /* ranges that one question names */
	CHANGE_HOLE_MS = 600000,   /* so long a hole is asked for: the longest transaction */
	CHANGE_YOUNG_MS = 5000,
};

/* from to to, both included. */
struct change_range {
	uint64_t from, to;
	int64_t noticed_ms;        /* when the hole below it was first seen */
};

struct change_log {
	struct change_range ranges[CHANGE_RANGES]; /* seen; the first begins at 0 */
	size_t count;
};

/* Nothing is seen yet. */
void change_log_init(struct change_log *l);

bool change_log_has(const struct change_log *l, uint64_t number);

/* The highest number seen, 0 if none. */
uint64_t change_log_top(const struct change_log *l);

/* Notes a number as seen at now_ms. False: it was seen before. */
bool change_log_add(struct change_log *l, uint64_t number, int64_t now_ms);

/* Notes that all numbers up to this one are seen, or do not matter. */
void change_log_settle(struct change_log *l, uint64_t number);

/* Gives up the holes that are older than CHANGE_HOLE_MS. */
void change_log_expire(struct change_log *l, int64_t now_ms);

/*
 * What to ask for: holes, and all from the highest number seen on, that one included. With more
 * holes than a question can name it is all from the first hole on, or, unless `thorough`, from the
 * first that is younger than CHANGE_YOUNG_MS. Returns how many ranges; at least 1, the last without
 * end.
 */
size_t change_log_ask(const struct change_log *l, int64_t now_ms, bool thorough,
	struct change_range out[static CHANGE_ASKS]);

#endif
