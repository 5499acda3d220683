/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MySQL's client/server protocol, version 10, as far as a client that only reads two tables can
 * tell.
 */
#include "tests/registry/fake_mysql.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PACKET = 65536, PLUGIN_AUTH = 0x80000, CAPABILITIES = 0xa28d, UTF8 = 33, AUTOCOMMIT = 2 };

/* One connection. */
struct talk {
	struct fake_mysql *f;
	int fd;
	uint8_t seq, out[PACKET];
	size_t len;
	bool slow;
};

static void put(struct talk *t, const void *bytes, size_t n)
{
	memcpy(t->out + t->len, bytes, n);
	t->len += n;
}

static void put_byte(struct talk *t, unsigned int v)
{
	t->out[t->len++] = (uint8_t)v;
}

static void put_text(struct talk *t, const char *text)
{
	put_byte(t, (unsigned int)strlen(text));
	put(t, text, strlen(text));
}

static bool write_all(const struct talk *t, const uint8_t *bytes, size_t n)
{
	while (n > 0 && !t->f->stop) {
		struct pollfd p = { .fd = t->fd, .events = POLLOUT };
		ssize_t sent;

		if (poll(&p, 1, 20) == 0)
			continue;
		sent = send(t->fd, bytes, t->slow ? 1 : n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		if (t->slow)
			temp_sleep_ms(20);
		bytes += sent;
		n -= (size_t)sent;
	}
	return n == 0;
}

/* What was put together is a packet. */
static bool flush(struct talk *t)
{
	uint8_t head[4] = { (uint8_t)t->len, (uint8_t)(t->len >> 8), (uint8_t)(t->len >> 16),
		t->seq++ };
	size_t n = t->len;

	t->len = 0;
	return write_all(t, head, 4) && write_all(t, t->out, n);
}

/* Waits, however long, until the client goes away or the test ends. */
static bool hang(const struct talk *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };

	while (!t->f->stop && poll(&p, 1, 10) == 0)
		;
	return false;
}

static bool read_bytes(const struct talk *t, uint8_t *to, size_t n)
{
	while (n > 0 && !t->f->stop) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };
		ssize_t got;

		if (poll(&p, 1, 10) == 0)
			continue;
		got = read(t->fd, to, n);
		if (got <= 0)
			return false;
		to += got;
		n -= (size_t)got;
	}
	return n == 0;
}

/* The client's packet, NUL-terminated. */
static bool receive(struct talk *t, char *text, size_t cap, size_t *ret_len)
{
	struct fake_mysql *f = t->f;
	uint8_t head[4];
	size_t n;

	if (!read_bytes(t, head, 4))
		return false;
	n = (size_t)(head[0] | head[1] << 8 | head[2] << 16);
	t->seq = (uint8_t)(head[3] + 1);
	if (n >= cap || !read_bytes(t, (uint8_t *)text, n))
		return false;
	text[n] = '\0';
	*ret_len = n;
	pthread_mutex_lock(&f->lock);
	if (n < sizeof(f->heard) - f->heard_len) {
		memcpy(f->heard + f->heard_len, text, n);
		f->heard_len += n;
	}
	pthread_mutex_unlock(&f->lock);
	return true;
}

static bool greet(struct talk *t)
{
	static const char version[] = "5.5.5-10.11.0-fake";
	unsigned int all = CAPABILITIES | PLUGIN_AUTH;

	put_byte(t, 10);
	put(t, version, sizeof(version));
	put(t, "\1\0\0\0" "12345678", 13);
	put_byte(t, all & 0xff);
	put_byte(t, all >> 8 & 0xff);
	put_byte(t, UTF8);
	put(t, "\2\0", 2);
	put_byte(t, all >> 16 & 0xff);
	put_byte(t, all >> 24);
	put_byte(t, 21);
	put(t, "\0\0\0\0\0\0\0\0\0\0" "123456789012", 23);
	put(t, "mysql_native_password", 22);
	return flush(t);
}

static bool say_ok(struct talk *t)
{
	put(t, "\0\0\0\2\0\0\0", 7);
	return flush(t);
}

static bool say_end(struct talk *t)
{
	put(t, "\xfe\0\0\2\0", 5);
	return flush(t);
}

static bool say_error(struct talk *t, unsigned int number, const char *text)
{
	put_byte(t, 0xff);
	put_byte(t, number & 0xff);
	put_byte(t, number >> 8);
	put(t, "#HY000", 6);
	put(t, text, strlen(text));
	return flush(t);
}

static bool ask_for_plugin(struct talk *t, const char *name)
{
	put_byte(t, 0xfe);
	put(t, name, strlen(name) + 1);
	put(t, "12345678901234567890", 21);
	return flush(t);
}

static bool log_in(struct talk *t)
{
	char text[4096];
	size_t len;

	if (t->f->mood == FAKE_MUTE)
		return hang(t);
	if (!greet(t) || !receive(t, text, sizeof(text), &len))
		return false;
	if (t->f->mood == FAKE_REFUSE)
		return say_error(t, 1045, "Access denied for user 'usher'@'localhost'") && hang(t);
	if (t->f->mood == FAKE_ASKS_PASSWORD)
		return ask_for_plugin(t, "mysql_clear_password") &&
			receive(t, text, sizeof(text), &len) && say_ok(t);
	if (t->f->mood == FAKE_ASKS_PLUGIN)
		return ask_for_plugin(t, "../../../../../tmp/plugin") &&
			receive(t, text, sizeof(text), &len) && say_ok(t);
	return say_ok(t);
}

static bool say_columns(struct talk *t, const char *const *names)
{
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	put_byte(t, (unsigned int)count);
	if (!flush(t))
		return false;
	for (size_t i = 0; i < count; i++) {
		put_text(t, "def");
		put_text(t, "dhcp");
		put_text(t, "t");
		put_text(t, "t");
		put_text(t, names[i]);
		put_text(t, names[i]);
		put(t, "\x0c\x21\0\xff\0\0\0\xfd\0\0\0\0\0", 13);
		if (!flush(t))
			return false;
	}
	return say_end(t);
}

static const char *const user_columns[] = { "user_no", "type", "id", "bootfile", NULL };
static const char *const change_columns[] = { "change_no", "user_no", "type", "id", "made_at",
	NULL };

static bool say_user(struct talk *t, unsigned int number)
{
	char text[16];

	sprintf(text, "%u", number);
	put_text(t, text);
	put_text(t, "HW_ADDR");
	sprintf(text, "%08x", number);
	put_text(t, text);
	put_text(t, "boot");
	return flush(t);
}

static bool say_huge(struct talk *t)
{
	static uint8_t megabyte[1 << 20];

	for (unsigned int i = 0; i < 4; i++) {
		uint8_t head[4] = { 0xff, 0xff, 0xff, t->seq++ };

		if (!write_all(t, head, 4))
			return false;
		for (unsigned int k = 0; k < 16; k++)
			if (!write_all(t, megabyte, sizeof(megabyte) - (k == 15)))
				return false;
	}
	return hang(t);
}

static bool say_endless(struct talk *t)
{
	for (unsigned int i = 1; say_user(t, i); i++)
		;
	return false;
}

static bool say_half_a_row(struct talk *t)
{
	uint8_t head[8] = { 40, 0, 0, t->seq++, 1, '2', 7, 'H' };

	return write_all(t, head, sizeof(head)) && hang(t);
}

static bool say_noise(struct talk *t)
{
	uint8_t noise[512];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)rand();
	return write_all(t, noise, sizeof(noise)) && hang(t);
}

static bool say_users(struct talk *t)
{
	enum fake_mood mood = (enum fake_mood)t->f->mood;

	if (mood == FAKE_NOISE)
		return say_noise(t);
	if (mood == FAKE_ERROR)
		return say_error(t, 1030, "Got error 28\nfrom storage engine");
	t->slow = mood == FAKE_DRIBBLES;
	if (!say_columns(t, user_columns))
		return false;
	if (mood == FAKE_HUGE)
		return say_huge(t);
	if (mood == FAKE_ENDLESS)
		return say_endless(t);
	if (mood == FAKE_FEW_COLUMNS) {
		put_text(t, "1");
		return flush(t) && say_end(t);
	}
	if (!say_user(t, 1))
		return false;
	if (mood == FAKE_HANGS)
		return hang(t);
	if (mood == FAKE_HANGS_IN_ROW)
		return say_half_a_row(t);
	if (mood == FAKE_CUTS)
		return false;
	return say_user(t, 2) && say_end(t);
}

static bool answer(struct talk *t, const char *query)
{
	if (t->f->mood == FAKE_ASKS_FILE && strncmp(query, "SET", 3) != 0) {
		put(t, "\xfb/etc/passwd", 12);
		return flush(t);
	}
	if (strncmp(query, "SELECT *", 8) == 0)
		return say_columns(t, user_columns) && say_end(t);
	if (strncmp(query, "SELECT change_no", 16) == 0)
		return say_columns(t, change_columns) && say_end(t);
	if (strncmp(query, "SELECT", 6) == 0)
		return say_users(t);
	return say_ok(t);
}

static void converse(struct talk *t)
{
	char text[65536];
	size_t len;

	if (!log_in(t))
		return;
	while (receive(t, text, sizeof(text), &len) && text[0] == 3)
		if (!answer(t, text + 1))
			return;
}

static void *run(void *arg)
{
	struct fake_mysql *f = arg;

	while (!f->stop) {
		struct pollfd p = { .fd = f->listener, .events = POLLIN };
		struct talk *t;

		if (poll(&p, 1, 10) <= 0)
			continue;
		t = calloc(1, sizeof(*t));
		t->f = f;
		t->fd = accept(f->listener, NULL, NULL);
		f->connections++;
		converse(t);
		close(t->fd);
		free(t);
	}
	return NULL;
}

void fake_mysql_start(struct fake_mysql *f, enum fake_mood mood)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	memset(f, 0, sizeof(*f));
	f->mood = mood;
	temp_make(&f->temp);
	pthread_mutex_init(&f->lock, NULL);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f->temp.path);
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(f->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	cr_assert_eq(listen(f->listener, 8), 0);
	cr_assert_eq(pthread_create(&f->thread, NULL, run, f), 0);
}

void fake_mysql_stop(struct fake_mysql *f)
{
	f->stop = true;
	pthread_join(f->thread, NULL);
	close(f->listener);
	pthread_mutex_destroy(&f->lock);
	temp_remove(&f->temp);
}

bool fake_mysql_heard(struct fake_mysql *f, const char *text)
{
	bool found;

	pthread_mutex_lock(&f->lock);
	found = memmem(f->heard, f->heard_len, text, strlen(text)) != NULL;
	pthread_mutex_unlock(&f->lock);
	return found;
}

struct source_mysql_options fake_mysql_options(const struct fake_mysql *f)
{
	return (struct source_mysql_options){
		.host = "", .socket = f->temp.path, .database = "dhcp", .user = "usher",
		.table = "usher_users", .password_file = "", .password_env = "", .tls_ca = "",
		.poll_ms = 20, .connect_ms = 1000, .read_ms = 1000,
	};
}
