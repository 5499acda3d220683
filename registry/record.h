/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One user entry, as a source reads it, and the packing of it: checks the option values and encodes
 * them, so that a packet only copies bytes.
 */
#ifndef USHER_REGISTRY_RECORD_H
#define USHER_REGISTRY_RECORD_H

#include "registry/attr.h"
#include "registry/place.h"

#include <stdbool.h>

enum {
	REG_PAIRS_MAX = 700, /* attributes of one user: more than fit a line of 4 KiB */
	RECORD_ROOM = 65536, /* bytes */
};

/* What a source reads of one user. Pointers are borrowed until the next read. */
struct reg_entry {
	struct reg_id id;
	uint32_t line;              /* from 1; 0: the source has no lines */
	bool removed;               /* is no longer there: only id and line count */
	size_t count;               /* at most REG_PAIRS_MAX */
	const struct reg_pair *pairs;
};

/*
 * Writes the entry as layout.h has it to out[0..RECORD_ROOM) and its length to *ret_len, padding to
 * a multiple of 4 included. out may be written to even on an error. ref is the reference that the
 * user will have. Names are added to names. err is written as "file:line: reason", file may be
 * NULL.
 *
 * Every attribute that is an option of the dictionary must be a value of that option, of v4 or v6
 * if the name is one of both, and the option one that may be overridden: else REG_E_OPTION, as also
 * when two attributes set one option. REG_E_LIMIT: too long when packed, or too many names;
 * REG_E_NOMEM.
 */
enum reg_err record_write(const struct reg_entry *entry, uint32_t ref, struct attr_names *names,
	const char *file, uint8_t *out, size_t *ret_len, struct reg_error *err);

#endif
