/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to a MySQL or MariaDB server that can keep nobody waiting: every step ends within
 * its time, also when the server hangs in the middle of an answer. The only door to libmariadb. For
 * one thread, but for mysql_link_stop().
 */
#ifndef USHER_REGISTRY_MYSQL_LINK_H
#define USHER_REGISTRY_MYSQL_LINK_H

#include "registry/place.h"
#include "registry/sql.h"

struct mysql_link_options {
	const char *host;            /* reached by TCP, unless socket is given */
	const char *socket;          /* path of a unix socket; "": none */
	uint16_t port;               /* host order */
	const char *database, *user;
	const char *password_file, *password_env; /* password.h */
	const char *tls_ca;          /* certificates; nothing goes without TLS then. "": none */
	unsigned int connect_ms;     /* for the connection to be ready for questions */
	unsigned int read_ms;        /* for an answer to begin, and for each row of it */
};

/* A row: count values, NULL for SQL's, each with its length and a NUL behind it. */
struct mysql_values {
	size_t count;
	const char *const *text;
	const unsigned long *len;
};

struct mysql_link;

/*
 * Connects nothing yet. name is what errors begin with. Options and all they point at are borrowed
 * while the link lives. To be called before there are other threads: it cleans the environment
 * of variables by which libmariadb would load code. REG_E_NOMEM; REG_E_SYSTEM.
 */
enum reg_err mysql_link_new(const char *name, const struct mysql_link_options *options,
	const struct reg_memory *memory, struct mysql_link **ret, struct reg_error *err);

/*
 * Connects, if it is not connected. REG_E_OPEN: there is no such server, or it refused us, or did
 * not answer in time, or the password cannot be read; REG_E_NOMEM; REG_E_STOPPED.
 */
enum reg_err mysql_link_open(struct mysql_link *l, struct reg_error *err);

bool mysql_link_is_open(const struct mysql_link *l);

/*
 * Runs a statement; rows that an earlier one left are given up, and with them the connection.
 * REG_E_READ: the server says that it cannot, in its words, and the connection stays; REG_E_OPEN:
 * the connection is lost; REG_E_STOPPED; REG_E_NOMEM: the statement had none.
 */
enum reg_err mysql_link_run(struct mysql_link *l, const struct sql *sql, struct reg_error *err);

/* The same of a statement without rows. */
enum reg_err mysql_link_do(struct mysql_link *l, const char *text, struct reg_error *err);

/*
 * All that is asked between these two sees one state of the database. The end closes the connection
 * if it cannot be told to the server.
 */
enum reg_err mysql_link_begin(struct mysql_link *l, struct reg_error *err);
void mysql_link_end(struct mysql_link *l);

/* The columns of what was run last, 0 if it gives no rows. */
size_t mysql_link_columns(const struct mysql_link *l);

/*
 * The name of one, borrowed until the next run; *ret_max bytes are the most that a value can have.
 */
const char *mysql_link_column(const struct mysql_link *l, size_t i, uint64_t *ret_max);

/*
 * The next row, borrowed until the next call. REG_E_END: that was all, the next statement can be
 * run. Errors as mysql_link_run(), but the connection is lost on any.
 */
enum reg_err mysql_link_next(struct mysql_link *l, struct mysql_values *ret, struct reg_error *err);

/* Ends the connection, if there is one, without waiting for anything. */
void mysql_link_close(struct mysql_link *l);

/* From any thread: what runs now and all that is asked later fails with REG_E_STOPPED. */
void mysql_link_stop(struct mysql_link *l);

/* NULL is allowed; returns NULL. */
struct mysql_link *mysql_link_free(struct mysql_link *l);

#endif
