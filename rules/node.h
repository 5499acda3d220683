/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON text as a tree, each value with its line and its way up to the root, so that whoever reads
 * it can say where an error stands without being told. Lives in an arena.
 */
#ifndef USHER_RULES_NODE_H
#define USHER_RULES_NODE_H

#include "registry/json.h"
#include "rules/arena.h"
#include "rules/err.h"

#include <stdint.h>

struct node {
	enum json_kind kind;         /* NULL, BOOL, NUMBER, STRING, OBJECT or ARRAY */
	unsigned int line;
	bool truth;                  /* BOOL */
	const char *key;             /* in an object: its key; else NULL */
	size_t index;                /* in an array or object: its place, from 0 */
	const char *text;            /* STRING: decoded; NUMBER: as written; ends with a NUL */
	size_t len;                  /* bytes of text; a STRING has no NUL inside */
	const struct node *up;       /* the container; NULL at the root */
	const struct node *first, *next;
};

/* One name of a choice and what it stands for; a list ends with a NULL name. */
struct choice {
	const char *name;
	unsigned int value;
};

/*
 * Parses text[0..len) by the rules of the config (comments allowed). The tree and all its strings
 * live in `a`. NULL: *err says why (a key given twice in one object is RULE_E_REPEAT).
 */
const struct node *node_parse(
	struct arena *a, const char *text, size_t len, struct rule_error *err);

/* The value of a key of an object; NULL if it has none or is no object. */
const struct node *node_get(const struct node *object, const char *key);

/*
 * Walks the elements of an array, or n itself if it is a single value: wherever a list may stand a
 * single value may stand too.
 *	for (const struct node *i = node_items(n); i != NULL; i = node_next(n, i))
 */
const struct node *node_items(const struct node *n);
const struct node *node_next(const struct node *n, const struct node *item);
size_t node_count(const struct node *n);

/* Writes the path of a node ("rules[2].when.user") and returns buf. */
const char *node_path(const struct node *n, char buf[static RULE_PATH_MAX]);

/* Fills *err with code, the node's place and "expected <fmt...>, got <the node>"; returns code. */
enum rule_err node_expected(const struct node *n, struct rule_error *err, enum rule_err code,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same with a text of its own. */
enum rule_err node_fail(const struct node *n, struct rule_error *err, enum rule_err code,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/*
 * RULE_E_KEY for the key of n. keys: the first of `count` known keys, each at the start of a row of
 * `stride` bytes; the one nearest in spelling is offered.
 */
enum rule_err node_unknown(const struct node *n, struct rule_error *err, const char *const *keys,
	size_t count, size_t stride);

/* Typed readers: RULE_E_TYPE or RULE_E_VALUE with *err filled, *ret then untouched. */
enum rule_err node_object(const struct node *n, struct rule_error *err);
enum rule_err node_bool(const struct node *n, bool *ret, struct rule_error *err);
enum rule_err node_uint(const struct node *n, uint32_t min, uint32_t max, uint32_t *ret,
	struct rule_error *err);
enum rule_err node_choice(const struct node *n, const struct choice *choices, unsigned int *ret,
	struct rule_error *err);
/* A string of min..max bytes; n->text is then to be read. what: as in "a file name". */
enum rule_err node_string(const struct node *n, size_t min, size_t max, const char *what,
	struct rule_error *err);

const char *choice_name(const struct choice *choices, unsigned int value);

#endif
