/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is live: the config and the registry in force, published together as one snapshot. Whoever
 * has a new one of either gives it here; the old one is freed when no packet can see it any more.
 */
#ifndef USHER_RELAY_LIVE_H
#define USHER_RELAY_LIVE_H

#include "registry/load.h"
#include "relay/config.h"
#include "relay/pipeline.h"
#include "relay/snapshot.h"

#include <pthread.h>

/* One publication: the snapshot of the pipeline and the config it is from. */
struct live {
	struct snapshot snapshot;        /* the first member: readers get a pointer to it */
	const struct config *config;
};

struct live_store {
	struct snapshot_slot slot;       /* for the readers; the rest is the publishers' */
	pthread_mutex_t lock;
	struct live two[2];              /* the one published, and the one to be published next */
	struct config *first, *config, *pending;
	struct registry *registry;
	struct load_stats stats;         /* of the registry */
	int64_t since_ms;                /* when it was published, CLOCK_MONOTONIC */
	uint64_t generation;
};

struct live_status {
	uint64_t generation;
	struct load_stats registry;
	int64_t age_ms;                  /* since the registry was published */
};

/*
 * The first config stays allocated until live_done(), because others borrow from it. Takes it over.
 */
void live_init(struct live_store *s, struct config *first);

/*
 * Takes a config that shall be in force with the next registry, so that the two change together.
 * Any one still waiting is freed.
 */
void live_offer_config(struct live_store *s, struct config *c);
/* Publishes the config that waits, if it does, with the registry in force. */
void live_take_config(struct live_store *s);

/* Publishes a registry with the config that waits, or else the one in force. Takes it over. */
void live_set_registry(struct live_store *s, struct registry *reg, const struct load_stats *stats);

/*
 * The config and the registry in force (*ret_registry NULL: none), which stay so until
 * live_release(). For moments: nothing is published meanwhile.
 */
struct config *live_hold(struct live_store *s, struct registry **ret_registry);
void live_release(struct live_store *s);

void live_status(struct live_store *s, struct live_status *ret);

/* Frees everything; there must be no readers any more. */
void live_done(struct live_store *s);

#endif
