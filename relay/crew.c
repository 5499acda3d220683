/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides how workers come to be ready: two more than keepers wait for are kept idle. A place is
 * filled by the main thread alone and emptied by anybody, under the lock. A worker that dies before
 * it was ready is tried again after a pause that grows; one that dies at work is replaced at once.
 */
#include "relay/crew.h"

#include "registry/clock.h"

#include "relay/channel.h"
#include "relay/command.h"
#include "relay/log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SPARE = 2, /* what kills one may kill the next, and a third is needed while it is spawned */
	PAUSE_MS = 100, PAUSES = 50, STUCK_MS = 3000,
};

static void wake(struct crew *c)
{
	uint64_t one = 1;

	(void)!write(c->wake, &one, sizeof(one));
}

static void changed(struct crew *c)
{
	if (c->changed != NULL)
		c->changed(c->ctx);
}

/* With the lock. */
static void release(struct crew_idle *i)
{
	epoll_ctl(i->crew->loop->fd, EPOLL_CTL_DEL, i->hand.fd, NULL);
	i->hand = (struct hand){ .fd = -1 };
	i->ready = false;
}

/* With the lock. */
static void empty(struct crew_idle *i)
{
	int fd = i->hand.fd;

	release(i);
	close(fd);
}

static void pause_then_fill(struct crew *c)
{
	unsigned n = c->failures < PAUSES ? c->failures : PAUSES;

	loop_alarm(c->timer.fd, (long)n * PAUSE_MS + 1);
}

/* The idle worker is ready, or it is dead: its place is filled again by crew_heard(). */
static void on_idle(void *ctx, uint32_t events)
{
	struct crew_idle *i = ctx;
	struct crew *c = i->crew;
	struct handback back;
	bool ready = false;
	int err;

	(void)events;
	pthread_mutex_lock(&c->lock);
	if (i->hand.fd >= 0) {
		err = channel_receive_alone(i->hand.fd, &back, sizeof(back), MSG_DONTWAIT);
		ready = err == 0 && back.number == 0 && !i->ready;
		if (ready) {
			i->ready = c->proven = true;
			c->failures = 0;
			pthread_cond_broadcast(&c->arrived);
		} else if (err == 0 || channel_is_over(err)) {
			c->failures += !i->ready;
			empty(i);
		}
	}
	pthread_mutex_unlock(&c->lock);
	if (ready)
		changed(c);
}

/* With the lock: asks for a process in that free place. */
static int fill(struct crew *c, struct crew_idle *i)
{
	int fds[2], err = channel_pair(fds);

	if (err != 0)
		return err;
	i->hand = (struct hand){ .fd = fds[0], .config = c->config };
	i->source = (struct loop_source){ fds[0], on_idle, i };
	i->ready = false;
	i->asked_ns = clock_now_ns();
	err = loop_add(c->loop, &i->source);
	if (err == 0)
		err = spawner_spawn(c->spawner, ROLE_WORKER, fds[1], c->config_fd, -1, &i->token);
	close(fds[1]);
	if (err != 0) {
		close(fds[0]);
		i->hand.fd = -1;
	}
	return err;
}

static void fill_places(struct crew *c)
{
	unsigned there = 0;
	int err = 0;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < CREW_IDLE; i++)
		there += c->idle[i].hand.fd >= 0;
	for (size_t i = 0; err == 0 && i < CREW_IDLE && there < SPARE + c->waiting; i++)
		if (c->idle[i].hand.fd < 0) {
			err = fill(c, &c->idle[i]);
			there++;
		}
	c->failures += err != 0;
	pthread_mutex_unlock(&c->lock);
	if (err == 0)
		return;
	log_error("no worker can be started: %s", strerror(-err));
	pause_then_fill(c);
}

static void on_taken(void *ctx, uint32_t events)
{
	struct crew *c = ctx;
	uint64_t n;

	(void)events;
	(void)!read(c->wake, &n, sizeof(n));
	if (crew_is_stuck(c))
		changed(c);
	else if (c->failures == 0)
		fill_places(c);
}

static void on_timer(void *ctx, uint32_t events)
{
	struct crew *c = ctx;
	uint64_t n;

	(void)events;
	(void)!read(c->timer.fd, &n, sizeof(n));
	fill_places(c);
}

int crew_init(struct crew *c, struct loop *l, struct spawner *s, int config_fd)
{
	pthread_condattr_t attr;
	int err;

	c->loop = l;
	c->spawner = s;
	c->config_fd = config_fd;
	c->offered_fd = -1;
	c->config = 1;
	for (size_t i = 0; i < CREW_IDLE; i++)
		c->idle[i] = (struct crew_idle){ .crew = c, .hand = { .fd = -1 } };
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->arrived, &attr);
	pthread_condattr_destroy(&attr);
	c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->taken = (struct loop_source){ c->wake, on_taken, c };
	c->timer = (struct loop_source){
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), on_timer, c,
	};
	if (c->wake < 0 || c->timer.fd < 0)
		return -errno;
	err = loop_add(l, &c->taken);
	if (err == 0)
		err = loop_add(l, &c->timer);
	if (err == 0)
		fill_places(c);
	return err;
}

void crew_done(struct crew *c)
{
	if (c->loop == NULL)
		return;
	for (size_t i = 0; i < CREW_IDLE; i++)
		if (c->idle[i].hand.fd >= 0)
			close(c->idle[i].hand.fd);
	close(c->config_fd);
	if (c->offered_fd >= 0)
		close(c->offered_fd);
	if (c->wake >= 0)
		close(c->wake);
	if (c->timer.fd >= 0)
		close(c->timer.fd);
	pthread_cond_destroy(&c->arrived);
	pthread_mutex_destroy(&c->lock);
	c->loop = NULL;
}

void crew_offer(struct crew *c, int config_fd, uint64_t number, const struct fence *fence)
{
	pthread_mutex_lock(&c->lock);
	if (c->offered_fd >= 0)
		close(c->offered_fd);
	c->offered_fd = config_fd;
	c->offered = number;
	c->offered_fence = *fence;
	pthread_mutex_unlock(&c->lock);
}

void crew_take_offer(struct crew *c, uint64_t number)
{
	bool taken;

	pthread_mutex_lock(&c->lock);
	taken = c->offered_fd >= 0 && c->offered <= number;
	if (taken) {
		close(c->config_fd);
		c->config_fd = c->offered_fd;
		c->offered_fd = -1;
		c->config = c->offered;
		c->fence = c->offered_fence;
		c->failures = 0;
		for (size_t i = 0; i < CREW_IDLE; i++)
			if (c->idle[i].hand.fd >= 0)
				empty(&c->idle[i]);
	}
	pthread_mutex_unlock(&c->lock);
	if (taken)
		fill_places(c);
}

uint64_t crew_config(struct crew *c)
{
	return atomic_load_explicit(&c->config, memory_order_relaxed);
}

/* With the lock. */
static struct crew_idle *find_ready(struct crew *c)
{
	for (size_t i = 0; i < CREW_IDLE; i++)
		if (c->idle[i].ready && c->idle[i].hand.pid > 0)
			return &c->idle[i];
	return NULL;
}

bool crew_is_ready(struct crew *c)
{
	bool ready;

	pthread_mutex_lock(&c->lock);
	ready = find_ready(c) != NULL;
	pthread_mutex_unlock(&c->lock);
	return ready;
}

bool crew_is_stuck(struct crew *c)
{
	bool stuck;

	pthread_mutex_lock(&c->lock);
	stuck = c->stuck;
	pthread_mutex_unlock(&c->lock);
	return stuck;
}

/* With the lock. A spawner answers at once; one that was stopped, never. */
static bool is_stuck(const struct crew *c)
{
	int64_t then = clock_now_ns() - STUCK_MS * 1000000LL;

	for (size_t i = 0; i < CREW_IDLE; i++)
		if (c->idle[i].hand.fd >= 0 && c->idle[i].hand.pid == 0 &&
			c->idle[i].asked_ns < then)
			return true;
	return false;
}

bool crew_is_refused(struct crew *c)
{
	bool refused;

	pthread_mutex_lock(&c->lock);
	refused = c->refused;
	pthread_mutex_unlock(&c->lock);
	return refused;
}

/* Who takes one also has the next spawned, so that it is there for the next death. */
bool crew_take(struct crew *c, struct hand *ret, int64_t until_ns)
{
	struct timespec ts = { until_ns / 1000000000, until_ns % 1000000000 };
	struct crew_idle *i;
	int err = 0;

	pthread_mutex_lock(&c->lock);
	c->waiting++;
	while ((i = find_ready(c)) == NULL && err == 0) {
		wake(c);
		err = pthread_cond_timedwait(&c->arrived, &c->lock, &ts);
	}
	c->waiting--;
	if (i != NULL) {
		*ret = i->hand;
		ret->fence = c->fence;
		release(i);
	} else {
		c->stuck = is_stuck(c);
	}
	wake(c);
	pthread_mutex_unlock(&c->lock);
	return i != NULL;
}

/* With the lock. */
static const struct crew_death *find_death(const struct crew *c, pid_t pid)
{
	for (size_t i = 0; i < CREW_DEATHS; i++)
		if (c->deaths[i].pid == pid)
			return &c->deaths[i];
	return NULL;
}

bool crew_was_killed(struct crew *c, pid_t pid, int64_t until_ns)
{
	struct timespec ts = { until_ns / 1000000000, until_ns % 1000000000 };
	const struct crew_death *d;
	bool killed;
	int err = 0;

	pthread_mutex_lock(&c->lock);
	while ((d = find_death(c, pid)) == NULL && err == 0)
		err = pthread_cond_timedwait(&c->arrived, &c->lock, &ts);
	killed = d != NULL && WIFSIGNALED(d->status) && WTERMSIG(d->status) == SIGKILL;
	pthread_mutex_unlock(&c->lock);
	return killed;
}

void crew_dismiss(struct crew *c, struct hand *h)
{
	close(h->fd);
	h->fd = -1;
	spawner_kill(c->spawner, h->pid);
}

static struct crew_idle *find_token(struct crew *c, uint64_t token)
{
	for (size_t i = 0; i < CREW_IDLE; i++)
		if (c->idle[i].hand.fd >= 0 && c->idle[i].token == token)
			return &c->idle[i];
	return NULL;
}

static void note_started(struct crew *c, struct crew_idle *i, const struct spawner_event *e)
{
	/* Its number may have been another's. */
	for (size_t d = 0; d < CREW_DEATHS; d++)
		if (c->deaths[d].pid == e->pid)
			c->deaths[d].pid = 0;
	if (i != NULL && e->pid > 0) {
		i->hand.pid = e->pid;
		pthread_cond_broadcast(&c->arrived);
	} else if (i != NULL) {
		empty(i);
		c->failures++;
	}
}

/* With the lock. */
static void note_death(struct crew *c, struct crew_idle *i, const struct spawner_event *e)
{
	c->deaths[c->died++ % CREW_DEATHS] = (struct crew_death){ e->pid, e->status };
	pthread_cond_broadcast(&c->arrived);
	if (i == NULL)
		return;
	c->failures += !i->ready && !e->killed;
	empty(i);
}

void crew_heard(struct crew *c, const struct spawner_event *e)
{
	struct crew_idle *i;
	bool failing;
	char text[128];

	pthread_mutex_lock(&c->lock);
	i = find_token(c, e->token);
	c->refused |= !c->proven && e->news == SPAWNER_ENDED && WIFEXITED(e->status) &&
		WEXITSTATUS(e->status) == EXIT_CODE_CONFIG;
	if (e->news == SPAWNER_STARTED)
		note_started(c, i, e);
	else
		note_death(c, i, e);
	failing = c->failures > 0;
	pthread_mutex_unlock(&c->lock);
	if (e->news == SPAWNER_STARTED && e->pid > 0) {
		changed(c);
		return;
	}
	/*
	 * One that dies of itself has closed its socket, and is killed for that, before it is dead.
	 */
	if (e->news == SPAWNER_STARTED || (e->status != 0 && !(e->killed && e->status == SIGKILL))) {
		spawner_describe(e, text, sizeof(text));
		log_error("worker %d %s", (int)e->pid,
			e->news == SPAWNER_STARTED ? "could not be started" : text);
	}
	if (failing)
		pause_then_fill(c);
	else
		fill_places(c);
	changed(c);
}
