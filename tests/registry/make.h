/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A registry straight from text, without a file. */
#ifndef USHER_TESTS_REGISTRY_MAKE_H
#define USHER_TESTS_REGISTRY_MAKE_H

#include "registry/builder.h"

struct make_options {
	const struct registry *base;
	const struct reg_memory *memory;
	bool skip_duplicates, shared;
	size_t layer_from;
};

/*
 * Builds from lines. Blank ones and comments are passed over. The name in errors is "t". NULL on an
 * error, which is in *ret_e and err; options, ret_e, err, report may be NULL.
 */
struct registry *make_registry(const char *text, const struct make_options *options,
	enum reg_err *ret_e, struct reg_error *err, struct reg_report *report, int *ret_fd);

/* The user of an id in text form, DUID=... or bare hex. */
const struct reg_user *find_user(const struct registry *reg, const char *id);

/*
 * "name=value;" of all attributes of a user; "4:6=0a0a0a0a;" of all options, vendor "17/4491.33=".
 */
const char *attrs_text(const struct reg_user *user, char buf[static 1024]);
const char *options_text(const struct reg_user *user, char buf[static 1024]);

/* Refuses the n-th request for memory, counted from 1, and all after it. */
struct scarcity {
	struct reg_memory memory;
	size_t asked, refuse_from;
};

void scarcity_init(struct scarcity *s, size_t refuse_from);

#endif
