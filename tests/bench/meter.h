/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other processes and devices have used up so far: CPU time of a program, which may be a
 * process and all that come of it, and packets of a device.
 */
#ifndef USHER_TESTS_BENCH_METER_H
#define USHER_TESTS_BENCH_METER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum { METER_MOST = 64 };

/* One process, and what was read of it last. */
struct metered {
	pid_t pid;
	clockid_t clock;
	int stat;                /* a descriptor, kept open: it is read often */
	int64_t cpu_ns;
	unsigned long user, system;
};

struct meter {
	pid_t pid;               /* 0: nobody is watched */
	int packets;             /* likewise a descriptor */
	size_t count;
	struct metered all[METER_MOST]; /* it and those that come of it */
};

struct reading {
	int64_t time_ns;
	int64_t cpu_ns;          /* on the CPU, all threads of all processes: exact */
	double user, system;     /* seconds, by the kernel's ticks: their ratio counts */
	uint64_t packets;        /* received by the device */
};

/* Ends the program if there is no such process or device. */
void meter_open(struct meter *m, pid_t pid, const char *device);
/*
 * Takes the processes in that have been started since. One that is started and ends between two
 * looks is not seen. Takes its time: not for within what is timed.
 */
void meter_look(struct meter *m);
uint64_t meter_packets(const struct meter *m);
void meter_read(struct meter *m, struct reading *ret);

/* Resident memory of all, KiB; a page that several have is counted once. */
long meter_memory(const struct meter *m);

#endif
