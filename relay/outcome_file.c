/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what can happen to a log file: short writes, a full disk, rotation by rename (the path
 * names another inode) or by truncation (harmless under O_APPEND), and things at the path that must
 * never be written to. A record is in the file whole or not at all: the piece that a short write
 * leaves is cut off, unless somebody else has appended behind it. Does not retry and does not
 * buffer.
 */
#include "relay/outcome_file.h"

#include "registry/denied.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_TRIES = 5 };

static const char *kind_of(mode_t mode)
{
	if (S_ISLNK(mode))
		return "a symbolic link: name the file itself";
	if (S_ISDIR(mode))
		return "a directory: name a file in it";
	if (S_ISFIFO(mode))
		return "a FIFO: name a regular file";
	return "not a regular file: name one";
}

static int explain(int err, const char *path, char *dst, size_t cap)
{
	char why[512];
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		snprintf(dst, cap, "outcome file %s is %s", path, kind_of(st.st_mode));
	else if (err == -ENOENT)
		snprintf(
			dst, cap, "outcome file %s: its directory does not exist: create it", path);
	else
		snprintf(dst, cap, "outcome file %s: %s", path,
			denied_text(-err, path, true, why, sizeof(why)));
	return err;
}

/*
 * Creating and opening are two steps, because only a file of ours gets our mode (whatever the
 * umask); between the two others may remove it or create it, which is tried anew. O_NONBLOCK: a
 * FIFO without a reader must not stop us.
 */
static int open_path(const char *path)
{
	const int flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = -1;

	for (int i = 0; fd < 0 && i < OPEN_TRIES; i++) {
		fd = open(path, flags);
		if (fd >= 0 || errno != ENOENT)
			break;
		fd = open(path, flags | O_CREAT | O_EXCL, 0640);
		if (fd >= 0)
			(void)!fchmod(fd, 0640);
		else if (errno != EEXIST)
			break;
	}
	return fd < 0 ? -errno : fd;
}

static int open_regular(const char *path, char *err, size_t cap)
{
	int fd = open_path(path);
	struct stat st;

	if (fd < 0)
		return explain(fd, path, err, cap);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return explain(-EINVAL, path, err, cap);
	}
	return fd;
}

int outcome_file_open(struct outcome_file *f, const char *path, bool json, char *err, size_t cap)
{
	int fd = open_regular(path, err, cap);

	if (fd < 0)
		return fd;
	*f = (struct outcome_file){
		.path = path, .separator = json ? "\n" : "\n\n", .fd = fd, .write = write,
	};
	return 0;
}

void outcome_file_close(struct outcome_file *f)
{
	close(f->fd);
	f->fd = -1;
}

size_t outcome_file_whole(const struct outcome_file *f, const char *text, size_t len)
{
	size_t n = strlen(f->separator);

	while (len >= n && memcmp(text + len - n, f->separator, n) != 0)
		len--;
	return len >= n ? len : 0;
}

size_t outcome_file_records(const struct outcome_file *f, const char *text, size_t len)
{
	size_t n = strlen(f->separator), count = 0;
	const char *end = text + len;

	while ((text = memmem(text, (size_t)(end - text), f->separator, n)) != NULL) {
		text += n;
		count++;
	}
	return count;
}

/* Under O_APPEND the offset after a write is the end of what we wrote. */
static bool cut_tail(int fd, size_t n)
{
	off_t end = lseek(fd, 0, SEEK_CUR);
	struct stat st;

	if (end < (off_t)n || fstat(fd, &st) != 0 || st.st_size != end)
		return false;
	return ftruncate(fd, end - (off_t)n) == 0;
}

/* Writes until an error; returns it, and in *ret_done the bytes written. */
static int write_all(struct outcome_file *f, const char *text, size_t len, size_t *ret_done)
{
	size_t done = 0;
	int err = 0;

	while (done < len && err == 0) {
		ssize_t n = f->write(f->fd, text + done, len - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			err = n == 0 ? -ENOSPC : -errno;
	}
	*ret_done = done;
	return err;
}

static int end_ragged(struct outcome_file *f)
{
	size_t done;
	int err = f->ragged ? write_all(f, f->separator, strlen(f->separator), &done) : 0;

	if (err == 0)
		f->ragged = false;
	return err;
}

int outcome_file_append(struct outcome_file *f, const char *text, size_t len, size_t *ret_done)
{
	size_t done = 0, whole;
	int err = end_ragged(f);

	*ret_done = 0;
	if (err != 0)
		return err;
	err = write_all(f, text, len, &done);
	whole = done == len ? len : outcome_file_whole(f, text, done);
	if (whole < done && !cut_tail(f->fd, done - whole))
		f->ragged = true;
	*ret_done = whole;
	return err;
}

static bool is_at_path(const struct outcome_file *f)
{
	struct stat open_st, path_st;

	if (fstat(f->fd, &open_st) != 0 || lstat(f->path, &path_st) != 0)
		return false;
	return open_st.st_dev == path_st.st_dev && open_st.st_ino == path_st.st_ino;
}

int outcome_file_follow(struct outcome_file *f, bool force, char *err, size_t cap)
{
	int fd;

	if (!force && is_at_path(f))
		return 0;
	fd = open_regular(f->path, err, cap);
	if (fd < 0)
		return fd;
	close(f->fd);
	f->fd = fd;
	f->ragged = false;
	return 1;
}

bool outcome_file_reachable(const struct outcome_file *f)
{
	struct stat st;

	return fstat(f->fd, &st) == 0 && st.st_nlink > 0;
}
