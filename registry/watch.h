/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches one name in one directory by inotify(7): the directory and not the file, so that it is
 * noticed when another file takes its place. Survives the directory's being removed and made anew.
 */
#ifndef USHER_REGISTRY_WATCH_H
#define USHER_REGISTRY_WATCH_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct watch {
	int fd;                      /* -1: there is no inotify to be had */
	_Atomic int wd;              /* -1: the directory is not watched at present */
	dev_t dev;                   /* of the directory that is watched */
	ino_t ino;
	atomic_bool writing;         /* written to, and not closed since */
	atomic_bool arrived;         /* the last that happened: renamed to its place */
	atomic_uint stirred;         /* how often its contents may have changed */
	char dir[PATH_MAX];
	char name[NAME_MAX + 1];
};

/*
 * False if the path is too long for a file system. Without inotify, fd is -1 and nothing is seen.
 */
bool watch_open(struct watch *w, const char *path);

/*
 * Watches the directory if it is not, or is no longer the one of that path. For one thread. A
 * change of directory counts as a change of the file.
 */
void watch_renew(struct watch *w);

/*
 * Takes what has happened and never waits. True if the file may have changed. One thread at a time,
 * though not always the one of watch_renew().
 */
bool watch_drain(struct watch *w);

void watch_close(struct watch *w);

#endif
