/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One user of a registry: id, source line, attributes, and the option values that were compiled
 * from them. Read only. A user and every pointer obtained from it live as long as the registry that
 * it was found in. All of these are pure reads and may be called from any thread.
 */
#ifndef USHER_REGISTRY_USER_H
#define USHER_REGISTRY_USER_H

#include "registry/user_id.h"

#include <stdbool.h>

struct reg_user;

/* The attributes that usher itself acts on: enumerator, name in a registry file. */
#define REG_ATTR_LIST(X) \
	X(BOOTFILE,    "bootfile") \
	X(TFTP_SERVER, "tftp_server") \
	X(SUBNET,      "subnet") \
	X(PXE_FIELDS,  "pxe_fields")

enum reg_attr {
#define X(id, name) REG_ATTR_##id,
	REG_ATTR_LIST(X)
#undef X
	REG_ATTR_COUNT
};

/* The name in a registry file, static; "?" for a number that is none. */
const char *reg_attr_name(enum reg_attr attr);
/* REG_ATTR_COUNT if there is none of that name. */
enum reg_attr reg_attr_find(const char *name, size_t len);

/* The type of the user's id; *ret_id (may be NULL) are its *ret_len bytes. */
enum reg_id_type registry_user_id(const struct reg_user *user, const uint8_t **ret_id,
	size_t *ret_len);

/* The line of the registry file that the user stands on, from 1; 0 if its source has no lines. */
uint32_t registry_source_line(const struct reg_user *user);

/*
 * A known attribute, found without a search. False if the user has none or an empty one: an empty
 * value means "leave the server's". *ret is not NUL-terminated and has no NUL in it.
 */
bool registry_known(const struct reg_user *user, enum reg_attr attr, const char **ret,
	size_t *ret_len);

/* Any attribute by name. True also for an empty value. */
bool registry_attr(const struct reg_user *user, const char *name, size_t name_len,
	const char **ret, size_t *ret_len);

/* Where an iteration is; begins as { 0 }. */
struct reg_iter {
	size_t at;
};

struct reg_pair {
	const char *name, *value; /* not NUL-terminated */
	size_t name_len, value_len;
};

/* All attributes in the order of the file: a next one in *ret, or false. */
bool registry_attr_next(const struct reg_user *user, struct reg_iter *it, struct reg_pair *ret);

/* An option value ready for the wire. */
struct reg_option {
	uint16_t code;       /* of the option; for a vendor suboption of the one that carries it */
	uint16_t suboption;  /* 0: the option itself */
	uint32_t enterprise; /* of the suboption, host order */
	const uint8_t *bytes;
	size_t len;
};

/*
 * The options of a family (4 or 6) that the user's attributes set, in the order of the file, no
 * option twice: a next one in *ret, or false.
 */
bool reg_option_next(const struct reg_user *user, unsigned int family, struct reg_iter *it,
	struct reg_option *ret);

#endif
