/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A MariaDB server of a test's own: in a directory of its own, on a unix socket there, as a child
 * that dies with the test. Nothing of an installed server's is read or written.
 */
#ifndef USHER_TESTS_REGISTRY_MYSQL_SERVER_H
#define USHER_TESTS_REGISTRY_MYSQL_SERVER_H

#include "registry/source_mysql.h"

#include <sys/types.h>

struct mysql_server {
	char dir[64], socket[96];
	pid_t pid;
	void *client;     /* MYSQL of the test itself */
};

/*
 * Starts it with the tables of registry/schema.sql in the database "dhcp"; skips the test without
 * mariadbd.
 */
void mysql_server_start(struct mysql_server *s);
void mysql_server_stop(struct mysql_server *s);

/* SIGKILL, SIGSTOP, SIGCONT. After SIGKILL mysql_server_again() starts it with the same data. */
void mysql_server_signal(struct mysql_server *s, int number);
void mysql_server_again(struct mysql_server *s);

/* Runs statements; the test fails if one of them does. */
void mysql_server_sql(struct mysql_server *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Another connection, for a transaction that stays open. mysql_server_on() runs a statement on it.
 */
void *mysql_server_connect(const struct mysql_server *s);
void mysql_server_on(void *client, const char *sql);
void mysql_server_disconnect(void *client);

/* The options of a source that reads it. */
struct source_mysql_options mysql_server_options(const struct mysql_server *s);

#endif
