/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the thread that draws, so that whoever works only has to say how far it is, or not even
 * that.
 */
#include "relay/progress.h"

#include "registry/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { REDRAW_MS = 100, WIDTH = 30 };

struct progress {
	int fd;
	unsigned int delay_ms;
	const char *what;
	_Atomic size_t done, total;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool end;
};

/* Whether it has ended; waits so long to see. With the lock. */
static bool ended_within(struct progress *p, unsigned int ms)
{
	struct timespec until = clock_in_ms(ms);

	while (!p->end && pthread_cond_timedwait(&p->ended, &p->lock, &until) == 0)
		;
	return p->end;
}

static void draw(const struct progress *p, unsigned int ms)
{
	size_t done = p->done, total = p->total;
	size_t filled = total == 0 ? 0 : (size_t)(WIDTH * ((double)done / (double)total));
	char line[512];
	int n;

	if (total == 0) {
		n = snprintf(line, sizeof(line), "\r%.300s ... %u s", p->what, ms / 1000);
	} else {
		filled = filled < WIDTH ? filled : WIDTH;
		n = snprintf(line, sizeof(line), "\r[%.*s%*s] %3.0f %% %.300s", (int)filled,
			"##############################", WIDTH - (int)filled, "",
			100 * (double)filled / WIDTH, p->what);
	}
	(void)!write(p->fd, line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

static void *run(void *arg)
{
	static const char wipe[] = "\r\033[K";
	struct progress *p = arg;
	unsigned int ms = p->delay_ms;

	pthread_mutex_lock(&p->lock);
	if (!ended_within(p, p->delay_ms)) {
		do {
			draw(p, ms);
			ms += REDRAW_MS;
		} while (!ended_within(p, REDRAW_MS));
		(void)!write(p->fd, wipe, sizeof(wipe) - 1);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct progress *progress_begin(int fd, unsigned int delay_ms, const char *what)
{
	struct progress *p = isatty(fd) ? calloc(1, sizeof(*p)) : NULL;
	pthread_condattr_t attr;

	if (p == NULL)
		return NULL;
	p->fd = fd;
	p->delay_ms = delay_ms;
	p->what = what;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->ended, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&p->thread, NULL, run, p) == 0)
		return p;
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->ended);
	free(p);
	return NULL;
}

void progress_at(void *ctx, size_t done, size_t total)
{
	struct progress *p = ctx;

	if (p == NULL)
		return;
	p->done = done;
	p->total = total;
}

struct progress *progress_end(struct progress *p)
{
	if (p == NULL)
		return NULL;
	pthread_mutex_lock(&p->lock);
	p->end = true;
	pthread_cond_signal(&p->ended);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->ended);
	free(p);
	return NULL;
}
