/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides where a password comes from and what may be wrong with the place. It is in memory only
 * between password_read() and password_forget(); what a library copies of it is not our business.
 * Nothing here puts any of it into an error.
 */
#include "registry/password.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum reg_err refuse(int fd, enum reg_err e, const char *file, const char *why,
	struct reg_error *err)
{
	reg_error_set(err, file, 0, "%s", why);
	if (fd >= 0)
		close(fd);
	return e;
}

/* What is read is cut at the first end of line: editors put one there. */
static bool take_line(struct password *ret, size_t len)
{
	const char *end = memchr(ret->text, '\n', len);

	if (end == NULL && len > PASSWORD_MAX)
		return false;
	if (end != NULL)
		len = (size_t)(end - ret->text);
	if (len > 0 && ret->text[len - 1] == '\r')
		len--;
	memset(ret->text + len, 0, sizeof(ret->text) - len);
	return true;
}

static enum reg_err read_file(struct password *ret, const char *file, struct reg_error *err)
{
	int fd = open(file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0)
		return refuse(fd, REG_E_OPEN, file, strerror(errno), err);
	if (!S_ISREG(st.st_mode))
		return refuse(fd, REG_E_OPEN, file, reg_strerror(REG_E_KIND), err);
	if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
		return refuse(fd, REG_E_OPEN, file,
			"a password that others may read: take that away with chmod o-rw", err);
	n = read(fd, ret->text, sizeof(ret->text));
	if (n < 0)
		return refuse(fd, REG_E_READ, file, strerror(errno), err);
	if (!take_line(ret, (size_t)n))
		return refuse(fd, REG_E_SIZE, file, "longer than a password can be", err);
	close(fd);
	return REG_OK;
}

static enum reg_err read_env(struct password *ret, const char *name, struct reg_error *err)
{
	const char *value = getenv(name);

	if (value == NULL) {
		reg_error_set(err, name, 0, "there is no such environment variable");
		return REG_E_OPEN;
	}
	if (strlen(value) > PASSWORD_MAX) {
		reg_error_set(err, name, 0, "longer than a password can be");
		return REG_E_SIZE;
	}
	memcpy(ret->text, value, strlen(value));
	return REG_OK;
}

enum reg_err password_read(struct password *ret, const char *file, const char *env,
	struct reg_error *err)
{
	enum reg_err e = REG_OK;

	memset(ret, 0, sizeof(*ret));
	if (file[0] != '\0')
		e = read_file(ret, file, err);
	else if (env[0] != '\0')
		e = read_env(ret, env, err);
	if (e != REG_OK)
		password_forget(ret);
	return e;
}

void password_forget(struct password *p)
{
	explicit_bzero(p, sizeof(*p));
}
