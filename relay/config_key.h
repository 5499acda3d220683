/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of keys, for the files of config and for the test that holds it against the man page.
 */
#ifndef USHER_RELAY_CONFIG_KEY_H
#define USHER_RELAY_CONFIG_KEY_H

#include "relay/config.h"
#include "rules/policy_build.h"

/* What a parse function works with. */
struct config_reader {
	struct config *config;
	struct policy_builder *builder;
	struct rule_error *err;
};

struct config_key;

/* How a value is read and written: config_type.c, config_special.c. */
struct config_type {
	const char *name;            /* as the man page calls it */
	enum rule_err (*parse)(
		struct config_reader *r, const struct config_key *k, const struct node *n);
	void (*print)(const struct config *c, const struct config_key *k, const char *key,
		struct writer *w);
};

/* Of the two places for a registry a config has one, and the keys of the other do not apply. */
enum config_place { PLACE_ANY, PLACE_FILE, PLACE_MYSQL };

/* A new key is a row: everything that is said of it, here and in the man page, comes from it. */
struct config_key {
	const char *path;            /* "registry.file": the key in its object */
	const struct config_type *type;
	const char *fallback;        /* its default, as JSON */
	bool treat;                  /* the field is one of struct treatment, not of struct config */
	size_t offset, size;         /* the field */
	uint32_t min, max;           /* of a number; of a text: its bytes */
	const struct choice *choices;
	enum config_place place;
	const char *help;            /* what it does, in half a sentence */
};

const struct config_key *config_keys(size_t *ret_count);

extern const struct config_type type_bool, type_choice, type_uint, type_text, type_name, type_names;
extern const struct config_type type_octal;
extern const struct config_type type_queues, type_mark, type_state_key, type_relays;
extern const struct config_type type_identify;
extern const struct config_type type_subnets, type_rules;
extern const struct config_type type_upstreams, type_links, type_format;

/*
 * config_relay.c: whether the config fits its mode, once all keys are read; settles what the mode
 * and the server's profile decide. Errors: CONFLICT, MISSING, REFERENCE, MEMORY.
 */
enum rule_err config_check_mode(struct config_reader *r, const struct node *root);
extern const struct config_type type_libraries;

#endif
