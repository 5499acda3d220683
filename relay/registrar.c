/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the process and the two messages that pass between it and its owner over a socket of
 * sequenced packets: token, NUL, id, NUL; result, text. It trusts nothing that comes in. Whoever
 * tries tokens is slowed down to one a second.
 */
#include "relay/registrar.h"

#include "registry/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUEST = REGISTRAR_TOKEN_MOST + REGISTRAR_ID + 2, PATIENCE_MS = 5000 };

/* --- the process ----------------------------------------------------------------------------- */

/* In a time that tells nothing of where they differ. */
static bool same_token(const char *ours, const char *theirs)
{
	size_t n = strlen(ours), m = strlen(theirs);
	unsigned difference = n != m;

	for (size_t i = 0; i < n; i++)
		difference |= (unsigned char)(ours[i] ^ theirs[m > 0 ? i % m : 0]);
	return difference == 0 && m > 0;
}

static enum registrar_result add(const char *registry, const char *id, char *text)
{
	struct edit edit = { .kind = EDIT_ADD };
	struct reg_error err;
	char why[REG_WHY];

	if (reg_id_parse_any(id, strlen(id), &edit.id, why) != REG_OK) {
		snprintf(text, REGISTRAR_TEXT, "the id: %s", why);
		return REGISTRAR_REFUSED;
	}
	if (registry_edit(registry, &edit, 1, true, &err) != REG_OK) {
		snprintf(text, REGISTRAR_TEXT, "%s", err.text);
		return REGISTRAR_REFUSED;
	}
	return REGISTRAR_DONE;
}

/* request[n] is a NUL. */
static enum registrar_result serve_one(
	const char *registry, const char *token, const char *request, size_t n, char *text)
{
	size_t len = strlen(request);

	text[0] = '\0';
	if (len >= n || len + 1 + strlen(request + len + 1) >= n) {
		snprintf(text, REGISTRAR_TEXT, "not a request");
		return REGISTRAR_REFUSED;
	}
	if (!same_token(token, request)) {
		sleep(1);
		snprintf(text, REGISTRAR_TEXT, "the token is wrong");
		return REGISTRAR_FORBIDDEN;
	}
	return add(registry, request + len + 1, text);
}

static void serve(int fd, const char *registry, const char *token)
{
	char request[REQUEST + 1], answer[1 + REGISTRAR_TEXT];
	ssize_t n;

	while ((n = recv(fd, request, REQUEST, 0)) > 0) {
		request[n] = '\0';
		answer[0] = (char)serve_one(registry, token, request, (size_t)n, answer + 1);
		if (send(fd, answer, 1 + strlen(answer + 1), MSG_NOSIGNAL) < 0)
			break;
	}
}

/* --- its owner ------------------------------------------------------------------------------- */

static int read_token(const char *path, char token[static REGISTRAR_TOKEN_MOST + 2], char *err,
	size_t cap)
{
	struct stat st;
	size_t len = 0;
	FILE *f = fopen(path, "re");

	if (f == NULL || fstat(fileno(f), &st) != 0) {
		snprintf(err, cap, "token file %s: %s", path, strerror(errno));
	} else if ((st.st_mode & 077) != 0) {
		snprintf(err, cap, "token file %s may be used by others: chmod 600 %s", path, path);
	} else {
		if (fgets(token, REGISTRAR_TOKEN_MOST + 2, f) != NULL)
			len = strcspn(token, "\r\n");
		if (len < REGISTRAR_TOKEN_LEAST || len > REGISTRAR_TOKEN_MOST)
			snprintf(err, cap, "token file %s: its first line must have %d to %d "
				"characters: head -c 24 /dev/urandom | base64 >%s", path,
				REGISTRAR_TOKEN_LEAST, REGISTRAR_TOKEN_MOST, path);
		else
			token[len] = err[0] = '\0';
	}
	if (f != NULL)
		fclose(f);
	return err[0] == '\0' ? 0 : -1;
}

/* Only what it was started for is left to it: its socket, and standard error for a last word. */
static void become_registrar(int fd, const char *registry, const char *token)
{
	struct stat st;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NAME, "usher-registrar");
	/* The file's own mode, when it has to be made. */
	umask(stat(registry, &st) == 0 ? 077 : 027);
	serve(fd, registry, token);
	_exit(0);
}

int registrar_start(struct registrar *r, const char *registry, const char *token_file, char *err,
	size_t cap)
{
	char token[REGISTRAR_TOKEN_MOST + 2] = "";
	int ends[2];
	pid_t pid;

	err[0] = '\0';
	r->fd = -1;
	if (read_token(token_file, token, err, cap) != 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 || (pid = fork()) < 0) {
		snprintf(err, cap, "registrar: %s", strerror(errno));
		return -1;
	}
	if (pid == 0) {
		close(ends[0]);
		become_registrar(ends[1], registry, token);
	}
	close(ends[1]);
	explicit_bzero(token, sizeof(token));
	r->fd = ends[0];
	return 0;
}

static enum registrar_result gone(char *text)
{
	snprintf(text, REGISTRAR_TEXT, "what writes the registry does not answer: restart usher exporter");
	return REGISTRAR_GONE;
}

enum registrar_result registrar_add(
	struct registrar *r, const char *token, const char *id, char ret[static REGISTRAR_TEXT])
{
	char request[REQUEST], answer[1 + REGISTRAR_TEXT];
	struct pollfd p = { .fd = r->fd, .events = POLLIN };
	size_t len = strlen(token) + 1 + strlen(id) + 1;
	ssize_t n;

	if (len > sizeof(request)) {
		snprintf(ret, REGISTRAR_TEXT, "token or id is too long");
		return REGISTRAR_REFUSED;
	}
	memcpy(request, token, strlen(token) + 1);
	memcpy(request + strlen(token) + 1, id, strlen(id) + 1);
	if (send(r->fd, request, len, MSG_NOSIGNAL) < 0 || poll(&p, 1, PATIENCE_MS) != 1)
		return gone(ret);
	n = recv(r->fd, answer, sizeof(answer) - 1, 0);
	if (n < 1 || answer[0] < REGISTRAR_DONE || answer[0] > REGISTRAR_REFUSED)
		return gone(ret);
	answer[n] = '\0';
	snprintf(ret, REGISTRAR_TEXT, "%s", answer + 1);
	return (enum registrar_result)answer[0];
}

void registrar_stop(struct registrar *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}
