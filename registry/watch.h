/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches one name in one directory by inotify(7): the directory and not the file, so that it is
 * noticed when another file takes its place. Survives the directory's being removed and made anew.
 */
#ifndef USHER_REGISTRY_WATCH_H
#define USHER_REGISTRY_WATCH_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What is known of the file. The numbers only ever grow, and wrap. */
struct watch_state {
	bool watched;          /* the directory is watched at present */
	bool writing;          /* made or written to, and not closed since */
	bool held;             /* written to, and not closed since: its writer has it open */
	unsigned int changes;  /* how often anything may have happened to it */
	uint32_t taken;        /* *watch.taken then */
	unsigned int writes;   /* how often its contents may have been written to */
	unsigned int arrivals; /* how often something was renamed to its place */
	ino_t arrived_ino;     /* what came that way last, if nothing else took its place; or 0 */
	off_t arrived_size;    /* its size when that was noticed */
};

struct watch {
	int fd;                      /* -1: there is no inotify to be had */
	atomic_bool blind;           /* nothing is watched, so no event will come */
	pthread_mutex_t lock;        /* for all below: events are noted in their order */
	struct watch_state state;
	_Atomic uint32_t *taken;     /* counts before `changes` may; NULL: nobody looks */
	int wd;                      /* -1: the directory is not watched */
	dev_t dev;                   /* of the directory that is */
	ino_t ino;
	char dir[PATH_MAX];
	char name[NAME_MAX + 1];
};

/*
 * False if the path is too long for a file system. Without inotify, fd is -1 and nothing is seen.
 */
bool watch_open(struct watch *w, const char *path);

/*
 * Watches the directory if it is not, or is no longer the one of that path. A change of directory
 * counts as a change of the file.
 */
void watch_renew(struct watch *w);

/*
 * From now on *taken is counted up before anything is taken out of the descriptor, or known by other
 * means: whoever finds the descriptor quiet and then the number unchanged has missed nothing.
 */
void watch_share(struct watch *w, _Atomic uint32_t *taken);

/*
 * Takes in what has happened up to now, without waiting, and says what is known. Any thread may
 * call it: whoever takes an event in, the others see its effect.
 */
void watch_drain(struct watch *w, struct watch_state *ret);

void watch_close(struct watch *w);

#endif
