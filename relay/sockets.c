/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides /proc/PID/fd, where a socket is a symbolic link to "socket:[inode]", and /proc/PID/comm.
 * Reads with stdio, which allocates; only start-up and errors come here.
 */
#include "relay/sockets.h"

#include "relay/log.h"

#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 512, SETS = 8 };

void sockets_add(struct sockets *s, ino_t inode)
{
	if (inode != 0 && s->count < sizeof(s->inodes) / sizeof(s->inodes[0]))
		s->inodes[s->count++] = inode;
}

static bool has(const struct sockets *s, ino_t inode)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->inodes[i] == inode)
			return true;
	return false;
}

static bool holds_all(const char *root, const char *pid, const struct sockets *sets, size_t count)
{
	char path[PATH_ROOM], text[64];
	bool found[SETS] = { false };
	struct dirent *e;
	size_t missing = count;
	DIR *d;

	snprintf(path, sizeof(path), "%s/proc/%s/fd", root, pid);
	d = opendir(path);
	while (d != NULL && missing > 0 && (e = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, text, sizeof(text) - 1);
		unsigned long inode;

		if (n <= 0)
			continue;
		text[n] = '\0';
		if (sscanf(text, "socket:[%lu]", &inode) != 1)
			continue;
		for (size_t i = 0; i < count; i++)
			if (!found[i] && has(&sets[i], inode)) {
				found[i] = true;
				missing--;
			}
	}
	if (d != NULL)
		closedir(d);
	return missing == 0;
}

static void name_process(const char *root, const char *pid, char *dst, size_t cap)
{
	char path[PATH_ROOM], comm[64] = "", safe[256];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/proc/%s/comm", root, pid);
	f = fopen(path, "re");
	if (f != NULL) {
		n = fread(comm, 1, sizeof(comm), f);
		fclose(f);
	}
	if (n > 0 && comm[n - 1] == '\n')
		n--;
	log_escape(safe, sizeof(safe), comm, n);
	snprintf(dst, cap, "%s (pid %s)", safe, pid);
}

bool sockets_holder(
	const char *root, const struct sockets *sets, size_t count, char *dst, size_t cap)
{
	char path[PATH_ROOM];
	/* systemd keeps sockets for a service: whoever has them besides is the one to be named. */
	bool found = false, first = false;
	struct dirent *e;
	DIR *d;

	for (size_t i = 0; i < count; i++)
		if (sets[i].count == 0)
			return false;
	snprintf(path, sizeof(path), "%s/proc", root);
	d = count > 0 && count <= SETS ? opendir(path) : NULL;
	while (d != NULL && (!found || first) && (e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) ||
			!holds_all(root, e->d_name, sets, count))
			continue;
		name_process(root, e->d_name, dst, cap);
		first = strcmp(e->d_name, "1") == 0;
		found = true;
	}
	if (d != NULL)
		closedir(d);
	return found;
}
