/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pipeline without a queue: config and registry read once, one slot, packets handed in by the
 * caller. What replay and explain run on.
 */
#ifndef USHER_RELAY_OFFLINE_H
#define USHER_RELAY_OFFLINE_H

#include "relay/config.h"
#include "relay/link.h"
#include "relay/packet.h"

struct offline {
	struct config *config;
	struct registry *registry;   /* NULL: none, and every packet passes */
	struct snapshot snapshot;
	struct counters counters;
	struct records records;
	struct links links;          /* relay mode: every packet is of the first */
	struct pipeline pipeline;
	struct batch *batch;
	struct park_board *board;    /* of packets that libraries park */
	int wake;
	char text[65536];            /* of the records */
};

/*
 * Reads the config and its registry; on failure says why on standard error and returns an exit code
 * (DESIGN: 1 config or registry, 4 memory), else 0. Undone by offline_done().
 */
int offline_init(struct offline *o, const char *config_path);
void offline_done(struct offline *o);

/*
 * The same with a config and a registry that are the caller's: sets up the rest of *o, zero but for
 * these two. 0 or a negative errno. Undone by offline_end().
 */
int offline_begin(struct offline *o);
void offline_end(struct offline *o);

/* Runs one IP packet; the slot holds what became of it until the next call. */
struct slot *offline_run(
	struct offline *o, const uint8_t *ip, size_t len, size_t wire_len, int64_t time_ns);

#endif
