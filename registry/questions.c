/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides a ring and its lock. */
#include "registry/questions.h"

void questions_init(struct questions *qs)
{
	pthread_mutex_init(&qs->lock, NULL);
	qs->first = qs->count = 0;
}

void questions_done(struct questions *qs)
{
	pthread_mutex_destroy(&qs->lock);
}

bool questions_put(struct questions *qs, const struct source_question *q, int64_t until_ms)
{
	bool fits;

	pthread_mutex_lock(&qs->lock);
	fits = qs->count < QUESTIONS_MAX;
	if (fits) {
		size_t at = (qs->first + qs->count++) % QUESTIONS_MAX;

		qs->all[at].q = *q;
		qs->all[at].until_ms = until_ms;
	}
	pthread_mutex_unlock(&qs->lock);
	return fits;
}

size_t questions_take(
	struct questions *qs, struct source_question *ret, size_t most, int64_t now_ms)
{
	size_t n = 0;

	pthread_mutex_lock(&qs->lock);
	while (n < most && qs->count > 0) {
		if (qs->all[qs->first].until_ms > now_ms)
			ret[n++] = qs->all[qs->first].q;
		qs->first = (qs->first + 1) % QUESTIONS_MAX;
		qs->count--;
	}
	pthread_mutex_unlock(&qs->lock);
	return n;
}

bool questions_wait(struct questions *qs)
{
	bool some;

	pthread_mutex_lock(&qs->lock);
	some = qs->count > 0;
	pthread_mutex_unlock(&qs->lock);
	return some;
}
