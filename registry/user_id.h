/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user id: what a client is recognised by, a type and some bytes. Two users are the same if both
 * are equal. The hardware type of an address does not count.
 */
#ifndef USHER_REGISTRY_USER_ID_H
#define USHER_REGISTRY_USER_ID_H

#include "registry/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Enumerator, name in a registry file, least and most bytes. The order is that of comparison.
 * HW_ADDR: chaddr, hlen of it. At most 20: InfiniBand's (RFC 4390)
 * DUID: RFC 8415 section 11.1: 2 bytes of type and up to 128; shorter ones are user_chk's
 * CLIENT_ID: option 61, type byte included (RFC 2132 section 9.14); SUBSCRIBER_ID: RFC 3993
 * CIRCUIT_ID, REMOTE_ID: RFC 3046 section 3
 */
#define REG_ID_TYPE_LIST(X) \
	X(HW_ADDR,       1, 20) \
	X(DUID,          1, 130) \
	X(CLIENT_ID,     2, 255) \
	X(CIRCUIT_ID,    1, 255) \
	X(REMOTE_ID,     1, 255) \
	X(SUBSCRIBER_ID, 1, 255)

enum reg_id_type {
#define X(name, least, most) REG_##name,
	REG_ID_TYPE_LIST(X)
#undef X
	REG_ID_TYPES
};

enum {
	REG_ID_MAX = 255,                         /* bytes */
	REG_ID_TEXT = 16 + 2 * REG_ID_MAX,        /* room for any reg_id_text(), NUL included */
	REG_WHY = 128                             /* room for a reason in words, NUL included */
};

struct reg_id {
	enum reg_id_type type;
	uint8_t len;
	uint8_t bytes[REG_ID_MAX];
};

/* "HW_ADDR" and so on, static; "?" for a number that is no type. */
const char *reg_id_type_name(enum reg_id_type type);

/* The type of that name (exact, as in user_chk); REG_ID_TYPES if there is none. */
enum reg_id_type reg_id_type_find(const char *name, size_t len);

/*
 * Reads id bytes as user_chk does: every ':' is deleted wherever it stands, white space is skipped,
 * hex digits are of either case. ret is untouched on an error, and why[] says in words what is
 * wrong. REG_E_ID: another character, an odd number of digits, no digit at all, or too many for the
 * type.
 */
enum reg_err reg_id_parse(enum reg_id_type type, const char *text, size_t len, struct reg_id *ret,
	char why[static REG_WHY]);

/*
 * Reads what a person types where the type may be left out: "HW_ADDR=0c0e0a01ff04",
 * "DUID=0001...", or bare bytes: up to 6 bytes are a HW_ADDR, longer ones a DUID. Errors as above.
 */
enum reg_err reg_id_parse_any(const char *text, size_t len, struct reg_id *ret,
	char why[static REG_WHY]);

/* REG_E_ID if bytes[0..len) cannot be an id of the type: too short or too long. */
enum reg_err reg_id_set(struct reg_id *ret, enum reg_id_type type, const uint8_t *bytes,
	size_t len);

/* Writes "HW_ADDR=0c0e0a01ff04", NUL-terminated, and returns buf. */
char *reg_id_text(enum reg_id_type type, const uint8_t *id, size_t len,
	char buf[static REG_ID_TEXT]);

/* Below, equal to or above 0: by type, then by bytes as memcmp, a prefix before what it begins. */
int reg_id_compare(const struct reg_id *a, const struct reg_id *b);

#endif
