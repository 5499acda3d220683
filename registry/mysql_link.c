/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hides libmariadb and how it is kept on a lead. Its non-blocking calls are used so that all
 * waiting is done here, with an end to it and a way to interrupt it; where a call is given up the
 * connection is too. What a hostile server could ask of a client is off: sending files of ours,
 * plugins from where the environment says, passwords in the clear, packets without end. Does not
 * know any table.
 */
#include "registry/mysql_link.h"

#include "registry/clock.h"
#include "registry/late.h"
#include "registry/password.h"

#include <errmsg.h>
#include <errno.h>
#include <fcntl.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is called of it. */
#define CALLS(X) X(mysql_server_init) X(mysql_get_socket) X(mysql_errno) X(mysql_error) \
	X(mysql_options) X(mysql_real_connect_start) X(mysql_real_connect_cont) X(mysql_init) \
	X(mysql_real_query_start) X(mysql_real_query_cont) X(mysql_use_result) \
	X(mysql_field_count) X(mysql_num_fields) X(mysql_fetch_field_direct) \
	X(mysql_fetch_row_start) X(mysql_fetch_row_cont) X(mysql_fetch_lengths) \
	X(mysql_free_result) X(mysql_close)

static struct { CALLS(LATE_CALL) } maria;
static const char *const call_names[] = { CALLS(LATE_NAME) };
static const struct late library = LATE(SONAME_MARIADB, call_names, maria);

enum {
	PACKET_MAX = 16 << 20,     /* bytes of a row */
	STACK = 512 * 1024,        /* of its coroutine: TLS and name resolution run on it */
	GIVE_UP = 16,              /* times that a call may answer a timeout with another wait */
};

struct mysql_link {
	const char *name;
	struct mysql_link_options options;
	MYSQL *mysql;              /* NULL: not connected */
	MYSQL_RES *result;         /* of the last statement, until its last row */
	int stop;                  /* eventfd; readable for good once stopped */
	unsigned int wait_ms;      /* that the call under way was given */
	bool stopped, late;        /* what ended it */
};

/* Variables by which libmariadb is told to load code, or is given a password that is not ours. */
static void clean_environment(void)
{
	unsetenv("LIBMYSQL_PLUGINS");
	unsetenv("MARIADB_PLUGIN_DIR");
	unsetenv("MYSQL_PWD");
}

enum reg_err mysql_link_new(const char *name, const struct mysql_link_options *options,
	const struct reg_memory *memory, struct mysql_link **ret, struct reg_error *err)
{
	struct mysql_link *l = reg_realloc(memory, NULL, sizeof(*l));
	char why[256];

	if (l == NULL) {
		reg_error_set(err, name, 0, "%s", reg_strerror(REG_E_NOMEM));
		return REG_E_NOMEM;
	}
	*l = (struct mysql_link){ .name = name, .options = *options,
		.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	clean_environment();
	if (!late_load(&library, why, sizeof(why))) {
		reg_error_set(err, name, 0, "%s", why);
		mysql_link_free(l);
		return REG_E_SYSTEM;
	}
	if (l->stop < 0 || maria.mysql_server_init(0, NULL, NULL) != 0) {
		reg_error_set(err, name, 0, "starting libmariadb: %s", strerror(errno));
		mysql_link_free(l);
		return REG_E_SYSTEM;
	}
	*ret = l;
	return REG_OK;
}

void mysql_link_stop(struct mysql_link *l)
{
	uint64_t one = 1;

	(void)!write(l->stop, &one, sizeof(one));
}

/* --- waiting --------------------------------------------------------------------------------- */

/* Waits for what a call waits for. Returns what has come: MYSQL_WAIT_TIMEOUT tells it to fail. */
static int wait_for(struct mysql_link *l, int events, int64_t until)
{
	struct pollfd fds[2] = { { .fd = l->stop, .events = POLLIN },
		{ .fd = maria.mysql_get_socket(l->mysql) } };
	int64_t left = until - clock_now_ms();
	int come = 0, n;

	fds[1].events = (short)(((events & MYSQL_WAIT_READ) != 0 ? POLLIN : 0) |
		((events & MYSQL_WAIT_WRITE) != 0 ? POLLOUT : 0) |
		((events & MYSQL_WAIT_EXCEPT) != 0 ? POLLPRI : 0));
	while ((n = poll(fds, 2, left > 0 ? (int)left : 0)) < 0 && errno == EINTR)
		left = until - clock_now_ms();
	l->stopped = n < 0 || (fds[0].revents & POLLIN) != 0;
	l->late = n == 0;
	if (l->stopped || l->late)
		return MYSQL_WAIT_TIMEOUT;
	if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
		come |= events & MYSQL_WAIT_READ;
	if ((fds[1].revents & (POLLOUT | POLLHUP | POLLERR)) != 0)
		come |= events & MYSQL_WAIT_WRITE;
	if ((fds[1].revents & POLLPRI) != 0)
		come |= events & MYSQL_WAIT_EXCEPT;
	return come;
}

/*
 * A call that may wait: how it begins, which says what it waits for, and how it goes on when some
 * of that, `come`, has come. Ends at the latest when the time is up, or soon after
 * mysql_link_stop().
 */
#define AWAIT(l, ms, start, cont) do { \
	int64_t until_ = clock_now_ms() + (ms); \
	int status_, given_up_ = 0; \
	(l)->wait_ms = (ms); \
	(l)->stopped = (l)->late = false; \
	status_ = (start); \
	while (status_ != 0 && given_up_ < GIVE_UP) { \
		int come = given_up_ > 0 ? MYSQL_WAIT_TIMEOUT : wait_for((l), status_, until_); \
		given_up_ += come == MYSQL_WAIT_TIMEOUT; \
		status_ = (cont); \
	} \
} while (0)

/* --- errors ---------------------------------------------------------------------------------- */

/*
 * Whether the server has only refused the statement: numbers of the library's own mean that it is
 * gone.
 */
static bool still_connected(unsigned int number)
{
	bool own = (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) ||
		(number >= CER_MIN_ERROR && number <= CER_MAX_ERROR);

	return number != 0 && !own && number != ER_SERVER_SHUTDOWN &&
		number != ER_CONNECTION_KILLED && number != ER_NET_PACKET_TOO_LARGE;
}

/* What to do about it, where that is not plain from the server's words. */
static const char *remedy(unsigned int number)
{
	if (number == ER_NO_SUCH_TABLE || number == ER_BAD_FIELD_ERROR)
		return ": registry/schema.sql makes the tables";
	if (number == ER_NET_PACKET_TOO_LARGE || number == CR_NET_PACKET_TOO_LARGE)
		return ": no row of a registry is that long";
	return "";
}

/* Tells why the last call failed; what: "connecting to ...: ", or "". */
static enum reg_err fail(struct mysql_link *l, const char *what, struct reg_error *err)
{
	unsigned int number = maria.mysql_errno(l->mysql);
	enum reg_err e = REG_E_OPEN;

	if (l->stopped) {
		reg_error_set(err, l->name, 0, "%s", reg_strerror(REG_E_STOPPED));
		e = REG_E_STOPPED;
	} else if (l->late) {
		reg_error_set(err, l->name, 0, "%sno answer from the database for %u ms", what,
			l->wait_ms);
	} else {
		reg_error_set(err, l->name, 0, "%s%s%s", what, maria.mysql_error(l->mysql),
			remedy(number));
		if (what[0] == '\0' && still_connected(number))
			e = REG_E_READ;
	}
	return e;
}

static enum reg_err fail_and_close(struct mysql_link *l, const char *what, struct reg_error *err)
{
	enum reg_err e = fail(l, what, err);

	mysql_link_close(l);
	return e;
}

/* --- connecting ------------------------------------------------------------------------------ */

static void refuse_everything(MYSQL *m)
{
	unsigned int off = 0;
	size_t packet = PACKET_MAX;

	maria.mysql_options(m, MYSQL_OPT_LOCAL_INFILE, &off);
	maria.mysql_options(m, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	maria.mysql_options(m, MYSQL_DEFAULT_AUTH, "mysql_native_password");
}

/*
 * How a server may make us show the password. None of these tells it to one who does not know it,
 * but for the two of MySQL 8, which do at first: these need a channel that is known to end at the
 * server.
 */
static void allow_auth(const struct mysql_link_options *o, MYSQL *m)
{
	bool trusted = o->socket[0] != '\0' || o->tls_ca[0] != '\0';

	maria.mysql_options(m, MARIADB_OPT_RESTRICTED_AUTH, trusted ?
		"mysql_native_password,client_ed25519,caching_sha2_password,sha256_password" :
		"mysql_native_password,client_ed25519");
}

static void demand_tls(const struct mysql_link_options *o, MYSQL *m)
{
	my_bool on = 1;

	if (o->tls_ca[0] == '\0')
		return;
	maria.mysql_options(m, MYSQL_OPT_SSL_CA, o->tls_ca);
	maria.mysql_options(m, MYSQL_OPT_SSL_ENFORCE, &on);
	maria.mysql_options(m, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
}

/*
 * The times are a second line only. Under TLS libmariadb reads from a socket that blocks until the
 * connection is made; after these, the least there is, it comes back to wait_for().
 */
static bool set_options(struct mysql_link *l, MYSQL *m)
{
	const struct mysql_link_options *o = &l->options;
	unsigned int seconds = 1;
	unsigned int protocol = o->socket[0] != '\0' ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;
	size_t stack = STACK;

	if (maria.mysql_options(m, MYSQL_OPT_NONBLOCK, &stack) != 0)
		return false;
	maria.mysql_options(m, MYSQL_OPT_PROTOCOL, &protocol);
	maria.mysql_options(m, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	maria.mysql_options(m, MYSQL_OPT_READ_TIMEOUT, &seconds);
	maria.mysql_options(m, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
	maria.mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	refuse_everything(m);
	allow_auth(o, m);
	demand_tls(o, m);
	return true;
}

/* From here on no read or write blocks, under TLS neither. */
static void unblock(MYSQL *m)
{
	int fd = maria.mysql_get_socket(m), flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static enum reg_err connect_with(struct mysql_link *l, const char *password, struct reg_error *err)
{
	const struct mysql_link_options *o = &l->options;
	bool local = o->socket[0] != '\0';
	char where[256];
	MYSQL *done;

	if (local)
		snprintf(where, sizeof(where), "connecting to %s: ", o->socket);
	else
		snprintf(where, sizeof(where), "connecting to %s port %u: ", o->host, o->port);
	AWAIT(l, l->options.connect_ms,
		maria.mysql_real_connect_start(&done, l->mysql, local ? NULL : o->host, o->user, password,
			o->database, local ? 0 : o->port, local ? o->socket : NULL, 0),
		maria.mysql_real_connect_cont(&done, l->mysql, come));
	if (done == NULL || l->late || l->stopped)
		return fail_and_close(l, where, err);
	unblock(l->mysql);
	return REG_OK;
}

/*
 * Each of our questions is a transaction of its own unless we begin one, whatever the server's
 * default, and one that we begin sees a single state of the database. A table that somebody has
 * locked fails by itself: else a question that we have given up would wait in the server for a day.
 */
static enum reg_err prepare(struct mysql_link *l, struct reg_error *err)
{
	static const char isolation[] = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
	char session[96];
	enum reg_err e;

	snprintf(session, sizeof(session), "SET SESSION autocommit = 1, lock_wait_timeout = %u",
		l->options.read_ms / 1000 + 1);
	e = mysql_link_do(l, session, err);
	if (e == REG_OK)
		e = mysql_link_do(l, isolation, err);
	if (e != REG_OK)
		mysql_link_close(l);
	return e == REG_E_READ ? REG_E_OPEN : e;
}

static enum reg_err connect_now(struct mysql_link *l, struct reg_error *err)
{
	struct password password;
	struct reg_error why;
	enum reg_err e = password_read(&password, l->options.password_file, l->options.password_env,
		&why);

	if (e != REG_OK) {
		reg_error_set(err, l->name, 0, "the password: %s", why.text);
		return REG_E_OPEN;
	}
	e = connect_with(l, password.text, err);
	password_forget(&password);
	return e == REG_OK ? prepare(l, err) : e;
}

enum reg_err mysql_link_open(struct mysql_link *l, struct reg_error *err)
{
	if (l->mysql != NULL)
		return REG_OK;
	l->mysql = maria.mysql_init(NULL);
	if (l->mysql == NULL || !set_options(l, l->mysql)) {
		mysql_link_close(l);
		reg_error_set(err, l->name, 0, "%s", reg_strerror(REG_E_NOMEM));
		return REG_E_NOMEM;
	}
	return connect_now(l, err);
}

bool mysql_link_is_open(const struct mysql_link *l)
{
	return l->mysql != NULL;
}

/* --- asking ---------------------------------------------------------------------------------- */

static enum reg_err run(struct mysql_link *l, const char *sql, size_t len, struct reg_error *err)
{
	int failed;

	if (l->result != NULL)
		mysql_link_close(l);
	if (l->mysql == NULL) {
		reg_error_set(err, l->name, 0, "not connected to the database");
		return REG_E_OPEN;
	}
	AWAIT(l, l->options.read_ms, maria.mysql_real_query_start(&failed, l->mysql, sql, len),
		maria.mysql_real_query_cont(&failed, l->mysql, come));
	if (failed != 0 || l->late || l->stopped) {
		enum reg_err e = fail(l, "", err);

		if (e != REG_E_READ)
			mysql_link_close(l);
		return e;
	}
	l->result = maria.mysql_use_result(l->mysql);
	if (l->result == NULL && maria.mysql_field_count(l->mysql) != 0)
		return fail_and_close(l, "", err);
	return REG_OK;
}

enum reg_err mysql_link_run(struct mysql_link *l, const struct sql *sql, struct reg_error *err)
{
	if (!sql->failed)
		return run(l, sql->text, sql->len, err);
	reg_error_set(err, l->name, 0, "%s", reg_strerror(REG_E_NOMEM));
	return REG_E_NOMEM;
}

enum reg_err mysql_link_do(struct mysql_link *l, const char *text, struct reg_error *err)
{
	return run(l, text, strlen(text), err);
}

enum reg_err mysql_link_begin(struct mysql_link *l, struct reg_error *err)
{
	return mysql_link_do(l, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", err);
}

void mysql_link_end(struct mysql_link *l)
{
	if (mysql_link_do(l, "COMMIT", NULL) != REG_OK)
		mysql_link_close(l);
}

size_t mysql_link_columns(const struct mysql_link *l)
{
	return l->result != NULL ? maria.mysql_num_fields(l->result) : 0;
}

const char *mysql_link_column(const struct mysql_link *l, size_t i, uint64_t *ret_max)
{
	const MYSQL_FIELD *f = maria.mysql_fetch_field_direct(l->result, (unsigned int)i);

	*ret_max = f->length;
	return f->name;
}

enum reg_err mysql_link_next(struct mysql_link *l, struct mysql_values *ret, struct reg_error *err)
{
	MYSQL_ROW row = NULL;

	if (l->result == NULL)
		return REG_E_END;
	AWAIT(l, l->options.read_ms, maria.mysql_fetch_row_start(&row, l->result),
		maria.mysql_fetch_row_cont(&row, l->result, come));
	if (row != NULL && !l->late && !l->stopped) {
		*ret = (struct mysql_values){ maria.mysql_num_fields(l->result),
			(const char *const *)row, maria.mysql_fetch_lengths(l->result) };
		return REG_OK;
	}
	if (maria.mysql_errno(l->mysql) != 0 || l->late || l->stopped)
		return fail_and_close(l, "", err);
	maria.mysql_free_result(l->result);
	l->result = NULL;
	return REG_E_END;
}

/*
 * libmariadb reads a result to its end before it forgets it. Without a socket it finds the end at
 * once.
 */
void mysql_link_close(struct mysql_link *l)
{
	if (l->mysql == NULL)
		return;
	if (l->result != NULL || l->late || l->stopped)
		shutdown(maria.mysql_get_socket(l->mysql), SHUT_RDWR);
	if (l->result != NULL)
		maria.mysql_free_result(l->result);
	l->result = NULL;
	maria.mysql_close(l->mysql);
	l->mysql = NULL;
}

struct mysql_link *mysql_link_free(struct mysql_link *l)
{
	if (l == NULL)
		return NULL;
	mysql_link_close(l);
	if (l->stop >= 0)
		close(l->stop);
	free(l);
	return NULL;
}
