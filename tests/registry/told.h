/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A source of another kind than those of the program, all that it takes: it has one user, whose
 * HW_ADDR of four bytes is the version, and changes when told to.
 */
#ifndef USHER_TESTS_REGISTRY_TOLD_H
#define USHER_TESTS_REGISTRY_TOLD_H

#include "registry/source.h"

#include <pthread.h>

struct told {
	struct source source;
	atomic_uint version;             /* without a descriptor, to be set */
	unsigned int delay_ms;           /* a reading takes so long */
	atomic_bool closed;              /* a reading waits as long as this is set */
	atomic_bool snatch;              /* and takes out of the descriptor what is there, once */
	int ends[2];                     /* a pipe with a byte for each change; -1: no descriptor */
	pthread_mutex_t lock;            /* of taking out */
	struct source_tally *tally;
	unsigned int stirred;            /* the version then */
	atomic_uint read;
	bool given;
};

void told_init(struct told *t, bool has_descriptor);
void told_change(struct told *t, unsigned int version);
void told_done(struct told *t);

#endif
