/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet and what became of it, in words: for replay, explain and the debug log. Everything a
 * client sent leaves as hex digits, so nothing of it can reach a terminal as it came.
 */
#ifndef USHER_RELAY_DESCRIBE_H
#define USHER_RELAY_DESCRIBE_H

#include "relay/packet.h"

enum { DESCRIBE_TEXT = 1024 };

struct description {
	const char *direction;           /* "query" or "response"; "-" if that was not found out */
	const char *message;             /* "DISCOVER"; "-" */
	const char *verdict;             /* "edited", "untouched" or "dropped" */
	const char *cause, *why;         /* the counter's name and its text */
	char client[DESCRIBE_TEXT];      /* "HW_ADDR=0c0e..." or "-" */
	char decision[DESCRIBE_TEXT];    /* "registered, subnet open, rule 2"; "-" */
	char detail[DESCRIBE_TEXT];      /* the address, what was hinted; may be empty */
};

void describe(const struct packet *p, struct description *ret);

#endif
