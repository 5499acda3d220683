/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides inotify. An event is put into the queue before the system call that caused it returns, so
 * draining the queue after an edit was completed is certain to see it: refresh.c's promise of
 * freshness stands on that. Whether the file really differs is not decided here.
 */
#include "registry/watch.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint32_t of_name = IN_MODIFY | IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO |
	IN_MOVED_FROM | IN_DELETE | IN_ATTRIB;
static const uint32_t of_dir = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

bool watch_open(struct watch *w, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	size_t dir_len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

	memset(w, 0, sizeof(*w));
	w->fd = -1;
	w->wd = -1;
	if (dir_len >= sizeof(w->dir) || strlen(name) >= sizeof(w->name) || *name == '\0')
		return false;
	memcpy(w->dir, dir_len > 0 ? path : ".", dir_len > 0 ? dir_len : 1);
	snprintf(w->name, sizeof(w->name), "%s", name);
	pthread_mutex_init(&w->lock, NULL);
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watch_renew(w);
	return true;
}

/* What happened to the file is not known, so anything may have. */
static void note_unknown(struct watch *w)
{
	w->state.writing = w->state.held = false;
	w->state.arrived_ino = 0;
	w->state.writes++;
	w->state.changes++;
}

/* Others may learn only from this that there is a change which the descriptor no longer tells. */
static void count(struct watch *w)
{
	if (w->taken != NULL)
		w->state.taken = atomic_fetch_add(w->taken, 1) + 1;
}

static void renew(struct watch *w)
{
	struct stat st = { 0 };
	int wd;

	if (stat(w->dir, &st) != 0)
		memset(&st, 0, sizeof(st));
	if (w->wd >= 0 && st.st_dev == w->dev && st.st_ino == w->ino)
		return;
	count(w);
	if (w->wd >= 0)
		inotify_rm_watch(w->fd, w->wd);
	wd = inotify_add_watch(w->fd, w->dir, of_name | of_dir | IN_ONLYDIR);
	/* What was done to the file before this moment caused no event. */
	if (wd != w->wd)
		note_unknown(w);
	w->wd = wd;
	w->state.watched = wd >= 0;
	w->blind = wd < 0;
	w->dev = st.st_dev;
	w->ino = st.st_ino;
}

void watch_renew(struct watch *w)
{
	if (w->fd < 0)
		return;
	pthread_mutex_lock(&w->lock);
	renew(w);
	pthread_mutex_unlock(&w->lock);
}

void watch_share(struct watch *w, _Atomic uint32_t *taken)
{
	if (w->fd < 0)
		return;
	pthread_mutex_lock(&w->lock);
	w->taken = taken;
	count(w);
	pthread_mutex_unlock(&w->lock);
}

/* What has just come to the name: it is complete as it is, whatever is added to it later. */
static void note_arrival(struct watch *w)
{
	char path[PATH_MAX + NAME_MAX + 2];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", w->dir, w->name);
	if (lstat(path, &st) != 0)
		return;
	w->state.arrived_ino = st.st_ino;
	w->state.arrived_size = st.st_size;
	w->state.arrivals++;
}

static void note_name(struct watch *w, uint32_t mask)
{
	if (mask & (IN_MODIFY | IN_CREATE)) {
		w->state.writing = true;
		w->state.writes++;
	}
	/* link(2) makes a name and opens nothing. */
	if (mask & IN_MODIFY)
		w->state.held = true;
	if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE))
		w->state.writing = w->state.held = false;
	if (mask & (IN_CREATE | IN_MOVED_FROM | IN_DELETE))
		w->state.arrived_ino = 0;
	if (mask & IN_MOVED_TO)
		note_arrival(w);
	w->state.changes++;
}

static void note(struct watch *w, const struct inotify_event *ev)
{
	if (ev->mask & IN_Q_OVERFLOW) {
		note_unknown(w);
	} else if (ev->wd != w->wd) {
		return; /* of a directory that was given up */
	} else if (ev->mask & of_dir) {
		if (ev->mask & IN_MOVE_SELF)
			inotify_rm_watch(w->fd, ev->wd);
		w->wd = -1;
		w->state.watched = false;
		w->blind = true;
		note_unknown(w);
	} else if (ev->len > 0 && strcmp(ev->name, w->name) == 0) {
		note_name(w, ev->mask);
	}
}

static void drain(struct watch *w)
{
	_Alignas(struct inotify_event) char buf[8192];
	int waiting = 0;
	ssize_t n;

	/* Most often there is nothing, and this is what finds it out with the least work. */
	if (ioctl(w->fd, FIONREAD, &waiting) == 0 && waiting == 0)
		return;
	count(w);
	while ((n = read(w->fd, buf, sizeof(buf))) > 0) {
		const struct inotify_event *ev;

		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*ev) + ev->len)) {
			ev = (const void *)(buf + at);
			note(w, ev);
		}
	}
}

void watch_drain(struct watch *w, struct watch_state *ret)
{
	if (w->fd < 0) {
		*ret = (struct watch_state){ .watched = false };
		return;
	}
	pthread_mutex_lock(&w->lock);
	drain(w);
	*ret = w->state;
	pthread_mutex_unlock(&w->lock);
}

void watch_close(struct watch *w)
{
	if (w->fd >= 0) {
		close(w->fd);
		pthread_mutex_destroy(&w->lock);
	}
	w->fd = -1;
}
