/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides what the keys of the config mean to each kind of source. Where a password is known to this
 * process it also sees to it that no core file holds it, and a database that hangs up while TLS
 * writes to it must not end the program.
 */
#include "relay/data_source.h"

#include "registry/source_file.h"
#include "registry/source_mysql_demand.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static enum reg_err new_file(const struct config *c, bool watch, struct source **ret,
	struct reg_error *err)
{
	struct source_file_options o = {
		.path = c->registry.file, .settle_ms = DATA_SOURCE_SETTLE_MS,
		.held_ms = DATA_SOURCE_HELD_MS, .watch = watch,
	};

	return source_file_new(&o, ret, err);
}

void data_source_guard(const struct config *c)
{
	const struct config_mysql *m = &c->registry.mysql;
	const struct rlimit none = { 0, 0 };

	if (!m->used || (m->password_file[0] == '\0' && m->password_env[0] == '\0'))
		return;

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

static enum reg_err new_mysql(const struct config_mysql *m, bool on_demand, struct source **ret,
	struct reg_error *err)
{
	struct source_mysql_options o = {
		.host = m->host, .socket = m->socket, .port = m->port, .database = m->database,
		.user = m->user, .table = m->table, .password_file = m->password_file,
		.password_env = m->password_env, .tls_ca = m->tls_ca, .poll_ms = m->poll_ms,
		.connect_ms = m->connect_timeout_ms, .read_ms = m->read_timeout_ms,
	};

	struct demand_options demand = {
		.limits = {
			[ASKED_USER] = { m->cache_users, (int64_t)m->cache_users_s * 1000 },
			[ASKED_NOBODY] = { m->cache_strangers, (int64_t)m->cache_strangers_s * 1000 },
		},
		.wait_ms = m->lookup_timeout_ms,
	};

	signal(SIGPIPE, SIG_IGN);
	if (on_demand)
		return source_mysql_demand_new(&o, &demand, ret, err);
	return source_mysql_new(&o, ret, err);
}

enum reg_err data_source_new(const struct config *c, bool watch, struct source **ret,
	struct reg_error *err)
{
	data_source_guard(c);
	if (c->registry.mysql.used)
		return new_mysql(
			&c->registry.mysql, watch && config_on_demand(c) != NULL, ret, err);
	return new_file(c, watch, ret, err);
}

enum reg_err data_source_read(const struct config *c, bool skip_bad, struct reg_report *report,
	struct load_result *ret, struct reg_error *err)
{
	struct source *s;
	enum reg_err e = data_source_new(c, false, &s, err);

	if (e != REG_OK)
		return e;
	e = registry_load_once(s, skip_bad, report, ret, err);
	s->ops->free(s);
	return e;
}

const char *data_source_name(const struct config *c, char *buf, size_t cap)
{
	if (!c->registry.mysql.used)
		return c->registry.file;
	snprintf(buf, cap, "%s.%s", c->registry.mysql.database, c->registry.mysql.table);
	return buf;
}
