/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what a condition is thought to cost, and how two that say the same are found: by what
 * match_print() writes of them, which is what the config would say.
 *
 * A condition that few rules have, such as one manufacturer's prefix, is false for most packets and
 * settles its rule; one that most rules have, such as the family, has likely been true in the rule
 * before. So a condition is dear that leaves the rule open: cost / chance of being false.
 */
#include "rules/order.h"

#include <string.h>

enum {
	SCALE = 1000,
	COMMON = 900,        /* of SCALE: how much less often a condition is false that all rules have */
};

struct text {
	uint64_t hash;
	size_t len, cap;
	char *at;
	struct arena *arena;
	bool failed;
};

static void add(void *ctx, const char *piece, size_t len)
{
	struct text *t = ctx;

	if (t->cap - t->len < len) {
		size_t cap = 2 * t->cap + len;
		char *more = arena_alloc(t->arena, cap);

		t->failed |= more == NULL;
		if (t->failed)
			return;
		if (t->len > 0)
			memcpy(more, t->at, t->len);
		t->at = more;
		t->cap = cap;
	}
	memcpy(t->at + t->len, piece, len);
	t->len += len;
	for (size_t i = 0; i < len; i++)
		t->hash = (t->hash ^ (uint8_t)piece[i]) * 1099511628211u; /* FNV-1a */
}

static struct text text_of(struct order *o, size_t i)
{
	struct text t = { .hash = 14695981039346656037u, .arena = &o->arena };
	struct writer w = writer_begin(add, &t);

	writer_open(&w, NULL, '{');
	match_print(o->tests, i, o->tests->all[i].end, &w);
	writer_close(&w, '{');
	return t;
}

/* A table of texts, twice as large as there are tests. */
static bool find_same(struct order *o)
{
	size_t count = o->tests->count, slots = 16;
	struct text *texts;
	uint32_t *table;

	while (slots < 2 * count)
		slots *= 2;
	table = arena_alloc(&o->arena, slots * sizeof(*table));
	texts = arena_alloc(&o->arena, count * sizeof(*texts));
	if (table == NULL || texts == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		size_t at;

		o->same[i] = (uint32_t)i;
		if (o->tests->all[i].eval == NULL)
			continue;
		texts[i] = text_of(o, i);
		if (texts[i].failed)
			return false;
		for (at = texts[i].hash % slots; table[at] != 0; at = (at + 1) % slots) {
			const struct text *t = &texts[table[at] - 1];

			if (t->hash == texts[i].hash && t->len == texts[i].len &&
				memcmp(t->at, texts[i].at, t->len) == 0)
				break;
		}
		if (table[at] == 0)
			table[at] = (uint32_t)i + 1;
		o->same[i] = table[at] - 1;
		o->uses[o->same[i]]++;
	}
	return true;
}

bool order_begin(struct order *o, const struct tests *ts, size_t policy_rules)
{
	uint32_t **arrays[] = { &o->same, &o->uses, &o->behind, &o->head, &o->rule, &o->failed };

	*o = (struct order){ .tests = ts, .rules = policy_rules };
	for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
		*arrays[i] = arena_alloc(&o->arena, (ts->count + 1) * sizeof(uint32_t));
		if (*arrays[i] == NULL)
			return false;
	}
	o->dear = arena_alloc(&o->arena, (ts->count + 1) * sizeof(*o->dear));
	return o->dear != NULL && find_same(o);
}

void order_done(struct order *o)
{
	arena_done(&o->arena);
}

/* In comparisons, roughly. */
static uint64_t cost_of(const struct order *o, size_t i)
{
	const struct test *t = &o->tests->all[i];
	uint64_t sum = 1;

	switch (t->matcher->kind) {
	case TEST_SET:
	case TEST_PRESENT:
		return 1;
	case TEST_ALL:
	case TEST_ANY:
	case TEST_NOT:
		for (size_t k = i + 1; k < t->end; k = o->tests->all[k].end)
			sum += cost_of(o, k);
		return sum;
	default:
		return 1 + (uint64_t)t->count;
	}
}

static uint64_t dearness(const struct order *o, size_t i)
{
	uint64_t uses = o->tests->all[i].eval == NULL ? 0 : o->uses[o->same[i]] - 1;
	uint64_t common = COMMON * (uses < o->rules ? uses : o->rules) / (o->rules + 1);

	return cost_of(o, i) * SCALE * SCALE / (SCALE - common);
}

/* Puts test i into the row, behind all that are not dearer. */
static void insert(struct order *o, uint32_t *row, uint32_t i)
{
	while (*row != ORDER_NONE && o->dear[*row] <= o->dear[i])
		row = &o->behind[*row];
	o->behind[i] = *row;
	*row = i;
}

uint32_t order_row(struct order *o, size_t first, size_t end, bool any)
{
	uint32_t row = ORDER_NONE, *last = &row;

	for (size_t i = first; i < end; i = o->tests->all[i].end) {
		const struct test *t = &o->tests->all[i];

		o->dear[i] = dearness(o, i);
		if (t->eval == NULL)
			o->head[i] = order_row(o, i + 1, t->end, t->matcher->kind == TEST_ANY);
		insert(o, any ? last : &row, (uint32_t)i);
		last = &o->behind[i];
	}
	return row;
}
