/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the connection. One request, one answer; a daemon that does not answer in time is given up.
 */
#include "relay/control_client.h"

#include "relay/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MS = 10000, ANSWER_MAX = 16 * 1024 * 1024 };

static const char default_socket[] = "/run/usher/control.sock";

static void say(const struct control_place *place, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct control_place *place, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (place->err != NULL)
		snprintf(place->err, place->cap, "%s", text);
	else
		fprintf(stderr, "usher: %s\n", text);
}

static unsigned patience_ms(const struct control_place *place)
{
	return place->timeout_ms != 0 ? place->timeout_ms : ANSWER_MS;
}

/*
 * The config names the socket. One that cannot be read, or is being edited, does not keep anybody
 * from asking: then the usual place is tried. EXIT_CODE_OK, and dst is the path.
 */
static int find_socket(const struct control_place *place, char *dst, size_t cap)
{
	const char *path = place->config != NULL ? place->config : CONFIG_PATH;
	struct config_error err;
	struct config *c;
	int code = EXIT_CODE_OK;

	if (place->socket != NULL) {
		snprintf(dst, cap, "%s", place->socket);
		return code;
	}
	c = config_load(path, &err);
	if (c == NULL && place->config != NULL) {
		say(place, "%s", err.text);
		return EXIT_CODE_CONFIG;
	}
	if (c != NULL && c->control[0] == '\0') {
		say(place, "%s: \"control\" is empty, so that no daemon can be asked",
			path);
		code = EXIT_CODE_CONFIG;
	}
	snprintf(dst, cap, "%s", c != NULL ? c->control : default_socket);
	config_free(c);
	return code;
}

static int unreachable(const struct control_place *place, const char *path, int err)
{
	if (err == ENOENT || err == ECONNREFUSED)
		say(place, "no daemon listens on %s: is usher running (systemctl status usher), and is "
			"this the \"control\" of its config?", path);
	else if (err == EACCES || err == EPERM)
		say(place, "%s: %s: who may ask is said by control_owner, control_group "
			"and control_mode of the config", path, strerror(err));
	else
		say(place, "%s: %s", path, strerror(err));
	return EXIT_CODE_NETWORK;
}

static int connect_to(const struct control_place *place, const char *path, int *ret_fd)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	unsigned ms = patience_ms(place);
	struct timeval limit = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path))
		return unreachable(place, path, ENAMETOOLONG);
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return unreachable(place, path, errno);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		int err = errno;

		close(fd);
		return unreachable(place, path, err);
	}
	*ret_fd = fd;
	return EXIT_CODE_OK;
}

static void to_file(void *ctx, const char *text, size_t len)
{
	fwrite(text, 1, len, ctx);
}

/* The request line, to be freed; NULL without memory. */
static char *make_request(const char *command, const struct control_argument *arguments)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct writer w = writer_begin(to_file, f);

	if (f == NULL)
		return NULL;
	writer_open_inline(&w, NULL, '{');
	writer_text(&w, "command", command);
	for (; arguments != NULL && arguments->name != NULL; arguments++)
		if (arguments->value != NULL)
			writer_text(&w, arguments->name, arguments->value);
	writer_close(&w, '{');
	if (fclose(f) == 0)
		return text;
	free(text);
	return NULL;
}

static bool send_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* Reads up to the end of the line. False with errno; 0: the daemon hung up. */
static bool read_line(int fd, struct control_answer *a)
{
	size_t cap = 0;

	while (a->len == 0 || a->text[a->len - 1] != '\n') {
		ssize_t n;

		if (a->len == cap) {
			char *more = cap < ANSWER_MAX ? realloc(a->text, cap += 65536) : NULL;

			if (more == NULL) {
				errno = ENOMEM;
				return false;
			}
			a->text = more;
		}
		n = recv(fd, a->text + a->len, cap - a->len, 0);
		if (n == 0)
			errno = 0;
		if (n <= 0 && errno != EINTR)
			return false;
		a->len += n > 0 ? (size_t)n : 0;
	}
	return true;
}

static int broken(const struct control_place *place, const char *path, int err)
{
	if (err == EAGAIN || err == EWOULDBLOCK)
		say(place, "the daemon at %s has not answered for %u ms: it hangs, or "
			"is reading a large registry", path, patience_ms(place));
	else
		say(place, "the daemon at %s hung up%s%s", path, err != 0 ? ": " : "",
			err != 0 ? strerror(err) : "");
	return EXIT_CODE_NETWORK;
}

static int judge(const struct control_place *place, const char *path, struct control_answer *a)
{
	struct rule_error err;
	const struct node *ok;

	a->root = node_parse(&a->arena, a->text, a->len, &err);
	ok = a->root != NULL ? node_get(a->root, "ok") : NULL;
	if (ok == NULL || ok->kind != JSON_BOOL) {
		say(place, "the answer from %s is not usher's", path);
		return EXIT_CODE_NETWORK;
	}
	if (ok->truth)
		return EXIT_CODE_OK;
	say(place, "%s", control_text(a, "error"));
	return EXIT_CODE_CONFIG;
}

int control_ask(const struct control_place *place, const char *command,
	const struct control_argument *arguments, struct control_answer *ret)
{
	char path[4096], *request;
	int fd = -1, code;

	memset(ret, 0, sizeof(*ret));
	code = find_socket(place, path, sizeof(path));
	if (code == EXIT_CODE_OK)
		code = connect_to(place, path, &fd);
	if (code != EXIT_CODE_OK)
		return code;
	request = make_request(command, arguments);
	if (request == NULL)
		code = EXIT_CODE_MEMORY;
	else if (!send_all(fd, request) || !read_line(fd, ret))
		code = broken(place, path, errno);
	else
		code = judge(place, path, ret);
	free(request);
	close(fd);
	return code;
}

void control_answer_done(struct control_answer *a)
{
	arena_done(&a->arena);
	free(a->text);
	memset(a, 0, sizeof(*a));
}

const char *control_text(const struct control_answer *a, const char *name)
{
	const struct node *n = a->root != NULL ? node_get(a->root, name) : NULL;

	return n != NULL && n->kind == JSON_STRING ? n->text : "";
}

uint64_t control_number_of(const struct node *object, const char *name)
{
	const struct node *n = object != NULL ? node_get(object, name) : NULL;

	return n != NULL && n->kind == JSON_NUMBER ? strtoull(n->text, NULL, 10) : 0;
}

uint64_t control_number(const struct control_answer *a, const char *name)
{
	return control_number_of(a->root, name);
}
