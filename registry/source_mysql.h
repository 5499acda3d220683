/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source that reads a table of a MySQL or MariaDB database and then asks, again and again,
 * which of its rows have changed: docs/mysql.md.
 */
#ifndef USHER_REGISTRY_SOURCE_MYSQL_H
#define USHER_REGISTRY_SOURCE_MYSQL_H

#include "registry/source.h"

struct source_mysql_options {
	const char *host;            /* reached by TCP, unless socket is given */
	const char *socket;          /* path of a unix socket; "": none */
	uint16_t port;               /* host order */
	const char *database, *user;
	const char *table;           /* of users; that of changes has "_changes" behind it */
	const char *password_file, *password_env; /* password.h */
	const char *tls_ca;          /* mysql_link.h */
	unsigned int poll_ms;        /* between two questions */
	unsigned int connect_ms, read_ms; /* mysql_link.h */
	uint64_t max_bytes;          /* that all rows together may have; 0: SOURCE_MYSQL_MAX */
	const struct reg_memory *memory; /* NULL: never refused */
};

#define SOURCE_MYSQL_MAX (UINT64_C(4) << 30)

enum { SOURCE_MYSQL_BACK_OFF_MS = 5000 }; /* the longest time between two attempts to connect */

/*
 * Connects nothing yet. All that options point at is borrowed while the source lives. To be called
 * before there are other threads (mysql_link.h). REG_E_NOMEM, REG_E_SYSTEM; REG_E_KIND: this
 * program was built without libmariadb.
 */
enum reg_err source_mysql_new(const struct source_mysql_options *options, struct source **ret,
	struct reg_error *err);

#endif
