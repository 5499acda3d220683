/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker process: the pipeline in a process that can do nothing else. It reads its config from
 * a memory file, shuts itself in, says that it is ready, and from then on knows its socket and what
 * came over it: a channel, registries, batches. Everything a packet could make it do happens after
 * it has no capability, no file and no system call to do harm with.
 */
#include "relay/spawned.h"

#include "relay/channel.h"
#include "relay/command.h"
#include "relay/config.h"
#include "relay/engine.h"
#include "relay/hook.h"
#include "relay/learned.h"
#include "relay/learned_say.h"
#include "relay/log.h"
#include "relay/sandbox.h"
#include "relay/spawner.h"
#include "relay/urgency.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

struct job {
	struct config *config;
	struct snapshot snapshot;
	struct registry *registry;
	struct channel *channel;
	size_t slots;
	struct records records, json;
	struct engine engine;
	struct learned *learned;
	int cpu;
	int wake;                        /* the keeper's, -1: not needed */
	bool cold;                       /* the registry from `warmed` on was not touched yet */
	size_t warmed;
};

enum { WARM_PAGES = 64, WARM_WAIT_MS = 1 };

/* For tests: what a worker does that a packet has taken over. Not part of the program. */
void worker_trap(struct channel *c) __attribute__((weak));

/* Libraries alone write to it, from whatever thread; others can do without the descriptor. */
static void keep_wake(struct job *j, int fd)
{
	if (j->wake >= 0)
		close(j->wake);
	j->wake = j->config->hooks != NULL ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
}

/* fds: of the channel, and of the eventfd. */
static void take_channel(struct job *j, const struct handoff *h, const int fds[2])
{
	j->channel = channel_free(j->channel, j->slots);
	j->slots = h->slots;
	j->channel = channel_map(fds[0], j->slots);
	keep_wake(j, fds[1]);
	if (j->channel == NULL)
		_exit(EXIT_CODE_MEMORY);
	j->records = (struct records){ .text = j->channel->records, .cap = CHANNEL_RECORDS };
	j->json = (struct records){ .text = j->channel->json, .cap = CHANNEL_RECORDS };
	engine_init(&j->engine, &j->channel->counters, &j->records);
	j->engine.queue = h->queue;
	j->engine.pipeline.outcome_json = j->config->outcome.format == OUTCOME_JSON;
	j->engine.pipeline.links = &j->channel->links;
	j->engine.pipeline.learned = j->learned;
	j->engine.pipeline.at = &j->channel->at;
	j->engine.pipeline.json = h->json ? &j->json : NULL;
	j->engine.pipeline.answers = &j->channel->answers;
	j->engine.pipeline.servers = &j->channel->servers;
	j->engine.pipeline.wake = j->wake;
}

static struct registry *attach(const struct registry *on, int fd)
{
	struct registry *reg = NULL;
	struct reg_error err;

	if (registry_attach_on(fd, on, &reg, &err) != REG_OK) {
		log_error("worker: %s", err.text);
		_exit(EXIT_CODE_OTHER);
	}
	return reg;
}

static void use_registry(struct job *j, struct registry *reg, uint64_t generation)
{
	size_t below = reg != NULL ? registry_below(reg) : 0;

	registry_free(j->registry);
	j->registry = reg;
	/* What a layer lies on came before, and is warm or goes on being warmed. */
	if (!j->cold || j->warmed > below)
		j->warmed = below;
	j->cold = reg != NULL;
	j->snapshot = (struct snapshot){
		.registry = reg, .policy = j->config->policy, .generation = generation,
		.hooks = j->config->hooks,
	};
}

/*
 * On one CPU what one has written is in the other's cache, and neither has to be woken elsewhere.
 */
static void follow(struct job *j, int cpu)
{
	cpu_set_t set;

	if (cpu < 0 || cpu == j->cpu)
		return;
	j->cpu = cpu;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void take_level(uint8_t level)
{
	if (level != log_level())
		log_set_level((enum log_level)level);
}

static void take_gifts(struct job *j, const struct handoff *h, const int fds[CHANNEL_FDS])
{
	size_t next = 0;

	if (h->brings_channel) {
		take_channel(j, h, fds);
		next = 2;
	}
	if (h->no_registry)
		use_registry(j, NULL, h->generation);
	if (h->brings_registry)
		use_registry(j, attach(NULL, fds[next++]), h->generation);
	if (h->brings_layer)
		use_registry(j, attach(j->registry, fds[next]), h->generation);
	for (size_t i = 0; i < CHANNEL_FDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static void say(void *ctx, const char *text)
{
	(void)ctx;
	log_info("statistics: %s", text);
}

/* What libraries want without a packet. Returns when they want it again: struct handback. */
static int32_t tend_libraries(struct job *j, const struct handoff *h)
{
	struct hooks *hooks = j->config->hooks;
	struct timespec ts;

	if (h->describe)
		hooks_describe(hooks, say, NULL);
	if (h->last)
		j->config->hooks = j->snapshot.hooks = hooks_free(hooks);
	if (hooks == NULL || h->last)
		return -1;
	clock_gettime(CLOCK_REALTIME, &ts);
	return hooks_tick(hooks, 0, ts.tv_sec);
}

static void run(struct job *j, const struct handoff *h)
{
	struct channel *c = j->channel;

	follow(j, h->cpu);
	take_level(h->log_level);
	j->engine.pipeline.paused = h->paused;
	j->engine.pipeline.demand = h->demand;
	j->engine.pipeline.board = h->park && j->config->hooks != NULL ? &c->board : NULL;
	if (h->count == 0)
		return;
	j->records.len = j->json.len = 0;
	c->batch.count = h->count;
	if (h->count == 1)
		atomic_store_explicit(&c->at, 1, memory_order_relaxed);
	if (worker_trap != NULL)
		worker_trap(c);
	interfaces_adopt(&j->engine.interfaces, &c->interfaces);
	engine_run(&j->engine, j->config, &j->snapshot, &c->batch);
	learned_say(j->learned, j->config->policy, c->batch.slots[0].time_ns);
	c->records_len = (uint32_t)j->records.len;
	c->json_len = (uint32_t)j->json.len;
	c->records_lost = j->records.lost + j->json.lost;
}

/*
 * A new registry's pages are touched once there is nothing to do, and as long as that is so:
 * registry_touch(). Who waits for this CPU, the keeper for one, gets it in between, so no packet
 * waits for more than a few pages.
 */
static void warm(struct job *j)
{
	struct pollfd p = { .fd = SPAWNED_SOCKET, .events = POLLIN };

	for (int wait = WARM_WAIT_MS; j->cold && poll(&p, 1, wait) == 0; wait = 0) {
		j->warmed = registry_touch(j->registry, j->warmed, WARM_PAGES);
		j->cold = j->warmed != 0;
		sched_yield();
	}
}

/* The keeper is trusted; what it sends is looked at only so far as a mistake could be meant. */
static int serve(struct job *j)
{
	struct handback back = { .number = 0, .tick_ms = -1 };
	struct handoff h;
	int fds[CHANNEL_FDS], err;

	for (;;) {
		do
			err = channel_send(SPAWNED_SOCKET, &back, sizeof(back), NULL, 0);
		while (channel_again(err));
		if (err != 0)
			break;
		warm(j);
		do
			err = channel_receive(SPAWNED_SOCKET, &h, sizeof(h), fds, 0);
		while (channel_again(err));
		if (err != 0)
			break;
		take_gifts(j, &h, fds);
		if (j->channel == NULL || h.count > j->slots)
			return EXIT_CODE_OTHER;
		run(j, &h);
		back.tick_ms = tend_libraries(j, &h);
		back.number = h.number;
	}
	return err == -EPIPE ? EXIT_CODE_OK : EXIT_CODE_OTHER;
}

/* Once: a message for each worker that comes later would say the same. */
static bool shut_in(const struct config *c)
{
	char missing[128];

	tzset();
	close(SPAWNED_CONFIG);
	sandbox_enter(c->hooks != NULL ? SANDBOX_HOST : SANDBOX_WORKER, NULL, missing,
		sizeof(missing));
	if (missing[0] == '\0' || c->sandbox != SANDBOX_REQUIRE)
		return true;
	log_error("worker: the sandbox is incomplete, without %s, and the config requires it",
		missing);
	return false;
}

int worker_process(void)
{
	static struct job j;
	struct config_error err;
	char why[HOOK_WHY];

	j.cpu = j.wake = -1;
	j.learned = learned_new();
	j.config = config_from_fd(SPAWNED_CONFIG, "config", false, &err);
	if (j.config == NULL) {
		log_error("worker: %s", err.text);
		return EXIT_CODE_CONFIG;
	}
	log_open(j.config->log_level);
	interfaces_init_told(&j.engine.interfaces);
	prctl(PR_SET_NAME, "usher-worker");
	urgency_of_packets();
	if (hooks_load(j.config, 1, NULL, &j.config->hooks, why) != 0) {
		log_error("%s", why);
		return EXIT_CODE_CONFIG;
	}
	if (!shut_in(j.config))
		return EXIT_CODE_OTHER;
	return serve(&j);
}
