/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where parked slots are: a row of places, the ticket naming the one to begin with, which is
 * free unless a pipeline that is gone has left a packet there. Knows no DHCP, and does not ask why
 * a packet waits.
 */
#include "relay/park.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct place {
	uint64_t ticket;         /* 0: free */
	bool answered;           /* it may go on */
	uint8_t head[offsetof(struct slot, raw)];
	uint8_t bytes[PARK_BYTES];
};

struct park {
	struct park_board *board;
	uint64_t number;         /* of the pipeline that it belongs to */
	size_t kept;
	struct place places[PARK_MAX]; /* pages come into being when they are used */
};

struct park *park_new(struct park_board *board)
{
	struct park *park = mmap(NULL, sizeof(*park), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (park == MAP_FAILED)
		return NULL;
	park->board = board;
	return park;
}

struct park *park_free(struct park *park)
{
	if (park != NULL)
		munmap(park, sizeof(*park));
	return NULL;
}

static bool asks(const struct place *at)
{
	return at->head[offsetof(struct slot, ask)] != 0;
}

/* all: also those that wait for an answer. */
static void hurry(struct park *park, bool all)
{
	for (size_t i = 0; i < PARK_MAX && park->kept > 0; i++)
		if (all || !asks(&park->places[i]))
			memset(park->places[i].head + offsetof(struct slot, park_until_ns), 0,
				sizeof(int64_t));
}

void park_use(struct park *park, struct park_board *board, uint64_t number)
{
	if (number != park->number)
		hurry(park, false);
	park->board = board;
	park->number = number;
}

/* A free place, or NULL: none may be had. The pipeline half is not believed. */
static struct place *place_for(struct park *park, const struct slot *s)
{
	size_t first = park_index(s->park);

	if (s->park == 0 || first >= PARK_MAX || s->in_len > PARK_BYTES)
		return NULL;
	for (size_t i = 0; i < PARK_MAX; i++) {
		struct place *at = &park->places[(first + i) % PARK_MAX];

		if (at->ticket == 0)
			return at;
	}
	return NULL;
}

size_t park_keep(struct park *park, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct slot *s = &b->slots[i];
		struct place *at;

		if (s->verdict != SLOT_PARK)
			continue;
		at = place_for(park, s);
		if (at == NULL) {
			s->verdict = SLOT_DROP;
			continue;
		}
		memcpy(at->head, s, sizeof(at->head));
		memcpy(at->bytes, s->raw + s->in_off, s->in_len);
		at->ticket = s->park;
		at->answered = false;
		park->kept++;
	}
	return park->kept;
}

void park_answer(struct park *park, uint64_t ticket, bool known)
{
	size_t first = park_index(ticket);

	for (size_t i = 0; i < PARK_MAX && park->kept > 0; i++) {
		struct place *at = &park->places[(first + i) % PARK_MAX];

		if (at->ticket != ticket || !asks(at))
			continue;
		at->head[offsetof(struct slot, answered)]++;
		at->head[offsetof(struct slot, known)] = known;
		at->answered = true;
		return;
	}
}

static int64_t until(const struct place *at)
{
	int64_t ns;

	memcpy(&ns, at->head + offsetof(struct slot, park_until_ns), sizeof(ns));
	return ns;
}

static uint32_t id_of(const struct place *at)
{
	uint32_t id;

	memcpy(&id, at->head + offsetof(struct slot, id), sizeof(id));
	return id;
}

static bool is_due(const struct park *park, size_t i, int64_t now_ns)
{
	const struct place *at = &park->places[i];

	return at->ticket != 0 && (at->answered || until(at) <= now_ns || (park->board != NULL &&
		atomic_load_explicit(&park->board->ready[park_index(at->ticket)],
			memory_order_acquire) == at->ticket));
}

static void give_back(struct park *park, size_t i, struct slot *s)
{
	struct place *at = &park->places[i];

	memcpy(s, at->head, sizeof(at->head));
	s->in_off = 0;
	s->verdict = SLOT_ACCEPT;
	memcpy(s->raw, at->bytes, s->in_len);
	at->ticket = 0;
	park->kept--;
}

/* The oldest of those that are due, PARK_MAX if none is. */
static size_t next_due(const struct park *park, int64_t now_ns)
{
	size_t best = PARK_MAX, left = park->kept;

	for (size_t i = 0; i < PARK_MAX && left > 0; i++) {
		left -= park->places[i].ticket != 0;
		if (is_due(park, i, now_ns) && (best == PARK_MAX ||
			(int32_t)(id_of(&park->places[i]) - id_of(&park->places[best])) < 0))
			best = i;
	}
	return best;
}

size_t park_take(struct park *park, struct batch *b, size_t slots, int64_t now_ns)
{
	b->count = 0;
	while (b->count < slots && park->kept > 0) {
		size_t i = next_due(park, now_ns);

		if (i == PARK_MAX)
			break;
		give_back(park, i, &b->slots[b->count++]);
	}
	return b->count;
}

size_t park_count(const struct park *park)
{
	return park->kept;
}

void park_hurry(struct park *park)
{
	hurry(park, true);
}

int park_wait_ms(const struct park *park, int64_t now_ns)
{
	int64_t first = INT64_MAX;
	size_t left = park->kept;

	if (left == 0)
		return -1;
	for (size_t i = 0; i < PARK_MAX && left > 0; i++) {
		if (park->places[i].ticket == 0)
			continue;
		left--;
		if (park->places[i].answered)
			return 0;
		if (until(&park->places[i]) < first)
			first = until(&park->places[i]);
	}
	if (first <= now_ns)
		return 0;
	return (int)((first - now_ns) / 1000000 + 1);
}
