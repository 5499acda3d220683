/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A password that is kept in a file or in the environment, so that it is in no config and no
 * argument.
 */
#ifndef USHER_REGISTRY_PASSWORD_H
#define USHER_REGISTRY_PASSWORD_H

#include "registry/err.h"
#include "registry/place.h"

enum { PASSWORD_MAX = 255 }; /* bytes */

struct password {
	char text[PASSWORD_MAX + 1];
};

/*
 * Reads the first line of the file, or the environment variable of that name; "" of both: *ret is
 * "". The file is one that others cannot read, and is read each time, so that a new password is
 * found. REG_E_OPEN: is not there, or is no regular file, or others may read it; REG_E_SIZE: longer
 * than PASSWORD_MAX; REG_E_READ. err never holds any of it; *ret is then "".
 */
enum reg_err password_read(struct password *ret, const char *file, const char *env,
	struct reg_error *err);

/* Overwrites it. */
void password_forget(struct password *p);

#endif
