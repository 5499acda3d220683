/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask: what shall become of clients that are not registered is asked of a service on a unix socket.
 * The packet is parked meanwhile; if there is no answer in time, hooks_park.on_timeout decides.
 *
 *   { "library": ".../ask.so", "parameters": { "socket": "/run/who.sock", "threads": 4 } }
 *
 * A question is one connection: "HW_ADDR 0c0e0a01ff04\n" to the service, back comes a line:
 * "pass", "drop", or "subnet NAME". It connects to it anew for each question, which the
 * sandbox lets a library do; the service's socket must be open to the user that usher's workers run as.
 */
#include <usher/hooks.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ROOM = 256, THREADS_MAX = 64 };

struct question {
	uint64_t ticket;
	char text[300];
};

struct ask {
	struct usher_library *lib;
	struct sockaddr_un service;
	struct timeval patience;
	pthread_mutex_t lock;
	pthread_cond_t any;
	bool stop;
	size_t first, count;
	struct question ring[ROOM];
	size_t thread_count;
	pthread_t threads[THREADS_MAX];
};

int version(void)
{
	return USHER_HOOKS_VERSION;
}

int multi_threading_compatible(void)
{
	return 1;
}

/* --- the threads that ask -------------------------------------------------------------------- */

/* The service's line without its end; its length, 0: none came. */
static size_t ask_service(const struct ask *a, const struct question *q, char *answer, size_t cap)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &a->patience, sizeof(a->patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &a->patience, sizeof(a->patience));
	if (connect(fd, (const struct sockaddr *)&a->service, sizeof(a->service)) == 0 &&
		send(fd, q->text, strlen(q->text), MSG_NOSIGNAL) > 0)
		do {
			n = recv(fd, answer + len, cap - 1 - len, 0);
			len += n > 0 ? (size_t)n : 0;
		} while (n > 0 && memchr(answer, '\n', len) == NULL && len < cap - 1);
	close(fd);
	answer[len] = '\0';
	return strcspn(answer, "\r\n");
}

static void answer(struct ask *a, const struct question *q)
{
	char text[USHER_ANSWER_MAX];
	size_t len = ask_service(a, q, text, sizeof(text));
	enum usher_step step = len == 4 && memcmp(text, "drop", 4) == 0 ? USHER_DROP : USHER_CONTINUE;

	/* Without an answer the packet waits for its time-out, whose policy is the config's. */
	if (len == 0)
		usher_log(a->lib, USHER_WARNING, "no answer from %s", a->service.sun_path);
	else
		usher_unpark(a->lib, q->ticket, step, text, len);
}

static void *work(void *arg)
{
	struct ask *a = arg;
	struct question q;

	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		if (a->count == 0) {
			pthread_cond_wait(&a->any, &a->lock);
			continue;
		}
		q = a->ring[a->first];
		a->first = (a->first + 1) % ROOM;
		a->count--;
		pthread_mutex_unlock(&a->lock);
		answer(a, &q);
		pthread_mutex_lock(&a->lock);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* --- loading --------------------------------------------------------------------------------- */

int unload(struct usher_library *lib)
{
	struct ask *a = usher_data(lib);

	if (a == NULL)
		return 0;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->any);
	pthread_mutex_unlock(&a->lock);
	for (size_t i = 0; i < a->thread_count; i++)
		pthread_join(a->threads[i], NULL);
	free(a);
	return 0;
}

static int read_parameters(struct ask *a)
{
	const struct usher_value *p = usher_parameters(a->lib);
	const char *path = usher_value_text(usher_value_get(p, "socket"), "");
	int64_t threads = usher_value_int(usher_value_get(p, "threads"), 4);

	if (path[0] == '\0' || strlen(path) >= sizeof(a->service.sun_path) || threads < 1 ||
		threads > THREADS_MAX) {
		usher_log(a->lib, USHER_ERROR,
			"expected \"socket\", a path, and \"threads\" from 1 to 64");
		return -1;
	}
	a->service.sun_family = AF_UNIX;
	memcpy(a->service.sun_path, path, strlen(path) + 1);
	a->patience.tv_sec = 1;
	return (int)threads;
}

int load(struct usher_library *lib)
{
	struct ask *a = calloc(1, sizeof(*a));
	int threads;

	if (a == NULL)
		return 1;
	usher_set_data(lib, a);
	a->lib = lib;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->any, NULL);
	threads = read_parameters(a);
	while (threads > 0 && a->thread_count < (size_t)threads &&
		pthread_create(&a->threads[a->thread_count], NULL, work, a) == 0)
		a->thread_count++;
	return threads < 0 || a->thread_count == 0;
}

/* --- the packets' way ------------------------------------------------------------------------ */

/* The packet goes on: "subnet NAME" is a choice. */
static int resume(struct usher_callout *c, const char *subnet)
{
	size_t len;
	const char *text = usher_answer(c, &len);
	char name[USHER_ANSWER_MAX + 1];

	if (text == NULL || len < 8 || memcmp(text, "subnet ", 7) != 0)
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)(len - 7), text + 7);
	return usher_set_text(c, subnet, name);
}

static int resume4(struct usher_callout *c)
{
	return resume(c, "subnet4");
}

static int resume6(struct usher_callout *c)
{
	return resume(c, "subnet6");
}

static bool put(struct ask *a, const struct question *q)
{
	bool room;

	pthread_mutex_lock(&a->lock);
	room = a->count < ROOM;
	if (room)
		a->ring[(a->first + a->count++) % ROOM] = *q;
	pthread_cond_signal(&a->any);
	pthread_mutex_unlock(&a->lock);
	return room;
}

static int select_subnet(struct usher_callout *c, const char *name, usher_callout_fn *then)
{
	struct ask *a = usher_data(usher_library_of(c));
	struct usher_packet *p = usher_get_packet(c, name);
	struct question q = { .ticket = 0 };
	const uint8_t *id;
	const char *type;
	size_t len, n;

	if (usher_get_step(c) != USHER_CONTINUE || usher_registered(p) ||
		usher_identity(p, &type, &id, &len) != USHER_OK)
		return 0;
	n = (size_t)snprintf(q.text, sizeof(q.text), "%s ", type);
	for (size_t i = 0; i < len && n + 4 < sizeof(q.text); i++)
		n += (size_t)snprintf(q.text + n, sizeof(q.text) - n, "%02x", id[i]);
	strcat(q.text, "\n");
	q.ticket = usher_park(c, then);
	/* No room here or there: as if nobody had been asked. */
	if (q.ticket != 0 && !put(a, &q))
		usher_set_step(c, USHER_CONTINUE);
	return 0;
}

int subnet4_select(struct usher_callout *c)
{
	return select_subnet(c, "query4", resume4);
}

int subnet6_select(struct usher_callout *c)
{
	return select_subnet(c, "query6", resume6);
}
