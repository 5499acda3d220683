/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader as the daemon sees it: a process without capabilities that reads registry and config
 * and sends registries as sealed memory files. Keeps the promise of freshness
 * across the two processes. A loader that dies is started again; what it has sent stays in force.
 */
#ifndef USHER_RELAY_LOADER_H
#define USHER_RELAY_LOADER_H

#include "relay/loader_message.h"
#include "relay/loop.h"
#include "relay/spawner.h"

struct loader_events {
	void (*started)(void *ctx, int code);    /* exit code of relay/command.h */
	void (*arrived)(void *ctx);              /* the first registry that was read */
	/* A config of loader_reload() is good; takes over its descriptor. */
	void (*accepted)(void *ctx, int config_fd, uint64_t config, uint8_t log_level);
	/* The registry was read, if it could be; text says what was refused, or is "". */
	void (*reloaded)(void *ctx, bool good, const char *text);
	/* error: what it has logged meanwhile, or "". */
	void (*read)(void *ctx, uint64_t more_failures, bool failing, const char *error);
	/*
	 * Any thread, one at a time: a registry was read with the config of that number. Takes over
	 * fd, its memory file, or -1: there is none.
	 */
	void (*delivered)(void *ctx, int fd, const struct load_stats *stats, uint64_t config);
	/* Any thread, one at a time, after the registry that they are about. */
	void (*answered)(void *ctx, const struct source_answer *all, size_t count);
};

struct loader {
	struct loop *loop;
	struct spawner *spawner;
	int config_fd;                   /* of the start; its own */
	const char *path;                /* of the config, borrowed */
	const struct loader_events *events;
	void *ctx;
	unsigned wait_ms;                /* registry.refresh_wait_ms */
	uint64_t token;
	uint64_t config;                 /* the number of the config last sent; begins with 1 */
	bool ready;                      /* it has started at least once */
	bool refused;                    /* it could not start, and has said why */
	bool must_wait;                  /* no packet may be taken before the first registry */
	unsigned deaths;                 /* in a row, without one that got ready */
	struct loop_source news, timer;  /* news: what is for the main thread */
	struct loader_shared *shared;    /* mapped by both; one for all loaders */
	int shared_fd;
	pthread_mutex_t lock;            /* of all below */
	int deliveries;                  /* where registries come from; -1: there is no loader */
	int watch;                       /* readable when there may be an edit; -1: unknown */
	bool up;                         /* it has started */
	bool polled, late;               /* late: it has not answered in time, and is not asked */
	uint32_t asked;
	_Atomic uint32_t taken;          /* deliveries whose registries are in force */
	struct loop_source delivery;
};

/* Begins to start it. 0 or a negative errno; loader_done() in any case. */
int loader_init(struct loader *l);
void loader_done(struct loader *l);

/*
 * Any thread, before a batch of packets: an edit of the registry that was complete before has been
 * delivered when this returns, or the time for it is up. Costs a system call if nothing has
 * changed.
 */
void loader_poll(struct loader *l);

/*
 * Any thread: asks a source that holds only who was asked for. False: there are too many questions,
 * or no loader.
 */
bool loader_ask(struct loader *l, const struct source_question *q);

/*
 * Has the registry read anew, and the config of that memory file if it is not -1. False: there is
 * no loader at the moment; else reloaded() follows.
 */
bool loader_reload(struct loader *l, int config_fd, bool exposed);

/* Waits at most wait_ms for news, and takes them in as the loop would. False: none came. */
bool loader_await(struct loader *l, int wait_ms);

/* The spawner has news of it. */
void loader_heard(struct loader *l, const struct spawner_event *e);

#endif
