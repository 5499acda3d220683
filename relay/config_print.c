/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The config as understood, for `usher check`: every row of the table of keys with its value, then
 * the compiled subnets and rules. Left out are the key of the state, because such a listing is
 * passed on, and the keys of the place where the registry is not.
 */
#include "relay/config_key.h"

#include "rules/writer.h"

#include <stdio.h>
#include <string.h>

static bool applies(const struct config *c, const struct config_key *k)
{
	enum config_place place = c->registry.mysql.used ? PLACE_MYSQL : PLACE_FILE;

	return k->place == PLACE_ANY || k->place == place;
}

/* The groups of a path: how many dots it has. */
static size_t depth_of(const char *path)
{
	size_t n = 0;

	for (; *path != '\0'; path++)
		n += *path == '.';
	return n;
}

/* Where the path goes on behind its first n groups. */
static size_t behind(const char *path, size_t n)
{
	size_t at = 0;

	while (n-- > 0)
		at += strcspn(path + at, ".") + 1;
	return at;
}

/* How many groups two paths have in common. */
static size_t shared(const char *a, const char *b)
{
	size_t n = 0, depth = depth_of(a) < depth_of(b) ? depth_of(a) : depth_of(b);

	while (n < depth && strncmp(a, b, behind(a, n + 1)) == 0)
		n++;
	return n;
}

/* Whether the first n groups of a path hold further groups: these are not for one line. */
static bool is_deep(const struct config *c, const char *path, size_t n)
{
	size_t count;
	const struct config_key *keys = config_keys(&count);

	for (size_t i = 0; i < count; i++)
		if (applies(c, &keys[i]) && depth_of(keys[i].path) > n &&
			shared(keys[i].path, path) >= n)
			return true;
	return false;
}

static void open_groups(const struct config *c, const char *path, size_t from, struct writer *w)
{
	for (size_t n = from; n < depth_of(path); n++) {
		const char *name = path + behind(path, n);
		char text[RULE_PATH_MAX];

		snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, "."), name);
		if (is_deep(c, path, n + 1))
			writer_open(w, text, '{');
		else
			writer_open_inline(w, text, '{');
	}
}

void config_print(const struct config *c, writer_fn *fn, void *ctx)
{
	struct writer w = writer_begin(fn, ctx);
	const char *before = "";
	size_t count;
	const struct config_key *keys = config_keys(&count);

	writer_open(&w, NULL, '{');
	for (size_t i = 0; i < count; i++) {
		const char *path = keys[i].path;
		size_t same = shared(before, path);

		if (!applies(c, &keys[i]))
			continue;
		for (size_t n = depth_of(before); n > same; n--)
			writer_close(&w, '{');
		open_groups(c, path, same, &w);
		keys[i].type->print(c, &keys[i], path + behind(path, depth_of(path)), &w);
		before = path;
	}
	for (size_t n = depth_of(before); n > 0; n--)
		writer_close(&w, '{');
	policy_print(c->policy, &w);
	writer_close(&w, '{');
}
