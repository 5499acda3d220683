/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The attribute names of a registry under construction: each is kept once, with what it means to
 * usher looked up once, so that ten million users cost no more dictionary look-ups than one.
 */
#ifndef USHER_REGISTRY_ATTR_H
#define USHER_REGISTRY_ATTR_H

#include "dhcpcodec/option.h"
#include "registry/region.h"
#include "registry/user.h"

struct attr_def {
	uint32_t at;        /* of the name in text */
	uint16_t len;
	uint8_t bits;       /* REG_NAME_ */
	uint8_t known;      /* enum reg_attr, or REG_ATTR_COUNT */
	bool bad_number;    /* looks like an option by number, but there is no such option */
	struct dhcp_option_def option[2]; /* v4, v6; valid with REG_NAME_OPTION4, _OPTION6 */
};

enum { ATTR_RECENT = 64 };

struct attr_names {
	const struct reg_memory *memory; /* borrowed */
	uint8_t key[16];
	struct attr_def *defs;
	size_t count, cap;
	char *text;
	size_t text_len, text_cap;
	uint16_t *slots;    /* index + 1, or 0 */
	size_t mask;        /* slots less 1; slots are NULL at first */
	uint16_t recent[ATTR_RECENT]; /* index + 1 of a name met lately, by length and last letter */
};

void attr_names_init(struct attr_names *names, const struct reg_memory *memory,
	const uint8_t key[static 16]);

/*
 * The index of a name, which is added if it is new. REG_E_NOMEM; REG_E_LIMIT: more than 65,535
 * different names.
 */
enum reg_err attr_names_intern(struct attr_names *names, const char *name, size_t len,
	uint16_t *ret);

/* Bytes that attr_names_store() writes. */
size_t attr_names_size(const struct attr_names *names);

/* Writes the names as layout.h has them; to is aligned to 8. */
void attr_names_store(const struct attr_names *names, uint8_t *to);

void attr_names_done(struct attr_names *names);

#endif
