/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every source must do, where it means the same: users put into it, changed and taken out, and
 * what is in force afterwards. A source joins by saying how that is done to its data.
 */
#ifndef USHER_TESTS_REGISTRY_SOURCE_CASES_H
#define USHER_TESTS_REGISTRY_SOURCE_CASES_H

#include "registry/source.h"

/* How the data of a source is edited. Users are known by a number from 1 to 9. */
struct medium {
	/* Empties it, but for one user DUID=ffff that no case touches. */
	void (*clear)(void *ctx);
	/* Puts a user there, or in the place of the one of that number. attrs: "name=value;...". */
	void (*put)(void *ctx, unsigned int number, const char *type, const char *id,
		const char *attrs);
	void (*take)(void *ctx, unsigned int number);
	/* Called around several edits that are one; may be NULL. */
	void (*begin)(void *ctx);
	void (*commit)(void *ctx);
	struct source *(*source)(void *ctx);
	void *ctx;
};

/* Runs all cases; each begins with clear() and a new source. */
void source_cases_run(const struct medium *m);

#endif
