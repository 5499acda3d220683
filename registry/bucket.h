/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The buckets of a registry under construction: users put in and taken out. layout.h says what they
 * look like; looking up is registry.h's.
 */
#ifndef USHER_REGISTRY_BUCKET_H
#define USHER_REGISTRY_BUCKET_H

#include "registry/layout.h"

/* Borrowed: the region and what its header will say. */
struct buckets {
	uint8_t *base;              /* of the region */
	const struct registry *head; /* key, buckets, bucket_count */
};

/* Asks the memory of a hash's bucket to come near. */
void bucket_prefetch(const struct buckets *b, uint64_t hash);

/*
 * Puts the user at offset `at` into its bucket, or returns the user that is already there under its
 * id. There are more slots than users.
 */
const struct reg_user *bucket_place(const struct buckets *b, uint64_t at, uint64_t hash);

/* Takes the user at offset `at`, which is there, out again. */
void bucket_remove(const struct buckets *b, uint64_t at, uint64_t hash);

/* Puts the user at offset `at` where the one of the same id at offset `old` is. */
void bucket_replace(const struct buckets *b, uint64_t old, uint64_t at, uint64_t hash);

#endif
