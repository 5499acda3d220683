/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between import.c and the readers of formats: a user under construction, and how it is handed
 * over.
 */
#ifndef USHER_REGISTRY_IMPORT_PARTS_H
#define USHER_REGISTRY_IMPORT_PARTS_H

#include "registry/import.h"

enum { IMPORT_IDS_MAX = 8 };

struct import {
	const char *path;
	import_fn *fn;
	void *ctx;
	struct reg_report *report;
	struct reg_error *err;
	struct builder *check;
	/* the user under construction */
	size_t line;
	char why[REG_WHY];          /* not empty: why it cannot be imported */
	size_t id_count;
	struct reg_id ids[IMPORT_IDS_MAX];
	size_t count;
	struct reg_pair pairs[REG_PAIRS_MAX];
	size_t stored;
	char store[RECORD_ROOM];
};

/* Begins a user that stands on a line. */
void import_begin(struct import *im, size_t line);

/*
 * An id of it, as other programs write one: hex with ':', '-', '.' or nothing between, groups of
 * one digit, 0x in front, or text in single quotes. A user with several ids becomes several users.
 * What is wrong with an id is remembered and told at the end.
 */
void import_id(struct import *im, enum reg_id_type type, const char *text, size_t len);

/* An id that is the text itself. */
void import_id_text(struct import *im, enum reg_id_type type, const char *text, size_t len);

/* Adds a value to those of an attribute, with ", " between. */
void import_attr_more(struct import *im, const char *name, const char *value, size_t value_len);

/*
 * An attribute; both texts are copied. Given twice, the last value counts. An empty value is none.
 */
void import_attr(struct import *im, const char *name, size_t name_len, const char *value,
	size_t value_len);

/* An attribute named by a C string. */
void import_named(struct import *im, const char *name, const char *value, size_t value_len);

/* Marks the user as one that cannot be imported; the first reason is told. */
void import_refuse(struct import *im, const char *why);

/* Hands the user over, or reports it. REG_OK to go on, REG_E_STOPPED, REG_E_NOMEM. */
enum reg_err import_end(struct import *im);

/* The file is not of the format: sets err, returns REG_E_FORMAT. */
enum reg_err import_wrong(struct import *im, size_t line, const char *why);

/* The readers. text[0..len) is the file, NUL-terminated, and theirs to change. */
enum reg_err import_kea(struct import *im, char *text, size_t len);
enum reg_err import_isc(struct import *im, char *text, size_t len);
enum reg_err import_dnsmasq(struct import *im, char *text, size_t len);
enum reg_err import_csv(struct import *im, char *text, size_t len);

#endif
