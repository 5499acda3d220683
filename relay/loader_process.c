/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loader process: the feed without anything that could do harm. Whoever breaks the parser of
 * registries, or answers as our database, gets a process without capabilities that can write to no
 * file; the packets do not even notice.
 */
#include "relay/spawned.h"

#include "registry/clock.h"

#include "relay/channel.h"
#include "relay/command.h"
#include "relay/feed.h"
#include "relay/hook.h"
#include "relay/loader_message.h"
#include "relay/log.h"
#include "relay/reload_notes.h"
#include "relay/sandbox.h"
#include "relay/spawner.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

struct loading {
	struct config *config;           /* what the feed was started with */
	struct loader_order begin;
	struct loader_shared *shared;
	int deliveries;
	struct feed feed;
	struct registry *held;           /* the one delivered last: the next may be made from it */
	_Atomic uint64_t number;         /* of the config accepted last */
	uint64_t failures;               /* as it was told last, and so on */
	bool failing;
	char error[LOG_LAST];
};

static void send_surely(int to, const void *msg, size_t len, int fd)
{
	while (channel_again(channel_send(to, msg, len, &fd, fd >= 0 ? 1 : 0)))
		;
}

static void ignore(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/*
 * The daemon always takes in what comes, so waiting is no risk, and what has not come is not told
 * again.
 */
static void tell(const struct loader_news *n, int fd)
{
	send_surely(SPAWNED_SOCKET, n, sizeof(*n), fd);
}

/* Runs in the feed's thread. */
static void deliver(void *ctx, struct registry *reg, int fd, const struct load_stats *stats)
{
	struct loading *l = ctx;
	struct loader_delivery d = { .stats = *stats, .config = l->number, .brings = fd >= 0 };

	send_surely(l->deliveries, &d, sizeof(d), fd);
	atomic_fetch_add(&l->shared->sent, 1);
	if (fd >= 0)
		close(fd);
	registry_free(l->held);
	l->held = reg;
}

/* In the feed's thread, like deliver(), and so behind what that has sent. */
static void deliver_answers(void *ctx, const struct source_answer *all, size_t count)
{
	struct loading *l = ctx;
	struct pollfd p = { .fd = l->deliveries, .events = POLLOUT };

	while (count > 0) {
		struct loader_delivery d = { .answer_count = LOADER_ANSWERS };

		if (count < LOADER_ANSWERS)
			d.answer_count = (uint32_t)count;
		memcpy(d.answers, all, d.answer_count * sizeof(d.answers[0]));
		while (channel_send(l->deliveries, &d, sizeof(d), NULL, 0) == -EAGAIN)
			poll(&p, 1, -1);
		all += d.answer_count;
		count -= d.answer_count;
	}
}

/* Who cannot be asked for is not answered: his packet's time will be up. */
static void take_question(struct loading *l)
{
	struct source_question q;

	if (channel_receive_alone(l->deliveries, &q, sizeof(q), MSG_DONTWAIT) == 0 &&
		q.id.type < REG_ID_TYPES && q.id.len > 0)
		feed_ask(&l->feed, &q);
}

static void answer(struct loading *l, uint32_t ticket)
{
	feed_poll(&l->feed);
	atomic_store(&l->shared->answered, ticket);
	syscall(SYS_futex, &l->shared->answered, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/*
 * The libraries are opened here as well as in the workers, and only here can a bad one do no harm.
 */
static bool try_libraries(const struct config *c, char *why, size_t cap)
{
	char refusal[HOOK_WHY];

	if (c->libraries.count > 0 && c->queue_last > c->queue_first) {
		snprintf(why, cap, "hook libraries with more than one queue take a restart");
		return false;
	}
	if (hooks_try(c, ignore, NULL, refusal) == 0)
		return true;
	snprintf(why, cap, "%s", refusal);
	return false;
}

static bool take_config(
	struct loading *l, const struct loader_order *o, int fd, struct loader_news *ret)
{
	struct loader_news n = { .kind = LOADER_ACCEPTED, .config = o->config };
	struct config_error err;
	struct config *c = config_from_fd(fd, l->begin.path, o->exposed, &err);

	if (c == NULL || !try_libraries(c, err.text, sizeof(err.text))) {
		snprintf(ret->text, sizeof(ret->text), "%.900s: the config in force stays", err.text);
		log_error("reload: %s", ret->text);
		config_free(c);
		return false;
	}
	reload_say_warnings(c);
	reload_say_unchanged(l->config, c);
	log_set_level(c->log_level);
	n.log_level = (uint8_t)c->log_level;
	l->number = o->config;
	tell(&n, fd);
	config_free(c);
	return true;
}

/* What the feed's thread has found and logged, where it is something new. */
static void tell_readings(struct loading *l)
{
	struct loader_news n = { .kind = LOADER_READ, .failing = l->feed.failing };
	uint64_t failures = l->feed.failures;
	char error[LOG_LAST];
	int64_t ago_ms;

	log_last_error(error, &ago_ms);
	if (failures == l->failures && n.failing == l->failing && strcmp(error, l->error) == 0)
		return;
	n.failures = failures - l->failures;
	if (n.failures > 0 || strcmp(error, l->error) != 0)
		snprintf(n.text, sizeof(n.text), "%s", error);
	l->failures = failures;
	l->failing = n.failing;
	snprintf(l->error, sizeof(l->error), "%s", error);
	tell(&n, -1);
}

/* Of two errors the first is told; both are logged. */
static void reload(struct loading *l, const struct loader_order *o, int fd)
{
	struct loader_news n = { .kind = LOADER_RELOADED }, second;
	struct loader_news *told = &n;

	n.good = fd < 0 || take_config(l, o, fd, &n);
	if (!n.good)
		told = &second;
	n.good = feed_reload(&l->feed, told->text, sizeof(told->text)) && n.good;
	tell_readings(l);
	tell(&n, -1);
}

/* False: the daemon is gone. */
static bool obey(struct loading *l)
{
	struct loader_order o;
	int fds[CHANNEL_FDS], err = channel_receive(SPAWNED_SOCKET, &o, sizeof(o), fds, 0);

	if (err != 0) {
		clock_pause();
		return err != -EPIPE;
	}
	if (o.kind == LOADER_POLL)
		answer(l, o.ticket);
	else if (o.kind == LOADER_RELOAD)
		reload(l, &o, fds[0]);
	for (size_t i = 0; i < CHANNEL_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return true;
}

/* Waits for orders, and passes on what the feed's thread has to say to the daemon. */
static void serve(struct loading *l)
{
	const struct loader_news arrived = { .kind = LOADER_ARRIVED };
	enum { LOOK_MS = 200 };
	uint64_t n;
	struct pollfd fds[3];

	do {
		fds[0] = (struct pollfd){ .fd = SPAWNED_SOCKET, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = l->feed.arrival, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = l->deliveries, .events = POLLIN };
		poll(fds, 3, LOOK_MS);
		if ((fds[2].revents & POLLIN) != 0)
			take_question(l);
		if ((fds[1].revents & POLLIN) != 0 &&
			read(l->feed.arrival, &n, sizeof(n)) == (ssize_t)sizeof(n))
			tell(&arrived, -1);
		tell_readings(l);
	} while ((fds[0].revents & (POLLIN | POLLHUP)) == 0 || obey(l));
}

static bool await_begin(struct loading *l)
{
	int fds[CHANNEL_FDS];

	if (channel_receive(SPAWNED_SOCKET, &l->begin, sizeof(l->begin), fds, 0) != 0 ||
		l->begin.kind != LOADER_BEGIN || fds[0] < 0)
		return false;
	l->deliveries = fds[0];
	l->begin.path[sizeof(l->begin.path) - 1] = '\0';
	l->shared = mmap(NULL, sizeof(*l->shared), PROT_READ | PROT_WRITE, MAP_SHARED,
		SPAWNED_SHARED, 0);
	return l->shared != MAP_FAILED;
}

/* What can be opened later, an edited file or a database that was away, is opened for reading. */
static bool shut_in(const struct config *c)
{
	char missing[128];

	sandbox_enter(SANDBOX_LOADER, NULL, missing, sizeof(missing));
	if (missing[0] == '\0' || c->sandbox != SANDBOX_REQUIRE)
		return true;
	log_error("loader: the sandbox is incomplete, without %s, and the config requires it",
		missing);
	return false;
}

static int start_libraries(const struct config *c)
{
	char why[HOOK_WHY];

	if (try_libraries(c, why, sizeof(why)))
		return EXIT_CODE_OK;
	log_error("%s", why);
	return EXIT_CODE_CONFIG;
}

static int run(struct loading *l)
{
	struct feed_sink sink = {
		.put = deliver, .answered = deliver_answers, .ctx = l, .asker = l, .shared = true,
		.again = l->begin.again,
		.board = &l->shared->board,
	};
	struct loader_news n = { .kind = LOADER_STARTED };

	n.code = shut_in(l->config) ? start_libraries(l->config) : EXIT_CODE_OTHER;
	if (n.code == EXIT_CODE_OK)
		n.code = feed_start(&l->feed, &sink, l->config);
	n.must_wait = n.code == EXIT_CODE_OK && feed_must_wait(&l->feed);
	n.polled = l->feed.polled;
	n.brings = n.code == EXIT_CODE_OK && !n.polled && l->feed.watch >= 0;
	tell(&n, n.brings ? l->feed.watch : -1);
	if (n.code == EXIT_CODE_OK)
		serve(l);
	return n.code;
}

int loader_process(void)
{
	static struct loading l;
	struct config_error err;

	prctl(PR_SET_NAME, "usher-loader");
	signal(SIGPIPE, SIG_IGN);
	if (!await_begin(&l))
		return EXIT_CODE_OTHER;
	l.number = l.begin.config;
	l.config = config_from_fd(SPAWNED_CONFIG, l.begin.path, false, &err);
	if (l.config == NULL) {
		log_error("loader: %s", err.text);
		return EXIT_CODE_CONFIG;
	}
	log_open(l.config->log_level);
	return run(&l);
}
