/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a registry: begin, add many, finish. Only finish looks at the whole and yields the
 * registry; whatever fails, nothing half made is ever seen.
 */
#ifndef USHER_REGISTRY_BUILDER_H
#define USHER_REGISTRY_BUILDER_H

#include "registry/record.h"
#include "registry/registry.h"

struct builder;

struct builder_options {
	const char *name;                /* of the source, borrowed until finish; may be NULL */
	const struct reg_memory *memory; /* borrowed until finish; NULL: never refused */
	const struct registry *base;     /* begin with its users; likewise */
	size_t expect;                   /* bytes the users may take: a first guess, or 0 */
	/*
	 * A base of at least so many bytes is not copied: the registry becomes a layer on it, up to
	 * so many bytes, and keeps it in memory. 0: never.
	 */
	size_t layer_from;
	bool shared;                     /* build in a memory file for other processes */
};

/* REG_E_NOMEM, REG_E_SYSTEM; *ret is NULL then. */
enum reg_err builder_begin(const struct builder_options *options, struct builder **ret);

/*
 * Adds one user. On an error (record.h's, REG_E_LIMIT, REG_E_NOMEM) nothing was added, and more can
 * be. Whether the id is already there is seen in finish.
 */
enum reg_err builder_add(struct builder *b, const struct reg_entry *entry, struct reg_error *err);

/*
 * Takes the user with that id out of those that came with the base, if it stands on that line; ids
 * that are not there, and those added since, are left alone. Users that replace others are added
 * after the others were removed. REG_E_NOMEM: nothing was removed.
 */
enum reg_err builder_remove(struct builder *b, const struct reg_entry *entry);

struct builder_result {
	struct registry *registry; /* the caller's, to registry_free() */
	int fd;                    /* its memory file if shared, to close(); else -1 */
	size_t duplicates;         /* entries left out because their id was already there */
};

/*
 * Finds users given twice and yields the registry. skip_duplicates: of two the first stays and the
 * other is added to report; else REG_E_DUPLICATE. Both name the two lines. REG_E_NOMEM,
 * REG_E_LIMIT, REG_E_SYSTEM. The builder is gone afterwards whatever happened.
 */
enum reg_err builder_finish(struct builder *b, bool skip_duplicates, struct reg_report *report,
	struct builder_result *ret);

/* Gives up. NULL is allowed; returns NULL. */
struct builder *builder_free(struct builder *b);

#endif
