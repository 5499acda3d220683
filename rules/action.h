/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules and their actions: what is to be done with a packet once the conditions of a rule hold. All
 * but the subnet is known when the policy is made, so that a decision is a copy.
 */
#ifndef USHER_RULES_ACTION_H
#define USHER_RULES_ACTION_H

#include "rules/policy.h"
#include "rules/writer.h"

#include "dhcpcodec/option.h"

/*
 * What to do with an option of the answer. In this order, so that the later wins: the server's
 * options, "remove", "default" (where the answer has none), "set", the user's own attributes.
 */
enum option_how { OPTION_REMOVE, OPTION_DEFAULT, OPTION_SET };

struct option_edit {
	enum option_how how;
	struct dhcp_option_def def;  /* def.family says which answers it is for */
	const char *name, *text;     /* option and value as written */
	const uint8_t *bytes;        /* and as it goes into the packet */
	size_t len;
};

enum subnet_kind { SUBNET_NOT_GIVEN, SUBNET_NAMED, SUBNET_SERVER, SUBNET_ATTRIBUTE };

struct rule {
	struct decision base;        /* all but what depends on the user; max_lease: the rule's */
	uint32_t given;              /* a bit for each row of the table of actions */
	enum subnet_kind kind;
	const char *upstream_attribute; /* names the upstream, without its "@"; NULL: base says it */
	const char **upstream_texts; /* as written, ends with NULL */
	const struct subnet *subnet; /* NAMED */
	const char *attribute;       /* ATTRIBUTE: without its "@" */
	const char *subnet_text;     /* as written */
	const struct option_edit *options; /* by rising enum option_how */
	size_t option_count;
	size_t first, end;           /* its tests: policy->tests->all[first..end) */
	uint32_t start;              /* where its evaluation begins */
	unsigned int line;           /* in the config; 0 for a default rule */
};

/* What a parse function works with. */
struct action_reader {
	struct arena *arena;
	const struct subnets *subnets;
	const struct upstreams *upstreams;
	struct rule_error *err;
};

/* One action of the language: a new one is a row here, its functions, a test, a line of docs. */
struct action {
	const char *key;
	enum rule_err (*parse)(struct action_reader *r, const struct node *n, struct rule *ret);
	void (*print)(const struct rule *rule, struct writer *w);
	const char *help;
};

/*
 * Reads all members of a rule's object but "when". The rule's base begins as the policy's defaults.
 * Errors: KEY, TYPE, VALUE, REFERENCE (no such subnet), OPTION, OPTVALUE, FORBIDDEN, REPEAT,
 * CONFLICT ("drop" and "pass").
 */
enum rule_err action_parse(struct action_reader *r, const struct node *object, struct rule *ret);
/* Writes them as the members of an object that is open. */
void action_print(const struct rule *rule, struct writer *w);

/* The table of actions, for help and for tests. */
const struct action *action_table(size_t *ret_count);

/* The names of enforcements in the config; those of hints are rules/upstream.h's. */
extern const struct choice enforce_choices[];

/* action_option.c: the row "options" */
enum rule_err option_edits_parse(
	struct action_reader *r, const struct node *n, struct rule *ret);
void option_edits_print(const struct rule *rule, struct writer *w);

#endif
