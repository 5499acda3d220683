/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of JSON: a record where others are missing, two files of which neither waits for the other,
 * and a disk that says it is broken (FAULTS O1, O4).
 */
#include "relay/outcome.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/usher-gap-XXXXXX", path[64], other[64], err[512];
static char file[1 << 20];
static _Atomic int mood;             /* errno of the disk, 0: it works */
static _Atomic unsigned slow_ms;

static ssize_t disk(int fd, const void *buf, size_t n)
{
	if (slow_ms > 0)
		usleep(slow_ms * 1000);
	if (mood == 0)
		return write(fd, buf, n);
	errno = mood;
	return -1;
}

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a", dir);
	snprintf(other, sizeof(other), "%s/b", dir);
}

static void teardown(void)
{
	unlink(path);
	unlink(other);
	rmdir(dir);
}

TestSuite(outcome_gap, .init = setup, .fini = teardown, .timeout = 30);

static struct outcome *start(const char *where, bool json, size_t backlog,
	ssize_t (*with)(int, const void *, size_t))
{
	struct outcome_options o = {
		.path = where, .json = json, .wait_ms = 100, .backlog = backlog, .write = with,
	};
	struct outcome *ret = NULL;

	cr_assert_eq(outcome_new(&ret, &o, err, sizeof(err)), 0, "%s", err);
	cr_assert_eq(outcome_start(ret), 0);
	return ret;
}

static void put(struct outcome *o, unsigned i)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "{\"event\":\"granted\",\"n\":%u}\n", i);

	outcome_put(o, line, (size_t)n);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void await_written(struct outcome *o)
{
	struct outcome_counters c;
	double began = now();

	do {
		outcome_counters(o, &c);
		usleep(5000);
	} while ((c.waiting > 0 || c.stalled) && now() - began < 5);
	cr_assert_lt(now() - began, 1.0, "took %.2f s to go on", now() - began);
}

static void slurp(const char *from)
{
	FILE *f = fopen(from, "r");
	size_t n = fread(file, 1, sizeof(file) - 1, f);

	file[n] = '\0';
	fclose(f);
}

/* What the file holds, as numbers of records and in brackets how many are missing. */
static const char *story(void)
{
	static char told[65536];
	unsigned n, first = 0, last = 0, lost;
	bool open_run = false;
	size_t len = 0;

	told[0] = '\0';
	for (char *line = strtok(file, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char *at = strstr(line, "\"lost\":");

		if (sscanf(line, "{\"event\":\"granted\",\"n\":%u}", &n) == 1 && open_run && n == last + 1) {
			last = n;
			continue;
		}
		if (open_run)
			len += (size_t)sprintf(told + len, "%u-%u ", first, last);
		open_run = at == NULL;
		first = last = n;
		if (at != NULL && sscanf(at, "\"lost\":%u}", &lost) == 1)
			len += (size_t)sprintf(told + len, "(%u) ", lost);
	}
	if (open_run)
		sprintf(told + len, "%u-%u ", first, last);
	return told;
}

Test(outcome_gap, what_is_lost_is_told_where_it_is_missing)
{
	struct outcome *o = start(path, true, 4096, disk);
	struct outcome_counters c;
	char wanted[128];
	unsigned lost;

	put(o, 0);
	mood = ENOSPC;
	for (unsigned i = 1; i < 1000; i++)
		put(o, i);
	outcome_counters(o, &c);
	cr_assert_gt(c.lost, 100);
	lost = (unsigned)c.lost;
	mood = 0;
	await_written(o);
	put(o, 1000);
	put(o, 1001);
	outcome_counters(o, &c);
	cr_expect_eq(c.lost, lost);
	cr_expect_eq(c.written + c.lost, c.records);
	cr_expect_eq(outcome_free(o, 1000), 0);
	slurp(path);
	cr_expect_not_null(strstr(file, ",\"event\":\"gap\",\"since\":\"2"), "%s", file);
	snprintf(wanted, sizeof(wanted), "0-%u (%u) 1000-1001 ", 999 - lost, lost);
	cr_expect_str_eq(story(), wanted);
}

/* Also when nothing more is handed over afterwards. */
Test(outcome_gap, is_told_without_a_further_record)
{
	struct outcome *o = start(path, true, 4096, disk);

	mood = EIO;
	for (unsigned i = 0; i < 1000; i++)
		put(o, i);
	mood = 0;
	await_written(o);
	cr_expect_eq(outcome_free(o, 1000), 0);
	slurp(path);
	cr_expect_not_null(strstr(file, "\"event\":\"gap\""), "%s", file);
	cr_expect_eq(file[strlen(file) - 1], '\n');
}

/* In five rounds every record is either there once or counted in a gap. */
Test(outcome_gap, the_sum_is_right_over_and_over)
{
	struct outcome *o = start(path, true, 4096, disk);
	unsigned there = 0, missing = 0, n = 0, lost;

	for (int round = 0; round < 5; round++) {
		mood = round % 2 == 0 ? ENOSPC : EIO;
		for (unsigned i = 0; i < 400; i++)
			put(o, n++);
		mood = 0;
		await_written(o);
		put(o, n++);
	}
	cr_expect_eq(outcome_free(o, 1000), 0);
	slurp(path);
	for (char *line = strtok(file, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char *at = strstr(line, "\"lost\":");

		if (at != NULL && sscanf(at, "\"lost\":%u}", &lost) == 1)
			missing += lost;
		else
			there++;
	}
	cr_expect_eq(there + missing, n, "%u there, %u missing of %u", there, missing, n);
}

Test(outcome_gap, the_format_of_user_chk_has_no_words_for_it)
{
	static const char record[] = "id_type=DUID\nclient=00\naddr=::\nregistered=no\n\n";
	struct outcome *o = start(path, false, 4096, disk);
	struct outcome_counters c;

	mood = ENOSPC;
	for (unsigned i = 0; i < 1000; i++)
		outcome_put(o, record, strlen(record));
	mood = 0;
	await_written(o);
	outcome_put(o, record, strlen(record));
	outcome_counters(o, &c);
	cr_expect_gt(c.lost, 0);
	cr_expect_eq(outcome_free(o, 1000), 0);
	slurp(path);
	cr_expect_eq(strlen(file), c.written * strlen(record));
}

/*
 * Of a healthy file and one whose disk is slow the lease waits for the slow one, once, and not for
 * both.
 */
Test(outcome_gap, two_files_are_written_at_once)
{
	struct outcome *slow = start(path, true, 0, disk), *fast = start(other, true, 0, NULL);
	struct outcome_wish a, b;
	double began;

	slow_ms = 60;
	began = now();
	a = outcome_give(slow, "{}\n", 3);
	b = outcome_give(fast, "{}\n", 3);
	cr_expect_lt(now() - began, 0.03, "handing over waits");
	cr_expect(outcome_wait(fast, &b));
	cr_expect_lt(now() - began, 0.055, "one waits for the other");
	cr_expect(outcome_wait(slow, &a));
	/* both hang: until wait_ms after the hand-over, not twice as long */
	slow_ms = 1000;
	began = now();
	a = outcome_give(slow, "{}\n", 3);
	usleep(60000);
	cr_expect_not(outcome_wait(slow, &a));
	cr_expect_lt(now() - began, 0.15, "the time runs from the hand-over");
	slow_ms = 0;
	outcome_free(slow, 3000);
	outcome_free(fast, 1000);
}
