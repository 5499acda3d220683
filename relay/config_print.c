/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The config as understood, for `usher check`: every row of the table of keys with its value, then
 * the compiled subnets and rules. The key of the state is left out, because such a listing is
 * passed on.
 */
#include "relay/config_key.h"

#include "rules/writer.h"

#include <string.h>

void config_print(const struct config *c, writer_fn *fn, void *ctx)
{
	struct writer w = writer_begin(fn, ctx);
	size_t count, group = 0;
	const struct config_key *keys = config_keys(&count);

	writer_open(&w, NULL, '{');
	for (size_t i = 0; i < count; i++) {
		const char *path = keys[i].path, *dot = strchr(path, '.');
		size_t len = dot != NULL ? (size_t)(dot - path) : 0;
		char name[RULE_PATH_MAX];

		if (group > 0 && (len != group || strncmp(keys[i - 1].path, path, group) != 0)) {
			writer_close(&w, '{');
			group = 0;
		}
		if (len > 0 && group == 0) {
			memcpy(name, path, len);
			name[len] = '\0';
			writer_open_inline(&w, name, '{');
			group = len;
		}
		keys[i].type->print(c, &keys[i], dot != NULL ? dot + 1 : path, &w);
	}
	policy_print(c->policy, &w);
	writer_close(&w, '{');
}
