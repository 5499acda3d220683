/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The errors of registry: one list gives the enum and the text, so that the two cannot drift.
 * A text is lower case, has no full stop and reads well after a colon. Where a place is known it is
 * told beside the error, in a struct reg_error (place.h) or a struct json_error (json.h).
 */
#ifndef USHER_REGISTRY_ERR_H
#define USHER_REGISTRY_ERR_H

#define REG_ERRORS(X) \
	X(NOMEM,      "out of memory") \
	X(SYNTAX,     "not valid JSON") \
	X(DEPTH,      "nested too deep") \
	X(NUL,        "contains a NUL byte") \
	X(STOPPED,    "stopped by its reader") \
	X(LINE,       "line too long") \
	X(ENTRY,      "not a user entry") \
	X(ID,         "not a user id") \
	X(TYPE,       "unknown id type") \
	X(OPTION,     "wrong option value") \
	X(DUPLICATE,  "user given twice") \
	X(ABSENT,     "no such user") \
	X(UNFINISHED, "last line is unfinished") \
	X(END,        "no more entries") \
	X(LIMIT,      "more than the registry can hold") \
	X(SIZE,       "larger than the size limit") \
	X(KIND,       "not a regular file") \
	X(OPEN,       "cannot be opened") \
	X(READ,       "cannot be read") \
	X(WRITE,      "cannot be written") \
	X(BUSY,       "being edited by someone else") \
	X(CHANGED,    "changed while it was read") \
	X(EMPTY,      "has no users any more") \
	X(SYSTEM,     "system call failed") \
	X(FORMAT,     "not of the format expected")

enum reg_err {
	REG_OK = 0,
#define X(name, text) REG_E_##name,
	REG_ERRORS(X)
#undef X
	REG_E_COUNT
};

/* The text of an error; total over any value. The string is static. */
const char *reg_strerror(enum reg_err err);

#endif
