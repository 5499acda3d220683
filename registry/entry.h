/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of a registry file as a user entry. The format is user_chk's with the differences that
 * docs/registry.md lists.
 */
#ifndef USHER_REGISTRY_ENTRY_H
#define USHER_REGISTRY_ENTRY_H

#include "registry/record.h"

enum { REG_LINE_MAX = 4095 }; /* bytes of a line, its end not counted: as user_chk's buffer */

struct entry_reader;

/* NULL: out of memory. */
struct entry_reader *entry_reader_new(const struct reg_memory *memory);
struct entry_reader *entry_reader_free(struct entry_reader *r);

/*
 * Whether a line holds no entry: nothing but white space, or '#' as the first other character.
 */
bool entry_is_blank(const char *line, size_t len);

/*
 * Reads line[0..len), which holds no '\n', as an entry; a '\r' at the end is white space. *ret is
 * borrowed until the next call, and from the line; its line number is the caller's to set. why[]
 * says in words what is wrong. REG_E_LINE: longer than REG_LINE_MAX; REG_E_NUL; REG_E_SYNTAX,
 * REG_E_DEPTH: not a JSON object; REG_E_ENTRY: a value that is not a string; REG_E_TYPE; REG_E_ID.
 */
enum reg_err entry_read(struct entry_reader *r, const char *line, size_t len,
	struct reg_entry *ret, char why[static REG_WHY]);

/*
 * The same of text that holds attributes only, "{"bootfile": "..."}", for sources that keep type
 * and id elsewhere: as attributes these two are REG_E_ENTRY. *ret and *ret_count are borrowed
 * likewise.
 */
enum reg_err entry_read_attrs(struct entry_reader *r, const char *text, size_t len,
	const struct reg_pair **ret, size_t *ret_count, char why[static REG_WHY]);

#endif
