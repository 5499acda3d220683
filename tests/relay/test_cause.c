/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every cause and event has a name fit for a metric and a text fit for a sentence. */
#include "relay/cause.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

static void check(const char *name, const char *text)
{
	cr_assert_not_null(name);
	cr_assert_not_null(text);
	cr_assert_gt(strlen(name), 0);
	for (const char *c = name; *c != '\0'; c++)
		cr_assert(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_',
			"%s", name);
	cr_assert_gt(strlen(text), 0);
	cr_assert_neq(text[strlen(text) - 1], '.', "%s", text);
}

Test(cause, names_and_texts)
{
	for (int i = 0; i < CAUSE_COUNT; i++)
		check(cause_name((enum cause)i), cause_text((enum cause)i));
	for (int i = 0; i < EVENT_COUNT; i++)
		check(event_name((enum event)i), event_text((enum event)i));
}

Test(cause, names_differ)
{
	for (int i = 0; i < CAUSE_COUNT; i++)
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(cause_name((enum cause)i), cause_name((enum cause)j));
	for (int i = 0; i < EVENT_COUNT; i++)
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(event_name((enum event)i), event_name((enum event)j));
}

Test(cause, total_over_any_value)
{
	cr_assert_str_eq(cause_name(CAUSE_rogue_reply), "rogue_reply");
	cr_assert_str_eq(cause_name(CAUSE_COUNT), "unknown");
	cr_assert_str_eq(cause_text((enum cause)0xffff), "unknown");
	cr_assert_str_eq(event_name(EVENT_COUNT), "unknown");
	cr_assert_str_eq(event_text((enum event)0xffff), "unknown");
}
