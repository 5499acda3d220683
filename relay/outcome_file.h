/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outcome file: whole records appended to a regular file that others may rotate, truncate,
 * delete or fill the disk under. Used by one thread at a time; may block as long as the disk does.
 */
#ifndef USHER_RELAY_OUTCOME_FILE_H
#define USHER_RELAY_OUTCOME_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct outcome_file {
	const char *path;        /* borrowed */
	const char *separator;   /* what a record ends with: "\n", or "\n\n" of format user_chk */
	int fd;
	bool ragged; /* the file ends in a piece of a record that could not be cut off */
	ssize_t (*write)(
		int fd, const void *buf, size_t n); /* write(2), unless a test injects faults */
};

/*
 * Opens the file for appending, and creates it with mode 0640 if it is missing. A symbolic link, a
 * directory, a FIFO or anything else that is not a regular file is refused. 0, or the negative
 * errno with a text in err[cap] that names the file and the remedy.
 */
int outcome_file_open(struct outcome_file *f, const char *path, bool json, char *err, size_t cap);
void outcome_file_close(struct outcome_file *f);

/*
 * Appends text[0..len), which is whole records. *ret_done is how many bytes of whole records are in
 * the file now; a piece of a further one has been cut off again. 0, or a negative errno.
 */
int outcome_file_append(struct outcome_file *f, const char *text, size_t len, size_t *ret_done);

/*
 * Opens the path anew if it is no longer the file that is open (rotated, deleted), or always if
 * `force`. On failure the old file stays open. 1: reopened; 0: nothing to do; else a negative errno
 * and a text as from outcome_file_open().
 */
int outcome_file_follow(struct outcome_file *f, bool force, char *err, size_t cap);

/* Whether the file that is open still has a name, so that what is written to it can be found. */
bool outcome_file_reachable(const struct outcome_file *f);

/* The end of the last whole record in text[0..len): 0..len. */
size_t outcome_file_whole(const struct outcome_file *f, const char *text, size_t len);
/* How many records text[0..len) holds. */
size_t outcome_file_records(const struct outcome_file *f, const char *text, size_t len);

#endif
