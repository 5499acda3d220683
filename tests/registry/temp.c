/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A helper that fails ends the test: nothing after it would mean anything. */
#include "tests/registry/temp.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void temp_make(struct temp *t)
{
	snprintf(t->dir, sizeof(t->dir), "/tmp/usher-test-XXXXXX");
	if (mkdtemp(t->dir) == NULL)
		abort();
	snprintf(t->path, sizeof(t->path), "%s/registry.jsonl", t->dir);
	snprintf(t->other, sizeof(t->other), "%s/other", t->dir);
}

void temp_remove(struct temp *t)
{
	DIR *d = opendir(t->dir);
	struct dirent *entry;
	char path[400];

	while (d != NULL && (entry = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", t->dir, entry->d_name);
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			unlink(path) != 0)
			rmdir(path);
	}
	if (d != NULL)
		closedir(d);
	rmdir(t->dir);
}

static void write_to(const char *path, int flags, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) != 0)
		abort();
}

void temp_write(const char *path, const char *text, size_t len)
{
	write_to(path, O_TRUNC, text, len);
}

void temp_append(const char *path, const char *text)
{
	write_to(path, O_APPEND, text, strlen(text));
}

void temp_put(const char *path, const char *text)
{
	temp_write(path, text, strlen(text));
}

void temp_replace(const struct temp *t, const char *text)
{
	temp_put(t->other, text);
	if (rename(t->other, t->path) != 0)
		abort();
}

char *temp_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || (text = malloc((size_t)st.st_size + 1)) == NULL)
		abort();
	if (read(fd, text, (size_t)st.st_size) != st.st_size)
		abort();
	text[st.st_size] = '\0';
	close(fd);
	return text;
}

void temp_sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	nanosleep(&ts, NULL);
}
