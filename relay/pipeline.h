/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pipeline: what happens to the packets of a batch between receive and verdict. Allocates
 * nothing, does no I/O. One pipeline belongs to one worker.
 */
#ifndef USHER_RELAY_PIPELINE_H
#define USHER_RELAY_PIPELINE_H

#include "relay/answer_time.h"
#include "relay/batch.h"
#include "relay/cause.h"
#include "relay/histogram.h"
#include "relay/servers.h"
#include "rules/policy.h"

struct hooks;
struct park_board;

/* One immutable registry together with one immutable policy: a packet sees exactly one of these. */
struct snapshot {
	const struct registry *registry; /* NULL: none was read yet, and packets pass */
	const struct policy *policy;
	uint64_t generation;
	struct hooks *hooks;         /* relay/hook.h; NULL: no libraries */
};

enum { OUTCOME_EVENTS = 7 };                 /* enum record_event */

/* Nothing but uint64_t, so that those of several workers can be added up. */
struct counters {
	uint64_t packets, verdicts[2];       /* by enum slot_verdict */
	uint64_t causes[CAUSE_COUNT], events[EVENT_COUNT];
	uint64_t dropped[CAUSE_COUNT];       /* those of `causes` that were dropped */
	uint64_t types[2][2][64];            /* [v6][response][message type], 63: others */
	uint64_t outcomes[2][2][OUTCOME_EVENTS]; /* [v6][registered][enum record_event] */
	struct histogram answers;            /* how long servers took */
};

/* Where outcome records gather until the batch ends; the caller writes and empties it. */
struct records {
	char *text;                          /* borrowed */
	size_t len, cap;
	uint64_t lost;                       /* records for which there was no room */
};

/* Which side an interface is on; asked once a packet. */
enum side { SIDE_UNKNOWN, SIDE_CLIENT, SIDE_SERVER };

/* What becomes of a packet when the registry's source has not said in time who it is about. */
enum demand_late { LATE_DROP, LATE_STRANGER, LATE_PASS };

/* Of a registry that holds only who was asked for. Holds no pointer. */
struct demand {
	bool on;
	bool may_ask;                        /* there is room for packets that wait */
	uint8_t late;                        /* enum demand_late */
	uint32_t wait_ms;
};

struct packet;
struct links;
struct learned;

struct pipeline {
	const struct snapshot *snapshot;     /* borrowed; set by the caller once a batch */
	struct counters *counters;
	struct records *records;
	struct records *json;                /* the same as JSON besides; NULL: not wanted */
	struct answer_times *answers;        /* borrowed; NULL: how long servers take is not known */
	struct servers *servers;             /* NULL: servers are not counted */
	bool paused;                         /* decides nothing: see pipeline.c */
	bool outcome_offers;
	bool outcome_json;
	enum side (*side_of)(void *ctx, const struct slot *s, const char **ret_name);
	/* Whether addr (4 or 16 bytes) is an address of this host. */
	bool (*own_address)(void *ctx, const uint8_t *addr, size_t len);
	struct demand demand;
	const struct links *links;           /* relay mode: the clients' links; or NULL */
	struct learned *learned;             /* shared by all workers, or NULL */
	/*
	 * Called after each packet when set: replay, explain and debug logging read the packet
	 * here.
	 */
	void (*trace)(void *ctx, const struct packet *p);
	void *ctx;
	/* For libraries; the board NULL: packets cannot be parked here. */
	size_t number;                       /* of the worker: which memory is its own */
	struct park_board *board;            /* borrowed; relay/park.h */
	int wake;                            /* an eventfd, written to when a parked packet may go on */
	_Atomic uint32_t *at;                /* NULL, or told the slot in hand, plus 1 */
};

/* Runs slots[0..count) through the stage table, sets their verdicts and counts. */
void pipeline_run(struct pipeline *pl, struct batch *b);

#endif
