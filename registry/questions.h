/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions of packets on their way to a source: a row of bounded length, which any thread adds to
 * and one takes from. Whoever waits for an answer gives up after a while, and so does the question.
 */
#ifndef USHER_REGISTRY_QUESTIONS_H
#define USHER_REGISTRY_QUESTIONS_H

#include "registry/user_id.h"

#include <pthread.h>
#include <stdbool.h>

enum { QUESTIONS_MAX = 1024 };       /* that wait at a time */

/* Who is that? Whoever asks knows his question again by its ticket. */
struct source_question {
	uint64_t ticket;
	uint32_t asker;
	struct reg_id id;
};

/* If it is somebody, he is in the registry published before. */
struct source_answer {
	uint64_t ticket;
	uint32_t asker;
	bool known;                  /* that he is nobody, without asking anybody */
};

struct questions {
	pthread_mutex_t lock;
	size_t first, count;
	struct {
		struct source_question q;
		int64_t until_ms;
	} all[QUESTIONS_MAX];
};

void questions_init(struct questions *qs);
void questions_done(struct questions *qs);

/* False: there are too many already. */
bool questions_put(struct questions *qs, const struct source_question *q, int64_t until_ms);

/*
 * Takes up to `most` that still wait at that time, in their order; how many. Those given up are
 * dropped.
 */
size_t questions_take(
	struct questions *qs, struct source_question *ret, size_t most, int64_t now_ms);

bool questions_wait(struct questions *qs);

#endif
