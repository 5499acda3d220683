/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides procfs and sysfs, and that a program may be a tree of processes. The total CPU time is the
 * scheduler's own sum, to the nanosecond; only its division into user and system rests on ticks.
 * The tree is walked between measurements, not within. proc(5), clock_getcpuclockid(3).
 */
#include "tests/bench/meter.h"

#include "tests/bench/bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int open_file(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int open_file(const char *format, ...)
{
	char path[128];
	va_list ap;
	int fd;

	va_start(ap, format);
	vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bench_die(path, strerror(errno));
	return fd;
}

static const char *contents(int fd, char *buf, size_t cap)
{
	ssize_t n = pread(fd, buf, cap - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

void meter_open(struct meter *m, pid_t pid, const char *device)
{
	*m = (struct meter){ .pid = pid };
	m->packets = open_file("/sys/class/net/%s/statistics/rx_packets", device);
	meter_look(m);
}

static struct metered *find(struct meter *m, pid_t pid)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->all[i].pid == pid)
			return &m->all[i];
	return NULL;
}

/* One that has just ended is passed over, unless it is the first. */
static void add(struct meter *m, pid_t pid)
{
	struct metered *new = &m->all[m->count];
	char path[64];

	if (find(m, pid) != NULL)
		return;
	if (m->count == METER_MOST)
		bench_die("the program that is measured", "has too many processes");
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	*new = (struct metered){ .pid = pid, .stat = open(path, O_RDONLY | O_CLOEXEC) };
	if (new->stat >= 0 && clock_getcpuclockid(pid, &new->clock) == 0)
		m->count++;
	else if (pid == m->pid)
		bench_die("the process that is measured", "has ended");
	else if (new->stat >= 0)
		close(new->stat);
}

/* The children of one thread. */
static void add_children(struct meter *m, pid_t pid, const char *thread)
{
	char path[320];
	FILE *f;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)pid, thread);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	while (fscanf(f, "%d", &child) == 1)
		add(m, child);
	fclose(f);
}

void meter_look(struct meter *m)
{
	char path[64];

	if (m->pid != 0)
		add(m, m->pid);
	for (size_t i = 0; i < m->count; i++) {
		struct dirent *d;
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%d/task", (int)m->all[i].pid);
		dir = opendir(path);
		while (dir != NULL && (d = readdir(dir)) != NULL)
			if (d->d_name[0] != '.')
				add_children(m, m->all[i].pid, d->d_name);
		if (dir != NULL)
			closedir(dir);
	}
}

uint64_t meter_packets(const struct meter *m)
{
	char buf[64];

	return strtoull(contents(m->packets, buf, sizeof(buf)), NULL, 10);
}

/* Of one that has ended, what was read last. */
static void read_one(struct metered *one)
{
	unsigned long user, system;
	struct timespec ts;
	char buf[1024], *behind_name;

	if (clock_gettime(one->clock, &ts) == 0)
		one->cpu_ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	contents(one->stat, buf, sizeof(buf));
	behind_name = strrchr(buf, ')');
	if (behind_name != NULL &&
		sscanf(behind_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system) == 2) {
		one->user = user;
		one->system = system;
	}
}

void meter_read(struct meter *m, struct reading *ret)
{
	double tick = (double)sysconf(_SC_CLK_TCK);

	*ret = (struct reading){ .time_ns = bench_now_ns(), .packets = meter_packets(m) };
	for (size_t i = 0; i < m->count; i++) {
		read_one(&m->all[i]);
		ret->cpu_ns += m->all[i].cpu_ns;
		ret->user += (double)m->all[i].user / tick;
		ret->system += (double)m->all[i].system / tick;
	}
	if (m->pid != 0 && kill(m->pid, 0) != 0)
		bench_die("the process that is measured", "has ended");
}

long meter_memory(const struct meter *m)
{
	long sum = 0;

	for (size_t i = 0; i < m->count; i++) {
		char path[64], buf[4096];
		const char *at;
		int fd;

		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)m->all[i].pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		at = strstr(contents(fd, buf, sizeof(buf)), "\nPss:");
		sum += at != NULL ? strtol(at + 5, NULL, 10) : 0;
		close(fd);
	}
	return sum;
}
