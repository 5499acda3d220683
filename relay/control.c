/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the clients. Each has a buffer for its request, read without waiting, and one for the
 * answer; while an answer waits to be taken nothing more is read from that client, and one request
 * is answered a turn of the loop, so that turns go round. A clock ticks while there are clients and
 * sends those away whose time is over. Does not know what is asked.
 */
#include "relay/control.h"

#include "registry/clock.h"

#include "relay/control_socket.h"
#include "relay/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { TICKS = 10 };             /* of the clock, in the time that a client has */

struct client {
	struct loop_source source;   /* fd -1: a place that is free */
	struct control *control;
	struct ucred who;
	int64_t since_ms;            /* when it came, or last had an answer */
	char *out;                   /* the answer; NULL: none waits */
	size_t out_len, out_sent;
	size_t in_len;
	char in[CONTROL_LINE];
};

struct control {
	struct control_options options;
	struct loop *loop;
	struct control_socket socket;
	struct loop_source listener, clock;
	size_t count;
	bool deaf;                   /* no descriptors left: nobody is let in before the next tick */
	struct log_site busy_site;
	struct client clients[CONTROL_CLIENTS];
};

static void set_clock(struct control *c, bool on)
{
	unsigned long ns = (unsigned long)c->options.timeout_ms * 1000000 / TICKS;
	struct timespec tick = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
	struct itimerspec its = { .it_interval = tick, .it_value = tick };

	if (!on)
		memset(&its, 0, sizeof(its));
	timerfd_settime(c->clock.fd, 0, &its, NULL);
}

static void send_away(struct client *cl)
{
	struct control *c = cl->control;

	loop_remove(c->loop, &cl->source);
	close(cl->source.fd);
	cl->source.fd = -1;
	free(cl->out);
	cl->out = NULL;
	if (--c->count == 0 && !c->deaf)
		set_clock(c, false);
}

static struct client *stillest(struct control *c)
{
	struct client *found = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *cl = &c->clients[i];

		if (cl->source.fd >= 0 && (found == NULL || cl->since_ms < found->since_ms))
			found = cl;
	}
	return found;
}

/* --- a request ------------------------------------------------------------------------------- */

/* Whether a whole request lies in the buffer; it then is in[0..*ret_len). */
static bool has_line(const struct client *cl, size_t *ret_len)
{
	const char *end = memchr(cl->in, '\n', cl->in_len);

	*ret_len = end != NULL ? (size_t)(end - cl->in) : 0;
	return end != NULL;
}

/* False without memory. */
static bool answer(struct client *cl, size_t line)
{
	const struct control_options *o = &cl->control->options;
	FILE *out = open_memstream(&cl->out, &cl->out_len);

	if (out == NULL)
		return false;
	o->answer(o->ctx, &cl->who, cl->in, line, out);
	if (fclose(out) != 0)
		return false;
	cl->out_sent = 0;
	cl->in_len -= line + 1;
	memmove(cl->in, cl->in + line + 1, cl->in_len);
	return true;
}

/* Whether the client is still there. */
static bool send_answer(struct client *cl)
{
	while (cl->out_sent < cl->out_len) {
		ssize_t n = send(cl->source.fd, cl->out + cl->out_sent, cl->out_len - cl->out_sent,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		cl->out_sent += (size_t)n;
	}
	free(cl->out);
	cl->out = NULL;
	cl->since_ms = clock_now_ms();
	return true;
}

/* Whether the client is still there. */
static bool receive(struct client *cl)
{
	ssize_t n = recv(cl->source.fd, cl->in + cl->in_len, sizeof(cl->in) - cl->in_len,
		MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	cl->in_len += (size_t)n;
	return n > 0;
}

/*
 * One step: take what can be taken, answer one request, send what can be sent. What is left to do
 * waits until the socket takes more, which one that has taken everything does at once: the next
 * turn.
 */
static void on_client(void *ctx, uint32_t events)
{
	struct client *cl = ctx;
	size_t line;
	bool there = true;

	if ((events & EPOLLIN) != 0 && cl->out == NULL && cl->in_len < sizeof(cl->in))
		there = receive(cl);
	if (there && (events & (EPOLLHUP | EPOLLERR)) != 0 && (events & EPOLLIN) == 0)
		there = false;
	if (there && cl->out == NULL && has_line(cl, &line))
		there = answer(cl, line);
	if (there && cl->out != NULL)
		there = send_answer(cl);
	if (there && cl->out == NULL && !has_line(cl, &line) && cl->in_len == sizeof(cl->in))
		there = false;
	if (!there)
		send_away(cl);
	else
		loop_watch(cl->control->loop, &cl->source,
			cl->out != NULL || has_line(cl, &line) ? EPOLLOUT : EPOLLIN);
}

/* --- coming and going ------------------------------------------------------------------------ */

static void let_in(struct control *c, int fd)
{
	struct client *cl = NULL;
	socklen_t len = sizeof(cl->who);

	if (c->count == CONTROL_CLIENTS)
		send_away(stillest(c));
	for (size_t i = 0; cl == NULL; i++)
		if (c->clients[i].source.fd < 0)
			cl = &c->clients[i];
	cl->source = (struct loop_source){ fd, on_client, cl };
	cl->control = c;
	cl->in_len = 0;
	cl->since_ms = clock_now_ms();
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cl->who, &len) != 0 ||
		loop_add(c->loop, &cl->source) != 0) {
		close(fd);
		cl->source.fd = -1;
		return;
	}
	if (c->count++ == 0)
		set_clock(c, true);
}

/* Without descriptors the client at the door cannot even be refused: one of ours makes room. */
static void on_no_descriptors(struct control *c, int err)
{
	if (err != EMFILE && err != ENFILE && err != ENOBUFS && err != ENOMEM)
		return;
	log_limited(&c->busy_site, LEVEL_WARNING, "control socket %s: %s", c->options.path,
		strerror(err));
	if (c->count > 0) {
		send_away(stillest(c));
		return;
	}
	c->deaf = true;
	loop_watch(c->loop, &c->listener, 0);
	set_clock(c, true);
}

static void on_listener(void *ctx, uint32_t events)
{
	struct control *c = ctx;
	int fd = accept4(c->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0)
		let_in(c, fd);
	else
		on_no_descriptors(c, errno);
}

static void on_clock(void *ctx, uint32_t events)
{
	struct control *c = ctx;
	int64_t now = clock_now_ms();
	uint64_t ticks;

	(void)events;
	(void)!read(c->clock.fd, &ticks, sizeof(ticks));
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].source.fd >= 0 &&
			now - c->clients[i].since_ms >= (int64_t)c->options.timeout_ms)
			send_away(&c->clients[i]);
	if (!c->deaf)
		return;
	c->deaf = false;
	loop_watch(c->loop, &c->listener, EPOLLIN);
	set_clock(c, c->count > 0);
}

static int start(struct control *c)
{
	int rc;

	c->clock.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	rc = c->clock.fd < 0 ? -errno : loop_add(c->loop, &c->clock);
	return rc == 0 ? loop_add(c->loop, &c->listener) : rc;
}

int control_open(struct control **ret, struct loop *loop, const struct control_options *o,
	char *err, size_t cap)
{
	struct control *c = calloc(1, sizeof(*c));
	int rc;

	if (c == NULL) {
		snprintf(err, cap, "control socket %s: out of memory", o->path);
		return -ENOMEM;
	}
	c->options = *o;
	if (c->options.timeout_ms == 0)
		c->options.timeout_ms = CONTROL_MS;
	c->loop = loop;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].source.fd = -1;
	c->clock = (struct loop_source){ -1, on_clock, c };
	rc = control_socket_open(&c->socket, o, err, cap);
	c->listener = (struct loop_source){ c->socket.fd, on_listener, c };
	if (rc == 0 && (rc = start(c)) != 0)
		snprintf(err, cap, "control socket %s: %s", o->path, strerror(-rc));
	if (rc != 0) {
		control_close(c);
		return rc;
	}
	*ret = c;
	return 0;
}

struct control *control_close(struct control *c)
{
	if (c == NULL)
		return NULL;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->clients[i].source.fd >= 0)
			send_away(&c->clients[i]);
	if (c->clock.fd >= 0) {
		loop_remove(c->loop, &c->clock);
		close(c->clock.fd);
	}
	if (c->listener.fd >= 0)
		loop_remove(c->loop, &c->listener);
	control_socket_close(&c->socket);
	free(c);
	return NULL;
}
