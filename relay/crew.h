/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The crew: the worker processes that are up and idle, ahead of need, and the main thread's care
 * for them. A keeper that wants one takes it at once; another is then spawned.
 */
#ifndef USHER_RELAY_CREW_H
#define USHER_RELAY_CREW_H

#include "relay/fence.h"
#include "relay/loop.h"
#include "relay/spawner.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	CREW_IDLE = 8,                   /* at most so many wait for work */
	CREW_DEATHS = 16,                /* so many of the last are remembered */
};

/*
 * A worker process: its end of the socket pair, its pid, its config's number and what that has it
 * send.
 */
struct hand {
	int fd;
	pid_t pid;
	uint64_t config;
	struct fence fence;              /* set when it is taken */
};

struct crew_idle {
	struct loop_source source;       /* its fd is the hand's */
	struct crew *crew;
	struct hand hand;                /* fd -1: the place is free */
	uint64_t token;
	int64_t asked_ns;                /* when the spawner was asked for it */
	bool ready;                      /* it has said so */
};

struct crew_death {
	pid_t pid;
	int status;                      /* as of waitpid(2) */
};

struct crew {
	struct loop *loop;
	struct spawner *spawner;
	int config_fd;                   /* the text of the config */
	_Atomic uint64_t config;         /* its number, from 1 */
	struct loop_source timer;        /* for another try after one that failed */
	pthread_mutex_t lock;            /* of all below */
	pthread_cond_t arrived;
	unsigned failures;               /* workers that died before they were ready, in a row */
	bool refused;                    /* none was ready yet, and one could not take its config */
	bool proven;                     /* one was */
	bool stuck;                      /* the spawner does not do what it is asked */
	struct fence fence;              /* of workers with the config */
	int offered_fd;                  /* -1: none */
	uint64_t offered;
	struct fence offered_fence;
	unsigned waiting;                /* keepers that wait for a worker */
	struct crew_idle idle[CREW_IDLE];
	struct crew_death deaths[CREW_DEATHS];
	unsigned died;                   /* the next goes to deaths[died % CREW_DEATHS] */
	int wake;                        /* eventfd: keepers took workers or wait for some */
	struct loop_source taken;
	void (*changed)(void *ctx);      /* in the main thread: one is ready, or one died, or the crew is stuck */
	void *ctx;
};

/*
 * Begins to spawn; c is zero but for changed, ctx and fence. Takes config_fd over. 0 or a negative
 * errno; crew_done() in any case.
 */
int crew_init(struct crew *c, struct loop *l, struct spawner *s, int config_fd);
void crew_done(struct crew *c);

/*
 * Takes the descriptor of a config over that is to be in force with the next registry; its fence is
 * copied.
 */
void crew_offer(struct crew *c, int config_fd, uint64_t number, const struct fence *fence);

/*
 * Any thread: from now on workers get the config that was offered, if its number is at most that;
 * idle ones with the one before are sent home.
 */
void crew_take_offer(struct crew *c, uint64_t number);

/* The number of the config that new workers have. */
uint64_t crew_config(struct crew *c);

/* Whether a worker is ready now. */
bool crew_is_ready(struct crew *c);
/* Whether there will be none, as a worker has said why. */
bool crew_is_refused(struct crew *c);
/*
 * Whether a keeper has waited in vain, and the spawner has not begun for seconds what it was asked
 * for.
 */
bool crew_is_stuck(struct crew *c);

/*
 * Any thread: takes a worker with the newest config, waiting for one until `until_ns`
 * (CLOCK_MONOTONIC). False: there is none.
 */
bool crew_take(struct crew *c, struct hand *ret, int64_t until_ns);

/* Any thread: has it killed, should it live, and forgets it: ret->fd is -1. */
void crew_dismiss(struct crew *c, struct hand *h);

/*
 * Any thread: whether that worker was killed by somebody, by kill(1) or by a kernel without memory,
 * rather than died of what it did. Waits until `until_ns` (CLOCK_MONOTONIC) for the news of it;
 * false too if none comes.
 */
bool crew_was_killed(struct crew *c, pid_t pid, int64_t until_ns);

/* The main thread: the spawner has news of a worker. */
void crew_heard(struct crew *c, const struct spawner_event *e);

#endif
