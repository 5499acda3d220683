/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records on their way to the disk: in the file before the verdict, whole, once, through rotation,
 * a full disk and one that hangs.
 */
#include "relay/outcome.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/usher-outcome-XXXXXX", path[64], err_text[512];
static struct outcome *outcome;
static unsigned char *seen;      /* how often record i has been found */
static size_t seen_size, torn;

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/outcome.txt", dir);
}

static void teardown(void)
{
	unlink(path);
	rmdir(dir);
}

TestSuite(outcome, .init = setup, .fini = teardown, .timeout = 60);

static void start(unsigned wait_ms, size_t backlog)
{
	struct outcome_options o = { .path = path, .wait_ms = wait_ms, .backlog = backlog };

	cr_assert_eq(outcome_new(&outcome, &o, err_text, sizeof(err_text)), 0, "%s", err_text);
	cr_assert_eq(outcome_start(outcome), 0);
}

static bool put(unsigned i)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "id_type=HW_ADDR\nclient=%08u\naddr=192.0.2.1\n"
		"registered=yes\n\n", i);

	return outcome_put(outcome, text, (size_t)n);
}

static struct outcome_counters counters(void)
{
	struct outcome_counters c;

	outcome_counters(outcome, &c);
	return c;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void pause_ms(long ms)
{
	const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

/* Reads a file of records into seen[]; anything that is not a whole record counts as torn. */
static void collect(const char *name)
{
	FILE *f = fopen(name, "r");
	char line[4][64], empty[8];
	unsigned i;

	if (f == NULL)
		return;
	while (fgets(line[0], 64, f) != NULL) {
		if (strcmp(line[0], "id_type=HW_ADDR\n") != 0 || fgets(line[1], 64, f) == NULL ||
			sscanf(line[1], "client=%8u\n", &i) != 1 || i >= seen_size ||
			fgets(line[2], 64, f) == NULL || fgets(line[3], 64, f) == NULL ||
			strcmp(line[3], "registered=yes\n") != 0 ||
			fgets(empty, 8, f) == NULL || strcmp(empty, "\n") != 0) {
			torn++;
			continue;
		}
		seen[i]++;
	}
	fclose(f);
}

static void expect(size_t n)
{
	seen_size = n;
	seen = calloc(n, 1);
	torn = 0;
}

static void must_have_all(void)
{
	cr_assert_eq(torn, 0);
	for (size_t i = 0; i < seen_size; i++)
		cr_assert_eq(seen[i], 1, "record %zu is there %u times", i, seen[i]);
	free(seen);
}

Test(outcome, in_the_file_when_put_returns)
{
	start(5000, 0);
	expect(100);
	for (unsigned i = 0; i < 100; i++) {
		struct stat st;

		cr_assert(put(i));
		cr_assert_eq(stat(path, &st), 0);
		cr_assert_eq(st.st_size, (i + 1) * 63);
	}
	cr_assert_eq(counters().records, 100);
	cr_assert_eq(counters().written, 100);
	cr_assert_eq(counters().late, 0);
	cr_assert_eq(outcome_free(outcome, 1000), 0);
	collect(path);
	must_have_all();
}

Test(outcome, without_waiting_everything_is_written_at_the_end)
{
	start(0, 0);
	expect(1000);
	for (unsigned i = 0; i < 1000; i++)
		cr_assert_not(put(i));
	cr_assert_eq(outcome_free(outcome, 5000), 0);
	collect(path);
	must_have_all();
}

enum { THREADS = 4, EACH = 2000 };

static void *put_many(void *arg)
{
	unsigned first = *(unsigned *)arg;

	for (unsigned i = 0; i < EACH; i++)
		put(first + i);
	return NULL;
}

Test(outcome, hand_overs_of_several_threads)
{
	pthread_t threads[THREADS];
	unsigned first[THREADS];

	start(5000, 0);
	expect(THREADS * EACH);
	for (unsigned i = 0; i < THREADS; i++) {
		first[i] = i * EACH;
		pthread_create(&threads[i], NULL, put_many, &first[i]);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(counters().lost, 0);
	cr_assert_eq(outcome_free(outcome, 5000), 0);
	collect(path);
	must_have_all();
}

/* As logrotate does it, with and without the signal, and by removing what was rotated. */
Test(outcome, a_thousand_rotations_lose_nothing)
{
	char old[80];

	start(5000, 0);
	expect(10000);
	snprintf(old, sizeof(old), "%s.1", path);
	for (unsigned i = 0; i < 10000; i++) {
		cr_assert(put(i));
		if (i % 10 != 5)
			continue;
		collect(old);
		cr_assert_eq(rename(path, old), 0);
		if (i % 20 == 5)
			outcome_reopen(outcome);
		pause_ms(0);
	}
	cr_assert_geq(counters().reopened, 1000);
	cr_assert_eq(outcome_free(outcome, 1000), 0);
	collect(old);
	collect(path);
	unlink(old);
	must_have_all();
}

Test(outcome, a_removed_file_is_made_again)
{
	struct stat st;

	start(5000, 0);
	cr_assert(put(0));
	cr_assert_eq(unlink(path), 0);
	cr_assert(put(1));
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0640);
	cr_assert_eq(outcome_free(outcome, 1000), 0);
}

static void use_small_disk(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
		cr_skip_test("needs root to mount a small file system");
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	cr_assert_eq(mount("usher", dir, "tmpfs", 0, "size=64k"), 0);
}

static void fill_disk(const char *filler)
{
	static const char zeros[4096];
	int fd = open(filler, O_CREAT | O_WRONLY | O_APPEND, 0600);

	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	close(fd);
}

Test(outcome, a_full_disk_delays_one_lease_and_loses_nothing)
{
	char filler[80];
	double began;

	use_small_disk();
	snprintf(filler, sizeof(filler), "%s/filler", dir);
	start(200, 0);
	expect(500);
	for (int round = 0; round < 5; round++) {
		unsigned i = (unsigned)round * 100;

		cr_assert(put(i++));
		fill_disk(filler);
		began = now();
		while (i < (unsigned)round * 100 + 99)
			put(i++);
		cr_assert_lt(now() - began, 0.3, "leases waited for a full disk");
		cr_assert_gt(counters().late, 0);
		cr_assert_eq(unlink(filler), 0);
		began = now();
		while (counters().waiting > 0 && now() - began < 5)
			pause_ms(10);
		cr_assert_lt(now() - began, 1.0, "took %.2f s to resume", now() - began);
		cr_assert(put(i));
	}
	cr_assert_eq(counters().lost, 0);
	cr_assert_eq(outcome_free(outcome, 1000), 0);
	collect(path);
	must_have_all();
	umount(dir);
}

Test(outcome, what_exceeds_the_backlog_is_counted)
{
	struct outcome_counters c;
	char filler[80];

	use_small_disk();
	snprintf(filler, sizeof(filler), "%s/filler", dir);
	start(20, 4096);
	fill_disk(filler);
	expect(1000);
	for (unsigned i = 0; i < 1000; i++)
		put(i);
	c = counters();
	cr_assert_gt(c.lost, 900);
	cr_assert_eq(c.records, 1000);
	unlink(filler);
	cr_assert_eq(outcome_free(outcome, 1000), 0);
	collect(path);
	cr_assert_eq(torn, 0);
	for (size_t i = 0; i < 1000 - c.lost; i++)
		cr_assert_eq(seen[i], 1);
	for (size_t i = 1000 - c.lost; i < 1000; i++)
		cr_assert_eq(seen[i], 0);
	umount(dir);
}

Test(outcome, a_file_size_limit_is_survived)
{
	struct rlimit rl = { 1000, RLIM_INFINITY };

	start(100, 0);
	setrlimit(RLIMIT_FSIZE, &rl);
	expect(50);
	for (unsigned i = 0; i < 50; i++)
		put(i);
	cr_assert_gt(counters().errors, 0);
	rl.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &rl);
	pause_ms(500);
	cr_assert_eq(counters().waiting, 0);
	cr_assert_eq(outcome_free(outcome, 1000), 0);
	collect(path);
	must_have_all();
}

static _Atomic bool hang;

static ssize_t write_when_allowed(int fd, const void *buf, size_t n)
{
	while (hang)
		pause_ms(5);
	return write(fd, buf, n);
}

/* A disk that does not answer at all delays the first lease by wait_ms and no other. */
Test(outcome, a_disk_that_hangs_delays_one_lease)
{
	struct outcome_options o = { .path = path, .wait_ms = 100, .write = write_when_allowed };
	double began;

	cr_assert_eq(outcome_new(&outcome, &o, err_text, sizeof(err_text)), 0);
	cr_assert_eq(outcome_start(outcome), 0);
	expect(1001);
	hang = true;
	began = now();
	for (unsigned i = 0; i < 1000; i++)
		cr_assert_not(put(i));
	cr_assert_gt(now() - began, 0.095);
	cr_assert_lt(now() - began, 0.3);
	cr_assert_eq(counters().late, 1000);
	hang = false;
	began = now();
	while (counters().waiting > 0 && now() - began < 5)
		pause_ms(5);
	cr_assert_lt(now() - began, 1.0);
	cr_assert(put(1000));
	cr_assert_eq(outcome_free(outcome, 1000), 0);
	collect(path);
	must_have_all();
}

Test(outcome, a_disk_that_hangs_does_not_hold_up_the_end)
{
	struct outcome_options o = { .path = path, .wait_ms = 10, .write = write_when_allowed };
	double began = now();

	cr_assert_eq(outcome_new(&outcome, &o, err_text, sizeof(err_text)), 0);
	cr_assert_eq(outcome_start(outcome), 0);
	hang = true;
	put(1);
	cr_assert_eq(outcome_free(outcome, 200), 63);
	cr_assert_lt(now() - began, 0.5);
}

Test(outcome, what_cannot_be_written_at_the_end_is_told)
{
	struct rlimit rl = { 0, RLIM_INFINITY };

	start(100, 0);
	setrlimit(RLIMIT_FSIZE, &rl);
	put(1);
	cr_assert_eq(outcome_free(outcome, 1000), 63);
	cr_assert_eq(outcome_free(NULL, 0), 0);
}

Test(outcome, errors_at_start_are_told)
{
	struct outcome_options o = { .path = dir };

	cr_assert_lt(outcome_new(&outcome, &o, err_text, sizeof(err_text)), 0);
	cr_assert_not_null(strstr(err_text, "is a directory"));
}
