/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the thread and who waits for what. Every change that is noticed, by a worker or by the
 * thread, is a number handed out under the lock, and the thread finishes them in order: who noticed
 * a change, or came after somebody who did, waits until its number is done. Noticing is done under
 * the same lock, so that nobody can pass between another's reading of an event and the number for
 * it.
 *
 * A wait ends wait_ms after the reading for it began; if the thread is busy with an earlier one,
 * wait_ms after the change was noticed. So a reading of ten seconds delays one batch, not all.
 */
#include "registry/refresh.h"

#include "registry/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
	BELT_MS = 1000, /* looks so often even if no event says to: a network file system sends none */
	PAUSE_MS = 2,   /* between steps of a check that nobody waits for, while packets do */
	NICE = 5,       /* a third of the time of others that want the same CPU */
};

struct refresh {
	struct refresh_options options;
	struct reload reload;          /* of the thread only */
	pthread_t thread;
	int wake;                      /* eventfd */
	atomic_bool stop;
	pthread_mutex_t lock;          /* for all below, and for source->ops->stirred() */
	pthread_cond_t finished;
	uint64_t noticed, begun, done; /* numbers of changes: done <= begun <= noticed */
	int64_t noticed_at;            /* ms: of the first that is not begun */
	int64_t begun_at;              /* ms: of the reading under way */
	bool force;
	bool passing;                  /* a pass is under way */
	enum reg_err outcome;          /* of the last pass */
	struct reg_error why;
};

static void wake_thread(struct refresh *r)
{
	uint64_t one = 1;

	/* It can only fail when the count is full, and then the thread is awake. */
	(void)!write(r->wake, &one, sizeof(one));
}

/* Locked. Until when number n is waited for, once it is noticed. */
static int64_t wait_end(const struct refresh *r, uint64_t n, unsigned int wait_ms)
{
	return (r->begun >= n ? r->begun_at : r->noticed_at) + wait_ms;
}

/* Locked. */
static enum refresh_state standing(const struct refresh *r)
{
	struct source *s = r->options.reload.source;

	if (s->ops->fd(s) < 0)
		return REFRESH_BUSY;
	if (r->done == r->noticed && !r->passing)
		return REFRESH_QUIET;
	return wait_end(r, r->noticed, r->options.wait_ms) <= clock_now_ms() ? REFRESH_LATE
		: REFRESH_BUSY;
}

/* Locked. */
static void tell(struct refresh *r, enum refresh_state state)
{
	if (r->options.board != NULL)
		atomic_store(&r->options.board->state, state);
}

/*
 * Locked. source->ops->stirred(), for others to see: that they must ask, before anything is taken
 * out of the source's descriptor, and until what that told is seen to.
 */
static bool stirred(struct refresh *r)
{
	struct source *s = r->options.reload.source;
	bool yes;

	tell(r, REFRESH_BUSY);
	yes = s->ops->stirred(s);
	if (!yes)
		tell(r, standing(r));
	return yes;
}

/*
 * What was taken out of the descriptor and not told, by a reading, is not known to `state`; what
 * was told is, for that is set to REFRESH_BUSY first. So `state` is looked at last.
 */
bool refresh_is_settled(const struct refresh_board *b)
{
	return atomic_load(&b->tally.told) == atomic_load(&b->tally.taken) &&
		atomic_load(&b->state) != REFRESH_BUSY;
}

/* Locked. */
static void notice(struct refresh *r)
{
	if (r->noticed == r->begun)
		r->noticed_at = clock_now_ms();
	r->noticed++;
}

/* Locked. Waits until number n is done or its time is up, wait_ms after it was begun or noticed. */
static bool await(struct refresh *r, uint64_t n, unsigned int wait_ms)
{
	while (r->done < n) {
		int64_t until = wait_end(r, n, wait_ms);
		struct timespec ts = { .tv_sec = (time_t)(until / 1000),
			.tv_nsec = (long)(until % 1000) * 1000000 };

		if (until <= clock_now_ms())
			return false;
		pthread_cond_timedwait(&r->finished, &r->lock, &ts);
	}
	return true;
}

void refresh_poll(struct refresh *r)
{
	struct source *s = r->options.reload.source;

	if (s->ops->polled)
		return;
	pthread_mutex_lock(&r->lock);
	if (stirred(r)) {
		notice(r);
		wake_thread(r);
	}
	if (r->done < r->noticed)
		await(r, r->noticed, r->options.wait_ms);
	tell(r, standing(r));
	pthread_mutex_unlock(&r->lock);
}

enum reg_err refresh_force(struct refresh *r, unsigned int wait_ms, struct reg_error *err)
{
	enum reg_err e = REG_E_BUSY;

	pthread_mutex_lock(&r->lock);
	r->force = true;
	notice(r);
	wake_thread(r);
	if (await(r, r->noticed, wait_ms)) {
		e = r->outcome;
		if (e != REG_OK && err != NULL)
			*err = r->why;
	} else {
		reg_error_set(err, r->options.reload.source->name, 0, "still being read");
	}
	pthread_mutex_unlock(&r->lock);
	return e;
}

bool refresh_ask(struct refresh *r, const struct source_question *q)
{
	struct source *s = r->options.reload.source;

	return s->ops->ask != NULL && s->ops->ask(s, q);
}

/* One look, and what follows from it, for all changes noticed so far. */
static void pass(struct refresh *r)
{
	struct reg_error why = { "" };
	enum reg_err e;
	bool force;

	pthread_mutex_lock(&r->lock);
	r->begun = r->noticed;
	r->begun_at = clock_now_ms();
	force = r->force;
	r->force = false;
	r->passing = true;
	tell(r, REFRESH_BUSY);
	pthread_mutex_unlock(&r->lock);

	e = reload_pass(&r->reload, force, &why);

	pthread_mutex_lock(&r->lock);
	r->done = r->begun;
	r->outcome = e;
	r->why = why;
	r->passing = false;
	tell(r, standing(r));
	pthread_cond_broadcast(&r->finished);
	pthread_mutex_unlock(&r->lock);
}

static bool something_noticed(struct refresh *r)
{
	bool some;

	pthread_mutex_lock(&r->lock);
	if (stirred(r))
		notice(r);
	some = r->done < r->noticed;
	pthread_mutex_unlock(&r->lock);
	return some;
}

/* Sleeps until a change is noticed, or something is due. Events of other files do not count. */
static void sleep_until_due(struct refresh *r, bool busy)
{
	int due = reload_due(&r->reload);
	int64_t until = clock_now_ms() + (due < 0 || due > BELT_MS ? BELT_MS : due), left;

	if (busy && until > clock_now_ms() + PAUSE_MS)
		until = clock_now_ms() + PAUSE_MS;

	while (!r->stop && !something_noticed(r) && (left = until - clock_now_ms()) > 0) {
		struct source *s = r->options.reload.source;
		struct pollfd fds[2] = { { .fd = r->wake, .events = POLLIN },
			{ .fd = s->ops->fd(s), .events = POLLIN } };
		uint64_t count;

		poll(fds, 2, (int)left);
		(void)!read(r->wake, &count, sizeof(count));
	}
}

static void *run(void *arg)
{
	struct refresh *r = arg;
	struct source *s = r->options.reload.source;
	bool busy = false;

	/* The thread's own; whoever waits for it leaves it the CPU. */
	(void)!nice(NICE);
	while (!r->stop) {
		sleep_until_due(r, busy);
		if (r->stop)
			break;
		pass(r);
		busy = s->ops->verify != NULL && s->ops->verify(s) != SOURCE_QUIET;
	}
	return NULL;
}

static int start(struct refresh *r)
{
	sigset_t all, old;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failed;
}

static void init_lock(struct refresh *r)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->finished, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&r->lock, NULL);
}

static void give_back(struct refresh *r)
{
	if (r->wake >= 0)
		close(r->wake);
	pthread_cond_destroy(&r->finished);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

enum reg_err refresh_new(const struct refresh_options *options, struct refresh **ret,
	struct reg_error *err)
{
	struct refresh *r = reg_realloc(options->reload.memory, NULL, sizeof(*r));
	const char *name = options->reload.source->name;
	enum reg_err e;
	int failed;

	if (r == NULL) {
		reg_error_set(err, name, 0, "%s", reg_strerror(REG_E_NOMEM));
		return REG_E_NOMEM;
	}
	memset(r, 0, sizeof(*r));
	init_lock(r);
	r->options = *options;
	r->options.reload.cancel = &r->stop;
	if (options->board != NULL && options->reload.source->ops->share != NULL)
		options->reload.source->ops->share(options->reload.source, &options->board->tally);
	r->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	failed = r->wake < 0 ? errno : 0;
	e = failed != 0 ? REG_E_SYSTEM : reload_first(&r->reload, &r->options.reload, err);
	if (e == REG_OK) {
		failed = start(r);
		e = failed != 0 ? REG_E_SYSTEM : REG_OK;
	}
	if (failed != 0)
		reg_error_set(err, name, 0, "starting to watch it: %s", strerror(failed));
	if (e != REG_OK)
		give_back(r);
	else
		*ret = r;
	return e;
}

struct refresh *refresh_free(struct refresh *r)
{
	if (r == NULL)
		return NULL;
	r->stop = true;
	if (r->options.reload.source->ops->stop != NULL)
		r->options.reload.source->ops->stop(r->options.reload.source);
	wake_thread(r);
	pthread_join(r->thread, NULL);
	reload_done(&r->reload);
	r->options.reload.source->ops->free(r->options.reload.source);
	give_back(r);
	return NULL;
}
