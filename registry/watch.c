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
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	watch_renew(w);
	return true;
}

void watch_renew(struct watch *w)
{
	struct stat st = { 0 };
	int wd;

	if (w->fd < 0)
		return;
	if (stat(w->dir, &st) != 0)
		memset(&st, 0, sizeof(st));
	if (w->wd >= 0 && st.st_dev == w->dev && st.st_ino == w->ino)
		return;
	if (w->wd >= 0)
		inotify_rm_watch(w->fd, w->wd);
	wd = inotify_add_watch(w->fd, w->dir, of_name | of_dir | IN_ONLYDIR);
	/* What was done to the file before this moment caused no event. */
	if (wd != w->wd) {
		w->writing = false;
		w->arrived = false;
		w->stirred++;
	}
	w->wd = wd;
	w->dev = st.st_dev;
	w->ino = st.st_ino;
}

static void note_name(struct watch *w, uint32_t mask)
{
	if (mask & (IN_MODIFY | IN_CREATE)) {
		w->writing = true;
		w->arrived = false;
	}
	if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE))
		w->writing = false;
	if (mask & IN_MOVED_TO)
		w->arrived = true;
}

/*
 * What one event says of the file; false: nothing. Events of a watch given up have a lower number
 * and are passed over; a higher one is of a watch that watch_renew() is just making.
 */
static bool note(struct watch *w, const struct inotify_event *ev)
{
	if ((ev->mask & IN_Q_OVERFLOW) == 0) {
		if (ev->wd < w->wd)
			return false;
		if (ev->mask & IN_MOVE_SELF)
			inotify_rm_watch(w->fd, ev->wd);
		if (ev->mask & of_dir)
			w->wd = -1;
		else if (ev->len > 0 && strcmp(ev->name, w->name) == 0)
			note_name(w, ev->mask);
		else
			return false;
	}
	w->stirred++;
	return true;
}

bool watch_drain(struct watch *w)
{
	_Alignas(struct inotify_event) char buf[8192];
	bool any = false;
	int waiting = 0;
	ssize_t n;

	/* Most often there is nothing, and this is what finds it out with the least work. */
	if (w->fd < 0 || (ioctl(w->fd, FIONREAD, &waiting) == 0 && waiting == 0))
		return false;
	while ((n = read(w->fd, buf, sizeof(buf))) > 0) {
		const struct inotify_event *ev;

		for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*ev) + ev->len)) {
			ev = (const void *)(buf + at);
			any |= note(w, ev);
		}
	}
	return any;
}

void watch_close(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->wd = -1;
}
