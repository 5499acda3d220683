/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the acceptance vectors of tests/vectors/: what goes in, under which config, and what must
 * come out. Paths are relative to the top of the source tree, where make runs the tests. A file
 * that is missing or broken ends the program with a message that names the place.
 */
#ifndef USHER_TESTS_VECTOR_H
#define USHER_TESTS_VECTOR_H

#include "tests/assemble.h"

enum {
	VECTOR_CONFIG = 24,    /* config keys of a case, or of the fixture */
	VECTOR_EVENTS = 8,
	VECTOR_NAME = 32,
	VECTOR_SENDS = 3,
};

enum vector_side { VECTOR_UNKNOWN, VECTOR_CLIENT, VECTOR_SERVER };
enum vector_expect { VECTOR_OUT, VECTOR_UNTOUCHED, VECTOR_DROP, VECTOR_SEND };

struct vector_text {
	char *text;            /* NULL: not given; "": given, and empty */
	unsigned line;
};

/* A config key and its value as JSON. */
struct vector_key {
	char *key, *json;
};

struct vector_event {
	char name[VECTOR_NAME];
	bool absent;           /* it must not have happened */
};

/* A packet that is sent in relay mode instead of the one received, and how. */
struct vector_send {
	bool link;             /* in a frame to hw; or else as the kernel routes it */
	uint32_t ifindex;
	uint8_t hw[6];
	struct vector_text packet;
};

struct vector {
	char id[VECTOR_NAME];
	const char *file;
	unsigned line;
	struct vector_key config[VECTOR_CONFIG];
	size_t config_count;
	struct vector_text registry; /* NULL: the fixture's */
	enum vector_side side;
	uint32_t skb_info, physindev, cap_len, indev;
	uint8_t hook;          /* NF_INET_... */
	uint8_t hw[8], hw_len;
	char own[64];          /* an address of this host */
	struct vector_text in, out;
	enum vector_expect expect;
	struct vector_send sends[VECTOR_SENDS];
	size_t send_count;
	char cause[VECTOR_NAME];
	struct vector_event events[VECTOR_EVENTS];
	size_t event_count;
	struct vector_text outcome;  /* NULL: no record */
	bool outcome_open;     /* whatever is recorded is right */
};

struct vector_fragment {
	char name[VECTOR_NAME];
	const char *file;
	struct vector_text body;
};

struct vectors {
	struct vector *all;
	size_t count;
	struct vector fixture; /* config and registry of those that have none of their own */
	struct vector_fragment *fragments;
	size_t fragment_count;
};

struct vectors *vectors_read(void);
void vectors_free(struct vectors *vs);

/* The config of a case as JSON text, to be freed. */
char *vector_config(const struct vectors *vs, const struct vector *v);
const char *vector_registry(const struct vectors *vs, const struct vector *v);

/* Assembles v's in or out; ends the program if the text is wrong. */
void vector_packet(const struct vector *v, const struct vector_text *text,
	const struct assemble_env *env, struct assembled *ret);
/* The body of a fragment: struct assemble_env's callback, with the vectors as ctx. */
const char *vector_fragment(const struct vectors *vs, const char *name);

#endif
