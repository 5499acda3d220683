/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other processes and devices have used up so far: CPU time of a process, packets of a device.
 */
#ifndef USHER_TESTS_BENCH_METER_H
#define USHER_TESTS_BENCH_METER_H

#include <stdint.h>
#include <sys/types.h>

struct meter {
	pid_t pid;               /* 0: nobody is watched */
	int stat, status, packets; /* descriptors, kept open: they are read often */
};

struct reading {
	int64_t time_ns;
	int64_t cpu_ns;          /* on the CPU, all threads: exact */
	double user, system;     /* seconds, by the kernel's ticks: their ratio counts */
	uint64_t packets;        /* received by the device */
};

/* Ends the program if there is no such process or device. */
void meter_open(struct meter *m, pid_t pid, const char *device);
uint64_t meter_packets(const struct meter *m);
void meter_read(const struct meter *m, struct reading *ret);

/* Resident memory of the process, KiB. */
long meter_memory(const struct meter *m);

#endif
