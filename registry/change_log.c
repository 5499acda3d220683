/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the ranges: sorted, none touching the next, and the hole below each with the time when it
 * was noticed. One server that numbers its rows one by one has no holes but those of transactions
 * that are open or were rolled back. A cluster whose nodes take every n-th number has many, all the
 * time; then a question names no holes and what comes back is compared.
 */
#include "registry/change_log.h"

#include <string.h>

void change_log_init(struct change_log *l)
{
	l->ranges[0] = (struct change_range){ 0, 0, 0 };
	l->count = 1;
}

uint64_t change_log_top(const struct change_log *l)
{
	return l->ranges[l->count - 1].to;
}

/* The last range that begins at or below the number. */
static size_t find(const struct change_log *l, uint64_t number)
{
	size_t low = 0, high = l->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (l->ranges[middle].from <= number)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool change_log_has(const struct change_log *l, uint64_t number)
{
	return number <= l->ranges[find(l, number)].to;
}

/* Joins a range with the one after it, and with what is between. */
static void join(struct change_log *l, size_t i)
{
	l->ranges[i].to = l->ranges[i + 1].to;
	memmove(&l->ranges[i + 1], &l->ranges[i + 2], (l->count - i - 2) * sizeof(l->ranges[0]));
	l->count--;
}

bool change_log_add(struct change_log *l, uint64_t number, int64_t now_ms)
{
	struct change_range new = { number, number, now_ms };
	size_t i = find(l, number);

	if (number <= l->ranges[i].to)
		return false;
	if (number == l->ranges[i].to + 1) {
		l->ranges[i].to = number;
	} else {
		if (l->count == CHANGE_RANGES) {
			join(l, 0);
			return change_log_add(l, number, now_ms);
		}
		if (i + 1 < l->count)
			new.noticed_ms = l->ranges[i + 1].noticed_ms;
		i++;
		memmove(&l->ranges[i + 1], &l->ranges[i], (l->count - i) * sizeof(l->ranges[0]));
		l->ranges[i] = new;
		l->count++;
	}
	if (i + 1 < l->count && l->ranges[i + 1].from == number + 1)
		join(l, i);
	return true;
}

void change_log_settle(struct change_log *l, uint64_t number)
{
	while (l->count > 1 && l->ranges[1].from <= number + 1)
		join(l, 0);
	if (l->ranges[0].to < number)
		l->ranges[0].to = number;
}

void change_log_expire(struct change_log *l, int64_t now_ms)
{
	while (l->count > 1 && now_ms - l->ranges[1].noticed_ms >= CHANGE_HOLE_MS)
		join(l, 0);
}

/* The number where the first hole begins that is young, or the highest seen. */
static uint64_t young_from(const struct change_log *l, int64_t now_ms)
{
	for (size_t i = 1; i < l->count; i++)
		if (now_ms - l->ranges[i].noticed_ms < CHANGE_YOUNG_MS)
			return l->ranges[i - 1].to + 1;
	return change_log_top(l);
}

size_t change_log_ask(const struct change_log *l, int64_t now_ms, bool thorough,
	struct change_range out[static CHANGE_ASKS])
{
	struct change_range rest = { change_log_top(l), UINT64_MAX, 0 };
	size_t n = 0;

	if (l->count > CHANGE_ASKS) {
		rest.from = thorough ? l->ranges[0].to + 1 : young_from(l, now_ms);
	} else {
		for (size_t i = 1; i < l->count; i++)
			out[n++] = (struct change_range){ l->ranges[i - 1].to + 1,
				l->ranges[i].from - 1, l->ranges[i].noticed_ms };
	}
	out[n++] = rest;
	return n;
}
