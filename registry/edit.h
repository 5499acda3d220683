/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes users in a registry file the way a careful person would: one line, everything else as it
 * was, comments and order included; a new file renamed over the old one, so that a reader sees one
 * or the other; and nobody else doing the same at the same time.
 */
#ifndef USHER_REGISTRY_EDIT_H
#define USHER_REGISTRY_EDIT_H

#include "registry/record.h"

enum edit_kind {
	EDIT_ADD,    /* a user that is not there yet */
	EDIT_SET,    /* attributes of one that is */
	EDIT_PUT,    /* attributes of one that is, or a new one with them */
	EDIT_REMOVE, /* one that is there; all its lines, if it was given twice */
};

struct edit {
	enum edit_kind kind;
	struct reg_id id;
	size_t count;                 /* attributes; those not named stay, in their order */
	const struct reg_pair *pairs; /* borrowed; value NULL: the attribute is taken away */
	size_t line;                  /* set: where the user was, from 1; 0: nowhere */
};

/*
 * Does all edits[0..count), or none of them if one cannot be done. Reorders edits; no id may be
 * among them twice (REG_E_DUPLICATE). Lines that are bad already stay as they are. A registry left
 * without users keeps a comment, so that it does not look emptied by accident.
 *
 * path: the last component may not be a symbolic link. create: make the file if it is not there.
 * The mode of the file is kept, and its owner if that is allowed. PATH.lock is held meanwhile, and
 * stays.
 *
 * err is "path:line: reason". REG_E_DUPLICATE: to be added, but there; REG_E_ABSENT: not there;
 * REG_E_OPTION, REG_E_LINE, REG_E_LIMIT: the user as it would be is wrong; REG_E_BUSY: somebody
 * else is editing; REG_E_OPEN, REG_E_KIND, REG_E_READ, REG_E_WRITE; REG_E_NOMEM.
 */
enum reg_err registry_edit(const char *path, struct edit *edits, size_t count, bool create,
	struct reg_error *err);

#endif
