/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a source into a registry, once, in the caller's thread.
 */
#ifndef USHER_REGISTRY_LOAD_H
#define USHER_REGISTRY_LOAD_H

#include "registry/builder.h"
#include "registry/source.h"

#include <stdatomic.h>

struct load_options {
	bool skip_bad;                   /* take the good entries and report the bad ones */
	bool skip_unfinished;            /* likewise a last entry that is only partly there */
	bool shared;                     /* builder.h */
	size_t layer_from;               /* builder.h */
	const struct registry *base;     /* read only what changed since; borrowed */
	const struct reg_memory *memory; /* borrowed for the call; NULL: never refused */
	const atomic_bool *cancel;       /* gives up with REG_E_STOPPED when set; may be NULL */
	/* Told now and then how much of the source was read, in bytes; may be NULL. */
	void (*progress)(void *ctx, size_t done, size_t total);
	void *ctx;
};

struct load_stats {
	size_t users;       /* in the registry */
	size_t read;        /* entries read this time, removals among them */
	size_t removed;     /* of them removals */
	size_t bad;         /* left out: their first errors are in the report */
	size_t bytes;       /* of memory that the registry takes */
	uint64_t micros;    /* that it took */
	bool added;         /* only what changed in the source was read */
	bool whole, exposed, partial; /* source_facts */
	bool blank;         /* likewise, or the changes left nobody */
	bool unfinished;    /* a last entry was not there in full and was left for later */
};

struct load_result {
	struct registry *registry; /* the caller's */
	int fd;                    /* builder.h */
	struct load_stats stats;
};

/*
 * Opens and reads. On REG_OK the source is still open: the caller closes it with taken set, once it
 * has decided to use the registry. On an error it is closed, nothing is taken, and err says what
 * and where; with skip_bad that is only an error that ends the reading. report may be NULL; it gets
 * every bad entry, and without skip_bad the first.
 *
 * A last entry that is unfinished: skip_unfinished leaves it out and reports it; with base it is
 * left for a later reading, stats.unfinished is set and err says where. Else it is
 * REG_E_UNFINISHED, also with skip_bad.
 */
enum reg_err registry_load(struct source *s, const struct load_options *options,
	struct reg_report *report, struct load_result *ret, struct reg_error *err);

/* registry_load() for one use, closed whatever happens: replay, check, explain. */
enum reg_err registry_load_once(struct source *s, bool skip_bad, struct reg_report *report,
	struct load_result *ret, struct reg_error *err);

/* The same of a file. */
enum reg_err registry_load_file(const char *path, bool skip_bad, struct reg_report *report,
	struct load_result *ret, struct reg_error *err);

/* The same with options of the caller's. */
enum reg_err registry_load_file_as(const char *path, const struct load_options *options,
	struct reg_report *report, struct load_result *ret, struct reg_error *err);

#endif
