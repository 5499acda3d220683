/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user as a line of a registry file, and a user's attributes as a row of pairs: what edit and
 * export write.
 */
#ifndef USHER_REGISTRY_ENTRY_TEXT_H
#define USHER_REGISTRY_ENTRY_TEXT_H

#include "registry/record.h"

/*
 * Writes {"type": "HW_ADDR", "id": "0c:0e:0a:01:ff:04", "bootfile": "x"} without a line end,
 * NUL-terminated if cap > 0. Returns the length that the whole takes, as snprintf does. The line
 * reads back as the same entry; pairs[0..count) go in their order.
 */
size_t entry_text(const struct reg_id *id, const struct reg_pair *pairs, size_t count, char *buf,
	size_t cap);

/* The same of a user of a registry. */
size_t user_text(const struct reg_user *user, char *buf, size_t cap);

/* Writes bytes as "0c:0e:0a", NUL-terminated; buf has 3 * len bytes, at least 1. Returns buf. */
char *colon_hex(const uint8_t *bytes, size_t len, char *buf);

/* Fills pairs from the user's attributes, borrowed from the registry; returns how many. */
size_t user_pairs(const struct reg_user *user, struct reg_pair pairs[static REG_PAIRS_MAX]);

/* The user's id as a value. */
struct reg_id user_id(const struct reg_user *user);

#endif
