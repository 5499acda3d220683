/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rows of the table of conditions consist of, for match.c and the files that hold the
 * conditions themselves: match_set.c, match_text.c, match_number.c.
 */
#ifndef USHER_RULES_MATCH_ROW_H
#define USHER_RULES_MATCH_ROW_H

#include "rules/match.h"

/* A new test of the reader's, or NULL with RULE_E_MEMORY; valid until the next one is made. */
struct test *match_new(struct match_reader *r, const struct matcher *m);
/* RULE_E_VALUE if n is an empty list. */
enum rule_err match_not_empty(struct match_reader *r, const struct node *n, const char *what);

#define MATCH_PARSE(name) \
	enum rule_err name(struct match_reader *r, const struct matcher *m, const struct node *n)
#define MATCH_EVAL(name) bool name(const struct test *t, struct evidence *e)
#define MATCH_PRINT(name) void name(const struct tests *ts, size_t i, struct writer *w)

/* match_set.c: values out of a small set */
MATCH_PARSE(parse_registered);
MATCH_EVAL(eval_registered);
MATCH_PRINT(print_registered);
MATCH_PARSE(parse_id_type);
MATCH_EVAL(eval_id_type);
MATCH_PRINT(print_id_type);
MATCH_PARSE(parse_family);
MATCH_EVAL(eval_family);
MATCH_PRINT(print_family);
MATCH_PARSE(parse_message);
MATCH_EVAL(eval_message);
MATCH_PRINT(print_message);
MATCH_PARSE(parse_weekday);
MATCH_EVAL(eval_weekday);
MATCH_PRINT(print_weekday);

/* match_text.c: patterns */
MATCH_PARSE(parse_patterns);
MATCH_PRINT(print_patterns);
MATCH_EVAL(eval_vendor_class);
MATCH_EVAL(eval_user_class);
MATCH_EVAL(eval_circuit_id);
MATCH_EVAL(eval_remote_id);
MATCH_EVAL(eval_subscriber_id);
MATCH_EVAL(eval_interface);
MATCH_PARSE(parse_id_prefix);
MATCH_EVAL(eval_id_prefix);
MATCH_PRINT(print_id_prefix);
MATCH_PARSE(parse_user);
MATCH_PRINT(print_user);

/* match_number.c: numbers, addresses, times */
MATCH_PARSE(parse_client_arch);
MATCH_EVAL(eval_client_arch);
MATCH_PRINT(print_client_arch);
MATCH_PARSE(parse_relay);
MATCH_EVAL(eval_relay);
MATCH_PRINT(print_relay);
MATCH_PARSE(parse_time);
MATCH_EVAL(eval_time);
MATCH_PRINT(print_time);

#endif
