/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides procfs and sysfs. The total CPU time is the scheduler's own sum, to the nanosecond; only
 * its division into user and system rests on ticks. proc(5), clock_getcpuclockid(3).
 */
#include "tests/bench/meter.h"

#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
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
	*m = (struct meter){ .pid = pid, .stat = -1, .status = -1 };
	m->packets = open_file("/sys/class/net/%s/statistics/rx_packets", device);
	if (pid == 0)
		return;
	m->stat = open_file("/proc/%d/stat", (int)pid);
	m->status = open_file("/proc/%d/status", (int)pid);
}

uint64_t meter_packets(const struct meter *m)
{
	char buf[64];

	return strtoull(contents(m->packets, buf, sizeof(buf)), NULL, 10);
}

void meter_read(const struct meter *m, struct reading *ret)
{
	unsigned long user = 0, system = 0;
	struct timespec ts = { 0 };
	char buf[1024], *behind_name;
	clockid_t clock;

	*ret = (struct reading){ .time_ns = bench_now_ns(), .packets = meter_packets(m) };
	if (m->pid == 0)
		return;
	if (clock_getcpuclockid(m->pid, &clock) != 0 || clock_gettime(clock, &ts) != 0)
		bench_die("the process that is measured", "has ended");
	ret->cpu_ns = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	contents(m->stat, buf, sizeof(buf));
	behind_name = strrchr(buf, ')');
	if (behind_name != NULL)
		sscanf(behind_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system);
	ret->user = (double)user / (double)sysconf(_SC_CLK_TCK);
	ret->system = (double)system / (double)sysconf(_SC_CLK_TCK);
}

long meter_memory(const struct meter *m)
{
	char buf[4096];
	const char *at;

	if (m->pid == 0)
		return 0;
	at = strstr(contents(m->status, buf, sizeof(buf)), "VmRSS:");
	return at != NULL ? strtol(at + 6, NULL, 10) : 0;
}
