/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the answers teach: which upstream servers are up, and which subnets the server seems not to
 * know. A few numbers for each upstream and each subnet, shared by all workers, all lost at a
 * restart without harm: no packet needs them to be put right. Times are of the slots: nanoseconds,
 * CLOCK_REALTIME.
 */
#ifndef USHER_RELAY_LEARNED_H
#define USHER_RELAY_LEARNED_H

#include "relay/log.h"
#include "rules/upstream.h"

#include <stdatomic.h>

enum {
	LEARNED_SUBNETS = 256,       /* by struct subnet's id */
	LEARNED_UNANSWERED = 5,      /* queries for a subnet that make one wonder, */
	LEARNED_OTHERS = 5,          /* while so many answers came for others, */
	LEARNED_SECONDS = 30,        /* in no less than this time */
	LEARNED_SAY_SECONDS = 300,   /* how often it is said of one subnet */
	LEARNED_UPSTREAM_SECONDS = 60, /* and of one upstream that it is down */
};

struct learned_upstream {
	_Atomic int64_t asked_ns;    /* the first query since the last answer; 0: none */
	_Atomic int64_t dead_until_ns; /* 0: up */
	_Atomic uint32_t deaths, said_deaths;
	_Atomic bool said_down;
	struct log_site site;
};

struct learned_subnet {
	_Atomic uint32_t asked;      /* first queries with this hint since the last answer for it */
	_Atomic int64_t since_ns, said_ns;
	_Atomic uint64_t others;     /* the count of all answers when the first of them was asked, */
	_Atomic uint64_t heard;      /* and the last */
};

/* The first index is 0 for DHCPv4, 1 for DHCPv6. */
struct learned {
	struct learned_upstream upstreams[2][UPSTREAMS_MAX];
	struct learned_subnet subnets[2][LEARNED_SUBNETS];
	_Atomic uint64_t answers[2];
	struct log_site site;
};

/* Zeroed and shared with processes forked later; NULL without memory. */
struct learned *learned_new(void);
/* NULL is allowed; returns NULL. */
struct learned *learned_free(struct learned *l);

/* Whether an upstream may be asked: up, or due to be tried again. l may be NULL: all are. */
bool learned_up(const struct learned *l, bool v6, size_t upstream, int64_t now_ns);
/*
 * A query goes to it. One that has not answered for dead_after_ms is taken for down for
 * dead_for_ms; then true, once.
 */
bool learned_asked(struct learned *l, bool v6, size_t upstream, int64_t now_ns,
	uint32_t dead_after_ms, uint32_t dead_for_ms);
/* It has answered somebody. */
void learned_heard(struct learned *l, bool v6, size_t upstream);

/*
 * Whether it answers, as far as is known: nothing was asked of it before now_ns and is still open.
 */
bool learned_answers(const struct learned *l, bool v6, size_t upstream, int64_t now_ns);

/*
 * A client's first message (DISCOVER, SOLICIT) is sent on with a hint at the subnet of that id. It
 * counts only if somebody was answered since the one before: a server that is down answers nobody,
 * and what it was asked then says nothing of the subnet.
 */
void learned_hinted(struct learned *l, bool v6, uint8_t subnet, int64_t now_ns);
/* An answer, with an address if one was asked for, whose state names that subnet, or 0. */
void learned_answered(struct learned *l, bool v6, uint8_t subnet);

/*
 * Whether there is something to be said of a subnet: its queries get no address while others are
 * answered. ret_asked: how many. At most once in LEARNED_SAY_SECONDS, to whoever asks first.
 */
bool learned_suspects(struct learned *l, bool v6, uint8_t subnet, int64_t now_ns,
	uint32_t *ret_asked, uint64_t *ret_others);

#endif
