/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the table of error texts. Nothing here prints or logs: relay/ says what went wrong, and
 * where, from the struct rule_error that a failed load leaves behind.
 */
#include "rules/err.h"

#include <stddef.h>

static const char *const texts[] = {
	[RULE_OK] = "no error",
#define X(name, text) [RULE_E_##name] = text,
	RULE_ERRORS(X)
#undef X
};

const char *rule_strerror(int err)
{
	if (err < 0 || (size_t)err >= sizeof(texts) / sizeof(texts[0]))
		return "unknown error";
	return texts[err];
}
