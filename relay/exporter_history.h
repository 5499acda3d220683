/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters over time: samples of the daemon's metrics, each metric summed over its labels. */
#ifndef USHER_RELAY_EXPORTER_HISTORY_H
#define USHER_RELAY_EXPORTER_HISTORY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
	HISTORY_SAMPLES = 720,
	HISTORY_STEP_S = 5,      /* so an hour */
	HISTORY_NAMES = 40,      /* metrics kept; those that come first in the text */
	HISTORY_NAME = 64,
};

struct exporter_history {
	size_t names;
	char name[HISTORY_NAMES][HISTORY_NAME];
	uint64_t taken;          /* samples so far; the last HISTORY_SAMPLES are there */
	int64_t seconds[HISTORY_SAMPLES];
	double values[HISTORY_SAMPLES][HISTORY_NAMES]; /* NaN: not there then */
};

/*
 * Adds a sample, of the time given in seconds of UTC: every counter of the text, which is in the
 * Prometheus exposition format, whose name ends in "_total". Lines that are not understood are left
 * out. text[len] must be a NUL.
 */
void exporter_history_add(
	struct exporter_history *h, int64_t seconds, const char *text, size_t len);

/* Writes {"step":N,"names":[...],"samples":[[time,value or null...],...]}, oldest first. */
void exporter_history_write(const struct exporter_history *h, FILE *out);

#endif
