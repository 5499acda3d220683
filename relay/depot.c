/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides the lock. Who only wants to know whether there is something new reads one atomic number. */
#include "relay/depot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void depot_init(struct depot *d)
{
	memset(d, 0, sizeof(*d));
	pthread_mutex_init(&d->lock, NULL);
	d->fd = d->layer = -1;
}

void depot_done(struct depot *d)
{
	close_fd(&d->fd);
	close_fd(&d->layer);
	pthread_mutex_destroy(&d->lock);
}

void depot_put(struct depot *d, int fd, bool layer)
{
	pthread_mutex_lock(&d->lock);
	close_fd(&d->layer);
	if (layer) {
		d->layer = fd;
	} else {
		close_fd(&d->fd);
		d->fd = fd;
		d->base = atomic_load(&d->generation) + 1;
	}
	atomic_fetch_add(&d->generation, 1);
	pthread_mutex_unlock(&d->lock);
}

/* Into *ret_fd, if it is needed. */
static int give(int fd, bool needed, int *ret_fd)
{
	*ret_fd = needed && fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	return needed && fd >= 0 && *ret_fd < 0 ? -errno : 0;
}

int depot_take(struct depot *d, uint64_t has, struct depot_gift *ret)
{
	int err;

	pthread_mutex_lock(&d->lock);
	ret->generation = atomic_load(&d->generation);
	ret->none = d->fd < 0;
	err = give(d->fd, has < d->base, &ret->fd);
	if (err == 0)
		err = give(d->layer, true, &ret->layer);
	pthread_mutex_unlock(&d->lock);
	if (err != 0) {
		close_fd(&ret->fd);
		*ret = (struct depot_gift){ .generation = has, .fd = -1, .layer = -1 };
	}
	return err;
}
