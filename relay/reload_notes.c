/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hides which keys take effect at a start only. */
#include "relay/reload_notes.h"

#include <stdio.h>
#include <string.h>

void reload_say_warnings(const struct config *c)
{
	for (const struct rule_warning *w = c->warnings; w != NULL; w = w->next) {
		char line[16] = "";

		if (w->line > 0)
			snprintf(line, sizeof(line), "%u:", w->line);
		log_warning("%s:%s %s%s%s", c->path, line, w->path, w->path[0] != '\0' ? ": " : "",
			w->text);
	}
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool same_demand(const struct config_mysql *a, const struct config_mysql *b)
{
	return a->mode == b->mode && a->lookup_timeout_ms == b->lookup_timeout_ms &&
	       a->cache_users == b->cache_users && a->cache_users_s == b->cache_users_s &&
	       a->cache_strangers == b->cache_strangers &&
	       a->cache_strangers_s == b->cache_strangers_s;
}

static bool same_mysql(const struct config_mysql *a, const struct config_mysql *b)
{
	return a->used == b->used && same_text(a->host, b->host) &&
	       same_text(a->socket, b->socket) && a->port == b->port &&
	       same_text(a->database, b->database) && same_text(a->user, b->user) &&
	       same_text(a->table, b->table) && same_text(a->password_file, b->password_file) &&
	       same_text(a->password_env, b->password_env) && same_text(a->tls_ca, b->tls_ca) &&
	       a->poll_ms == b->poll_ms && a->connect_timeout_ms == b->connect_timeout_ms &&
	       a->read_timeout_ms == b->read_timeout_ms && a->on_unavailable == b->on_unavailable &&
	       same_demand(a, b);
}

/* Keys that take effect at a start only: said, so that nobody waits for them. */
void reload_say_unchanged(const struct config *a, const struct config *b)
{
	const struct {
		const char *key;
		bool same;
	} rows[] = {
		{ "mode", a->mode == b->mode },
		{ "queues", a->queue_first == b->queue_first && a->queue_last == b->queue_last },
		{ "fail", a->fail_open == b->fail_open },
		{ "registry.file", same_text(a->registry.file, b->registry.file) },
		{ "registry.mysql", same_mysql(&a->registry.mysql, &b->registry.mysql) },
		{ "registry.bad_lines", a->registry.bad_lines == b->registry.bad_lines },
		{ "registry.refresh_wait_ms",
			a->registry.refresh_wait_ms == b->registry.refresh_wait_ms },
		{ "outcome.file", same_text(a->outcome.file, b->outcome.file) },
		{ "outcome.json_file", same_text(a->outcome.json_file, b->outcome.json_file) },
		{ "outcome.format", a->outcome.format == b->outcome.format },
		{ "outcome.wait_ms", a->outcome.wait_ms == b->outcome.wait_ms },
		{ "control", same_text(a->control, b->control) },
		{ "control_owner", same_text(a->control_owner, b->control_owner) },
		{ "control_group", same_text(a->control_group, b->control_group) },
		{ "control_mode", a->control_mode == b->control_mode },
		{ "batch", a->batch == b->batch },
		{ "pin", a->pin == b->pin },
		{ "queue_length", a->queue_length == b->queue_length },
		{ "receive_buffer", a->receive_buffer == b->receive_buffer },
		{ "sandbox", a->sandbox == b->sandbox },
		{ "deadline_ms", a->deadline_ms == b->deadline_ms },
		{ "quarantine", a->quarantine.query == b->quarantine.query &&
			a->quarantine.response == b->quarantine.response &&
			same_text(a->quarantine.dir, b->quarantine.dir) },
		{ "mark", a->mark == b->mark && a->mark_mask == b->mark_mask },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].same)
			log_warning("reload: \"%s\" has changed and stays as it was: it needs a "
				"restart",
				rows[i].key);
}
