/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outcome: records of leases on their way into the outcome file. A worker hands over the
 * records of a batch before it sends the verdicts and waits, but not for long, until they are in
 * the file. What the disk does not take at once waits in bounded memory and is written when it can
 * be.
 */
#ifndef USHER_RELAY_OUTCOME_H
#define USHER_RELAY_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum { OUTCOME_BACKLOG = 16 * 1024 * 1024 };

struct outcome_options {
	const char *path;        /* borrowed as long as the outcome */
	bool json; /* a record ends with a newline; else with an empty line (user_chk) */
	unsigned wait_ms;        /* how long a hand-over may wait for the disk; 0: not at all */
	size_t backlog;          /* bytes; 0: OUTCOME_BACKLOG */
	/* NULL: write(2). Tests put a disk that hangs here. */
	ssize_t (*write)(int fd, const void *buf, size_t n);
};

struct outcome_counters {
	uint64_t records;        /* handed over */
	uint64_t written;        /* in the file */
	uint64_t late;           /* not in the file when their verdict was sent */
	uint64_t lost;           /* no room in the backlog */
	uint64_t waiting;        /* bytes in the backlog now */
	uint64_t errors;         /* failed writes */
	uint64_t reopened;
	uint64_t stalled;        /* 1: the disk is known to fail now */
};

struct outcome;

/* Opens the file. 0, or a negative errno and a text in err[cap]. */
int outcome_new(struct outcome **ret, const struct outcome_options *o, char *err, size_t cap);

/* Starts the writer, once, before anything is handed over. 0 or a negative errno. */
int outcome_start(struct outcome *o);

/* What was handed over, and until when somebody may wait for it. */
struct outcome_wish {
	uint64_t until;
	size_t records;
	struct timespec deadline;
};

/*
 * Hands over text[0..len), whole records, without waiting. Never fails: what finds no room is
 * counted as lost, and a file of JSON gets a record that says how much is missing there. Any
 * thread.
 */
struct outcome_wish outcome_give(struct outcome *o, const char *text, size_t len);

/*
 * Waits until what was handed over is in the file, at most wait_ms from then on; not at all while
 * the disk is known to fail. Returns whether it is. To be called once for each outcome_give(): it
 * counts what comes late.
 */
bool outcome_wait(struct outcome *o, const struct outcome_wish *wish);

/* Both. */
bool outcome_put(struct outcome *o, const char *text, size_t len);

/* Asks the writer to open the path anew. Does not wait. */
void outcome_reopen(struct outcome *o);

void outcome_counters(struct outcome *o, struct outcome_counters *ret);

/*
 * Writes what waits, for at most wait_ms, and stops the writer. Returns how many bytes were left
 * unwritten. If the disk hangs the writer is left behind and its memory with it. NULL is allowed.
 */
size_t outcome_free(struct outcome *o, unsigned wait_ms);

#endif
