/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where messages go and in which shape: standard error, one write(2) a line, marked with a
 * priority when the journal reads it and with the time when a person does. Standard error may be a
 * pipe that nobody empties; a line is then dropped and counted, because a worker that waits for a
 * reader of its log holds up everybody's DHCP. Messages are never kept for later.
 */
#include "relay/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_MAX_LEN = 1024,  /* less than PIPE_BUF: a pipe that polls writable takes it whole */
	LIMIT_NS = 1000000000,
};

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static const char level_priorities[] = "3467";  /* syslog(3): ERR, WARNING, INFO, DEBUG */

static struct {
	pthread_mutex_t lock;
	_Atomic int level;
	bool journal;
	uint64_t lost;
} out = { .lock = PTHREAD_MUTEX_INITIALIZER, .level = LEVEL_INFO };

/*
 * systemd.exec(5), $JOURNAL_STREAM: device and inode number of the stream, decimal, colon between.
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	if (stream == NULL || sscanf(stream, "%llu:%llu", &dev, &ino) != 2)
		return false;
	return fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void log_open(enum log_level level)
{
	log_set_level(level);
	out.journal = stderr_is_journal();
}

void log_set_level(enum log_level level)
{
	atomic_store(&out.level, (int)level);
}

bool log_enabled(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&out.level, memory_order_relaxed);
}

static size_t put_prefix(char *line, enum log_level level)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	if (out.journal)
		return (size_t)sprintf(line, "<%c>", level_priorities[level]);
	clock_gettime(CLOCK_REALTIME, &ts);
	if (gmtime_r(&ts.tv_sec, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	n = strftime(line, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	return n + (size_t)sprintf(line + n, ".%03ldZ usher %s: ", ts.tv_nsec / 1000000,
		level_names[level]);
}

static size_t append(char *line, size_t len, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
static size_t append_text(char *line, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void say(enum log_level level, uint64_t held, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/* Appends to line[len..LINE_MAX_LEN), leaving room for the newline; returns the new length. */
static size_t append(char *line, size_t len, const char *fmt, va_list ap)
{
	size_t room = LINE_MAX_LEN - 1 - len;
	int n = vsnprintf(line + len, room, fmt, ap);

	if (n < 0)
		return len;
	return (size_t)n < room ? len + (size_t)n : LINE_MAX_LEN - 2;
}

static size_t append_text(char *line, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	len = append(line, len, fmt, ap);
	va_end(ap);
	return len;
}

static bool has_room(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

/* A message is one line whatever its arguments hold. */
static void write_line(char *line, size_t len)
{
	ssize_t done;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[len++] = '\n';
	do
		done = write(STDERR_FILENO, line, len);
	while (done < 0 && errno == EINTR);
}

static void say_lost(void)
{
	char line[LINE_MAX_LEN];
	size_t len = put_prefix(line, LEVEL_WARNING);

	len = append_text(line, len, "%llu log lines lost: standard error was full",
		(unsigned long long)out.lost);
	out.lost = 0;
	write_line(line, len);
}

static void say(enum log_level level, uint64_t held, const char *fmt, va_list ap)
{
	char line[LINE_MAX_LEN];
	size_t len = put_prefix(line, level);
	int saved = errno;

	len = append(line, len, fmt, ap);
	if (held > 0)
		len = append_text(line, len, " (%llu more like this before)",
			(unsigned long long)held);
	pthread_mutex_lock(&out.lock);
	if (out.lost > 0 && has_room())
		say_lost();
	if (has_room())
		write_line(line, len);
	else
		out.lost++;
	pthread_mutex_unlock(&out.lock);
	errno = saved;
}

void log_say(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	say(level, 0, fmt, ap);
	va_end(ap);
}

/* Of several threads that ask at once only one may. */
bool log_may_speak(struct log_site *site)
{
	struct timespec ts;
	int64_t now, next = atomic_load_explicit(&site->next_ns, memory_order_relaxed);

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	return now >= next && atomic_compare_exchange_strong(&site->next_ns, &next, now + LIMIT_NS);
}

bool log_limited(struct log_site *site, enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!log_enabled(level))
		return false;
	if (!log_may_speak(site)) {
		atomic_fetch_add_explicit(&site->held, 1, memory_order_relaxed);
		return false;
	}
	va_start(ap, fmt);
	say(level, atomic_exchange(&site->held, 0), fmt, ap);
	va_end(ap);
	return true;
}

size_t log_escape(char *dst, size_t cap, const void *src, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *s = src;
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		bool plain = s[i] >= ' ' && s[i] < 0x7f && s[i] != '\\';
		size_t need = plain ? 1 : s[i] == '\\' ? 2 : 4;

		if (need >= cap - len)
			break;
		if (plain) {
			dst[len++] = (char)s[i];
			continue;
		}
		dst[len++] = '\\';
		if (s[i] == '\\') {
			dst[len++] = '\\';
			continue;
		}
		dst[len++] = 'x';
		dst[len++] = digits[s[i] >> 4];
		dst[len++] = digits[s[i] & 15];
	}
	dst[len] = '\0';
	return len;
}
