/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The errors of rules/: one list gives the enum and the text. A struct rule_error adds the place
 * (line and path in the config) and what was expected and found there, so that the caller can print
 * `file:line: path: expected ..., got ...` and nothing more has to be known about the cause.
 */
#ifndef USHER_RULES_ERR_H
#define USHER_RULES_ERR_H

#define RULE_ERRORS(X) \
	X(MEMORY,    "out of memory") \
	X(JSON,      "not valid JSON") \
	X(KEY,       "unknown key") \
	X(TYPE,      "value of the wrong type") \
	X(VALUE,     "value out of range") \
	X(MISSING,   "required key missing") \
	X(REPEAT,    "given twice") \
	X(CONFLICT,  "keys that exclude each other") \
	X(REFERENCE, "no such subnet") \
	X(OVERLAP,   "prefixes of two subnets overlap") \
	X(HINT,      "hint outside the subnet's own prefixes") \
	X(OPTION,    "no such option") \
	X(OPTVALUE,  "text is not a value of the option's type") \
	X(FORBIDDEN, "option may not be changed by a rule") \
	X(LIMIT,     "too many")

enum rule_err {
	RULE_OK = 0,
#define X(name, text) RULE_E_##name,
	RULE_ERRORS(X)
#undef X
	RULE_E_COUNT
};

enum { RULE_PATH_MAX = 160, RULE_TEXT_MAX = 400 };

struct rule_error {
	enum rule_err code;
	unsigned int line;           /* in the config, from 1; 0 if there is none */
	char path[RULE_PATH_MAX];    /* as in "subnets[1].hint4"; "" for the whole */
	char text[RULE_TEXT_MAX];    /* "expected ..., got ..."; lower case, no full stop */
};

/* The text of an error; total over any int. The string is static. */
const char *rule_strerror(int err);

#endif
