/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides the table of error texts. Nothing here knows what an error means for the program: relay/
 * decides whether it refuses to start, keeps the last good registry, or only says so.
 */
#include "registry/err.h"

#include <stddef.h>

static const char *const texts[] = {
	[REG_OK] = "no error",
#define X(name, text) [REG_E_##name] = text,
	REG_ERRORS(X)
#undef X
};

const char *reg_strerror(enum reg_err err)
{
	if ((size_t)err >= sizeof(texts) / sizeof(texts[0]))
		return "unknown error";
	return texts[err];
}
