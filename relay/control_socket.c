/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what can be in the way of a socket in the file system: no directory, something else at the
 * path, a socket that somebody listens on, one whose owner is dead. Of these only the last is
 * removed. A missing directory is made, but not those above it.
 */
#include "relay/control_socket.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

static void set_address(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	snprintf(a->sun_path, sizeof(a->sun_path), "%s", path);
}

static void folder_of(const char *path, char *dst, size_t cap)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	snprintf(copy, sizeof(copy), "%s", path);
	snprintf(dst, cap, "%s", dirname(copy));
}

static int explain(int err, const char *path, char *dst, size_t cap)
{
	char folder[128];

	folder_of(path, folder, sizeof(folder));
	if (err == -ENOENT)
		snprintf(dst, cap, "control socket %s: its directory does not exist: create it", path);
	else if (err == -EACCES || err == -EPERM || err == -EROFS)
		snprintf(dst, cap, "control socket %s: %s: let user %u write to %s, or name another "
			"path as \"control\"", path, strerror(-err), (unsigned)geteuid(), folder);
	else
		snprintf(dst, cap, "control socket %s: %s", path, strerror(-err));
	return err;
}

/* Who listens there: his pid, 0 if he cannot be told; -1: nobody. */
static pid_t listener_of(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred who = { .pid = 0 };
	socklen_t len = sizeof(who);
	struct sockaddr_un a;

	set_address(&a, path);
	if (fd < 0)
		return 0;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 && errno != EAGAIN)
		who.pid = errno == ECONNREFUSED || errno == ENOENT ? -1 : 0;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0)
		who.pid = 0;
	close(fd);
	return who.pid;
}

/* Makes room at the path. */
static int clear_path(const char *path, char *err, size_t cap)
{
	char folder[128];
	struct stat st;
	pid_t pid;

	folder_of(path, folder, sizeof(folder));
	(void)!mkdir(folder, 0755);
	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : explain(-errno, path, err, cap);
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(err, cap, "control socket %s: something that is no socket is there: remove "
			"it, or name another path as \"control\"", path);
		return -EEXIST;
	}
	pid = listener_of(path);
	if (pid < 0)
		return unlink(path) == 0 || errno == ENOENT ? 0 : explain(-errno, path, err, cap);
	snprintf(err, cap, "control socket %s is in use by another usher (pid %d): stop that, or name "
		"another path as \"control\"", path, (int)pid);
	return -EADDRINUSE;
}

static bool number_of(const char *text, unsigned *ret)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	*ret = (unsigned)v;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && v < UINT32_MAX;
}

static bool find_owner(const char *name, uid_t *ret)
{
	const struct passwd *pw;

	*ret = (uid_t)-1;
	if (name[0] == '\0' || number_of(name, ret))
		return true;
	pw = getpwnam(name);
	if (pw != NULL)
		*ret = pw->pw_uid;
	return pw != NULL;
}

static bool find_group(const char *name, gid_t *ret)
{
	const struct group *gr;

	*ret = (gid_t)-1;
	if (name[0] == '\0' || number_of(name, ret))
		return true;
	gr = getgrnam(name);
	if (gr != NULL)
		*ret = gr->gr_gid;
	return gr != NULL;
}

/* Before anybody can connect. */
static int hand_over(const struct control_options *o, char *err, size_t cap)
{
	uid_t uid;
	gid_t gid;

	if (!find_owner(o->owner, &uid)) {
		snprintf(err, cap, "control_owner: there is no user \"%s\"", o->owner);
		return -EINVAL;
	}
	if (!find_group(o->group, &gid)) {
		snprintf(err, cap, "control_group: there is no group \"%s\"", o->group);
		return -EINVAL;
	}
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && lchown(o->path, uid, gid) != 0) {
		int rc = -errno;

		snprintf(err, cap, "control socket %s: cannot be given to control_owner and "
			"control_group: %s", o->path, strerror(-rc));
		return rc;
	}
	return chmod(o->path, o->mode) == 0 ? 0 : explain(-errno, o->path, err, cap);
}

static int make(struct control_socket *s, const struct control_options *o, char *err, size_t cap)
{
	struct sockaddr_un a;
	struct stat st;

	set_address(&a, o->path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
		lstat(o->path, &st) != 0)
		return explain(-errno, o->path, err, cap);
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
}

int control_socket_open(struct control_socket *ret, const struct control_options *o, char *err,
	size_t cap)
{
	int rc = clear_path(o->path, err, cap);

	*ret = (struct control_socket){ .fd = -1, .path = o->path };
	if (rc == 0)
		rc = make(ret, o, err, cap);
	if (rc == 0)
		rc = hand_over(o, err, cap);
	/* Until here who connects is refused. */
	if (rc == 0 && listen(ret->fd, BACKLOG) != 0)
		rc = explain(-errno, o->path, err, cap);
	if (rc != 0)
		control_socket_close(ret);
	return rc;
}

void control_socket_close(struct control_socket *s)
{
	struct stat st;

	if (s->fd < 0)
		return;
	if (lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		unlink(s->path);
	close(s->fd);
	s->fd = -1;
}
