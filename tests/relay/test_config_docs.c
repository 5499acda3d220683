/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the documentation says of the config is what the program knows, and its examples load. */
#include "relay/config_key.h"

#include "rules/action.h"
#include "rules/match.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *page(void)
{
	FILE *f = fopen("docs/usher.json.5", "r");
	char *text = NULL;
	size_t cap = 0;

	cr_assert_not_null(f);
	cr_assert_gt(getdelim(&text, &cap, '\0', f), 0);
	fclose(f);
	return text;
}

/*
 * The entry ".It Cm name" behind `from`, up to the next entry, to be freed; NULL if there is none.
 */
static char *entry(const char *from, const char *name)
{
	char head[256];
	const char *at, *end;

	snprintf(head, sizeof(head), "\n.It Cm %s", name);
	for (at = strstr(from, head); at != NULL; at = strstr(at + 1, head))
		if (strchr(" \n", at[strlen(head)]) != NULL)
			break;
	if (at == NULL)
		return NULL;
	end = strstr(at + 1, "\n.It Cm ");
	return end != NULL ? strndup(at, (size_t)(end - at)) : strdup(at);
}

Test(config_docs, every_key_is_in_the_man_page_with_its_default)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);
	char *text = page();

	for (size_t i = 0; i < count; i++) {
		char *said = entry(text, keys[i].path), expected[256];

		cr_expect_not_null(said, "%s is not in the man page", keys[i].path);
		if (said == NULL)
			continue;
		snprintf(expected, sizeof(expected), "\nDefault: %s", keys[i].fallback);
		cr_expect_not_null(strstr(said, expected), "%s:%s", keys[i].path, expected);
		for (const struct choice *c = keys[i].choices; c != NULL && c->name != NULL; c++) {
			snprintf(expected, sizeof(expected), "\\(dq%s\\(dq", c->name);
			cr_expect_not_null(strstr(said, expected), "%s: %s", keys[i].path, c->name);
		}
		if (keys[i].type == &type_uint) {
			snprintf(expected, sizeof(expected), "%u to %u", keys[i].min, keys[i].max);
			cr_expect(keys[i].max == UINT32_MAX || strstr(said, expected) != NULL,
				"%s: %s", keys[i].path, expected);
		}
		free(said);
	}
	free(text);
}

Test(config_docs, the_man_page_knows_no_other_keys)
{
	char *text = page(), *end = strstr(text, "\n.Sh SUBNETS");
	size_t count;
	const struct config_key *keys = config_keys(&count);

	cr_assert_not_null(end);
	*end = '\0';
	for (char *at = strstr(text, "\n.It Cm "); at != NULL; at = strstr(at + 1, "\n.It Cm ")) {
		size_t len = strcspn(at + 8, " \n");
		bool known = false;

		for (size_t i = 0; i < count; i++)
			known |= strlen(keys[i].path) == len &&
				 strncmp(keys[i].path, at + 8, len) == 0;
		cr_expect(known, "%.*s", (int)len, at + 8);
	}
	free(text);
}

Test(config_docs, every_condition_and_action_is_in_the_man_page)
{
	char *text = page(), *conditions = strstr(text, "\n.Ss Conditions"),
		*actions = strstr(text, "\n.Ss Actions");
	const struct matcher *matchers;
	const struct action *table;
	size_t count;

	cr_assert(conditions != NULL && actions != NULL);
	matchers = match_table(&count);
	for (size_t i = 0; i < count; i++) {
		char *said = entry(conditions, matchers[i].key);

		cr_expect_not_null(said, "%s", matchers[i].key);
		free(said);
	}
	table = action_table(&count);
	for (size_t i = 0; i < count; i++) {
		char *said = entry(actions, table[i].key);

		cr_expect_not_null(said, "%s", table[i].key);
		free(said);
	}
	free(text);
}

Test(config_docs, the_examples_load_without_a_doubt)
{
	glob_t found;

	cr_assert_eq(glob("docs/examples/*.json", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct config_error err = { .text = "" };
		struct config *c = config_load(found.gl_pathv[i], &err);

		cr_expect_not_null(c, "%s", err.text);
		if (c == NULL)
			continue;
		for (const struct rule_warning *w = c->warnings; w != NULL; w = w->next)
			cr_expect(strstr(w->text, "chmod") != NULL, "%s:%u: %s", found.gl_pathv[i],
				w->line, w->text);
		config_free(c);
	}
	globfree(&found);
}
