/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon says, one line a message on standard error. A message is lower case, has no full
 * stop and names the remedy. Bytes that came from outside go through log_escape() first. All
 * functions may be called from any thread; none allocates, and none waits for the reader of
 * standard error: a line for which there is no room is counted instead.
 */
#ifndef USHER_RELAY_LOG_H
#define USHER_RELAY_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

/*
 * Sets what is said: messages up to `level`. Lines get an sd-daemon(3) prefix ("<3>") when standard
 * error is the journal, else the time. Call once before there are threads; before that: LEVEL_INFO.
 */
void log_open(enum log_level level);
/* Changes the level; any time. */
void log_set_level(enum log_level level);
enum log_level log_level(void);
bool log_enabled(enum log_level level);

/* "error", "warning", "info" or "debug". */
const char *log_level_name(enum log_level level);
/* False: there is no such level. */
bool log_level_find(const char *name, enum log_level *ret);

void log_say(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_say(LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_say(LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_say(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_say(LEVEL_DEBUG, __VA_ARGS__)

enum { LOG_LAST = 512 };

/*
 * The last message of level error, cut to fit, and in *ret_ago_ms how long ago it was said. False:
 * there was none.
 */
bool log_last_error(char dst[static LOG_LAST], int64_t *ret_ago_ms);

/* An error that another process of ours has logged is now the last one. */
void log_note_error(const char *text);

/* One per place in the code or per cause that may speak too often; zero to begin with. */
struct log_site {
	_Atomic int64_t next_ns;     /* CLOCK_MONOTONIC before which nothing is said */
	_Atomic uint64_t held;       /* messages swallowed since the last one said */
};

/*
 * As log_say(), but at most one line a second from this site. The next line that gets through tells
 * how many did not. Returns whether the line was said.
 */
bool log_limited(struct log_site *site, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether the site may speak now; if so, not again for a second. For what is costly to find out. */
bool log_may_speak(struct log_site *site);

/* The same for as many seconds. */
bool log_may_speak_again(struct log_site *site, unsigned seconds);

/*
 * Writes src[0..n) as text that is safe in a log, a terminal and a line-oriented file: printable
 * ASCII as it is, the backslash doubled, everything else as \xNN. dst[cap], cap > 0, is always
 * terminated; what does not fit is cut at a whole character. Returns the length written.
 */
size_t log_escape(char *dst, size_t cap, const void *src, size_t n);

#endif
