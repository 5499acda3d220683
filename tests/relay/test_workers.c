/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers between a real queue and the real pipeline: everything that goes in comes out and is
 * counted.
 */
#include "relay/workers.h"

#include "relay/queue_table.h"
#include "tests/relay/netns.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* gcc says so, clang has to be asked. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

enum { PORT = 6767, FIRST = 4067, LAST = 4069 };

static const char config_text[] = "{ \"queues\": \"4067-4069\", \"batch\": 32 }";
static struct live_store *store;
static struct config *config;
static struct workers workers;
static struct worker_shared shared;
static char err_text[512];
static int in, out;
static _Atomic unsigned refreshes;

TestSuite(workers, .timeout = 60);

static void count_refresh(void *ctx)
{
	(void)ctx;
	refreshes++;
}

static struct registry *empty_registry(struct load_stats *ret_stats)
{
	char path[] = "/tmp/usher-registry-XXXXXX";
	struct load_result result;
	struct reg_error err;
	FILE *f = fdopen(mkstemp(path), "w");

	fputs("# nobody yet\n", f);
	fclose(f);
	cr_assert_eq(registry_load_file(path, false, NULL, &result, &err), REG_OK, "%s", err.text);
	unlink(path);
	*ret_stats = result.stats;
	return result.registry;
}

static void publish_registry(void)
{
	struct load_stats stats;
	struct registry *reg = empty_registry(&stats);

	live_set_registry(store, reg, &stats);
}

static void prepare(void)
{
	struct config_error err;

	netns_enter();
	netns_divert(PORT, FIRST, "--queue-bypass");
	config = config_parse("test", config_text, sizeof(config_text) - 1, &err);
	cr_assert_not_null(config, "%s", err.text);
	store = aligned_alloc(64, sizeof(*store));
	live_init(store, config);
	publish_registry();
	shared = (struct worker_shared){
		.live = &store->slot, .refresh = count_refresh, .slots = config->batch,
		.failed_fd = eventfd(0, EFD_NONBLOCK), .fail_open = config->fail_open,
	};
	in = netns_socket(PORT);
	out = netns_socket(0);
}

static void begin(void)
{
	prepare();
	cr_assert_eq(workers_open(&workers, config, &shared, err_text, sizeof(err_text)), 0, "%s",
		err_text);
	cr_assert_eq(workers.count, 3);
	cr_assert_eq(workers_start(&workers), 0);
}

static void end(void)
{
	workers_close(&workers);
	live_done(store);
	free(store);
}

static void pause_ms(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Until n datagrams have come through, or two seconds have passed. */
static size_t receive(size_t n)
{
	size_t got = 0;

	for (int i = 0; got < n && i < 200; i++) {
		got += netns_receive(in, NULL);
		pause_ms(got < n ? 10 : 0);
	}
	return got;
}

static void send_many(size_t n)
{
	for (size_t i = 0; i < n; i++)
		netns_send(out, PORT, "not DHCP", 8);
}

Test(workers, everything_passes_and_is_counted)
{
	struct worker_counters c;

	begin();
	send_many(5000);
	cr_assert_eq(receive(5000), 5000);
	cr_assert_eq(workers_count(&workers, &c), 0);
	cr_assert_eq(c.queue.packets, 5000);
	cr_assert_eq(c.pipeline.packets, 5000);
	cr_assert_eq(c.pipeline.verdicts[SLOT_ACCEPT], 5000);
	cr_assert_eq(c.pipeline.causes[CAUSE_not_dhcp], 5000);
	cr_assert_geq(c.queue.batches, 5000 / 32);
	cr_assert_eq(refreshes, c.queue.batches);
	end();
}

static bool is_called(const char *tid, const char *name)
{
	char path[300], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", tid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	(void)!fscanf(f, "%31s", comm);
	fclose(f);
	return strcmp(comm, name) == 0;
}

/* The CPUs that the thread of that name may run on; none if there is no such thread. */
static cpu_set_t cpus_of(const char *name)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *e;
	cpu_set_t set;

	CPU_ZERO(&set);
	while ((e = readdir(tasks)) != NULL)
		if (is_called(e->d_name, name))
			sched_getaffinity((pid_t)atoi(e->d_name), sizeof(set), &set);
	closedir(tasks);
	return set;
}

Test(workers, stay_on_a_cpu_each_if_asked)
{
	cpu_set_t all, first, second, both;

	sched_getaffinity(0, sizeof(all), &all);
	prepare();
	shared.pin = true;
	cr_assert_eq(workers_open(&workers, config, &shared, err_text, sizeof(err_text)), 0);
	cr_assert_eq(workers_start(&workers), 0);
	send_many(100);
	cr_assert_eq(receive(100), 100);
	first = cpus_of("usher-4067");
	second = cpus_of("usher-4068");
	CPU_AND(&both, &first, &second);
	cr_assert(CPU_COUNT(&first) == 1 && CPU_COUNT(&second) == 1);
	cr_assert_eq(CPU_COUNT(&both), CPU_COUNT(&all) > 1 ? 0 : 1);
	end();
}

Test(workers, counters_outlive_the_threads)
{
	struct worker_counters c;

	begin();
	send_many(100);
	cr_assert_eq(receive(100), 100);
	workers_stop(&workers);
	cr_assert_eq(workers_count(&workers, &c), 0);
	cr_assert_eq(c.pipeline.packets, 100);
	cr_assert_not(workers_failed(&workers));
	end();
}

/* New snapshots while packets are under way: none is lost, and publishing never waits for long. */
Test(workers, snapshots_change_under_load)
{
	size_t got = 0;

	begin();
	for (int i = 0; i < 200; i++) {
		send_many(20);
		publish_registry();
		got += netns_receive(in, NULL);
	}
	cr_assert_eq(got + receive(200 * 20 - got), 200 * 20);
	end();
}

static void *send_in_thread(void *arg)
{
	send_many(*(size_t *)arg);
	return NULL;
}

/* With fail open and --queue-bypass an intended stop loses nothing, whatever is under way. */
Test(workers, stopping_under_load_loses_nothing)
{
	begin();
	for (int i = 0; i < 10; i++) {
		size_t n = 20000;
		pthread_t thread;

		pthread_create(&thread, NULL, send_in_thread, &n);
		pause_ms(1 + i * 3);
		workers_close(&workers);
		pthread_join(thread, NULL);
		cr_assert_eq(receive(n), n);
		cr_assert_eq(
			workers_open(&workers, config, &shared, err_text, sizeof(err_text)), 0);
		cr_assert_eq(workers_start(&workers), 0);
	}
	end();
}

Test(workers, opening_is_all_or_nothing)
{
	struct queue_options o = { .number = LAST };
	struct queue_row row;
	struct queue *taken;

	prepare();
	cr_assert_eq(queue_open(&taken, &o, err_text, sizeof(err_text)), 0);
	cr_assert_eq(workers_open(&workers, config, &shared, err_text, sizeof(err_text)), -EPERM);
	cr_assert_not_null(strstr(err_text, "queue 4069 is already bound"), "%s", err_text);
	cr_assert_eq(workers.count, 0);
	cr_assert_eq(queue_table_find(FIRST, &row), -ENOENT);
	queue_close(taken);
	end();
}

/* A queue whose socket is gone cannot be served: the worker says so and ends. */
Test(workers, a_broken_queue_is_told)
{
	struct pollfd p;
	int fd;

	prepare();
	cr_assert_eq(workers_open(&workers, config, &shared, err_text, sizeof(err_text)), 0);
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, queue_fd(worker_queue(workers.all[1])));
	cr_assert_eq(workers_start(&workers), 0);
	p = (struct pollfd){ .fd = shared.failed_fd, .events = POLLIN };
	cr_assert_eq(poll(&p, 1, 5000), 1);
	cr_assert(workers_failed(&workers));
	send_many(10);
	cr_assert_eq(receive(10), 10);
	end();
}

/* An idle worker touches no slot: what a daemon without traffic costs. */
Test(workers, idle_workers_are_small)
{
	char line[128];
	long kb = 0;
	FILE *f;

	begin();
	pause_ms(50);
	f = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kb) == 1)
			break;
	fclose(f);
#ifndef SANITIZED
	cr_assert_lt(kb, 16 * 1024, "%ld KiB", kb);
#endif
	cr_assert_gt(kb, 0);
	end();
}
