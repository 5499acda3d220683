/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine: the pipeline with what it needs of the world, of one queue. Runs in the worker
 * process, or in the daemon itself where there is none ("sandbox": "off").
 */
#ifndef USHER_RELAY_ENGINE_H
#define USHER_RELAY_ENGINE_H

#include "relay/config.h"
#include "relay/interface.h"
#include "relay/pipeline.h"

struct engine {
	struct pipeline pipeline;
	struct interfaces interfaces;
	uint16_t queue;                  /* for the log */
	const struct config *config;     /* only compared: it may have been freed */
	uint64_t generation;
};

/*
 * Counters and records are borrowed. interfaces is the caller's to initialise, before or after, and
 * to undo.
 */
void engine_init(struct engine *e, struct counters *counters, struct records *records);

/* What the pipeline is to know of a registry that holds only who was asked for. */
struct demand engine_demand(const struct config *c);

/* From now on that config and the snapshot made of it are in force. False: they were already. */
bool engine_use(struct engine *e, const struct config *c, const struct snapshot *s);

/* Runs the batch with a config and the snapshot made of it. */
void engine_run(struct engine *e, const struct config *c, const struct snapshot *s,
	struct batch *b);

#endif
