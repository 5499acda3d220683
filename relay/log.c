/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where messages go and in which shape: standard error, one write(2) a line, marked with a
 * priority when the journal reads it and with the time when a person does. Standard error may be a
 * pipe that nobody empties; a line is then dropped and counted, because a worker that waits for a
 * reader of its log holds up everybody's DHCP. Messages are never kept for later.
 */
#include "relay/log.h"

#include "registry/clock.h"

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
	SECOND_NS = 1000000000,
};

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static const char level_priorities[] = "3467";  /* syslog(3): ERR, WARNING, INFO, DEBUG */

static struct {
	pthread_mutex_t lock;
	_Atomic int level;
	bool journal;
	uint64_t lost;
	char last[LOG_LAST];     /* error, "" if none */
	int64_t last_ns;         /* CLOCK_MONOTONIC */
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

enum log_level log_level(void)
{
	return (enum log_level)atomic_load_explicit(&out.level, memory_order_relaxed);
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

bool log_level_find(const char *name, enum log_level *ret)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (strcmp(level_names[i], name) == 0) {
			*ret = (enum log_level)i;
			return true;
		}
	return false;
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

/*
 * The bytes of one UTF-8 character at s[0..n), 0 if there is none (RFC 3629 section 4) or it is a
 * control character: those of U+0080 to U+009F are obeyed by terminals like ESC sequences.
 */
static size_t character(const unsigned char *s, size_t n)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (len == 0 || len > n || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (len == 1)
		return s[0] >= ' ' && s[0] != 0x7f;
	if ((s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0) ||
		(s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
		(s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* A message is one line of text whatever its arguments hold. */
static void make_safe(char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n > 0 ? n : 1) {
		n = character((const unsigned char *)text + i, len - i);
		if (n == 0)
			text[i] = '?';
	}
}

static bool has_room(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void write_line(char *line, size_t len)
{
	ssize_t done;

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
	size_t prefix = put_prefix(line, level), len;
	int saved = errno;

	len = append(line, prefix, fmt, ap);
	make_safe(line + prefix, len - prefix);
	if (held > 0)
		len = append_text(line, len, " (%llu more like this before)",
			(unsigned long long)held);
	pthread_mutex_lock(&out.lock);
	if (level == LEVEL_ERROR) {
		snprintf(out.last, sizeof(out.last), "%.*s", (int)(len - prefix), line + prefix);
		out.last_ns = clock_now_ns();
	}
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
	return log_may_speak_again(site, 1);
}

bool log_may_speak_again(struct log_site *site, unsigned seconds)
{
	int64_t next = atomic_load_explicit(&site->next_ns, memory_order_relaxed),
		now = clock_now_ns();

	return now >= next && atomic_compare_exchange_strong(
					&site->next_ns, &next, now + (int64_t)seconds * SECOND_NS);
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

bool log_last_error(char dst[static LOG_LAST], int64_t *ret_ago_ms)
{
	pthread_mutex_lock(&out.lock);
	memcpy(dst, out.last, sizeof(out.last));
	*ret_ago_ms = (clock_now_ns() - out.last_ns) / 1000000;
	pthread_mutex_unlock(&out.lock);
	return dst[0] != '\0';
}

void log_note_error(const char *text)
{
	pthread_mutex_lock(&out.lock);
	snprintf(out.last, sizeof(out.last), "%s", text);
	make_safe(out.last, strlen(out.last));
	out.last_ns = clock_now_ns();
	pthread_mutex_unlock(&out.lock);
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
