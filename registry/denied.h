/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a file could not be opened, in words that say what to do about it. */
#ifndef USHER_REGISTRY_DENIED_H
#define USHER_REGISTRY_DENIED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * strerror(err); of EACCES besides whose the file at path is, or the directory that it should be
 * in, who this process is, and the command that gives it the right to read or, with `writing`, to
 * write. err is positive. Returns dst.
 */
const char *denied_text(int err, const char *path, bool writing, char *dst, size_t cap);

#endif
