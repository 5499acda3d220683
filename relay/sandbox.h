/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up what a process does not need: capabilities, its user, new privileges, files, system
 * calls. What the kernel or the build lacks is told, for the config decides whether that matters.
 */
#ifndef USHER_RELAY_SANDBOX_H
#define USHER_RELAY_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* HOST: a worker with hook libraries, which may have threads and sockets. */
enum sandbox_of { SANDBOX_WORKER, SANDBOX_HOST, SANDBOX_LOADER, SANDBOX_KEEPER, SANDBOX_SPAWNER };

enum { SANDBOX_LOGS = 2 };

/* What a keeper may open when it has been shut in: paths, "" where there is none. */
struct sandbox_files {
	const char *config;              /* is read again */
	const char *control;             /* is listened on, later if need be */
	const char *logs[SANDBOX_LOGS];  /* may be begun anew; NULL: none */
	const char *quarantine;          /* a folder: new files in it */
};

/* Becomes that user, without further groups. False with errno. */
bool sandbox_become(uid_t uid, gid_t gid);

/*
 * Keeps the capabilities of the mask (1 << CAP_...) and none else, for ever. False: not all went.
 */
bool sandbox_drop_capabilities(unsigned long long keep);

/*
 * Shuts the calling process in. What could not be done is written to missing[cap], "" if nothing:
 * "landlock, seccomp". The keeper keeps CAP_NET_ADMIN and what `files` names; the spawner what it
 * takes to change the user of a child and to kill it, and all files; the others have no capability,
 * and `files` is NULL. To be called when everything that takes opening has been opened; before
 * there are threads.
 */
void sandbox_enter(
	enum sandbox_of who, const struct sandbox_files *files, char *missing, size_t cap);

#endif
