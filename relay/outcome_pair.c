/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides that there may be no file, or nothing to write. */
#include "relay/outcome_pair.h"

static struct outcome_wish give(struct outcome *o, const char *text, size_t len)
{
	struct outcome_wish wish = { .until = 0 };

	if (len > 0 && o != NULL)
		wish = outcome_give(o, text, len);
	return wish;
}

void outcome_pair_put(const struct outcome_pair *p, const char *text, size_t len, const char *json,
	size_t json_len)
{
	struct outcome_wish first = give(p->text, text, len);
	struct outcome_wish second = give(p->json, json, json_len);

	outcome_wait(p->text, &first);
	outcome_wait(p->json, &second);
}
