/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how an edit of the registry is noticed here although it is read there. The descriptor that
 * tells of edits is shared, and looked at without taking anything out of it. The loader says in
 * shared memory what it takes out, before it does, and how many registries it has sent before it
 * says that all is in force, or that what is not is no longer waited for. So a keeper that finds
 * the descriptor quiet, then the loader's board settled and then no registry in the socket has
 * missed nothing; else it sends a ticket and waits until the loader has answered it, whose
 * registries are then in the socket: refresh.h keeps the promise there.
 */
#include "relay/loader.h"

#include "relay/channel.h"
#include "relay/command.h"
#include "relay/log.h"

#include "registry/clock.h"
#include "registry/refresh.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { PAUSE_MS = 100, PAUSES = 50, SLACK_MS = 20 };

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(int fds[CHANNEL_FDS])
{
	for (size_t i = 0; i < CHANNEL_FDS; i++)
		close_fd(&fds[i]);
}

/* --- registries ------------------------------------------------------------------------------ */

static void take_answers(struct loader *l, const struct loader_delivery *d)
{
	size_t count = d->answer_count < LOADER_ANSWERS ? d->answer_count : LOADER_ANSWERS;

	l->events->answered(l->ctx, d->answers, count);
}

/* Takes in whatever registries have come. False: there is no loader to send any. */
static bool take_deliveries(struct loader *l)
{
	struct loader_delivery d;
	int fds[CHANNEL_FDS], err = 0;

	pthread_mutex_lock(&l->lock);
	while (l->deliveries >= 0 && err == 0) {
		err = channel_receive(l->deliveries, &d, sizeof(d), fds, MSG_DONTWAIT);
		if (err != 0)
			break;
		if (d.answer_count > 0) {
			close_all(fds);
			take_answers(l, &d);
			continue;
		}
		if (d.brings == (fds[0] >= 0)) {
			close_fd(&fds[1]);
			l->events->delivered(l->ctx, fds[0], &d.stats, d.config);
		}
		atomic_fetch_add(&l->taken, 1);
	}
	pthread_mutex_unlock(&l->lock);
	return l->deliveries >= 0 && !channel_is_over(err);
}

static void on_delivery(void *ctx, uint32_t events)
{
	struct loader *l = ctx;

	(void)events;
	if (!take_deliveries(l))
		loop_remove(l->loop, &l->delivery);
}

/* Whether nothing has happened that is not in force and could be waited for. */
static bool is_quiet(const struct loader *l)
{
	int waiting = 0;

	return l->watch >= 0 && ioctl(l->watch, FIONREAD, &waiting) == 0 && waiting == 0 &&
		refresh_is_settled(&l->shared->board);
}

static bool is_answered(const struct loader *l, uint32_t ticket)
{
	return (int32_t)(atomic_load(&l->shared->answered) - ticket) >= 0;
}

/* With the lock. Whether there is a ticket to wait for. */
static bool ask(struct loader *l, uint32_t *ret_ticket)
{
	struct loader_order o = { .kind = LOADER_POLL };

	if (l->late && !is_answered(l, l->asked))
		return false;
	l->late = false;
	o.ticket = *ret_ticket = ++l->asked;
	return channel_send(l->news.fd, &o, sizeof(o), NULL, 0) == 0;
}

static bool await(struct loader *l, uint32_t ticket)
{
	/* The loader may be at an earlier reading: refresh.c waits for that, and then for ours. */
	int64_t until = clock_now_ns() + (2LL * l->wait_ms + SLACK_MS) * 1000000;

	while (!is_answered(l, ticket)) {
		uint32_t seen = atomic_load(&l->shared->answered);
		int64_t left = until - clock_now_ns();
		struct timespec ts = { left / 1000000000, left % 1000000000 };

		if (left <= 0)
			return false;
		if (!is_answered(l, ticket))
			syscall(SYS_futex, &l->shared->answered, FUTEX_WAIT, seen, &ts, NULL, 0);
	}
	return true;
}

void loader_poll(struct loader *l)
{
	bool asked, answered;
	uint32_t ticket;

	if (l->polled)
		return;
	if (is_quiet(l)) {
		if (atomic_load(&l->shared->sent) != atomic_load(&l->taken))
			take_deliveries(l);
		return;
	}
	pthread_mutex_lock(&l->lock);
	asked = l->up && ask(l, &ticket);
	pthread_mutex_unlock(&l->lock);
	answered = asked && await(l, ticket);
	if (asked && !answered) {
		pthread_mutex_lock(&l->lock);
		l->late = true;
		pthread_mutex_unlock(&l->lock);
	}
	take_deliveries(l);
}

bool loader_ask(struct loader *l, const struct source_question *q)
{
	bool sent;

	pthread_mutex_lock(&l->lock);
	sent = l->deliveries >= 0 && channel_send(l->deliveries, q, sizeof(*q), NULL, 0) == 0;
	pthread_mutex_unlock(&l->lock);
	return sent;
}

/* --- starting and ending --------------------------------------------------------------------- */

static void forget(struct loader *l)
{
	pthread_mutex_lock(&l->lock);
	if (l->news.fd >= 0)
		loop_remove(l->loop, &l->news);
	if (l->deliveries >= 0)
		loop_remove(l->loop, &l->delivery);
	close_fd(&l->news.fd);
	close_fd(&l->deliveries);
	close_fd(&l->watch);
	l->up = false;
	pthread_mutex_unlock(&l->lock);
}

static void on_started(struct loader *l, const struct loader_news *n, int *fd)
{
	bool first = !l->ready;

	if (n->code == EXIT_CODE_OK) {
		pthread_mutex_lock(&l->lock);
		l->watch = n->brings ? *fd : -1;
		*fd = n->brings ? -1 : *fd;
		l->polled = n->polled;
		l->late = false;
		l->must_wait = first && n->must_wait;
		l->ready = l->up = true;
		l->deaths = 0;
		pthread_mutex_unlock(&l->lock);
		take_deliveries(l);
	}
	l->refused = n->code != EXIT_CODE_OK;
	if (first)
		l->events->started(l->ctx, n->code);
}

static void on_news(void *ctx, uint32_t events)
{
	struct loader *l = ctx;
	struct loader_news n;
	int fds[CHANNEL_FDS], err;

	(void)events;
	err = channel_receive(l->news.fd, &n, sizeof(n), fds, MSG_DONTWAIT);
	if (err != 0 && !channel_is_over(err))
		return;
	if (err != 0) {
		take_deliveries(l);
		forget(l);
		return;
	}
	n.text[sizeof(n.text) - 1] = '\0';
	switch (n.kind) {
	case LOADER_STARTED:
		on_started(l, &n, &fds[0]);
		break;
	case LOADER_ARRIVED:
		take_deliveries(l);
		l->must_wait = false;
		l->events->arrived(l->ctx);
		break;
	case LOADER_ACCEPTED:
		l->events->accepted(l->ctx, fds[0], n.config, n.log_level);
		fds[0] = -1;
		break;
	case LOADER_RELOADED:
		take_deliveries(l);
		l->events->reloaded(l->ctx, n.good, n.text);
		break;
	case LOADER_READ:
		l->events->read(l->ctx, n.failures, n.failing, n.text);
		break;
	}
	close_all(fds);
}

/* The first message tells it where registries go. */
static int begin(struct loader *l, int deliveries)
{
	struct loader_order o = {
		.kind = LOADER_BEGIN, .config = l->config, .again = l->ready,
	};

	snprintf(o.path, sizeof(o.path), "%s", l->path);
	return channel_send(l->news.fd, &o, sizeof(o), &deliveries, 1);
}

static int start(struct loader *l)
{
	int control[2] = { -1, -1 }, registries[2] = { -1, -1 };
	int err = channel_pair(control);

	if (err == 0)
		err = channel_pair(registries);
	if (err == 0) {
		pthread_mutex_lock(&l->lock);
		l->news = (struct loop_source){ control[0], on_news, l };
		l->deliveries = registries[0];
		l->delivery = (struct loop_source){ registries[0], on_delivery, l };
		atomic_store(&l->shared->board.state, REFRESH_BUSY);
		atomic_store(&l->taken, atomic_load(&l->shared->sent));
		pthread_mutex_unlock(&l->lock);
		err = begin(l, registries[1]);
	}
	if (err == 0)
		err = loop_add(l->loop, &l->news);
	if (err == 0)
		err = loop_add(l->loop, &l->delivery);
	if (err == 0)
		err = spawner_spawn(l->spawner, ROLE_LOADER, control[1], l->config_fd,
			l->shared_fd, &l->token);
	close_fd(&control[1]);
	close_fd(&registries[1]);
	if (err != 0)
		forget(l);
	return err;
}

static void pause_then_start(struct loader *l)
{
	unsigned n = l->deaths < PAUSES ? l->deaths : PAUSES;

	loop_alarm(l->timer.fd, (long)n * PAUSE_MS + 1);
}

static void on_timer(void *ctx, uint32_t events)
{
	struct loader *l = ctx;
	uint64_t n;
	int err;

	(void)events;
	(void)!read(l->timer.fd, &n, sizeof(n));
	err = start(l);
	if (err == 0)
		return;
	log_error("the loader cannot be started: %s", strerror(-err));
	l->deaths++;
	pause_then_start(l);
}

void loader_heard(struct loader *l, const struct spawner_event *e)
{
	char text[128];

	if (e->token != l->token || (e->news == SPAWNER_STARTED && e->pid > 0))
		return;
	while (loader_await(l, 0))
		;                /* it may have said why */
	forget(l);
	spawner_describe(e, text, sizeof(text));
	if (!l->ready && !l->refused) {
		log_error("loader %d %s before it was ready", (int)e->pid, text);
		l->events->started(l->ctx, EXIT_CODE_OTHER);
	}
	if (!l->ready)
		return;
	log_error("loader %d %s: the registry in force stays, another one is started", (int)e->pid,
		e->news == SPAWNER_STARTED ? "could not be started" : text);
	l->deaths++;
	pause_then_start(l);
}

int loader_init(struct loader *l)
{
	pthread_mutex_init(&l->lock, NULL);
	l->news.fd = l->deliveries = l->watch = -1;
	l->timer = (struct loop_source){
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), on_timer, l,
	};
	l->shared_fd = memfd_create("usher-loader", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (l->timer.fd < 0 || l->shared_fd < 0 ||
		ftruncate(l->shared_fd, sizeof(*l->shared)) != 0 ||
		fcntl(l->shared_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		return -errno;
	l->shared = mmap(NULL, sizeof(*l->shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		l->shared_fd, 0);
	if (l->shared == MAP_FAILED) {
		l->shared = NULL;
		return -errno;
	}
	loop_add(l->loop, &l->timer);
	return start(l);
}

void loader_done(struct loader *l)
{
	if (l->loop == NULL)
		return;
	forget(l);
	close_fd(&l->config_fd);
	close_fd(&l->timer.fd);
	close_fd(&l->shared_fd);
	if (l->shared != NULL)
		munmap(l->shared, sizeof(*l->shared));
	pthread_mutex_destroy(&l->lock);
	l->loop = NULL;
}

bool loader_await(struct loader *l, int wait_ms)
{
	struct pollfd p = { .fd = l->news.fd, .events = POLLIN };

	if (l->news.fd < 0 || poll(&p, 1, wait_ms) <= 0)
		return false;
	on_news(l, (uint32_t)p.revents);
	return true;
}

bool loader_reload(struct loader *l, int config_fd, bool exposed)
{
	struct loader_order o = { .kind = LOADER_RELOAD, .exposed = exposed };

	o.config = config_fd >= 0 ? ++l->config : 0;
	return l->up &&
		channel_send(l->news.fd, &o, sizeof(o), &config_fd, config_fd >= 0 ? 1 : 0) == 0;
}
