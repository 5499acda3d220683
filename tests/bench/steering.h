/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pipeline of our own in the bench, to learn what a query looks like when it has passed usher. */
#ifndef USHER_TESTS_BENCH_STEERING_H
#define USHER_TESTS_BENCH_STEERING_H

#include "relay/config.h"
#include "relay/pipeline.h"
#include "tests/bench/users.h"

enum { STEERING_RECORDS = 512 * 1024 };

struct steering {
	struct config *config;
	struct registry *registry;
	struct snapshot snapshot;
	struct counters counters;
	struct records records;
	struct answer_times answers;
	struct servers servers;
	struct pipeline pipeline;
	struct batch *batch;         /* BATCH_MAX slots */
};

/* The config every measurement runs with, as JSON, but for paths and queues. Static. */
const char *steering_config(void);

void steering_init(struct steering *s, size_t users);
void steering_done(struct steering *s);

/* Puts a packet into a slot of the batch. */
void steering_put(struct slot *slot, const struct traffic *t);

/* The query of that kind, or if `answer` what the server answers to what became of it. */
void steering_packet(struct steering *s, struct traffic *t, enum traffic_kind query,
	enum traffic_class class, bool answer);

#endif
