/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The spawner: a process that is made before the daemon gives up its privileges and keeps those
 * that starting others takes: to change the user and to kill. It reads nothing but messages of a
 * fixed size from the daemon, and ends with it, and all that it started with it.
 */
#ifndef USHER_RELAY_SPAWNER_H
#define USHER_RELAY_SPAWNER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>

enum spawner_role { ROLE_WORKER, ROLE_LOADER };

/* How strictly a process is shut in: the config's "sandbox". */
enum sandbox_mode { SANDBOX_OFF, SANDBOX_BEST_EFFORT, SANDBOX_REQUIRE };

/* What the spawned process finds: fixed descriptors. */
enum { SPAWNED_SOCKET = 3, SPAWNED_CONFIG = 4, SPAWNED_SHARED = 5 };

struct spawner {
	int fd;                          /* readable when there is an event; -1: none */
	pid_t pid;
	pthread_mutex_t lock;            /* of what follows */
	uint64_t token;                  /* of the last one asked for */
};

enum spawner_news { SPAWNER_STARTED, SPAWNER_ENDED };

struct spawner_event {
	enum spawner_news news;
	enum spawner_role role;
	uint64_t token;
	pid_t pid;
	int status;                      /* ended: as of waitpid(2); started: errno if pid is -1 */
	bool killed;                     /* by spawner_kill() */
};

/*
 * Makes the process; there must be no threads yet. worker: the user that workers run as, if we are
 * root. 0 or a negative errno.
 */
int spawner_start(struct spawner *s, enum sandbox_mode mode, uid_t uid, gid_t gid);

/*
 * Has a process started with up to two descriptors, socket and config, or three; *ret_token tells
 * its events. Any thread. 0 or a negative errno.
 */
int spawner_spawn(struct spawner *s, enum spawner_role role, int socket, int config, int shared,
	uint64_t *ret_token);

/* Kills a process that was started. Any thread. */
void spawner_kill(struct spawner *s, pid_t pid);

/* The next event without waiting: 0, -EAGAIN, or -EPIPE: the spawner is dead. */
int spawner_next(struct spawner *s, struct spawner_event *ret);

/* Ends the spawner and everything it started. */
void spawner_stop(struct spawner *s);

/* What an ended process died of, in words. */
void spawner_describe(const struct spawner_event *e, char *dst, size_t cap);

#endif
